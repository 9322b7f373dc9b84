/* SPDX-License-Identifier: MIT */
#include "frame/fence.h"

#include <errno.h>
#include <linux/ioctl.h>
#include <linux/sync_file.h>
#include <poll.h>

#include "frame/memory_io.h"
#include "util/error.h"

/* The acquire fence, and one descriptor for each object. */
#define MAX_FDS (1 + BUFFER_MAX_OBJECTS)

/* In buffer.fences, beside enum wc_map_access: who has descriptors may still begin something. */
#define ANYTHING_MAY_COME 0x10u

void fence_expect(struct buffer *buffer, unsigned access)
{
	atomic_fetch_or_explicit(&buffer->fences, access | ANYTHING_MAY_COME,
				 memory_order_relaxed);
}

void fence_age(struct buffer *buffer)
{
	if (atomic_load_explicit(&buffer->fences, memory_order_relaxed))
		atomic_fetch_and_explicit(&buffer->fences, ~ANYTHING_MAY_COME,
					  memory_order_relaxed);
}

/* What a use waits for: who reads waits for those who write, who writes waits for all. */
static unsigned awaited(unsigned access)
{
	return access & WC_MAP_WRITE ? WC_MAP_READ | WC_MAP_WRITE : WC_MAP_WRITE;
}

static bool has_acquire_fence(struct buffer *buffer)
{
	return buffer->acquire_fence >= 0 &&
	       atomic_load_explicit(&buffer->acquired, memory_order_relaxed) <= 0;
}

static bool has_implicit_fences(struct buffer *buffer, unsigned access)
{
	return atomic_load_explicit(&buffer->fences, memory_order_relaxed) & awaited(access);
}

/* Nothing was seen of what a use waits for. seen: the fences from before the look. */
static void forget(struct buffer *buffer, unsigned access, unsigned seen)
{
	if (!(seen & ANYTHING_MAY_COME) && seen & awaited(access))
		atomic_compare_exchange_strong_explicit(&buffer->fences, &seen,
							seen & ~awaited(access),
							memory_order_relaxed,
							memory_order_relaxed);
}

bool fence_is_expected(struct buffer *buffer, unsigned access)
{
	return has_acquire_fence(buffer) || has_implicit_fences(buffer, access);
}

/* What there is to poll; objects[i] is that of fds[i]. */
static unsigned collect(struct buffer *buffer, unsigned access, struct pollfd *fds, int *objects)
{
	short events = access & WC_MAP_WRITE ? POLLOUT : POLLIN;
	unsigned n = 0;

	if (has_acquire_fence(buffer)) {
		fds[n] = (struct pollfd) { .fd = buffer->acquire_fence, .events = POLLIN };
		objects[n++] = -1;
	}
	if (!has_implicit_fences(buffer, access))
		return n;
	for (unsigned i = 0; i < buffer->n_objects; i++) {
		if (buffer->objects[i].fd < 0)
			continue;
		fds[n] = (struct pollfd) { .fd = buffer->objects[i].fd, .events = events };
		objects[n++] = (int)i;
	}
	return n;
}

/* 1: signalled, 0: not yet, or a negative errno, the fence's own if *failed. */
static int ask_status(int sync_file, bool *failed)
{
	struct sync_file_info info = { .status = 0 };
	int ret = memory_io_ioctl(sync_file, SYNC_IOC_FILE_INFO, &info);

	*failed = ret == 0 && info.status < 0;
	return ret < 0 ? ret : info.status;
}

/* The acquire fence is signalled: well, or with an error, which is remembered. */
static int settle(struct buffer *buffer, bool *failed)
{
	int ret = ask_status(buffer->acquire_fence, failed);

	if (ret >= 0)
		ret = 1;
	if (ret > 0 || *failed)
		atomic_store_explicit(&buffer->acquired, ret, memory_order_relaxed);
	return ret < 0 ? ret : 0;
}

/* What poll() said of one. As fence_look(). */
static int judge(struct buffer *buffer, const struct pollfd *fd, int object,
		 struct fence_report *report)
{
	*report = (struct fence_report) { fd->fd, fd->events, object, false };
	if (!fd->revents)
		return 1;
	if (!(fd->revents & fd->events))
		return -EIO;
	return object < 0 ? settle(buffer, &report->failed) : 0;
}

int fence_look(struct buffer *buffer, unsigned access, struct fence_report *report)
{
	unsigned seen = atomic_load_explicit(&buffer->fences, memory_order_relaxed);
	struct pollfd fds[MAX_FDS];
	int objects[MAX_FDS];
	unsigned n = collect(buffer, access, fds, objects);
	int ret = n ? memory_io_poll(fds, n, 0) : 0;

	*report = (struct fence_report) { .fd = -1 };
	for (unsigned i = 0; i < n && ret >= 0; i++) {
		ret = judge(buffer, &fds[i], objects[i], report);
		if (ret)
			return ret;
	}
	if (ret < 0)
		return ret;
	forget(buffer, access, seen);
	return 0;
}

int fence_block(struct buffer *buffer)
{
	struct pollfd fd = { .fd = buffer->acquire_fence, .events = POLLIN };
	struct fence_report report;
	int ret;

	if (!has_acquire_fence(buffer))
		return 0;
	ret = memory_io_poll(&fd, 1, (int)(FENCE_PATIENCE / 1000));
	if (ret < 0)
		return ret;
	ret = judge(buffer, &fd, -1, &report);
	if (ret > 0)
		return -ETIMEDOUT;
	return report.failed ? -EIO : ret;
}

int fence_error(const struct fence_report *report, int ret, struct wc_error *error)
{
	if (report->failed)
		return error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, -ret,
				 "the picture was not finished: its acquire fence failed");
	if (ret != -ETIMEDOUT)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_JOB, -ret,
				 "cannot wait for the fences of the picture");
	if (report->object < 0)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_JOB, ETIMEDOUT,
				 "the acquire fence of the picture was not signalled in %d s",
				 (int)(FENCE_PATIENCE / 1000000));
	return error_set(error, WC_OPERATION_ERROR, WC_STAGE_JOB, ETIMEDOUT,
			 "object %d of the picture: a device has been writing it for %d s",
			 report->object, (int)(FENCE_PATIENCE / 1000000));
}

int fence_adopt(int sync_file, int *fence)
{
	bool failed;
	int ret = ask_status(sync_file, &failed);

	*fence = -1;
	if (ret < 0 && !failed)
		return ret;
	/* One that failed is kept, for those who have to know. */
	if (ret > 0)
		return 0;
	ret = memory_io_dup(sync_file);
	if (ret < 0)
		return ret;
	*fence = ret;
	return 0;
}
