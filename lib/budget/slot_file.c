/* SPDX-License-Identifier: MIT */
#include "budget/slot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define MAGIC "wcslots"
#define VERSION 1

/* Where things are. Everything but the header may be damaged without harm. */
#define LEARNED_OFFSET 320
#define CALLS_OFFSET 384
#define RECORDS_OFFSET 1024
#define FILE_SIZE (RECORDS_OFFSET + SLOT_RECORDS * (int)sizeof(struct slot_record))

/* Reading while somebody writes gives a mixture, which the checksum tells. */
#define READ_TRIES 4
/* A repair takes less than a millisecond. */
#define REPAIR_TRIES 50
/* Somebody makes or removes the file at the same time. */
#define OPEN_TRIES 5

struct slot_header {
	uint32_t checksum;         /* of all that follows */
	uint32_t version;
	char magic[8];
	uint32_t size, record_size, slots, waiters;
	char device[SLOT_DEVICE_SIZE];
};

_Static_assert(sizeof(struct slot_header) <= LEARNED_OFFSET, "header");
_Static_assert(LEARNED_OFFSET + sizeof(struct slot_learned) <= CALLS_OFFSET, "learned quota");
_Static_assert(CALLS_OFFSET + SLOT_MAX_WAITERS * sizeof(struct slot_call) <= RECORDS_OFFSET,
	       "calls");

int slot_file_because(struct slot_file *file, int ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(file->reason, sizeof file->reason, format, args);
	va_end(args);
	return ret;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static int set_lock(int fd, off_t byte, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

int slot_lock(int fd, unsigned index)
{
	return set_lock(fd, (off_t)index + 1, F_WRLCK);
}

int slot_unlock(int fd, unsigned index)
{
	return set_lock(fd, (off_t)index + 1, F_UNLCK);
}

static int test_bytes(int fd, off_t byte, off_t n)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = n,
	};

	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return -errno;
	if (lock.l_type == F_UNLCK)
		return SLOT_UNLOCKED;
	return lock.l_type == F_RDLCK ? SLOT_READ_LOCKED : SLOT_WRITE_LOCKED;
}

int slot_test(int fd, unsigned index, unsigned n)
{
	/* The kernel takes a length of zero as "to the end". */
	return n ? test_bytes(fd, (off_t)index + 1, (off_t)n) : SLOT_UNLOCKED;
}

/* ---- content --------------------------------------------------------------------------------- */

static int read_all(int fd, void *data, size_t size, off_t offset)
{
	ssize_t n = pread(fd, data, size, offset);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EBADMSG;
}

static int write_all(int fd, const void *data, size_t size, off_t offset)
{
	ssize_t n = pwrite(fd, data, size, offset);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -ENOSPC;
}

static off_t record_offset(unsigned index)
{
	return RECORDS_OFFSET + (off_t)(index * sizeof(struct slot_record));
}

int slot_file_read_record(const struct slot_file *file, unsigned index,
			  struct slot_record *record)
{
	for (int i = 0; i < READ_TRIES; i++) {
		int ret = read_all(file->fd, record, sizeof *record, record_offset(index));

		if (ret < 0 && ret != -EBADMSG)
			return ret;
		if (ret == 0 && slot_record_check(record, index))
			return 0;
	}
	memset(record, 0, sizeof *record);
	return -EBADMSG;
}

int slot_file_write_record(int fd, unsigned index, struct slot_record *record)
{
	record->index = index;
	slot_record_seal(record);
	return write_all(fd, record, sizeof *record, record_offset(index));
}

static uint32_t learned_checksum(const struct slot_learned *learned)
{
	return slot_checksum(&learned->quota, sizeof *learned - sizeof learned->checksum);
}

int slot_file_read_learned(const struct slot_file *file, struct slot_learned *learned)
{
	int ret = read_all(file->fd, learned, sizeof *learned, LEARNED_OFFSET);

	if (ret < 0)
		return ret;
	return learned->checksum == learned_checksum(learned) ? 0 : -EBADMSG;
}

int slot_file_write_learned(const struct slot_file *file, struct slot_learned *learned)
{
	learned->checksum = learned_checksum(learned);
	return write_all(file->fd, learned, sizeof *learned, LEARNED_OFFSET);
}

static off_t call_offset(unsigned waiter)
{
	return CALLS_OFFSET + (off_t)(waiter * sizeof(struct slot_call));
}

int slot_file_read_call(const struct slot_file *file, unsigned waiter, struct slot_call *call)
{
	return read_all(file->fd, call, sizeof *call, call_offset(waiter));
}

int slot_file_write_call(const struct slot_file *file, unsigned waiter,
			 const struct slot_call *call)
{
	return write_all(file->fd, call, sizeof *call, call_offset(waiter));
}

