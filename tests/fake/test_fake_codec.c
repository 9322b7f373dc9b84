/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake/client.h"
#include "suites.h"

/* Each model decodes or encodes as its driver does. */

static void setup(void)
{
	fake_start();
}

static void teardown(void)
{
	fake_stop();
	fake_check_no_violations();
}

static void check_frames(const struct client *c, unsigned int at, uint32_t first,
			 unsigned int count)
{
	unsigned int i;

	ck_assert_uint_eq(c->frame_count, at + count);
	for (i = 0; i < count; i++) {
		const struct client_frame *frame = &c->frames[at + i];

		ck_assert_uint_eq(frame->seq, first + i);
		ck_assert_uint_eq(frame->timestamp, client_timestamp(first + i));
		ck_assert_msg(!frame->difference, "%s", frame->difference);
		ck_assert_uint_eq(frame->flags & V4L2_BUF_FLAG_ERROR, 0);
		ck_assert_uint_eq(!!(frame->flags & V4L2_BUF_FLAG_KEYFRAME), i % 10 == 0);
	}
}

/* ---------------------------------------------------------------- every decoder -- */

START_TEST(decodes_drains_and_resumes)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct fake_chunk chunks[30];
	struct client c;

	client_chunks(chunks, 30, model->coded->fourcc, 0);
	client_begin_decoder(&c, model, &chunks[0]);
	client_decode(&c, chunks, 20);
	check_frames(&c, 0, 0, 20);
	ck_assert_uint_eq(c.frames[0].width, 640);
	ck_assert_uint_eq(c.frames[0].height, 360);
	ck_assert_uint_eq(c.eos_events, 1);
	client_resume(&c);
	client_decode(&c, chunks + 20, 10);
	check_frames(&c, 20, 20, 10);
	ck_assert_uint_eq(c.eos_events, 2);
	ck_assert_uint_eq(fake_jobs(), 30);
	ck_assert_uint_eq(c.output_errors, 0);
	client_close(&c);
}
END_TEST

static void check_pace(const struct fake_model *model, enum fake_pace pace, uint32_t seed)
{
	struct fake_chunk chunks[20];
	struct client c;

	fake_set_pace(pace, seed);
	client_chunks(chunks, 20, model->coded->fourcc, 0);
	client_begin_decoder(&c, model, &chunks[0]);
	client_decode(&c, chunks, 20);
	check_frames(&c, 0, 0, 20);
	client_close(&c);
	fake_set_pace(FAKE_PACE_LAZY, 0);
}

START_TEST(result_does_not_depend_on_the_pace)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	uint32_t seed;

	check_pace(model, FAKE_PACE_EAGER, 0);
	for (seed = 1; seed < 4; seed++)
		check_pace(model, FAKE_PACE_RANDOM, seed);
}
END_TEST

START_TEST(follows_a_change_of_size)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct fake_chunk chunks[20];
	struct client c;
	unsigned int i;

	client_chunks(chunks, 20, model->coded->fourcc, 0);
	for (i = 10; i < 20; i++) {
		chunks[i].width = 704;
		chunks[i].height = 400;
		chunks[i].visible_width = 704;
		chunks[i].visible_height = 400;
	}
	client_begin_decoder(&c, model, &chunks[0]);
	client_decode(&c, chunks, 20);
	check_frames(&c, 0, 0, 20);
	ck_assert_uint_eq(c.changes_done, 1);
	for (i = 0; i < 20; i++) {
		ck_assert_uint_eq(c.frames[i].width, i < 10 ? 640 : 704);
		ck_assert_uint_eq(c.frames[i].height, i < 10 ? 360 : 400);
	}
	client_close(&c);
}
END_TEST

START_TEST(seeks)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct fake_chunk chunks[20];
	struct client c;
	unsigned int i;

	client_begin_running(&c, model, chunks, 10);
	for (i = 1; i < 3; i++)
		ck_assert_int_eq(client_queue_chunk(&c, i, &chunks[i], client_timestamp(i)), 0);
	client_run();
	ck_assert_int_eq(client_stream(&c, c.output, false), 0);
	ck_assert_int_eq(client_stream(&c, c.output, true), 0);
	/* Frames that depend on others are not decoded after a seek. */
	client_chunks(chunks, 20, model->coded->fourcc, 100);
	chunks[0].flags = 0;
	chunks[10].seq = 200;
	for (i = 11; i < 20; i++)
		chunks[i].seq = 200 + i - 10;
	client_decode(&c, chunks, 20);
	ck_assert_uint_ge(c.frame_count, 10);
	ck_assert_uint_le(c.frame_count, 13);
	check_frames(&c, c.frame_count - 10, 200, 10);
	client_close(&c);
}
END_TEST

/* I, then pairs of P and the B before it: coded 0 2 1 4 3 6 5 8 7 9 */
static void reorder_chunks(struct fake_chunk chunks[10])
{
	static const uint32_t order[10] = { 0, 2, 1, 4, 3, 6, 5, 8, 7, 9 };
	unsigned int i;

	for (i = 0; i < 10; i++) {
		chunks[i].seq += order[i] - i;
		chunks[i].order = (int32_t)order[i];
		chunks[i].reorder = 1;
	}
}

START_TEST(puts_frames_in_display_order)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct fake_chunk chunks[20];
	struct client c;

	client_chunks(chunks, 20, model->coded->fourcc, 0);
	reorder_chunks(chunks);
	reorder_chunks(chunks + 10);
	client_begin_decoder(&c, model, &chunks[0]);
	client_decode(&c, chunks, 20);
	check_frames(&c, 0, 0, 20);
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- end of a drain -- */

/* What CAPTURE gave until it had no more. */
struct ending {
	unsigned int frames;
	unsigned int empty;
	bool last_on_frame;
	bool last_on_empty;
	int ret;			/* of the DQBUF that gave none */
};

static struct ending take_all(struct client *c)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct ending ending = { .frames = 0 };
	struct v4l2_buffer buf;

	client_run();
	while ((ending.ret = client_dequeue(c, c->capture, &buf, planes)) >= 0) {
		uint32_t used = c->model->mplane ? planes[0].bytesused : buf.bytesused;
		bool last = buf.flags & V4L2_BUF_FLAG_LAST;

		ending.frames += used > 0;
		ending.empty += used == 0;
		ending.last_on_frame |= last && used;
		ending.last_on_empty |= last && !used;
	}
	return ending;
}

