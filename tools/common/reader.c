/* SPDX-License-Identifier: MIT */
#include "common/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/interrupt.h"
#include "common/vectors.h"

static int reader_fail(struct reader *reader, int error)
{
	return failure_set_errno(reader->failure, reader->name, error);
}

/* readv() that a signal does not disturb, unless it asked to stop: then 0, as at the end. */
static ssize_t reader_call(struct reader *reader, const struct iovec *iov, size_t count)
{
	ssize_t got;

	do {
		if (interrupt_signal())
			return 0;
		got = readv(reader->fd, iov, (int)count);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? reader_fail(reader, errno) : got;
}

static int reader_inspect(struct reader *reader)
{
	struct stat info;

	if (fstat(reader->fd, &info))
		return reader_fail(reader, errno);
	if (S_ISDIR(info.st_mode))
		return reader_fail(reader, EISDIR);
	reader->seekable = S_ISREG(info.st_mode);
	reader->size = S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
	reader->device = info.st_dev;
	reader->inode = info.st_ino;
	return 0;
}

int reader_open(struct reader *reader, const char *path, struct failure *failure)
{
	bool standard = !strcmp(path, "-");

	*reader = (struct reader) {
		.name = standard ? "standard input" : path,
		.failure = failure,
	};
	reader->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0)
		return reader_fail(reader, errno);
	if (!reader_inspect(reader))
		return 0;
	reader_close(reader);
	return -1;
}

void reader_close(struct reader *reader)
{
	if (reader->fd > STDIN_FILENO)
		close(reader->fd);
	reader->fd = -1;
}

ssize_t reader_peek(struct reader *reader, size_t wanted, const uint8_t **data)
{
	size_t have = reader->end - reader->begin;

	memmove(reader->ahead, reader->ahead + reader->begin, have);
	reader->begin = 0;
	reader->end = have;
	while (reader->end < wanted) {
		struct iovec iov = { reader->ahead + reader->end, READER_AHEAD - reader->end };
		ssize_t got = reader_call(reader, &iov, 1);

		if (got < 0)
			return -1;
		if (!got)
			break;
		reader->end += (size_t)got;
	}
	*data = reader->ahead;
	return (ssize_t)reader->end;
}

void reader_skip(struct reader *reader, size_t bytes)
{
	reader->begin += bytes;
	reader->offset += bytes;
}

/* Take what is ahead already. */
static size_t reader_drain(struct reader *reader, struct iovec **iov, size_t *count)
{
	size_t total = 0;

	while (*count && reader->begin < reader->end) {
		size_t have = reader->end - reader->begin;
		size_t part = have < (*iov)->iov_len ? have : (*iov)->iov_len;

		memcpy((*iov)->iov_base, reader->ahead + reader->begin, part);
		reader_skip(reader, part);
		vectors_advance(iov, count, part);
		total += part;
	}
	return total;
}

/* One system call, for the vectors and, behind the last of them, for the look-ahead. */
static ssize_t reader_fill(struct reader *reader, struct iovec **iov, size_t *count)
{
	struct iovec call[VECTORS_MAX];
	size_t n = *count < VECTORS_MAX ? *count : VECTORS_MAX - 1;
	size_t excess;
	ssize_t got;

	memcpy(call, *iov, n * sizeof *call);
	if (n == *count && n < VECTORS_MAX)
		call[n++] = (struct iovec) { reader->ahead, READER_AHEAD };
	got = reader_call(reader, call, n);
	if (got <= 0)
		return got;
	excess = vectors_advance(iov, count, (size_t)got);
	reader->begin = 0;
	reader->end = excess;
	reader->offset += (size_t)got - excess;
	return got;
}

enum reader_result reader_fetch(struct reader *reader, struct iovec *iov, size_t count)
{
	size_t total;

	vectors_advance(&iov, &count, 0);
	total = reader_drain(reader, &iov, &count);
	while (count) {
		ssize_t got = reader_fill(reader, &iov, &count);

		if (got < 0)
			return READER_FAILED;
		if (!got)
			return total && !interrupt_signal() ? READER_SHORT : READER_END;
		total += (size_t)got;
	}
	return READER_WHOLE;
}

enum reader_result reader_fetch_bytes(struct reader *reader, void *data, size_t size)
{
	struct iovec iov = { data, size };

	return reader_fetch(reader, &iov, 1);
}

ssize_t reader_some(struct reader *reader, void *data, size_t size)
{
	struct iovec iov = { data, size }, *p = &iov;
	size_t count = 1;
	ssize_t got = (ssize_t)reader_drain(reader, &p, &count);

	if (!got) {
		got = reader_call(reader, p, count);
		reader->offset += got > 0 ? (size_t)got : 0;
	}
	return got;
}

int reader_seek(struct reader *reader, uint64_t offset)
{
	if (offset > INT64_MAX || lseek(reader->fd, (off_t)offset, SEEK_SET) < 0)
		return reader_fail(reader, offset > INT64_MAX ? EINVAL : errno);
	reader->offset = offset;
	reader->begin = 0;
	reader->end = 0;
	return 0;
}

size_t reader_at(const struct reader *reader, uint64_t offset, void *data, size_t size)
{
	size_t total = 0;

	while (total < size && offset + total <= INT64_MAX) {
		ssize_t got = pread(reader->fd, (uint8_t *)data + total, size - total,
				    (off_t)(offset + total));

		if (got <= 0)
			break;
		total += (size_t)got;
	}
	return total;
}
