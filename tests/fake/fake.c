/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libv4l2.h>
#include <linux/dma-buf.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * Life of the fake, and its border: the libc calls that the linker wraps and the symbols of
 * libv4l2. A call for something that is not of the fake goes to the true one.
 */

#define INTERNAL_FD_BASE 600		/* the fake's own fds keep out of the client's way */
#define LIBV4L2_DEVICES 16		/* V4L2_MAX_DEVICES of libv4l2-priv.h */
#define SNAPSHOT_FDS 4096
#define NAME_PREFIX "/memfd:fake"

int __real_open(const char *path, int flags, ...);
int __real_openat(int dir, const char *path, int flags, ...);
int __real_close(int fd);
int __real_ioctl(int fd, unsigned long request, ...);
int __real_munmap(void *address, size_t length);
int __real_dup(int fd);
int __real_fcntl(int fd, int cmd, ...);

int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap___open_2(const char *path, int flags);
int __wrap___openat_2(int dir, const char *path, int flags);
int __wrap_close(int fd);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__wrap_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset);
int __wrap_munmap(void *address, size_t length);
int __wrap_dup(int fd);
int __wrap_fstatfs(int fd, struct statfs *status);
int __real_fstatfs(int fd, struct statfs *status);
int __wrap_fcntl(int fd, int cmd, ...);

#ifdef __GLIBC__
/* The names that large file support gives to the same calls. */
typedef off64_t offset_type;
void *__real_mmap64(void *address, size_t length, int prot, int flags, int fd, off64_t offset);
void *__wrap_mmap64(void *address, size_t length, int prot, int flags, int fd, off64_t offset);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_fstatfs64(int fd, struct statfs64 *status);
int __real_fstatfs64(int fd, struct statfs64 *status);
int __wrap___open64_2(const char *path, int flags);
int __wrap_openat64(int dir, const char *path, int flags, ...);
int __wrap___openat64_2(int dir, const char *path, int flags);
int __wrap_fcntl64(int fd, int cmd, ...);
#define REAL_MMAP __real_mmap64
#else
typedef off_t offset_type;
void *__real_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset);
#define REAL_MMAP __real_mmap
#endif

/* A mapping of fake memory that the client made. */
struct mapping {
	struct mapping *next;
	void *address;
	size_t length;
	dev_t dev;
	ino_t ino;
	bool by_device;			/* mmap() of the device, not of an exported fd */
};

struct fake fake;

static struct mapping *mappings;
static uint8_t snapshot[SNAPSHOT_FDS / 8];

/* ---------------------------------------------------------------- helpers -- */

int fake_real_close(int fd)
{
	return __real_close(fd);
}

int fake_real_open(const char *path, int flags)
{
	return __real_open(path, flags);
}

void *fake_real_mmap(size_t length, int prot, int fd)
{
	void *address = REAL_MMAP(NULL, length, prot, MAP_SHARED, fd, 0);

	return address == MAP_FAILED ? NULL : address;
}

int fake_real_munmap(void *address, size_t length)
{
	return __real_munmap(address, length);
}

int fake_memfd(const char *name, size_t size, bool internal)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	int moved;

	if (fd < 0)
		return -errno;
	if (size && ftruncate(fd, (off_t)size) < 0) {
		__real_close(fd);
		return -ENOMEM;
	}
	if (!internal)
		return fd;
	moved = __real_fcntl(fd, F_DUPFD_CLOEXEC, INTERNAL_FD_BASE);
	if (moved < 0)
		return fd;
	__real_close(fd);
	return moved;
}

/* Calls @each for every open fd of the process. */
static void each_fd(void (*each)(int fd, void *data), void *data)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		fd = atoi(entry->d_name);
		if (entry->d_name[0] != '.' && fd != dirfd(dir))
			each(fd, data);
	}
	closedir(dir);
}

struct count {
	dev_t dev;
	ino_t ino;
	unsigned int found;
};

static void count_fd(int fd, void *data)
{
	struct count *count = data;
	struct stat status;

	if (fstat(fd, &status) == 0 && status.st_dev == count->dev && status.st_ino == count->ino)
		count->found++;
}

unsigned int fake_count_fds(dev_t dev, ino_t ino)
{
	struct count count = { .dev = dev, .ino = ino };

	each_fd(count_fd, &count);
	return count.found;
}