static void check_ending(const struct ending *got, enum fake_last how, unsigned int frames)
{
	bool marks = how == FAKE_LAST_ON_FRAME || how == FAKE_LAST_FRAME_OR_EPIPE;
	bool empty = how == FAKE_LAST_EMPTY || how == FAKE_LAST_ALL ||
		     (how == FAKE_LAST_ON_FRAME && frames == 0);
	bool silent = how == FAKE_LAST_NEVER || how == FAKE_LAST_UNFLAGGED;

	ck_assert_uint_eq(got->frames, frames);
	ck_assert_int_eq(got->last_on_frame, marks && frames);
	ck_assert_int_eq(got->last_on_empty, empty);
	ck_assert_uint_eq(got->empty, empty || how == FAKE_LAST_UNFLAGGED);
	ck_assert_int_eq(got->ret, silent ? -EAGAIN : -EPIPE);
}

/* All ways of ending, those of no model included */
static const enum fake_last lasts[] = {
	FAKE_LAST_ON_FRAME, FAKE_LAST_EMPTY, FAKE_LAST_FRAME_OR_EPIPE, FAKE_LAST_UNFLAGGED,
	FAKE_LAST_ALL, FAKE_LAST_EPIPE, FAKE_LAST_NEVER,
};

static void check_drain_end(const struct fake_model *model)
{
	struct fake_chunk chunks[4];
	struct ending ending;
	struct client c;

	client_begin_running(&c, model, chunks, 4);
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], client_timestamp(1)), 0);
	ck_assert_int_eq(client_stop(&c), 0);
	ending = take_all(&c);
	check_ending(&ending, model->quirks.drain_end, 2);
	client_resume(&c);
	/* A drain in which no frame is left */
	ck_assert_int_eq(client_stop(&c), 0);
	ending = take_all(&c);
	check_ending(&ending, model->quirks.drain_end, 0);
	client_close(&c);
}

START_TEST(drain_of_each_decoder_ends_as_its_driver_ends_it)
{
	check_drain_end(client_model(FAKE_DECODER, _i));
}
END_TEST

START_TEST(drain_ends_in_each_way)
{
	struct fake_model model = fake_generic_decoder;

	model.quirks.drain_end = lasts[_i];
	check_drain_end(&model);
}
END_TEST

START_TEST(change_of_size_ends_in_each_way)
{
	struct fake_model model = fake_generic_decoder;
	struct fake_chunk chunks[4];
	struct ending ending;
	struct client c;

	model.quirks.change_end = lasts[_i];
	model.quirks.delay = 1;
	client_begin_running(&c, &model, chunks, 4);
	chunks[1].flags = FAKE_CHUNK_KEY;
	chunks[1].width = 704;
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], client_timestamp(1)), 0);
	ending = take_all(&c);
	check_ending(&ending, lasts[_i], 1);
	client_close(&c);
}
END_TEST

START_TEST(late_source_change_follows_the_last_buffers)
{
	struct v4l2_event event;
	struct fake_chunk chunks[4];
	struct client c;
	unsigned int i;

	client_begin_running(&c, &fake_s5p_mfc_decoder, chunks, 4);
	ck_assert_uint_eq(c.source_changes, 0);			/* none for the first header */
	chunks[1].flags = FAKE_CHUNK_KEY;
	chunks[1].width = 704;
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], client_timestamp(1)), 0);
	while (client_event(&c, &event) == -ENOENT)
		ck_assert(fake_step());
	ck_assert_uint_eq(event.type, V4L2_EVENT_SOURCE_CHANGE);
	for (i = 1; i < c.capture_count; i++)
		ck_assert_uint_eq(client_query_flags(&c, c.capture, i) &
				  (V4L2_BUF_FLAG_LAST | V4L2_BUF_FLAG_DONE),
				  V4L2_BUF_FLAG_LAST | V4L2_BUF_FLAG_DONE);
	client_close(&c);
}
END_TEST

START_TEST(source_change_comes_before_the_last_buffer)
{
	struct v4l2_event event = { .type = 0 };
	struct fake_model model = fake_generic_decoder;
	struct fake_chunk chunks[4];
	struct client c;

	model.quirks.delay = 1;
	client_begin_running(&c, &model, chunks, 4);
	ck_assert_uint_eq(c.source_changes, 1);			/* of the first header */
	chunks[1].flags = FAKE_CHUNK_KEY;
	chunks[1].width = 704;
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], client_timestamp(1)), 0);
	while (client_event(&c, &event) == -ENOENT)
		ck_assert(fake_step());
	ck_assert_uint_eq(event.u.src_change.changes, V4L2_EVENT_SRC_CH_RESOLUTION);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), -EAGAIN);
	client_close(&c);
}
END_TEST

START_TEST(start_after_a_change_that_fits_goes_on)
{
	struct fake_chunk chunks[4];
	struct ending ending;
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 4);
	chunks[1].flags = FAKE_CHUNK_KEY;
	chunks[1].visible_width = 320;
	chunks[1].visible_height = 240;
	chunks[1].width = 320;
	chunks[1].height = 240;
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], client_timestamp(1)), 0);
	ending = take_all(&c);
	ck_assert_int_eq(ending.ret, -EPIPE);
	ck_assert_int_eq(client_start(&c), 0);
	ending = take_all(&c);
	ck_assert_uint_eq(ending.frames, 1);
	ck_assert_int_eq(ending.ret, -EAGAIN);
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- kinds of chunks -- */

START_TEST(end_of_sequence_drains_by_itself)
{
	struct fake_chunk chunks[2];
	struct ending ending;
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 2);
	chunks[1].flags = FAKE_CHUNK_EOS;
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], client_timestamp(1)), 0);
	ending = take_all(&c);
	check_ending(&ending, FAKE_LAST_ON_FRAME, 2);
	client_close(&c);
}
END_TEST

START_TEST(hidden_frame_gives_no_buffer)
{
	struct fake_chunk chunks[2];
	struct ending ending;
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 2);
	chunks[1].flags = FAKE_CHUNK_HIDDEN;
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], client_timestamp(1)), 0);
	ending = take_all(&c);
	ck_assert_uint_eq(ending.frames, 1);
	ck_assert_int_eq(client_dequeue(&c, c.output, NULL, NULL), 0);
	ck_assert_int_eq(client_dequeue(&c, c.output, NULL, NULL), 1);
	client_close(&c);
}
END_TEST

START_TEST(corrupt_frame_and_bad_data_are_flagged)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct fake_chunk chunks[3];
	struct v4l2_buffer buf;
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 3);
	chunks[1].flags = FAKE_CHUNK_CORRUPT;
	chunks[2].flags = FAKE_CHUNK_BAD;
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], client_timestamp(1)), 0);
	ck_assert_int_eq(client_queue_chunk(&c, 2, &chunks[2], client_timestamp(2)), 0);
	client_run();
	ck_assert_int_ge(client_dequeue(&c, c.capture, &buf, planes), 0);
	ck_assert_uint_eq(buf.flags & V4L2_BUF_FLAG_ERROR, 0);
	ck_assert_int_ge(client_dequeue(&c, c.capture, &buf, planes), 0);
	ck_assert_uint_ne(buf.flags & V4L2_BUF_FLAG_ERROR, 0);
	ck_assert_int_eq(client_dequeue(&c, c.capture, &buf, planes), -EAGAIN);
	ck_assert_int_eq(client_dequeue(&c, c.output, &buf, planes), 0);
	ck_assert_int_eq(client_dequeue(&c, c.output, &buf, planes), 1);
	ck_assert_uint_eq(buf.flags & V4L2_BUF_FLAG_ERROR, 0);
	ck_assert_int_eq(client_dequeue(&c, c.output, &buf, planes), 2);
	ck_assert_uint_ne(buf.flags & V4L2_BUF_FLAG_ERROR, 0);
	client_close(&c);
}
END_TEST

