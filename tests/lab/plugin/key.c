/* SPDX-License-Identifier: MIT */
#include "key.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

/* Milliseconds for the frame that is being coded. */
#define PATIENCE 200

/* Buffers of a queue that are with the driver. */
struct census {
	uint32_t queued[VIDEO_MAX_FRAME * 2];
	unsigned n_queued, n_done;
	uint32_t memory;               /* kind of all of them */
};

void key_init(struct key *key, int fd, bool multiplanar)
{
	memset(key, 0, sizeof *key);
	key->fd = fd;
	key->multiplanar = multiplanar;
}

void key_force(struct key *key)
{
	key->wanted = true;
}

static enum v4l2_buf_type type_of(const struct key *key, bool output)
{
	if (key->multiplanar)
		return output ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
			      : V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	return output ? V4L2_BUF_TYPE_VIDEO_OUTPUT : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

static void prepare(const struct key *key, bool output, struct key_buffer *to)
{
	memset(to, 0, sizeof *to);
	to->buffer.type = type_of(key, output);
	if (key->multiplanar) {
		to->buffer.m.planes = to->planes;
		to->buffer.length = VIDEO_MAX_PLANES;
	}
}

static int query(const struct key *key, bool output, uint32_t index, struct key_buffer *to)
{
	prepare(key, output, to);
	to->buffer.index = index;
	return ioctl(key->fd, VIDIOC_QUERYBUF, &to->buffer);
}

static void look(const struct key *key, bool output, struct census *census)
{
	struct key_buffer entry;

	census->n_queued = 0;
	census->n_done = 0;
	for (uint32_t i = 0; i < VIDEO_MAX_FRAME * 2; i++) {
		/* Removed buffers leave holes. */
		if (query(key, output, i, &entry) < 0)
			continue;
		if (entry.buffer.flags & V4L2_BUF_FLAG_QUEUED)
			census->queued[census->n_queued++] = i;
		if (entry.buffer.flags & V4L2_BUF_FLAG_DONE)
			census->n_done++;
		census->memory = entry.buffer.memory;
	}
}

static int take(struct key *key, struct v4l2_buffer *buffer)
{
	int ret = ioctl(key->fd, VIDIOC_DQBUF, buffer);

	if (ret == 0 && !V4L2_TYPE_IS_OUTPUT(buffer->type)) {
		buffer->sequence += key->base;
		key->next = buffer->sequence + 1;
	}
	return ret;
}

static void take_all(struct key *key, unsigned n, uint32_t memory)
{
	key->end -= key->first;
	memmove(key->stash, key->stash + key->first, key->end * sizeof *key->stash);
	key->first = 0;
	for (; n && key->end < VIDEO_MAX_FRAME * 2; n--) {
		struct key_buffer *entry = &key->stash[key->end];

		prepare(key, false, entry);
		entry->buffer.memory = memory;
		if (take(key, &entry->buffer) < 0)
			return;
		key->end++;
	}
}

static void queue_again(struct key *key, uint32_t index)
{
	struct key_buffer entry;

	if (query(key, false, index, &entry) == 0)
		ioctl(key->fd, VIDIOC_QBUF, &entry.buffer);
}

/* The frame that is being coded must not be lost. False: it takes too long. */
static bool wait_for_job(const struct key *key, struct census *capture)
{
	const struct timespec millisecond = { 0, 1000000 };
	struct census output;

	for (int i = 0; i < PATIENCE; i++) {
		look(key, true, &output);
		look(key, false, capture);
		if (!output.n_queued || !capture->n_queued)
			return true;
		nanosleep(&millisecond, NULL);
	}
	return false;
}

static bool restart(struct key *key)
{
	enum v4l2_buf_type type = type_of(key, false);
	struct census capture;

	if (!wait_for_job(key, &capture))
		return false;
	take_all(key, capture.n_done, capture.memory);
	if (ioctl(key->fd, VIDIOC_STREAMOFF, &type) < 0)
		return false;
	for (unsigned i = 0; i < capture.n_queued; i++)
		queue_again(key, capture.queued[i]);
	key->base = key->next;
	return ioctl(key->fd, VIDIOC_STREAMON, &type) == 0;
}

/* Whether the driver begins a frame when a buffer of one queue comes: the other one has some. */
static bool will_begin(const struct key *key, bool output)
{
	struct census other;

	if (!key->output_streams || !key->capture_streams)
		return false;
	look(key, !output, &other);
	return other.n_queued > 0;
}

int key_queue(struct key *key, struct v4l2_buffer *buffer)
{
	bool output = V4L2_TYPE_IS_OUTPUT(buffer->type);
	bool asked = output && key->wanted;
	int ret;

	if (asked) {
		key->wanted = false;
		key->armed = !key->draining;
	}
	if (key->armed && will_begin(key, output) && restart(key))
		key->armed = false;
	ret = ioctl(key->fd, VIDIOC_QBUF, buffer);
	if (ret < 0 && asked) {
		key->wanted = true;
		key->armed = false;
	}
	return ret;
}

static int give_from_stash(struct key *key, struct v4l2_buffer *buffer)
{
	const struct key_buffer *entry = &key->stash[key->first];
	struct v4l2_plane *planes = buffer->m.planes;
	uint32_t length = buffer->length;

	if (entry->buffer.memory != buffer->memory ||
	    (key->multiplanar && length < entry->buffer.length)) {
		errno = EINVAL;
		return -1;
	}
	*buffer = entry->buffer;
	if (key->multiplanar) {
		buffer->m.planes = planes;
		memcpy(planes, entry->planes, entry->buffer.length * sizeof *planes);
	}
	key->first++;
	return 0;
}

int key_dequeue(struct key *key, struct v4l2_buffer *buffer)
{
	if (!V4L2_TYPE_IS_OUTPUT(buffer->type) && key->first < key->end)
		return give_from_stash(key, buffer);
	return take(key, buffer);
}

void key_stream(struct key *key, enum v4l2_buf_type type, bool on)
{
	key->armed = false;
	key->draining = false;
	if (V4L2_TYPE_IS_OUTPUT(type)) {
		key->output_streams = on;
		return;
	}
	key->capture_streams = on;
	key->first = key->end = 0;
	key->base = key->next = 0;
}

void key_command(struct key *key, const struct v4l2_encoder_cmd *command)
{
	key->draining = command->cmd == V4L2_ENC_CMD_STOP;
}