unsigned int fake_count_mappings(dev_t dev, ino_t ino)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long inode;
	unsigned int found = 0;
	unsigned int major;
	unsigned int minor;
	char *line = NULL;
	size_t size = 0;

	if (!maps)
		return 0;
	while (getline(&line, &size, maps) > 0)
		if (sscanf(line, "%*s %*s %*s %x:%x %llu", &major, &minor, &inode) == 3 &&
		    inode == (unsigned long long)ino)
			found++;
	free(line);
	fclose(maps);
	(void)dev;
	return found;
}

static struct fake_file *file_of(int fd)
{
	struct stat status;

	if (!fake.running || fd < 0 || fstat(fd, &status) < 0)
		return NULL;
	return fake_file_find(status.st_dev, status.st_ino);
}

/* An exported buffer, also one whose driver has freed it. */
static bool is_export(int fd)
{
	char path[64];
	char link[256];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, link, sizeof(link));
	return length > (ssize_t)strlen(NAME_PREFIX) &&
	       strncmp(link, NAME_PREFIX, strlen(NAME_PREFIX)) == 0;
}

static bool is_open(int fd)
{
	return __real_fcntl(fd, F_GETFD) >= 0;
}

static int fail_with(int error)
{
	errno = error;
	return -1;
}

/* From the kernel's way of telling errors to that of libc. */
static int result(int ret)
{
	return ret < 0 ? fail_with(-ret) : ret;
}

/* ---------------------------------------------------------------- life -- */

static void note_fd(int fd, void *data)
{
	(void)data;
	if (fd < SNAPSHOT_FDS)
		snapshot[fd / 8] |= (uint8_t)(1 << (fd % 8));
}

static void check_fd(int fd, void *data)
{
	char path[64];
	char link[256];
	ssize_t length;

	(void)data;
	if (fd >= SNAPSHOT_FDS || (snapshot[fd / 8] >> (fd % 8) & 1))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, link, sizeof(link) - 1);
	if (length < 0)
		return;
	link[length] = '\0';
	fake_violate("fd %d was left open: %s", fd, link);
	if (is_export(fd))
		__real_close(fd);
}

static void mappings_drop(bool complain)
{
	while (mappings) {
		struct mapping *mapping = mappings;

		if (complain)
			fake_violate("a mapping of %zu bytes was left", mapping->length);
		__real_munmap(mapping->address, mapping->length);
		mappings = mapping->next;
		free(mapping);
	}
}

void fake_start(void)
{
	if (fake.running) {
		/* A test that failed without its teardown. */
		mappings_drop(false);
		fake_devices_free();
	}
	memset(&fake, 0, sizeof(fake));
	memset(snapshot, 0, sizeof(snapshot));
	fake_wait_reset();
	fake_judge_reset();
	each_fd(note_fd, NULL);
	fake.running = true;
}

void fake_stop(void)
{
	fake_fail_none();
	mappings_drop(true);
	fake_devices_free();
	each_fd(check_fd, NULL);
	fake_wait_reset();
	fake.running = false;
}

void fake_set_pace(enum fake_pace pace, uint32_t seed)
{
	fake.pace = pace;
	fake.random = seed;
}

/* Contexts take turns; one job of one of them. */
bool fake_step(void)
{
	struct fake_file *files[64];
	struct fake_device *device;
	struct fake_file *file;
	unsigned int count = 0;
	unsigned int i;

	for (device = fake.devices; device; device = device->next)
		for (file = device->files; file && count < 64; file = file->next)
			files[count++] = file;
	for (i = 0; i < count; i++) {
		unsigned int turn = (fake.turn + i) % count;

		if (!fake_codec_step(files[turn]))
			continue;
		fake.turn = turn + 1;
		return true;
	}
	return false;
}

/* ---------------------------------------------------------------- dump -- */

static const char *buffer_state_name(enum fake_buffer_state state)
{
	static const char *const names[] = {
		"none", "client", "queued", "driver", "done", "error"
	};

	return names[state];
}