START_TEST(headers_may_come_alone)
{
	struct fake_chunk chunks[11];
	struct client c;
	unsigned int i;

	client_chunks(chunks + 1, 10, V4L2_PIX_FMT_H264, 0);
	chunks[0] = chunks[1];
	chunks[0].flags = FAKE_CHUNK_HEADERS_ONLY;
	chunks[1].flags |= FAKE_CHUNK_NO_HEADERS;
	client_begin_decoder(&c, &fake_generic_decoder, &chunks[0]);
	client_decode(&c, chunks, 11);
	ck_assert_uint_eq(c.frame_count, 10);
	for (i = 0; i < 10; i++)
		ck_assert_uint_eq(c.frames[i].seq, i);
	client_close(&c);
}
END_TEST

START_TEST(without_headers_nothing_comes_out)
{
	struct v4l2_event event;
	struct fake_chunk chunk;
	struct client c;

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 0);
	chunk.flags |= FAKE_CHUNK_NO_HEADERS;
	client_begin_decoder(&c, &fake_generic_decoder, &chunk);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	client_run();
	ck_assert_int_eq(client_dequeue(&c, c.output, NULL, NULL), 0);
	ck_assert_int_eq(client_event(&c, &event), -ENOENT);
	ck_assert_uint_eq(fake_jobs(), 0);
	client_close(&c);
}
END_TEST

static void check_dead(struct client *c)
{
	ck_assert_int_eq(client_dequeue(c, c->capture, NULL, NULL), -EIO);
	ck_assert_int_eq(client_dequeue(c, c->output, NULL, NULL), -EIO);
	ck_assert_int_eq(client_queue_capture(c, 0), -EIO);
	ck_assert_int_eq(client_stop(c), -EIO);
	ck_assert_int_eq(client_start(c), -EIO);
	ck_assert_int_eq(client_stream(c, c->output, false), 0);
	ck_assert_int_eq(client_dequeue(c, c->capture, NULL, NULL), -EIO);
	ck_assert_int_eq(client_stream(c, c->capture, false), 0);
}

START_TEST(fatal_error_lasts_until_both_queues_are_stopped)
{
	struct fake_chunk chunks[20];
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 2);
	if (_i == 0) {
		chunks[1].flags = FAKE_CHUNK_FATAL;
		ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], 0), 0);
		client_run();
	} else {
		fake_break(CLIENT_PATH);
	}
	check_dead(&c);
	ck_assert_int_eq(client_stream(&c, c.output, true), 0);
	client_chunks(chunks, 10, V4L2_PIX_FMT_H264, 100);
	client_decode(&c, chunks, 10);
	check_frames(&c, 0, 100, 10);
	client_close(&c);
}
END_TEST

START_TEST(breaking_an_idle_device_does_nothing)
{
	struct fake_chunk chunks[10];
	struct client c;

	client_chunks(chunks, 10, V4L2_PIX_FMT_H264, 0);
	client_begin_decoder(&c, &fake_generic_decoder, &chunks[0]);
	ck_assert_int_eq(client_stream(&c, c.output, false), 0);
	fake_break(CLIENT_PATH);
	ck_assert_int_eq(client_stream(&c, c.output, true), 0);
	client_decode(&c, chunks, 10);
	check_frames(&c, 0, 0, 10);
	client_close(&c);
}
END_TEST

START_TEST(visible_rectangle_may_have_an_offset)
{
	struct v4l2_selection selection = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.target = V4L2_SEL_TGT_COMPOSE,
	};
	struct v4l2_pix_format_mplane pix;
	struct fake_picture picture = { .fourcc = V4L2_PIX_FMT_NV12, .width = 320, .height = 240 };
	struct fake_chunk chunk;
	struct client c;
	uint8_t *map;
	int index;

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 7);
	chunk.visible_left = 16;
	chunk.visible_top = 8;
	chunk.visible_width = 320;
	chunk.visible_height = 240;
	client_begin_decoder(&c, &fake_generic_decoder, &chunk);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	client_run();
	ck_assert_int_eq(client_setup_capture(&c), 0);
	client_run();
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_G_SELECTION, &selection), 0);
	ck_assert_int_eq(selection.r.left, 16);
	ck_assert_int_eq(selection.r.top, 8);
	index = client_dequeue(&c, c.capture, NULL, NULL);
	ck_assert_int_ge(index, 0);
	ck_assert_int_eq(client_get_format(&c, c.capture, &pix), 0);
	map = c.capture_buffers[index].map[0];
	fake_picture_layout(&picture, map, pix.plane_fmt[0].bytesperline, pix.height);
	ck_assert_uint_eq(map[0], FAKE_PADDING);
	picture.plane[0] += 8 * picture.stride[0] + 16;
	picture.plane[1] += 4 * picture.stride[1] + 16;
	ck_assert_ptr_null(fake_check_frame(&picture, 7));
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- quirks of decoders -- */

/* Decodes and drains 10 frames from @first on. */
static void batch(struct client *c, uint32_t codec, uint32_t first)
{
	struct fake_chunk chunks[10];

	client_chunks(chunks, 10, codec, first);
	client_decode(c, chunks, 10);
}

START_TEST(stop_within_a_drain)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct fake_chunk chunks[2];
	struct client c;

	client_begin_running(&c, model, chunks, 2);
	ck_assert_int_eq(client_stop(&c), 0);
	ck_assert_int_eq(client_stop(&c), model->quirks.no_drain_busy ? 0 : -EBUSY);
	client_expect_violation("STOP while the codec drains");
	if (model->quirks.start != FAKE_START_EINVAL) {
		ck_assert_int_eq(client_start(&c), model->quirks.no_drain_busy ? 0 : -EBUSY);
		client_expect_violation("START while the codec drains");
	}
	client_run();
	ck_assert_int_eq(client_stop(&c), 0);		/* it has drained already */
	client_close(&c);
}
END_TEST

START_TEST(try_command_is_not_known_to_all)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct v4l2_decoder_cmd stop = { .cmd = V4L2_DEC_CMD_STOP };
	struct v4l2_decoder_cmd pause = { .cmd = V4L2_DEC_CMD_PAUSE };
	struct v4l2_encoder_cmd other = { .cmd = V4L2_ENC_CMD_STOP };
	struct client c;

	client_open(&c, model);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_TRY_DECODER_CMD, &stop),
			 model->quirks.no_try_cmd ? -ENOTTY : 0);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_DECODER_CMD, &pause), -EINVAL);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_ENCODER_CMD, &other), -ENOTTY);
	client_close(&c);
}
END_TEST