/* ---- header ---------------------------------------------------------------------------------- */

static uint32_t header_checksum(const struct slot_header *header)
{
	return slot_checksum(&header->version, sizeof *header - sizeof header->checksum);
}

static int write_header(int fd, const char *device)
{
	struct slot_header header = {
		.version = VERSION, .magic = MAGIC, .size = FILE_SIZE,
		.record_size = sizeof(struct slot_record),
		.slots = SLOT_MAX, .waiters = SLOT_MAX_WAITERS,
	};
	int ret;

	/* All space now, so that no record meets a full file system later. */
	ret = posix_fallocate(fd, 0, FILE_SIZE);
	if (ret == 0 && ftruncate(fd, FILE_SIZE) < 0)
		ret = errno;
	if (ret)
		return -ret;
	snprintf(header.device, sizeof header.device, "%s", device);
	header.checksum = header_checksum(&header);
	return write_all(fd, &header, sizeof header, 0);
}

/*
 * 0 with the name of the device; -EUCLEAN: damaged; -EPROTO: of another version of this library.
 */
static int read_header(int fd, char device[SLOT_DEVICE_SIZE])
{
	struct slot_header header;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (read_all(fd, &header, sizeof header, 0) < 0 ||
	    memcmp(header.magic, MAGIC, sizeof header.magic) != 0 ||
	    header.checksum != header_checksum(&header))
		return -EUCLEAN;
	if (header.version != VERSION || header.record_size != sizeof(struct slot_record) ||
	    header.slots != SLOT_MAX || header.waiters != SLOT_MAX_WAITERS)
		return -EPROTO;
	if (st.st_size != FILE_SIZE || memchr(header.device, 0, SLOT_DEVICE_SIZE) == NULL)
		return -EUCLEAN;
	memcpy(device, header.device, SLOT_DEVICE_SIZE);
	return 0;
}

static int lock_for_repair(struct slot_file *file)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };
	int ret;

	for (int i = 0; i < REPAIR_TRIES; i++) {
		ret = set_lock(file->fd, 0, F_WRLCK);
		if (ret != -EAGAIN)
			break;
		nanosleep(&pause, NULL);
	}
	if (ret == -EAGAIN)
		return slot_file_because(file, -EBUSY, "%s is damaged, and somebody keeps it from "
					 "being repaired by a %s lock on byte 0", file->name,
					 test_bytes(file->fd, 0, 1) == SLOT_READ_LOCKED ?
					 "read" : "write");
	return ret;
}

/* With the lock for repairs: only when nobody uses the file, who may see another layout in it. */
static int repair_locked(struct slot_file *file, const char *device, int damage)
{
	char found[SLOT_DEVICE_SIZE];
	int ret;

	if (read_header(file->fd, found) == 0)
		return 0;
	ret = slot_test(file->fd, 0, SLOT_RECORDS);
	if (ret != SLOT_UNLOCKED)
		return slot_file_because(file, damage, "%s %s, and somebody holds a slot in it",
					 file->name, damage == -EPROTO ?
					 "is of another version of libwebcodecs" :
					 "has a damaged header");
	ret = write_header(file->fd, device);
	if (ret < 0)
		return slot_file_because(file, ret, "%s cannot be written: %s", file->name,
					 strerror(-ret));
	return 0;
}

static int repair(struct slot_file *file, const char *device, int damage)
{
	int ret = lock_for_repair(file);

	if (ret < 0)
		return ret;
	ret = repair_locked(file, device, damage);
	set_lock(file->fd, 0, F_UNLCK);
	return ret;
}

/* device "" takes what the header says. */
static int check_header(struct slot_file *file, char device[SLOT_DEVICE_SIZE])
{
	char found[SLOT_DEVICE_SIZE];
	int ret = read_header(file->fd, found);

	if (ret < 0 && device[0] == '\0')
		return slot_file_because(file, ret, "%s is no slot file, or is damaged",
					 file->name);
	if (ret == -EUCLEAN || ret == -EPROTO) {
		ret = repair(file, device, ret);
		if (ret == 0)
			ret = read_header(file->fd, found);
	}
	if (ret < 0)
		return ret;
	if (device[0] && strcmp(device, found) != 0) {
		for (char *p = found; *p; p++)
			*p = *p < ' ' || *p > '~' ? '?' : *p;
		return slot_file_because(file, -ENOTUNIQ, "%s belongs to another device, %.100s",
					 file->name, found);
	}
	memcpy(device, found, SLOT_DEVICE_SIZE);
	return 0;
}

/* ---- directory ------------------------------------------------------------------------------- */