static void dump_queue(const struct fake_queue *queue)
{
	unsigned int i;

	fprintf(stderr, "    %-7s %s%s%s%s%u buffers, %u queued, %u ready, %u done:",
		queue->is_output ? "OUTPUT" : "CAPTURE", queue->streaming ? "streaming " : "off ",
		queue->streaming && !queue->started ? "waiting-for-buffers " : "",
		queue->error ? "error " : "", queue->last_dequeued ? "EPIPE " : "", queue->count,
		queue->queued.count, queue->ready.count, queue->done.count);
	for (i = 0; i < queue->limit; i++)
		if (queue->buffers[i].state != FAKE_BUF_NONE)
			fprintf(stderr, " %u=%s", i, buffer_state_name(queue->buffers[i].state));
	fprintf(stderr, "\n");
}

static void dump_file(const struct fake_file *file)
{
	const struct fake_codec *codec = &file->codec;
	char output[5];
	char capture[5];

	fprintf(stderr, "  context %s%s%s", fake_codec_state_name(codec->state),
		codec->stop_pending ? ", drain wanted" : "",
		codec->stopped_by_change ? ", stopped by a size change" : "");
	fprintf(stderr,
		"; OUTPUT %s, CAPTURE %s %ux%u, reorder %u, %u frames held, %u events pending\n",
		fake_fourcc(file->formats[FAKE_OUTPUT].pixelformat, output),
		fake_fourcc(file->formats[FAKE_CAPTURE].pixelformat, capture),
		file->formats[FAKE_CAPTURE].width, file->formats[FAKE_CAPTURE].height,
		codec->info.reorder, codec->held_count, file->event_count);
	dump_queue(&file->queues[FAKE_OUTPUT]);
	dump_queue(&file->queues[FAKE_CAPTURE]);
}

void fake_dump(void)
{
	struct fake_device *device;
	struct fake_file *file;

	for (device = fake.devices; device; device = device->next) {
		fprintf(stderr, "device %s: %s%s%s\n", device->path, device->model.name,
			device->stalled ? ", stalled" : "", device->gone ? ", unplugged" : "");
		for (file = device->files; file; file = file->next)
			dump_file(file);
	}
}

/* ---------------------------------------------------------------- open, close -- */

static int open_device(struct fake_device *device, int flags)
{
	struct fake_file *file;
	int error = fake_call_begin(FAKE_OPEN);

	if (error)
		return fail_with(error);
	return result(fake_file_open(device, flags, &file));
}

static int open_any(int dir, const char *path, int flags, mode_t mode)
{
	struct fake_device *device = fake.running ? fake_device_find(path) : NULL;

	return device ? open_device(device, flags) : __real_openat(dir, path, flags, mode);
}

static bool takes_mode(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

#define MODE_OF(flags, mode) \
	do { \
		va_list args; \
		va_start(args, flags); \
		(mode) = takes_mode(flags) ? (mode_t)va_arg(args, unsigned int) : 0; \
		va_end(args); \
	} while (0)

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_any(AT_FDCWD, path, flags, mode);
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_any(dir, path, flags, mode);
}

int __wrap___open_2(const char *path, int flags)
{
	return open_any(AT_FDCWD, path, flags, 0);
}

int __wrap___openat_2(int dir, const char *path, int flags)
{
	return open_any(dir, path, flags, 0);
}

#ifdef __GLIBC__
int __wrap_open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_any(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int __wrap_openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_any(dir, path, flags | O_LARGEFILE, mode);
}

int __wrap___open64_2(const char *path, int flags)
{
	return open_any(AT_FDCWD, path, flags | O_LARGEFILE, 0);
}

int __wrap___openat64_2(int dir, const char *path, int flags)
{
	return open_any(dir, path, flags | O_LARGEFILE, 0);
}
#endif

/* Closes for good even if a failure was ordered, as Linux does. */
static int close_fake(int fd, struct fake_file *file, bool by_libv4l2)
{
	int error = fake_call_begin(FAKE_CLOSE);
	bool last = file && fake_count_fds(file->dev, file->ino) == 1;

	if (last && file->registered && !by_libv4l2) {
		fake_violate("close of a device that is registered with libv4l2: its place leaks");
		fake.dangling_slots++;
	}
	__real_close(fd);
	fake_wait_forget_fd(fd);
	if (last)
		fake_file_free(file);
	return error ? fail_with(error) : 0;
}