START_TEST(commands_may_be_unknown)
{
	struct fake_model model = _i ? fake_generic_encoder : fake_generic_decoder;
	struct client c;

	model.quirks.no_codec_cmd = true;
	client_open(&c, &model);
	ck_assert_int_eq(client_stop(&c), -ENOTTY);
	ck_assert_int_eq(client_start(&c), -ENOTTY);
	client_close(&c);
}
END_TEST

static void requeue(struct client *c)
{
	while (c->capture_free)
		ck_assert_int_eq(
			client_queue_capture(c, (unsigned int)__builtin_ctz(c->capture_free)), 0);
}

/* dev-decoder.rst, Drain: what ends it besides START */
START_TEST(restart_of_output_after_a_drain)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct fake_chunk chunk;
	struct client c;

	client_chunks(&chunk, 1, model->coded->fourcc, 0);
	client_begin_decoder(&c, model, &chunk);
	batch(&c, model->coded->fourcc, 0);
	ck_assert_int_eq(client_stream(&c, c.output, false), 0);
	ck_assert_int_eq(client_stream(&c, c.output, true), 0);
	requeue(&c);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	fake_reset_counters();
	client_run();
	/* Buffers that all say LAST are of use again only after a restart of CAPTURE. */
	ck_assert_uint_eq(fake_jobs(), model->quirks.output_restart_stays_stopped ||
				       model->quirks.drain_end == FAKE_LAST_ALL ? 0 : 1);
	client_close(&c);
}
END_TEST

START_TEST(restart_of_capture_after_a_drain)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	bool needs_both = model->quirks.start == FAKE_START_NEEDS_RESTART;
	struct fake_chunk chunk;
	struct client c;

	client_chunks(&chunk, 1, model->coded->fourcc, 0);
	client_begin_decoder(&c, model, &chunk);
	batch(&c, model->coded->fourcc, 0);
	ck_assert_int_eq(client_stream(&c, c.capture, false), 0);
	requeue(&c);
	ck_assert_int_eq(client_stream(&c, c.capture, true), 0);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	fake_reset_counters();
	client_run();
	ck_assert_uint_eq(fake_jobs(), needs_both ? 0 : 1);
	client_close(&c);
}
END_TEST

/* START alone; frames that were queued before it go on from where they were. */
START_TEST(start_after_a_drain)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	bool resumes = model->quirks.start == FAKE_START_RESUMES;
	struct fake_chunk chunks[2];
	struct client c;

	client_begin_running(&c, model, chunks, 2);
	ck_assert_int_eq(client_stop(&c), 0);
	take_all(&c);
	fake_reset_counters();
	ck_assert_int_eq(client_start(&c),
			 model->quirks.start == FAKE_START_EINVAL ? -EINVAL : 0);
	chunks[1].flags = FAKE_CHUNK_KEY;
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], 0), 0);
	client_run();
	ck_assert_uint_eq(fake_jobs(), resumes ? 1 : 0);
	client_close(&c);
}
END_TEST

START_TEST(format_before_the_header)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	bool early = model->quirks.capture_format_early == FAKE_EARLY_GUESS;
	bool waits = model->quirks.capture_format_early == FAKE_EARLY_WAIT;
	struct v4l2_pix_format_mplane pix;
	struct fake_chunk chunk;
	struct client c;

	client_chunks(&chunk, 1, model->coded->fourcc, 0);
	client_begin_decoder(&c, model, &chunk);
	ck_assert_int_eq(client_get_format(&c, c.capture, &pix), early ? 0 : -EINVAL);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	ck_assert_int_eq(client_get_format(&c, c.capture, &pix), early || waits ? 0 : -EINVAL);
	client_run();
	ck_assert_int_eq(client_get_format(&c, c.capture, &pix), 0);
	ck_assert_uint_ge(pix.width, 640);
	ck_assert_int_eq(client_get_format(&c, c.output, &pix), 0);
	ck_assert_uint_eq(pix.width, model->quirks.coded_size_zero ? 0 : 640);
	client_close(&c);
}
END_TEST

/* Events for the first header: the size was told by the client, or was another one. */
static void check_first_event(const struct fake_model *model, bool same, bool expected)
{
	struct v4l2_event event;
	struct fake_chunk chunk;
	struct fake_chunk told;
	struct client c;

	client_chunks(&chunk, 1, model->coded->fourcc, 0);
	told = chunk;
	if (!same)
		told.height = 480;
	client_begin_decoder(&c, model, &told);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	client_run();
	ck_assert_int_eq(client_event(&c, &event), expected ? 0 : -ENOENT);
	client_close(&c);
}

START_TEST(source_change_for_the_first_header)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	const struct fake_quirks *quirks = &model->quirks;

	check_first_event(model, false, !quirks->no_first_source_change);
	check_first_event(model, true,
			  !quirks->no_first_source_change && !quirks->no_source_change_if_same);
}
END_TEST

START_TEST(source_change_after_a_seek)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct v4l2_event event;
	struct fake_chunk chunks[2];
	struct client c;

	client_begin_running(&c, model, chunks, 2);
	ck_assert_int_eq(client_stream(&c, c.capture, false), 0);
	ck_assert_int_eq(client_stream(&c, c.output, false), 0);
	ck_assert_int_eq(client_stream(&c, c.output, true), 0);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunks[0], 0), 0);
	client_run();
	ck_assert_int_eq(client_event(&c, &event),
			 model->quirks.source_change_after_seek ? 0 : -ENOENT);
	client_close(&c);
}
END_TEST

/* A change within a drain: whether STOP must be sent again */
START_TEST(drain_goes_on_after_a_change)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct fake_chunk chunks[2];
	struct ending ending;
	struct client c;
	bool silent;

	client_begin_running(&c, model, chunks, 2);
	chunks[1].flags = FAKE_CHUNK_KEY;
	chunks[1].width = 704;
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], 0), 0);
	ck_assert_int_eq(client_stop(&c), 0);
	take_all(&c);
	ck_assert_int_eq(client_stream(&c, c.capture, false), 0);
	ck_assert_int_eq(client_setup_capture(&c), 0);
	ending = take_all(&c);
	ck_assert_uint_eq(ending.frames, 1);
	silent = model->quirks.change_ends_drain;
	ck_assert_int_eq(ending.ret, silent ? -EAGAIN : -EPIPE);
	client_close(&c);
}
END_TEST