static int check_directory(int fd, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return -errno;
	if ((st->st_mode & S_IWOTH) || (st->st_uid != 0 && st->st_uid != geteuid()))
		return -EPERM;
	if (faccessat(fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) < 0)
		return -errno;
	return 0;
}

/* A descriptor, or a negative errno. */
static int open_directory(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = check_directory(fd, st);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	return fd;
}

static const char *directory_fault(int error)
{
	return error == -EPERM ? "it has an owner or a mode that it must not have" :
				 strerror(-error);
}

static int try_directory(const char *path)
{
	struct stat st;
	int fd = open_directory(path, &st);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int slot_directory_choose(const char *shared, const char *runtime, char directory[PATH_MAX],
			  char reason[SLOT_REASON_SIZE])
{
	int ret = shared ? try_directory(shared) : -ENOENT;
	int n;

	reason[0] = '\0';
	directory[0] = '\0';
	if (ret == 0 && strlen(shared) < PATH_MAX) {
		memcpy(directory, shared, strlen(shared) + 1);
		return 0;
	}
	snprintf(reason, SLOT_REASON_SIZE, "%.100s cannot be used: %s", shared ? shared : "",
		 directory_fault(ret));
	if (!runtime || runtime[0] != '/')
		return -ENOENT;
	n = snprintf(directory, PATH_MAX, "%s/webcodecs", runtime);
	if (n >= PATH_MAX || (mkdir(directory, 0700) < 0 && errno != EEXIST) ||
	    try_directory(directory) < 0) {
		directory[0] = '\0';
		return -ENOENT;
	}
	return 0;
}

/* ---- making the file ------------------------------------------------------------------------- */

static int fill(int fd, const struct stat *dir, const char *device)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* Where the directory does not hand its group down. */
	if ((dir->st_mode & S_IWGRP) && st.st_gid != dir->st_gid &&
	    fchown(fd, (uid_t)-1, dir->st_gid) < 0)
		return -errno;
	if (fchmod(fd, dir->st_mode & S_IWGRP ? 0660 : 0600) < 0)
		return -errno;
	return write_header(fd, device);
}

