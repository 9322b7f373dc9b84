/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <errno.h>
#include <time.h>

/*
 * The hardware of a camera: one picture each interval, into the buffer that was queued first, as
 * drivers on videobuf2 do. Time goes on with each.
 */

static const struct v4l2_fract intervals[] = { { 1, 30 }, { 1, 15 }, { 1, 5 } };

#define N_INTERVALS (sizeof(intervals) / sizeof(intervals[0]))

static double seconds(const struct v4l2_fract *interval)
{
	return (double)interval->numerator / interval->denominator;
}

struct v4l2_fract fake_camera_interval(const struct v4l2_fract *wanted)
{
	struct v4l2_fract best = intervals[0];
	double least = 1e9;
	unsigned int i;

	for (i = 0; wanted->numerator && wanted->denominator && i < N_INTERVALS; i++) {
		double off = seconds(&intervals[i]) - seconds(wanted);

		off = off < 0 ? -off : off;
		if (off < least) {
			least = off;
			best = intervals[i];
		}
	}
	return best;
}

int fake_camera_enum_intervals(struct v4l2_frmivalenum *interval)
{
	if (interval->index >= N_INTERVALS)
		return -EINVAL;
	interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
	interval->discrete = intervals[interval->index];
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void draw(struct fake_file *file, struct fake_buffer *buffer, uint32_t seq)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[FAKE_CAPTURE];
	struct v4l2_rect whole = { 0, 0, pix->width, pix->height };
	uint8_t *memory[VIDEO_MAX_PLANES];
	struct fake_picture picture;
	unsigned int i;

	for (i = 0; i < buffer->num_planes; i++) {
		memory[i] = fake_buffer_data(buffer, i);
		buffer->planes[i].bytesused = pix->plane_fmt[i].sizeimage;
	}
	fake_picture_of(pix, memory, &whole, &picture);
	fake_draw_frame(&picture, seq);
}

bool fake_camera_step(struct fake_file *file)
{
	const struct v4l2_fract *interval = &file->time_per_frame[FAKE_CAPTURE];
	struct fake_queue *queue = &file->queues[FAKE_CAPTURE];
	struct fake_camera *camera = &file->device->camera;
	enum fake_damage damage = camera->damage;
	struct fake_buffer *buffer;

	if (!queue->started || queue->ready.count == 0)
		return false;
	fake_advance_time((uint64_t)interval->numerator * 1000000 / interval->denominator *
			  (camera->lose + 1));
	queue->sequence += camera->lose;
	camera->pictures += camera->lose;
	buffer = &queue->buffers[fake_queue_take(queue, 0)];
	draw(file, buffer, camera->pictures++);
	if (damage == FAKE_DAMAGE_SHORT)
		buffer->planes[0].bytesused /= 2;
	camera->lose = 0;
	camera->damage = FAKE_DAMAGE_NONE;
	buffer->timestamp = file->model->quirks.no_monotonic ? 0 : now_ns();
	fake_buffer_done(queue, buffer->index, damage == FAKE_DAMAGE_FLAG);
	if (file->model->quirks.no_sequence)
		buffer->sequence = 0;
	fake.jobs++;
	return true;
}