START_TEST(seek_within_a_drain)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct fake_chunk chunks[2];
	struct ending ending;
	struct client c;

	client_begin_running(&c, model, chunks, 2);
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], 0), 0);
	ck_assert_int_eq(client_stop(&c), 0);
	ck_assert_int_eq(client_stream(&c, c.output, false), 0);
	ending = take_all(&c);
	ck_assert_int_eq(ending.ret,
			 model->quirks.output_stop_marks_last ? -EPIPE : -EAGAIN);
	client_close(&c);
}
END_TEST

START_TEST(seek_gives_or_drops_frames_held_back)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct fake_chunk chunks[10];
	struct v4l2_event event;
	struct ending ending;
	struct client c;

	client_chunks(chunks, 10, model->coded->fourcc, 0);
	chunks[0].reorder = 2;
	client_begin_decoder(&c, model, &chunks[0]);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunks[0], 0), 0);
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], 0), 0);
	client_run();
	ck_assert_int_eq(client_setup_capture(&c), 0);
	client_run();
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), -EAGAIN);
	ck_assert_int_eq(client_stream(&c, c.output, false), 0);
	ending = take_all(&c);
	ck_assert_uint_eq(ending.frames, model->quirks.seek_drops_frames ? 0 : 2);
	requeue(&c);
	ck_assert_int_eq(client_stream(&c, c.output, true), 0);
	while (client_event(&c, &event) == 0)
		;
	chunks[0].seq = 50;
	client_decode(&c, chunks, 10);
	ck_assert_uint_eq(c.frame_count, 10);
	ck_assert_uint_eq(c.frames[0].seq, 50);
	ck_assert_uint_eq(c.frames[9].seq, 9);
	client_close(&c);
}
END_TEST

START_TEST(least_number_of_capture_buffers)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	bool told = model != &fake_coda_decoder && model != &fake_vicodec_decoder;
	unsigned int least = model->min_capture ? model->min_capture : 1;
	struct fake_chunk chunk;
	struct client c;
	int32_t value;

	client_chunks(&chunk, 1, model->coded->fourcc, 0);
	chunk.reorder = 4;
	client_begin_decoder(&c, model, &chunk);
	if (model->quirks.capture_format_early == FAKE_EARLY_WAIT)
		ck_assert_int_eq(client_get_control(&c, V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, &value),
				 -EINVAL);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	client_run();
	ck_assert_int_eq(client_get_control(&c, V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, &value),
			 told ? 0 : -EINVAL);
	if (model->quirks.min_buffers_always_one)
		ck_assert_int_eq(value, 1);
	else if (told)
		ck_assert_int_eq(value, (int)least + 4);
	client_close(&c);
}
END_TEST

START_TEST(some_hardware_decodes_only_with_its_whole_set)
{
	const struct fake_model *model = client_model(FAKE_DECODER, _i);
	struct fake_chunk chunk;
	unsigned int i;
	struct client c;

	client_chunks(&chunk, 1, model->coded->fourcc, 0);
	chunk.reorder = 1;
	client_begin_decoder(&c, model, &chunk);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	client_run();
	ck_assert_int_gt(client_allocate(&c, c.capture, 6), 0);
	ck_assert_int_eq(client_queue_capture(&c, 0), 0);
	ck_assert_int_eq(client_stream(&c, c.capture, true), 0);
	client_run();
	ck_assert_uint_eq(fake_jobs(), model->quirks.decodes_only_when_full ? 0 : 1);
	for (i = 1; i < c.capture_count; i++)
		ck_assert_int_eq(client_queue_capture(&c, i), 0);
	client_run();
	ck_assert_uint_eq(fake_jobs(), 1);
	client_close(&c);
}
END_TEST

START_TEST(eos_event_may_be_early_or_missing)
{
	struct fake_model model = fake_generic_decoder;
	struct v4l2_event event;
	struct fake_chunk chunks[2];
	struct client c;

	model.quirks.eos_event_early = _i == 0;
	model.quirks.no_eos_event = _i == 1;
	client_begin_running(&c, &model, chunks, 2);
	ck_assert_int_eq(client_stop(&c), 0);
	ck_assert_int_eq(client_event(&c, &event), _i == 0 ? 0 : -ENOENT);
	client_run();
	ck_assert_int_eq(client_event(&c, &event), _i == 2 ? 0 : -ENOENT);
	client_close(&c);
}
END_TEST

START_TEST(driver_without_events_flags_other_sizes)
{
	struct fake_model model = fake_generic_decoder;
	struct fake_chunk chunks[20];
	struct client c;
	unsigned int i;

	model.quirks.no_source_change = true;
	client_chunks(chunks, 20, V4L2_PIX_FMT_H264, 0);
	for (i = 10; i < 20; i++)
		chunks[i].visible_width = 320;
	client_begin_decoder(&c, &model, &chunks[0]);
	client_decode(&c, chunks, 20);
	ck_assert_uint_eq(c.frame_count, 20);
	ck_assert_uint_eq(c.source_changes, 0);
	for (i = 0; i < 20; i++)
		ck_assert_uint_eq(!!(c.frames[i].flags & V4L2_BUF_FLAG_ERROR), i >= 10);
	client_close(&c);
}
END_TEST

START_TEST(coded_format_must_come_first)
{
	struct fake_model model = fake_generic_decoder;
	struct client c;

	model.quirks.coded_format_first = true;
	client_open(&c, &model);
	ck_assert_int_eq(client_set_format(&c, c.capture, V4L2_PIX_FMT_NV12, 640, 480, 0), -EINVAL);
	ck_assert_int_eq(client_set_format(&c, c.output, V4L2_PIX_FMT_H264, 640, 480, 0), 0);
	ck_assert_int_eq(client_set_format(&c, c.capture, V4L2_PIX_FMT_NV12, 640, 480, 0), 0);
	client_close(&c);
}
END_TEST

static const struct {
	enum fake_timestamp mode;
	uint64_t expected[3];		/* microseconds */
} timestamps[] = {
	{ FAKE_TIMESTAMP_COPY, { 1001, 2002, 3003 } },
	{ FAKE_TIMESTAMP_MILLISECONDS, { 1000, 2000, 3000 } },
	{ FAKE_TIMESTAMP_ZERO_FIRST, { 0, 2002, 3003 } },
	{ FAKE_TIMESTAMP_LATEST, { 3003, 3003, 3003 } },
	{ FAKE_TIMESTAMP_ZERO, { 0, 0, 0 } },
};