static int close_any(int fd, bool by_libv4l2)
{
	struct fake_file *file;

	if (!fake.running)
		return __real_close(fd);
	if (!is_open(fd)) {
		fake_violate("close of fd %d, which is not open", fd);
		return fail_with(EBADF);
	}
	file = file_of(fd);
	if (file || is_export(fd))
		return close_fake(fd, file, by_libv4l2);
	fake_wait_forget_fd(fd);
	return __real_close(fd);
}

int __wrap_close(int fd)
{
	return close_any(fd, false);
}

int __wrap_dup(int fd)
{
	int error = fake.running ? fake_call_begin(FAKE_DUP) : 0;

	return error ? fail_with(error) : __real_dup(fd);
}

static int fcntl_any(int fd, int cmd, void *arg)
{
	bool dups = cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC;
	int error = fake.running && dups ? fake_call_begin(FAKE_DUP) : 0;

	return error ? fail_with(error) : __real_fcntl(fd, cmd, arg);
}

int __wrap_fcntl(int fd, int cmd, ...)
{
	va_list args;
	void *arg;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	return fcntl_any(fd, cmd, arg);
}

#ifdef __GLIBC__
int __wrap_fcntl64(int fd, int cmd, ...)
{
	va_list args;
	void *arg;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	return fcntl_any(fd, cmd, arg);
}
#endif

/* ---------------------------------------------------------------- fstatfs -- */

int fake_dma_buf(size_t size)
{
	return fake_memfd("fake-dma-buf", size, false);
}

int __wrap_fstatfs(int fd, struct statfs *status)
{
	int ret = __real_fstatfs(fd, status);

	if (ret == 0 && fake.running && is_export(fd))
		status->f_type = DMA_BUF_MAGIC;
	return ret;
}

#ifdef __GLIBC__
int __wrap_fstatfs64(int fd, struct statfs64 *status)
{
	int ret = __real_fstatfs64(fd, status);

	if (ret == 0 && fake.running && is_export(fd))
		status->f_type = DMA_BUF_MAGIC;
	return ret;
}
#endif

/* ---------------------------------------------------------------- ioctl -- */

static int ioctl_file(struct fake_file *file, int fd, unsigned long request, void *arg)
{
	bool nonblocking = __real_fcntl(fd, F_GETFL) & O_NONBLOCK;
	int error = fake_call_begin(fake_call_of(request));

	return error ? fail_with(error) : result(fake_ioctl(file, request, arg, nonblocking));
}

static int sync_export(const struct dma_buf_sync *sync)
{
	if (!sync || (sync->flags & ~(uint64_t)DMA_BUF_SYNC_VALID_FLAGS_MASK) ||
	    !(sync->flags & DMA_BUF_SYNC_RW))
		return fail_with(EINVAL);
	return 0;
}

static int ioctl_other(int fd, unsigned long request, void *arg)
{
	if (_IOC_TYPE(request) == 'V' && !is_open(fd)) {
		fake_violate("ioctl 0x%lx on fd %d, which is not open", request, fd);
		return fail_with(EBADF);
	}
	if ((uint32_t)request == (uint32_t)DMA_BUF_IOCTL_SYNC && is_export(fd))
		return sync_export(arg);
	return __real_ioctl(fd, request, arg);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct fake_file *file;
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!fake.running)
		return __real_ioctl(fd, request, arg);
	file = file_of(fd);
	if (!file)
		return ioctl_other(fd, request, arg);
	if (file->registered)
		fake_violate("%s by ioctl() on a device that is registered with libv4l2",
			     fake_call_name(fake_call_of(request)));
	return ioctl_file(file, fd, request, arg);
}

/* ---------------------------------------------------------------- mmap -- */

static void mapping_note(void *address, size_t length, dev_t dev, ino_t ino, bool by_device)
{
	struct mapping *mapping = calloc(1, sizeof(*mapping));

	if (!mapping)
		abort();
	mapping->address = address;
	mapping->length = length;
	mapping->dev = dev;
	mapping->ino = ino;
	mapping->by_device = by_device;
	mapping->next = mappings;
	mappings = mapping;
}

