/* SPDX-License-Identifier: MIT */
#include "session/rig_memory.h"

#include <errno.h>
#include <string.h>

#include <linux/ioctl.h>
#include <linux/udmabuf.h>

#include "frame/frame_memory.h"
#include "frame/memory_io.h"
#include "session/rig.h"

unsigned rig_memory_fail_from, rig_memory_made;

int __wrap_memory_io_open(const char *path);
int __wrap_memory_io_ioctl(int fd, unsigned long request, void *arg);
int __real_memory_io_ioctl(int fd, unsigned long request, void *arg);

int __wrap_memory_io_open(const char *path)
{
	return strcmp(path, "/dev/udmabuf") == 0 ? memory_io_memfd("udmabuf") : -ENOENT;
}

int __wrap_memory_io_ioctl(int fd, unsigned long request, void *arg)
{
	const struct udmabuf_create *create = arg;

	if (request != UDMABUF_CREATE)
		return __real_memory_io_ioctl(fd, request, arg);
	if (rig_memory_fail_from && rig_memory_made + 1 >= rig_memory_fail_from)
		return -ENOMEM;
	rig_memory_made++;
	return fake_dma_buf(create->size);
}

struct frame_memory *rig_memory_new(struct core *core)
{
	static const struct wc_memory_options options = { .kind = WC_MEMORY_UDMABUF };
	struct frame_memory *memory = frame_memory_new(core);
	char name[ALLOCATOR_NAME_MAX];

	rig_memory_fail_from = 0;
	rig_memory_made = 0;
	ck_assert_ptr_nonnull(memory);
	ck_assert_int_eq(frame_memory_decide(memory, &options, name), 0);
	return memory;
}
