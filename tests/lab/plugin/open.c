/* SPDX-License-Identifier: MIT */
/*
 * The limit of limit.c for drivers that refuse in open() itself: s5p-mfc (EBUSY), venus (EAGAIN),
 * coda (ENOSPC). A plugin cannot imitate them, since libv4l2 gets a descriptor that is open. So
 * this is preloaded, and every open of vicodec takes a place, a mere look at the device, too.
 */
/* Both names of open() are defined below, so neither may stand for the other. */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libv4l2.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#include "place.h"

#define MAX_DESCRIPTORS 1024

int open64(const char *path, int flags, ...);

/* Places by descriptor of the device, plus one; 0: none. No lock: children of fork() close, too. */
static _Atomic int places[MAX_DESCRIPTORS];

static int real_close(int fd)
{
	int (*function)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");

	return function(fd);
}

static void forget(int fd)
{
	int place = fd >= 0 && fd < MAX_DESCRIPTORS ? atomic_exchange(&places[fd], 0) : 0;

	if (place)
		real_close(place - 1);
}

/* A descriptor that was just opened: give it a place, or close it. */
static int admit(int fd)
{
	struct place_settings settings;
	int place, refusal;

	if (fd < 0 || fd >= MAX_DESCRIPTORS || !place_is_vicodec(fd))
		return fd;
	place_settings_read(&settings);
	place = place_take(&settings);
	if (place < 0) {
		refusal = errno;
		real_close(fd);
		errno = refusal;
		return -1;
	}
	atomic_store(&places[fd], place + 1);
	return fd;
}

/* The third argument is there only when a file may be made. */
#define FORWARD(name, path, flags) do { \
	int (*function)(const char *, int, ...) = \
		(int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name); \
	mode_t mode = 0; \
	va_list args; \
 \
	if ((flags) & (O_CREAT | __O_TMPFILE)) { \
		va_start(args, flags); \
		mode = va_arg(args, mode_t); \
		va_end(args); \
	} \
	return admit(function(path, flags, mode)); \
} while (0)

int open(const char *path, int flags, ...)
{
	FORWARD("open", path, flags);
}

int open64(const char *path, int flags, ...)
{
	FORWARD("open64", path, flags);
}

int close(int fd)
{
	forget(fd);
	return real_close(fd);
}

/* libv4l2 closes by a bare system call. */
int v4l2_close(int fd)
{
	int (*function)(int) = (int (*)(int))dlsym(RTLD_NEXT, "v4l2_close");

	forget(fd);
	return function(fd);
}