static void *map_device(struct fake_file *file, void *address, size_t length, int prot, int flags,
			offset_type offset)
{
	struct fake_plane *plane;
	int ret = file->device->gone ? -ENODEV :
				       fake_queue_mmap(file, length, prot, flags, (off_t)offset,
						       &plane);

	if (ret < 0) {
		errno = -ret;
		return MAP_FAILED;
	}
	address = REAL_MMAP(address, length, prot, flags, plane->fd, 0);
	if (address == MAP_FAILED)
		return address;
	plane->mappings++;
	mapping_note(address, length, plane->dev, plane->ino, true);
	return address;
}

static void *map_any(void *address, size_t length, int prot, int flags, int fd, offset_type offset)
{
	struct fake_file *file = file_of(fd);
	struct stat status;
	int error;

	if (!fake.running || fd < 0 || (!file && !is_export(fd)))
		return REAL_MMAP(address, length, prot, flags, fd, offset);
	error = fake_call_begin(FAKE_MMAP);
	if (error) {
		errno = error;
		return MAP_FAILED;
	}
	if (file)
		return map_device(file, address, length, prot, flags, offset);
	address = REAL_MMAP(address, length, prot, flags, fd, offset);
	if (address != MAP_FAILED && fstat(fd, &status) == 0)
		mapping_note(address, length, status.st_dev, status.st_ino, false);
	return address;
}

void *__wrap_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
	return map_any(address, length, prot, flags, fd, offset);
}

#ifdef __GLIBC__
void *__wrap_mmap64(void *address, size_t length, int prot, int flags, int fd, off64_t offset)
{
	return map_any(address, length, prot, flags, fd, offset);
}
#endif

int __wrap_munmap(void *address, size_t length)
{
	struct mapping **link = &mappings;
	struct mapping *mapping;
	struct fake_plane *plane;
	int error;

	while (*link && (*link)->address != address)
		link = &(*link)->next;
	if (!fake.running || !*link)
		return __real_munmap(address, length);
	error = fake_call_begin(FAKE_MUNMAP);
	if (error)
		return fail_with(error);
	mapping = *link;
	if (mapping->length != length)
		fake_violate("munmap of %zu bytes, %zu were mapped", length, mapping->length);
	plane = mapping->by_device ? fake_plane_find(mapping->dev, mapping->ino) : NULL;
	if (plane)
		plane->mappings--;
	*link = mapping->next;
	free(mapping);
	return __real_munmap(address, length);
}

/* ---------------------------------------------------------------- libv4l2 -- */

static unsigned int slots_used(void)
{
	unsigned int used = fake.taken_slots + fake.dangling_slots;
	struct fake_device *device;
	struct fake_file *file;

	for (device = fake.devices; device; device = device->next)
		for (file = device->files; file; file = file->next)
			used += file->registered;
	return used;
}

unsigned int fake_free_slots(void)
{
	return slots_used() < LIBV4L2_DEVICES ? LIBV4L2_DEVICES - slots_used() : 0;
}

void fake_take_slots(unsigned int slots)
{
	fake.taken_slots = slots;
}

/* Asks the device what it is before it looks for a place, as libv4l2 1.32 does. */
int v4l2_fd_open(int fd, int v4l2_flags)
{
	struct fake_file *file = file_of(fd);
	struct v4l2_capability cap;
	int error = fake_call_begin(FAKE_FD_OPEN);

	if (error)
		return fail_with(error);
	if (!file)
		return fail_with(is_open(fd) ? ENOTTY : EBADF);
	if (!(v4l2_flags & V4L2_DISABLE_CONVERSION))
		fake_violate("v4l2_fd_open without V4L2_DISABLE_CONVERSION");
	if (file->registered)
		fake_violate("v4l2_fd_open of a device that is registered already");
	if (ioctl_file(file, fd, VIDIOC_QUERYCAP, &cap) < 0)
		return -1;
	if (fake_free_slots() == 0)
		return fail_with(EBUSY);
	file->registered = true;
	return fd;
}

int v4l2_close(int fd)
{
	return close_any(fd, true);
}

int v4l2_ioctl(int fd, unsigned long int request, ...)
{
	struct fake_file *file = file_of(fd);
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return file ? ioctl_file(file, fd, request, arg) : ioctl_other(fd, request, arg);
}

void *v4l2_mmap(void *start, size_t length, int prot, int flags, int fd, int64_t offset)
{
	return map_any(start, length, prot, flags, fd, (offset_type)offset);
}

int v4l2_munmap(void *start, size_t length)
{
	return __wrap_munmap(start, length);
}