/* Under another name first: nobody sees a file that is half made, nor one with a wrong mode. */
static int create(struct slot_file *file, const struct stat *dir, const char *device)
{
	char name[SLOT_NAME_SIZE + 16];
	int fd, ret;

	snprintf(name, sizeof name, ".%d.%s", (int)gettid(), file->name);
	unlinkat(file->dir_fd, name, 0);
	fd = openat(file->dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ret = fill(fd, dir, device);
	close(fd);
	if (ret == 0 && renameat2(file->dir_fd, name, file->dir_fd, file->name,
				  RENAME_NOREPLACE) == 0)
		return 0;
	if (ret == 0)
		ret = -errno;
	unlinkat(file->dir_fd, name, 0);
	/* Somebody was faster; or cleared away what he took for a leftover. */
	return ret == -EEXIST || ret == -ENOENT ? 0 : ret;
}

/* ---- opening it ------------------------------------------------------------------------------ */

static int check_kind(struct slot_file *file, const struct stat *st, const struct stat *dir)
{
	if (!S_ISREG(st->st_mode))
		return slot_file_because(file, -EINVAL, "%s is not a regular file", file->name);
	if (st->st_nlink == 0)
		return -ESTALE;
	if (st->st_nlink > 1)
		return slot_file_because(file, -EPERM, "%s has another name, too", file->name);
	if (st->st_mode & S_IRWXO)
		return slot_file_because(file, -EPERM, "%s may be used by everybody (mode %04o)",
					 file->name, (unsigned)st->st_mode & 07777);
	if (dir->st_mode & S_IWGRP ? st->st_gid != dir->st_gid :
	    st->st_uid != dir->st_uid && st->st_uid != geteuid())
		return slot_file_because(file, -EPERM, "%s belongs to user %u and group %u",
					 file->name, (unsigned)st->st_uid, (unsigned)st->st_gid);
	return 0;
}

static int open_name(const struct slot_file *file)
{
	/* Not to wait for the other end of a pipe, nor to get a terminal. */
	int fd = openat(file->dir_fd, file->name,
			O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

static int open_checked(struct slot_file *file, const struct stat *dir,
			char device[SLOT_DEVICE_SIZE])
{
	struct stat st;
	int ret;

	file->fd = open_name(file);
	if (file->fd < 0)
		return file->fd;
	ret = fstat(file->fd, &st) < 0 ? -errno : check_kind(file, &st, dir);
	if (ret == 0)
		ret = check_header(file, device);
	if (ret < 0) {
		close(file->fd);
		file->fd = -1;
		return ret;
	}
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	return 0;
}

static int open_or_create(struct slot_file *file, const struct stat *dir,
			  char device[SLOT_DEVICE_SIZE])
{
	int ret = -ENOENT;

	for (int i = 0; i < OPEN_TRIES; i++) {
		ret = open_checked(file, dir, device);
		if (ret == -ESTALE)
			continue;
		if (ret != -ENOENT || device[0] == '\0')
			return ret;
		ret = create(file, dir, device);
		if (ret < 0)
			return ret;
		ret = -ESTALE;
	}
	return ret;
}

static int open_in_directory(struct slot_file *file, const char *directory,
			     char device[SLOT_DEVICE_SIZE])
{
	struct stat dir;
	int ret;

	file->dir_fd = open_directory(directory, &dir);
	if (file->dir_fd < 0)
		return slot_file_because(file, file->dir_fd, "%.100s cannot be used: %s", directory,
					 directory_fault(file->dir_fd));
	ret = open_or_create(file, &dir, device);
	if (ret < 0) {
		if (!file->reason[0])
			slot_file_because(file, ret, "%.100s/%s cannot be opened: %s", directory,
					  file->name, ret == -ELOOP ? "it is a symbolic link" :
					  strerror(-ret));
		slot_file_close(file);
	}
	return ret;
}

/* Memory that looks like a file. It can be opened again through /proc, and by nobody else. */
static int open_private(struct slot_file *file, const char *device)
{
	int ret;

	file->fd = memfd_create(file->name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (file->fd < 0 && errno == EINVAL)
		file->fd = memfd_create(file->name, MFD_CLOEXEC);
	if (file->fd < 0)
		return slot_file_because(file, -errno, "no memory for slots: %s", strerror(errno));
	ret = write_header(file->fd, device);
	if (ret < 0) {
		slot_file_because(file, ret, "no memory for slots: %s", strerror(-ret));
		slot_file_close(file);
	}
	return ret;
}

void slot_file_name(const char *device, char name[SLOT_NAME_SIZE])
{
	snprintf(name, SLOT_NAME_SIZE, "%016llx.slots",
		 (unsigned long long)slot_hash(SLOT_HASH_SEED, device, strlen(device)));
}

static void forget(struct slot_file *file)
{
	memset(file, 0, sizeof *file);
	file->fd = -1;
	file->dir_fd = -1;
}

int slot_file_open(struct slot_file *file, const char *directory, const char *device)
{
	char name[SLOT_DEVICE_SIZE];

	forget(file);
	if (device[0] == '\0' || strlen(device) >= sizeof name)
		return slot_file_because(file, -EINVAL, "the name of a device is empty or longer "
					 "than %u bytes", SLOT_DEVICE_SIZE - 1);
	slot_file_name(device, file->name);
	if (!directory || !directory[0])
		return open_private(file, device);
	strcpy(name, device);
	return open_in_directory(file, directory, name);
}

int slot_file_open_name(struct slot_file *file, const char *directory, const char *name,
			char device[SLOT_DEVICE_SIZE])
{
	forget(file);
	device[0] = '\0';
	if (strlen(name) >= sizeof file->name || strchr(name, '/'))
		return slot_file_because(file, -EINVAL, "this is no name of a slot file");
	strcpy(file->name, name);
	return open_in_directory(file, directory, device);
}

void slot_file_close(struct slot_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->dir_fd >= 0)
		close(file->dir_fd);
	file->fd = -1;
	file->dir_fd = -1;
}

static int reopen_private(const struct slot_file *file)
{
	char path[40];
	int fd;

	snprintf(path, sizeof path, "/proc/self/fd/%d", file->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int stale(struct slot_file *file, const char *what)
{
	return slot_file_because(file, -ESTALE, "%s was %s", file->name, what);
}

int slot_file_check_current(struct slot_file *file)
{
	struct stat st;

	if (file->dir_fd < 0)
		return 0;
	if (fstatat(file->dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? stale(file, "removed") : -errno;
	return st.st_dev == file->dev && st.st_ino == file->ino ? 0 : stale(file, "replaced");
}

int slot_file_reopen(struct slot_file *file)
{
	int fd = file->dir_fd < 0 ? reopen_private(file) : open_name(file);
	struct stat st;

	if (fd == -ENOENT && file->dir_fd >= 0)
		return stale(file, "removed");
	if (fd < 0)
		return slot_file_because(file, fd, "%s cannot be opened: %s", file->name,
					 strerror(-fd));
	if (file->dir_fd >= 0 &&
	    (fstat(fd, &st) < 0 || st.st_dev != file->dev || st.st_ino != file->ino)) {
		close(fd);
		return stale(file, "replaced");
	}
	return fd;
}