START_TEST(timestamps_are_mangled_as_the_model_says)
{
	struct fake_model model = fake_generic_decoder;
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct fake_chunk chunks[3];
	struct v4l2_buffer buf;
	struct client c;
	unsigned int i;

	model.quirks.timestamp = timestamps[_i].mode;
	client_chunks(chunks, 3, V4L2_PIX_FMT_H264, 0);
	client_begin_decoder(&c, &model, &chunks[0]);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(client_queue_chunk(&c, i, &chunks[i], 1001 * (i + 1)), 0);
	client_run();
	ck_assert_int_eq(client_setup_capture(&c), 0);
	client_run();
	for (i = 0; i < 3; i++) {
		ck_assert_int_ge(client_dequeue(&c, c.capture, &buf, planes), 0);
		ck_assert_int_eq(buf.timestamp.tv_sec, 0);
		ck_assert_uint_eq((uint64_t)buf.timestamp.tv_usec, timestamps[_i].expected[i]);
		ck_assert_uint_eq(buf.sequence, i);
	}
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- every encoder -- */

/* What the frames of an encoder have besides the buffers that its quirks bring first. */
static unsigned int preamble(const struct client *c)
{
	int64_t mode = fake_control_value(CLIENT_PATH, V4L2_CID_MPEG_VIDEO_HEADER_MODE);

	return c->model->quirks.garbage_first_output +
	       (mode == V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE);
}

static void check_coded(const struct client *c, unsigned int at, uint32_t first,
			unsigned int count)
{
	int64_t gop = fake_control_value(CLIENT_PATH, V4L2_CID_MPEG_VIDEO_GOP_SIZE);
	uint32_t align = c->model->height.align;
	uint32_t height = (368 + align - 1) / align * align;
	unsigned int i;

	ck_assert_uint_eq(c->frame_count, at + count);
	for (i = 0; i < count; i++) {
		const struct client_frame *frame = &c->frames[at + i];
		bool key = frame->flags & V4L2_BUF_FLAG_KEYFRAME;

		ck_assert_uint_eq(frame->seq, first + i);
		ck_assert_uint_eq(frame->timestamp, client_timestamp(first + i));
		ck_assert_uint_eq(frame->flags & V4L2_BUF_FLAG_ERROR, 0);
		ck_assert_uint_eq(frame->chunk.codec, c->model->coded->fourcc);
		ck_assert_uint_eq(frame->chunk.width, 640);
		ck_assert_uint_eq(frame->chunk.height, height);
		ck_assert_uint_eq(frame->chunk.flags & FAKE_CHUNK_DAMAGED, 0);
		ck_assert_int_eq(key, i % (unsigned int)gop == 0);
		ck_assert_int_eq(key, !!(frame->chunk.flags & FAKE_CHUNK_KEY));
	}
}

START_TEST(encodes_drains_and_resumes)
{
	const struct fake_model *model = client_model(FAKE_ENCODER, _i);
	struct client c;
	unsigned int at;

	client_begin_encoder(&c, model, 640, 368);
	client_encode(&c, 0, 20);
	check_coded(&c, preamble(&c), 0, 20);
	ck_assert_uint_eq(c.eos_events, 1);
	at = c.frame_count;
	client_resume(&c);
	/* A restart of CAPTURE brings the headers again. */
	if (model->quirks.start != FAKE_START_RESUMES)
		at += preamble(&c);
	client_encode(&c, 20, 10);
	ck_assert_uint_eq(c.frame_count, at + 10);
	ck_assert_uint_eq(c.frames[at].seq, 20);
	ck_assert_uint_eq(c.frames[at + 9].seq, 29);
	ck_assert_uint_eq(fake_jobs(), 30);
	client_close(&c);
}
END_TEST

START_TEST(encodes_at_any_pace)
{
	const struct fake_model *model = client_model(FAKE_ENCODER, _i / 3);
	struct client c;

	fake_set_pace(_i % 3 == 0 ? FAKE_PACE_EAGER : FAKE_PACE_RANDOM, (uint32_t)_i);
	client_begin_encoder(&c, model, 640, 368);
	client_encode(&c, 0, 20);
	check_coded(&c, preamble(&c), 0, 20);
	client_close(&c);
}
END_TEST

START_TEST(drain_of_each_encoder_ends_as_its_driver_ends_it)
{
	const struct fake_model *model = client_model(FAKE_ENCODER, _i);
	struct ending ending;
	struct client c;
	unsigned int frames = 1;

	client_begin_encoder(&c, model, 640, 368);
	frames += preamble(&c);
	ck_assert_int_eq(client_queue_picture(&c, 0, 0, 0), 0);
	ck_assert_int_eq(client_stop(&c), 0);
	if (model->quirks.output_eio_in_drain) {
		ck_assert_int_eq(client_queue_picture(&c, 1, 1, 0), -EIO);
	} else {
		ck_assert_int_eq(client_queue_picture(&c, 1, 1, 0), 0);
	}
	ending = take_all(&c);
	check_ending(&ending, model->quirks.drain_end, frames);
	/* What was queued behind STOP waits. */
	ck_assert_uint_eq(fake_jobs(), 1);
	client_close(&c);
}
END_TEST

START_TEST(b_frames_come_in_coding_order)
{
	static const uint32_t order[] = { 0, 3, 1, 2, 6, 4, 5 };
	static const struct fake_model *const models[] = {
		&fake_generic_encoder, &fake_generic_encoder_sp, &fake_venus_encoder,
		&fake_s5p_mfc_encoder,
	};
	struct client c;
	unsigned int at;
	unsigned int i;

	client_begin_encoder(&c, models[_i], 640, 368);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_B_FRAMES, 2), 0);
	client_encode(&c, 0, 7);
	at = preamble(&c);
	ck_assert_uint_eq(c.frame_count, at + 7);
	for (i = 0; i < 7; i++) {
		ck_assert_uint_eq(c.frames[at + i].seq, order[i]);
		ck_assert_uint_eq(c.frames[at + i].timestamp, client_timestamp(order[i]));
		ck_assert_uint_eq(!!(c.frames[at + i].flags & V4L2_BUF_FLAG_BFRAME),
				  order[i] % 3 != 0);
	}
	client_close(&c);
}
END_TEST

START_TEST(key_frame_on_demand)
{
	struct client c;

	client_begin_encoder(&c, &fake_generic_encoder, 640, 368);
	ck_assert_int_eq(client_queue_picture(&c, 0, 0, 0), 0);
	ck_assert_int_eq(client_queue_picture(&c, 1, 1, 0), 0);
	client_run();
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 0), 0);
	ck_assert_int_eq(fake_control_value(CLIENT_PATH, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME), 1);
	client_encode(&c, 2, 2);
	ck_assert_uint_eq(c.frame_count, 4);
	ck_assert_uint_eq(c.frames[1].flags & V4L2_BUF_FLAG_KEYFRAME, 0);
	ck_assert_uint_ne(c.frames[2].flags & V4L2_BUF_FLAG_KEYFRAME, 0);
	ck_assert_uint_eq(c.frames[3].flags & V4L2_BUF_FLAG_KEYFRAME, 0);
	client_close(&c);
}
END_TEST

static const struct {
	int32_t mode;
	int32_t repeat;
	bool headers[3];		/* of key frames 0, 1, and 2 */
} headers[] = {
	{ V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE, 0, { false, false, false } },
	{ V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME, 0, { true, false, false } },
	{ V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME, 1, { true, true, true } },
};

