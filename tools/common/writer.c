/* SPDX-License-Identifier: MIT */
#include "common/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/vectors.h"

static int writer_fail(struct writer *writer, int error)
{
	return failure_set_errno(writer->failure, writer->name, error);
}

void writer_init(struct writer *writer, const char *path, struct failure *failure)
{
	*writer = (struct writer) {
		.fd = -1,
		.path = path,
		.name = strcmp(path, "-") ? path : "standard output",
		.failure = failure,
	};
}

/* Checked before anything is written; O_TRUNC would not wait for that. */
static int writer_inspect(struct writer *writer, const struct reader *source)
{
	struct stat info;

	if (fstat(writer->fd, &info))
		return writer_fail(writer, errno);
	writer->seekable = S_ISREG(info.st_mode);
	if (!writer->seekable)
		return 0;
	if (source && source->seekable && source->device == info.st_dev &&
	    source->inode == info.st_ino)
		return failure_set(writer->failure, "%s: is the input file too", writer->name);
	writer->stale = writer->fd != STDOUT_FILENO && info.st_size > 0;
	return 0;
}

/* Standard output may be a file that is open at some offset, or for appending. */
static void writer_find_start(struct writer *writer)
{
	off_t offset = writer->seekable ? lseek(writer->fd, 0, SEEK_CUR) : 0;
	int flags = fcntl(writer->fd, F_GETFL);

	if (offset < 0 || flags < 0 || (flags & O_APPEND))
		writer->seekable = false;
	else
		writer->start = (uint64_t)offset;
}

int writer_open(struct writer *writer, const struct reader *source)
{
	writer->fd = strcmp(writer->path, "-") ?
		     open(writer->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : STDOUT_FILENO;
	if (writer->fd < 0)
		return writer_fail(writer, errno);
	if (writer_inspect(writer, source)) {
		if (writer->fd != STDOUT_FILENO)
			close(writer->fd);
		writer->fd = -1;
		return -1;
	}
	writer_find_start(writer);
	return 0;
}

/*
 * A signal that interrupts a blocked write does not end it: units stay whole. 0 or the errno;
 * *total counts what got out in either case.
 */
static int writer_all(struct writer *writer, struct iovec *iov, size_t count, uint64_t *total)
{
	*total = 0;
	if (writer->stale && ftruncate(writer->fd, 0))
		return errno;
	writer->stale = false;
	vectors_advance(&iov, &count, 0);
	while (count) {
		ssize_t put = writev(writer->fd, iov,
				     (int)(count < VECTORS_MAX ? count : VECTORS_MAX));

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno;
		if (!put)
			return ENOSPC;
		*total += (uint64_t)put;
		vectors_advance(&iov, &count, (size_t)put);
	}
	return 0;
}

/* Where an offset of ours is in the file. */
static off_t writer_place(const struct writer *writer, uint64_t offset)
{
	return (off_t)(writer->start + offset);
}

int writer_unit(struct writer *writer, struct iovec *iov, size_t count)
{
	off_t place = writer_place(writer, writer->offset);
	uint64_t total;
	int error = writer_all(writer, iov, count, &total);

	if (!error) {
		writer->offset += total;
		return 0;
	}
	if (total && writer->seekable && ftruncate(writer->fd, place))
		return writer_fail(writer, errno);
	if (total && writer->seekable)
		lseek(writer->fd, place, SEEK_SET);
	return writer_fail(writer, error);
}

int writer_bytes(struct writer *writer, const void *data, size_t size)
{
	struct iovec iov = vector_from(data, size);
	uint64_t total;
	int error = writer_all(writer, &iov, 1, &total);

	writer->offset += total;
	return error ? writer_fail(writer, error) : 0;
}

int writer_patch(struct writer *writer, uint64_t offset, const void *data, size_t size)
{
	ssize_t put;

	do {
		put = pwrite(writer->fd, data, size, writer_place(writer, offset));
	} while (put < 0 && errno == EINTR);
	if (put == (ssize_t)size)
		return 0;
	return writer_fail(writer, put < 0 ? errno : ENOSPC);
}

int writer_seek(struct writer *writer, uint64_t offset)
{
	if (lseek(writer->fd, writer_place(writer, offset), SEEK_SET) < 0)
		return writer_fail(writer, errno);
	writer->offset = offset;
	return 0;
}

int64_t writer_size(const struct writer *writer)
{
	struct stat info;

	if (writer->stale)
		return 0;
	if (fstat(writer->fd, &info))
		return -errno;
	return S_ISREG(info.st_mode) ? (int64_t)info.st_size - (int64_t)writer->start : -ESPIPE;
}

int writer_close(struct writer *writer)
{
	int fd = writer->fd;

	writer->fd = -1;
	if (fd > STDOUT_FILENO && close(fd))
		return writer_fail(writer, errno);
	return 0;
}