START_TEST(headers_are_where_the_controls_want_them)
{
	bool separate = headers[_i].mode == V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE;
	struct client c;
	unsigned int at;
	unsigned int i;

	client_begin_encoder(&c, &fake_generic_encoder, 640, 368);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_HEADER_MODE, headers[_i].mode),
			 0);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER,
					    headers[_i].repeat), 0);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 2), 0);
	client_encode(&c, 0, 6);
	at = separate ? 1 : 0;
	ck_assert_uint_eq(c.frame_count, at + 6);
	if (separate)
		ck_assert_uint_ne(c.frames[0].chunk.flags & FAKE_CHUNK_HEADERS_ONLY, 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(!(c.frames[at + 2 * i].chunk.flags & FAKE_CHUNK_NO_HEADERS),
				 headers[_i].headers[i]);
	client_close(&c);
}
END_TEST

START_TEST(damaged_picture_and_crop_show_in_the_chunk)
{
	struct v4l2_selection selection = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.target = V4L2_SEL_TGT_CROP,
		.r = { .width = 320, .height = 240 },
	};
	struct client c;

	client_begin_encoder(&c, &fake_generic_encoder, 640, 368);
	client_encode(&c, 0, 1);
	ck_assert_uint_eq(c.frames[0].chunk.flags & FAKE_CHUNK_DAMAGED, 0);
	client_resume(&c);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_S_SELECTION, &selection), 0);
	/* The picture is drawn for 640 pixels, so what the encoder sees of it is another one. */
	client_encode(&c, 1, 1);
	ck_assert_uint_eq(c.frames[1].chunk.width, 320);
	ck_assert_uint_eq(c.frames[1].chunk.height, 240);
	ck_assert_uint_eq(c.frames[1].seq, 1);
	client_close(&c);
}
END_TEST

START_TEST(frame_that_is_too_large)
{
	const struct fake_model *model = client_model(FAKE_ENCODER, _i);
	bool pieces = model->quirks.fragments_oversize;
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;
	struct client c;
	uint32_t total = 0;
	unsigned int i;
	size_t room;

	client_begin_encoder(&c, model, 640, 368);
	room = c.capture_buffers[0].length[0];
	fake_set_encoded_size(CLIENT_PATH, room + 1000);
	ck_assert_int_eq(client_queue_picture(&c, 0, 0, client_timestamp(0)), 0);
	client_run();
	for (i = preamble(&c); i; i--)
		ck_assert_int_ge(client_dequeue(&c, c.capture, NULL, NULL), 0);
	while (client_dequeue(&c, c.capture, &buf, planes) >= 0) {
		total += model->mplane ? planes[0].bytesused : buf.bytesused;
		i++;
		ck_assert_uint_eq(!(buf.flags & V4L2_BUF_FLAG_ERROR), pieces);
	}
	ck_assert_uint_eq(i, pieces ? 2 : 1);
	ck_assert_uint_eq(total, pieces ? room + 1000 : 0);
	client_close(&c);
}
END_TEST

START_TEST(first_output_may_be_garbage)
{
	struct client c;

	client_begin_encoder(&c, &fake_bcm2835_encoder, 640, 368);
	client_encode(&c, 0, 2);
	ck_assert_uint_eq(c.frame_count, 3);
	ck_assert_uint_eq(c.frames[0].seq, UINT32_MAX);
	ck_assert_uint_eq(c.frames[0].timestamp, 0);
	ck_assert_uint_eq(c.frames[1].seq, 0);
	client_close(&c);
}
END_TEST

START_TEST(period_of_intra_frames_is_that_of_key_frames)
{
	bool one = _i == 0;
	struct client c;

	client_open(&c, one ? &fake_bcm2835_encoder : &fake_s5p_mfc_encoder);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 30), 0);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, 5), 0);
	ck_assert_int_eq(fake_control_value(CLIENT_PATH, V4L2_CID_MPEG_VIDEO_GOP_SIZE),
			 one ? 5 : 30);
	client_close(&c);
}
END_TEST

START_TEST(bitrate_needs_a_level)
{
	struct client c;

	client_begin_encoder(&c, &fake_bcm2835_encoder, 640, 368);
	ck_assert_int_eq(client_stream(&c, c.output, false), 0);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_BITRATE, 25000000), 0);
	ck_assert_int_eq(client_stream(&c, c.output, true), -ESRCH);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_H264_LEVEL,
					    V4L2_MPEG_VIDEO_H264_LEVEL_4_2), 0);
	ck_assert_int_eq(client_stream(&c, c.output, true), 0);
	client_close(&c);
}
END_TEST

START_TEST(coded_size_must_be_told)
{
	struct client c;

	client_open(&c, &fake_s5p_mfc_encoder);
	ck_assert_int_eq(client_set_format(&c, c.capture, V4L2_PIX_FMT_H264, 640, 368, 0), 0);
	ck_assert_int_eq(client_request(&c, c.capture, 2, V4L2_MEMORY_MMAP), -EINVAL);
	ck_assert_int_eq(client_set_format(&c, c.capture, V4L2_PIX_FMT_H264, 640, 368, 65536), 0);
	ck_assert_int_eq(client_request(&c, c.capture, 2, V4L2_MEMORY_MMAP), 2);
	client_close(&c);
}
END_TEST

START_TEST(encoder_may_hold_frames_back)
{
	struct fake_model model = fake_generic_encoder;
	struct client c;
	unsigned int i;

	model.quirks.delay = 2;
	client_begin_encoder(&c, &model, 640, 368);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(client_queue_picture(&c, i, i, client_timestamp(i)), 0);
	client_run();
	ck_assert_uint_eq(fake_jobs(), 1);
	ck_assert_int_eq(client_stop(&c), 0);
	client_run();
	ck_assert_uint_eq(fake_jobs(), 3);
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- the rest -- */

START_TEST(converts)
{
	const struct fake_model *model = client_model(FAKE_CONVERTER, _i);
	struct v4l2_encoder_cmd stop = { .cmd = V4L2_ENC_CMD_STOP };
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	uint32_t fourcc = model->raw->fourcc;
	struct v4l2_buffer buf;
	struct client c;
	unsigned int i;

	client_open(&c, model);
	ck_assert_int_eq(client_set_format(&c, c.output, fourcc, 320, 240, 0), 0);
	ck_assert_int_eq(client_set_format(&c, c.capture, fourcc, 320, 240, 0), 0);
	ck_assert_int_eq(client_allocate(&c, c.output, 2), 2);
	ck_assert_int_eq(client_setup_capture(&c), 0);
	ck_assert_int_eq(client_stream(&c, c.output, true), 0);
	for (i = 0; i < 20; i++) {
		if (i % c.capture_count == 0 && i)
			ck_assert_int_eq(client_queue_capture(&c, 0), 0);
		ck_assert_int_eq(client_queue_picture(&c, 0, i, client_timestamp(i)), 0);
		client_run();
		ck_assert_int_eq(client_dequeue(&c, c.output, NULL, NULL), 0);
		ck_assert_int_eq(client_dequeue(&c, c.capture, &buf, planes), 0);
		client_note_frame(&c, 0, &buf, 1);
		ck_assert_uint_eq(c.frames[i].seq, i);
		ck_assert_msg(!c.frames[i].difference, "%s", c.frames[i].difference);
		ck_assert_uint_eq(c.frames[i].timestamp, client_timestamp(i));
	}
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_ENCODER_CMD, &stop), -ENOTTY);
	client_close(&c);
}
END_TEST

START_TEST(stateless_decoder_does_not_stream)
{
	struct v4l2_decoder_cmd stop = { .cmd = V4L2_DEC_CMD_STOP };
	struct v4l2_requestbuffers request = { .count = 1, .memory = V4L2_MEMORY_MMAP };
	uint8_t data[8] = { 1 };
	struct client c;

	client_open(&c, &fake_hantro_decoder);
	request.type = c.output;
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_REQBUFS, &request), 0);
	ck_assert_uint_ne(request.capabilities & V4L2_BUF_CAP_SUPPORTS_REQUESTS, 0);
	ck_assert_int_gt(client_allocate(&c, c.output, 1), 0);
	ck_assert_int_eq(client_queue_data(&c, 0, data, 8, 0), -EBADR);
	ck_assert_int_eq(client_stream(&c, c.output, true), -EINVAL);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_DECODER_CMD, &stop), -ENOTTY);
	client_close(&c);
}
END_TEST

static void add_encoders(Suite *suite)
{
	TCase *tcase = tcase_create("encoders");
	int models = client_models(FAKE_ENCODER);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, encodes_drains_and_resumes, 0, models);
	tcase_add_loop_test(tcase, encodes_at_any_pace, 0, 3 * models);
	tcase_add_loop_test(tcase, drain_of_each_encoder_ends_as_its_driver_ends_it, 0, models);
	tcase_add_loop_test(tcase, b_frames_come_in_coding_order, 0, 4);
	tcase_add_test(tcase, key_frame_on_demand);
	tcase_add_loop_test(tcase, headers_are_where_the_controls_want_them, 0, 3);
	tcase_add_test(tcase, damaged_picture_and_crop_show_in_the_chunk);
	tcase_add_loop_test(tcase, frame_that_is_too_large, 0, models);
	tcase_add_test(tcase, first_output_may_be_garbage);
	tcase_add_loop_test(tcase, period_of_intra_frames_is_that_of_key_frames, 0, 2);
	tcase_add_test(tcase, bitrate_needs_a_level);
	tcase_add_test(tcase, coded_size_must_be_told);
	tcase_add_test(tcase, encoder_may_hold_frames_back);
	tcase_add_loop_test(tcase, converts, 0, client_models(FAKE_CONVERTER));
	tcase_add_test(tcase, stateless_decoder_does_not_stream);
	suite_add_tcase(suite, tcase);
}

static void add_decoders(Suite *suite)
{
	TCase *tcase = tcase_create("decoders");
	int models = client_models(FAKE_DECODER);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, decodes_drains_and_resumes, 0, models);
	tcase_add_loop_test(tcase, result_does_not_depend_on_the_pace, 0, models);
	tcase_add_loop_test(tcase, follows_a_change_of_size, 0, models);
	tcase_add_loop_test(tcase, seeks, 0, models);
	tcase_add_loop_test(tcase, puts_frames_in_display_order, 0, models);
	tcase_add_loop_test(tcase, drain_of_each_decoder_ends_as_its_driver_ends_it, 0, models);
	tcase_add_loop_test(tcase, drain_ends_in_each_way, 0, 7);
	tcase_add_loop_test(tcase, change_of_size_ends_in_each_way, 0, 7);
	tcase_add_test(tcase, late_source_change_follows_the_last_buffers);
	tcase_add_test(tcase, source_change_comes_before_the_last_buffer);
	tcase_add_test(tcase, start_after_a_change_that_fits_goes_on);
	tcase_add_test(tcase, end_of_sequence_drains_by_itself);
	tcase_add_test(tcase, hidden_frame_gives_no_buffer);
	tcase_add_test(tcase, corrupt_frame_and_bad_data_are_flagged);
	tcase_add_test(tcase, headers_may_come_alone);
	tcase_add_test(tcase, without_headers_nothing_comes_out);
	tcase_add_loop_test(tcase, fatal_error_lasts_until_both_queues_are_stopped, 0, 2);
	tcase_add_test(tcase, breaking_an_idle_device_does_nothing);
	tcase_add_test(tcase, visible_rectangle_may_have_an_offset);
	suite_add_tcase(suite, tcase);
}

static void add_quirks(Suite *suite)
{
	TCase *tcase = tcase_create("quirks of decoders");
	int models = client_models(FAKE_DECODER);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, stop_within_a_drain, 0, models);
	tcase_add_loop_test(tcase, try_command_is_not_known_to_all, 0, models);
	tcase_add_loop_test(tcase, commands_may_be_unknown, 0, 2);
	tcase_add_loop_test(tcase, restart_of_output_after_a_drain, 0, models);
	tcase_add_loop_test(tcase, restart_of_capture_after_a_drain, 0, models);
	tcase_add_loop_test(tcase, start_after_a_drain, 0, models);
	tcase_add_loop_test(tcase, format_before_the_header, 0, models);
	tcase_add_loop_test(tcase, source_change_for_the_first_header, 0, models);
	tcase_add_loop_test(tcase, source_change_after_a_seek, 0, models);
	tcase_add_loop_test(tcase, drain_goes_on_after_a_change, 0, models);
	tcase_add_loop_test(tcase, seek_within_a_drain, 0, models);
	tcase_add_loop_test(tcase, seek_gives_or_drops_frames_held_back, 0, models);
	tcase_add_loop_test(tcase, least_number_of_capture_buffers, 0, models);
	tcase_add_loop_test(tcase, some_hardware_decodes_only_with_its_whole_set, 0, models);
	tcase_add_loop_test(tcase, eos_event_may_be_early_or_missing, 0, 3);
	tcase_add_test(tcase, driver_without_events_flags_other_sizes);
	tcase_add_test(tcase, coded_format_must_come_first);
	tcase_add_loop_test(tcase, timestamps_are_mangled_as_the_model_says, 0, 5);
	suite_add_tcase(suite, tcase);
}

Suite *fake_codec_suite(void)
{
	Suite *suite = suite_create("fake: codecs");

	add_decoders(suite);
	add_quirks(suite);
	add_encoders(suite);
	return suite;
}
