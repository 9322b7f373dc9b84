/* SPDX-License-Identifier: MIT */
/* The stateful encoder reads DMA-BUFs of somebody else's where they are, or says why not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "frame/video_frame_init.h"
#include "session/rig.h"
#include "session/stateful.h"

static struct rig rig;

/* Of the pictures, which all models can do and which end in half a block of some. */
static uint32_t width, height;

#define MAX_BUFFERS 24

/* DMA-BUFs in which pictures lie as the encoder wants them. */
static struct {
	struct wc_dma_buf layout;
	unsigned n;
	struct wc_dma_buf buffers[MAX_BUFFERS];
} pool;

static unsigned released;

static const struct fake_model *const encoders[] = {
	&fake_generic_encoder, &fake_generic_encoder_sp, &fake_vicodec_encoder,
	&fake_bcm2835_encoder, &fake_venus_encoder, &fake_s5p_mfc_encoder, &fake_coda_encoder,
};

#define N(array) ((int)(sizeof(array) / sizeof *(array)))

static bool imports(const struct fake_model *model)
{
	return model->memory & V4L2_BUF_CAP_SUPPORTS_DMABUF;
}

static void learn_layout(void)
{
	struct timing timing = { 0 };
	struct wc_video_frame *frame = rig.session->ops->alloc_frame(rig.session, &timing,
								     &rig.error);
	const struct frame_format *format = &frame->format;

	memset(&pool, 0, sizeof pool);
	pool.layout = (struct wc_dma_buf) {
		.fourcc = format->fourcc, .width = format->width, .height = format->height,
		.object_count = frame->buffer->n_objects, .plane_count = format->n_planes,
	};
	for (unsigned i = 0; i < frame->buffer->n_objects; i++)
		pool.layout.objects[i].size = frame->buffer->objects[i].size;
	for (unsigned i = 0; i < format->n_planes; i++) {
		pool.layout.planes[i].object = format->planes[i].object;
		pool.layout.planes[i].offset = format->planes[i].offset;
		pool.layout.planes[i].stride = format->planes[i].stride;
	}
	wc_video_frame_unref(frame);
}

static void fill_pool(unsigned n)
{
	for (; pool.n < n; pool.n++) {
		struct wc_dma_buf *buffer = &pool.buffers[pool.n];

		*buffer = pool.layout;
		for (unsigned i = 0; i < buffer->object_count; i++) {
			buffer->objects[i].fd = fake_dma_buf(buffer->objects[i].size);
			ck_assert_int_ge(buffer->objects[i].fd, 0);
		}
	}
}

static void empty_pool(void)
{
	while (pool.n)
		wc_dma_buf_finish(&pool.buffers[--pool.n]);
}

static void set_up(void)
{
	width = 640;
	height = 368;
}

/* Thousands of pictures are small where the model can do that. */
static void make_small(const struct fake_model *model)
{
	if (model->width.min <= 128 && model->height.min <= 144) {
		width = 128;
		height = 144;
	}
}

static int open_encoder(const struct fake_model *model, enum wc_copy_policy copy)
{
	struct encoder_params params = { .bitstream_format = WC_BITSTREAM_ANNEXB, .copy = copy };

	return rig_open_encoder(&rig, model->coded[0].fourcc, width, height, &params);
}

static void start(const struct fake_model *model, enum wc_copy_policy copy)
{
	rig_start(&rig, model);
	released = 0;
	ck_assert_int_eq(open_encoder(model, copy), 0);
	learn_layout();
}

static void stop(void)
{
	rig_stop_core(&rig);
	empty_pool();
	fake_stop();
	fake_check_no_violations();
}

static void on_release(void *user_data)
{
	ck_assert_ptr_eq(user_data, &pool);
	released++;
}

/* A frame on a DMA-BUF as it is described, or NULL with rig.error. */
static struct wc_video_frame *import(const struct wc_dma_buf *buffer, unsigned seq)
{
	struct wc_video_frame_init init = {
		.timestamp = (int64_t)seq * 40000 + 7,
		.visible_rect = { 0, 0, width, height },
	};
	struct wc_video_frame *frame = NULL;

	if (video_frame_from_dma_buf(rig.core, buffer, &init, on_release, &pool, &frame,
				     &rig.error) < 0)
		return NULL;
	/* No colours, so that the device need not be told of any. */
	memset(&frame->color_space, 0, sizeof frame->color_space);
	return frame;
}

/* The wc_status. */
static int encode_in(const struct wc_dma_buf *buffer, unsigned seq, bool key_frame)
{
	struct wc_video_frame *frame = import(buffer, seq);
	struct wc_video_frame_mapping mapping;
	int ret;

	if (!frame)
		return rig.error.name;
	ret = wc_video_frame_map(frame, WC_MAP_WRITE, &mapping);
	if (ret == WC_OK) {
		rig_draw(frame, seq);
		wc_video_frame_unmap(frame);
		ret = rig_encode_frame(&rig, frame, key_frame);
	} else {
		rig.error = (struct wc_error) { .name = ret, .message = "map" };
	}
	wc_video_frame_unref(frame);
	return ret;
}

/* As a camera goes: a buffer comes again when it was released. */
static void encode_one(unsigned seq, unsigned n_buffers, bool key_frame)
{
	while (seq - released >= n_buffers)
		ck_assert_int_eq(loop_dispatch(&rig.loop, -1), 0);
	ck_assert_msg(encode_in(&pool.buffers[seq % n_buffers], seq, key_frame) == 0, "%s (%s)",
		      rig.error.message, strerror(rig.error.sys_errno));
}

static void encode(unsigned from, unsigned to, unsigned n_buffers)
{
	fill_pool(n_buffers);
	for (unsigned i = from; i < to; i++)
		encode_one(i, n_buffers, false);
}

/* As good as those, but in plain memory. The wc_status. */
static int encode_plain(unsigned seq)
{
	struct timing timing = { .timestamp = (int64_t)seq * 40000 + 7 };
	struct wc_rect visible = { 0, 0, width, height };
	struct frame_format format;
	size_t size = frame_format_tight(&format, pool.layout.fourcc, width, height);
	struct buffer *buffer = buffer_new_plain(rig.core, size);
	struct wc_video_frame *frame = video_frame_new(rig.core, buffer, &format, &visible,
						       &timing);
	int ret;

	buffer_unref(buffer);
	rig_draw(frame, seq);
	ret = rig_encode_frame(&rig, frame, false);
	wc_video_frame_unref(frame);
	released += ret == 0;
	return ret;
}

static void drain(void)
{
	ck_assert_msg(rig_drain(&rig) == 0, "%s (%s)", rig.error.message,
		      strerror(rig.error.sys_errno));
}

static void expect_in_order(unsigned n)
{
	ck_assert_uint_eq(rig.n_chunks, n);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_eq(rig.seqs[i], i);
		ck_assert_int_eq(rig.timestamps[i], (int64_t)i * 40000 + 7);
	}
	ck_assert(rig.keys[0]);
}

/* Key frames of some drivers get parameter sets in front; that is no picture. */
static uint64_t pictures_copied(void)
{
	return rig.core->counters.bytes_copied / (width * height);
}

START_TEST(frames_are_read_where_they_are)
{
	start(encoders[_i], WC_COPY_ALLOWED);
	encode(0, 50, 8);
	drain();
	expect_in_order(50);
	if (imports(encoders[_i])) {
		ck_assert_uint_eq(pictures_copied(), 0);
		ck_assert_uint_eq(fake_attaches(), 8 * pool.layout.object_count);
	} else {
		ck_assert_uint_ge(pictures_copied(), 50);
	}
	stop();
}
END_TEST

/* Every time with other descriptors. */
START_TEST(the_same_buffers_are_attached_once)
{
	unsigned n = 10000;

	make_small(encoders[_i]);
	rig_start(&rig, encoders[_i]);
	released = 0;
	ck_assert_int_eq(rig_open_encoder(&rig, encoders[_i]->coded[0].fourcc, width, height,
					  NULL), 0);
	learn_layout();
	fill_pool(8);
	for (unsigned i = 0; i < n; i++) {
		encode_one(i, 8, false);
		if (rig.n_chunks == 500)
			rig.n_chunks = 0;
	}
	drain();
	ck_assert_uint_eq(released, n);
	ck_assert_uint_eq(fake_attaches(), 8 * pool.layout.object_count);
	ck_assert_uint_eq(pictures_copied(), 0);
	stop();
}
END_TEST

START_TEST(any_number_of_buffers_may_circulate)
{
	static const unsigned numbers[] = { 1, 2, 16, 17, 24 };

	for (int i = 0; i < N(numbers); i++) {
		start(&fake_generic_encoder, WC_COPY_NEVER);
		encode(0, 100, numbers[i]);
		drain();
		expect_in_order(100);
		if (numbers[i] <= 16)
			ck_assert_uint_eq(fake_attaches(), numbers[i] * pool.layout.object_count);
		else
			ck_assert_uint_gt(fake_attaches(), numbers[i]);
		stop();
	}
}
END_TEST

/* A still picture: the buffer is with the driver when it comes again. */
START_TEST(one_frame_may_be_encoded_many_times)
{
	struct wc_video_frame *frame;

	start(&fake_generic_encoder_sp, WC_COPY_NEVER);
	fill_pool(1);
	encode_one(0, 1, false);
	frame = import(&pool.buffers[0], 0);
	for (unsigned i = 0; i < 9; i++)
		ck_assert_int_eq(rig_encode_frame(&rig, frame, false), 0);
	wc_video_frame_unref(frame);
	drain();
	ck_assert_uint_eq(rig.n_chunks, 10);
	ck_assert_uint_le(fake_attaches(), STATEFUL_INPUTS);
	stop();
}
END_TEST

/* As above, and the driver keeps what it has until it is full. */
START_TEST(one_frame_may_come_again_while_the_driver_has_it)
{
	struct session_input input = { .quantizer = -1 };
	struct wc_video_frame *frame;

	start(&fake_generic_encoder_sp, WC_COPY_NEVER);
	fill_pool(1);
	frame = import(&pool.buffers[0], 0);
	input.frame = frame;
	fake_stall(RIG_PATH, true);
	for (unsigned i = 0; i < STATEFUL_INPUTS; i++)
		ck_assert_int_eq(rig.session->ops->submit(rig.session, &input, &rig.error), 0);
	ck_assert_int_eq(rig.session->ops->submit(rig.session, &input, &rig.error), SESSION_FULL);
	fake_stall(RIG_PATH, false);
	wc_video_frame_unref(frame);
	drain();
	ck_assert_uint_eq(rig.n_chunks, STATEFUL_INPUTS);
	ck_assert_uint_eq(released, 1);
	stop();
}
END_TEST

/* It may go on reading until it is closed. */
START_TEST(what_does_not_stop_keeps_the_memory)
{
	start(encoders[_i], WC_COPY_NEVER);
	fill_pool(4);
	fake_stall(RIG_PATH, true);
	for (unsigned i = 0; i < 3; i++)
		encode_one(i, 4, false);
	fake_fail_from(FAKE_STREAMOFF, 1, EIO);
	ck_assert_int_eq(rig.session->ops->reset(rig.session, &rig.error), WC_OPERATION_ERROR);
	ck_assert_uint_eq(released, 0);
	rig_destroy(&rig);
	ck_assert_uint_eq(released, 3);
	fake_fail_none();
	stop();
}
END_TEST

START_TEST(the_memory_is_kept_until_the_driver_is_done)
{
	start(encoders[_i], WC_COPY_NEVER);
	fill_pool(4);
	fake_stall(RIG_PATH, true);
	for (unsigned i = 0; i < 3; i++)
		encode_one(i, 4, false);
	ck_assert_uint_eq(released, 0);
	ck_assert(!rig.session->ops->saturated(rig.session));
	fake_stall(RIG_PATH, false);
	drain();
	ck_assert_uint_eq(released, 3);
	expect_in_order(3);
	/* A reset, and the end, let go at once. */
	encode(3, 6, 4);
	ck_assert_int_eq(rig.session->ops->reset(rig.session, &rig.error), 0);
	ck_assert_uint_eq(released, 6);
	encode(6, 8, 4);
	rig_destroy(&rig);
	ck_assert_uint_eq(released, 8);
	stop();
}
END_TEST

START_TEST(key_frames_and_drains_as_with_other_frames)
{
	unsigned seq = 0;

	start(encoders[_i], WC_COPY_ALLOWED);
	fill_pool(6);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 10; i++, seq++)
			encode_one(seq, 6, i % 5 == 0);
		drain();
		ck_assert_uint_eq(rig.n_chunks, seq);
	}
	expect_in_order(30);
	for (unsigned i = 0; i < 30; i++)
		ck_assert_msg(rig.keys[i] || i % 5, "frame %u is no key frame", i);
	if (imports(encoders[_i]))
		ck_assert_uint_eq(fake_attaches(), 6 * pool.layout.object_count);
	stop();
}
END_TEST

static int encode_once(struct wc_video_frame *frame)
{
	struct session_input input = { .frame = frame, .quantizer = -1 };

	return rig.session->ops->submit(rig.session, &input, &rig.error);
}

/* ---- frames of several kinds ----------------------------------------------------------------- */

START_TEST(plain_frames_in_between_turn_it_to_copies)
{
	start(encoders[_i], WC_COPY_ALLOWED);
	encode(0, 10, 8);
	ck_assert_int_eq(encode_plain(10), 0);
	encode(11, 20, 8);
	ck_assert_uint_eq(pictures_copied(), imports(encoders[_i]) ? 15 : 30);
	drain();
	/* A drain costs nothing more: from here on in place again. */
	encode(20, 30, 8);
	drain();
	expect_in_order(30);
	ck_assert_uint_eq(pictures_copied(), imports(encoders[_i]) ? 15 : 45);
	stop();
}
END_TEST

START_TEST(dma_bufs_after_plain_frames_are_read_in_place)
{
	start(&fake_generic_encoder_sp, WC_COPY_ALLOWED);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(encode_plain(i), 0);
	encode(5, 20, 8);
	drain();
	expect_in_order(20);
	ck_assert_uint_eq(rig.core->counters.bytes_copied, 5 * width * height * 3 / 2);
	stop();
}
END_TEST

START_TEST(without_copies_own_frames_and_dma_bufs_mix)
{
	start(encoders[_i], WC_COPY_NEVER);
	fill_pool(8);
	for (unsigned i = 0; i < 3; i++, released++)
		ck_assert_int_eq(rig_encode(&rig, i, false, true), 0);
	encode(3, 10, 8);
	drain();
	expect_in_order(10);
	ck_assert_uint_eq(pictures_copied(), 0);
	stop();
}
END_TEST

/* It keeps its memory when the input side is given other: it is a DMA-BUF like any. */
START_TEST(a_held_frame_of_the_encoder_is_read_in_place_later)
{
	struct timing timing = { .timestamp = 2 * 40000 + 7 };
	struct wc_video_frame *frame;

	start(&fake_generic_encoder, WC_COPY_NEVER);
	frame = rig.session->ops->alloc_frame(rig.session, &timing, &rig.error);
	rig_draw(frame, 2);
	encode(0, 2, 4);
	ck_assert_int_eq(rig_encode_frame(&rig, frame, false), 0);
	wc_video_frame_unref(frame);
	drain();
	expect_in_order(3);
	ck_assert_uint_eq(pictures_copied(), 0);
	stop();
}
END_TEST

/* The second time it is still with the driver: a copy costs less than a drain. */
START_TEST(a_frame_of_the_encoder_comes_twice)
{
	struct timing timing = { .timestamp = 7 };
	struct wc_video_frame *frame;

	start(encoders[_i], WC_COPY_ALLOWED);
	frame = rig.session->ops->alloc_frame(rig.session, &timing, &rig.error);
	rig_draw(frame, 0);
	fake_stall(RIG_PATH, true);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(encode_once(frame), SESSION_TAKEN);
	fake_stall(RIG_PATH, false);
	drain();
	ck_assert_uint_eq(rig.n_chunks, 3);
	ck_assert_uint_eq(pictures_copied(), 2 * 3 / 2);
	wc_video_frame_unref(frame);
	stop();
}
END_TEST

/* Until `ready` comes, as a codec does that has nothing else to wait for. */
static void await_ready(void)
{
	unsigned before = rig.n_ready;

	for (unsigned i = 0; i < 100 && rig.n_ready == before; i++)
		ck_assert_int_eq(loop_dispatch(&rig.loop, 20), 0);
	ck_assert_uint_eq(rig.n_failed, 0);
	ck_assert_uint_gt(rig.n_ready, before);
}

/*
 * All input buffers are the caller's, but a submit makes the queue grow: so one that found the
 * driver at work has to be told when it is not any more, or it waits for ever.
 */
START_TEST(who_holds_all_frames_may_encode_others)
{
	struct timing timing = { .timestamp = 7 };
	struct wc_video_frame *frames[STATEFUL_INPUTS], *other;

	start(encoders[_i], WC_COPY_ALLOWED);
	for (unsigned i = 0; i < STATEFUL_INPUTS; i++)
		frames[i] = rig.session->ops->alloc_frame(rig.session, &timing, &rig.error);
	rig_draw(frames[0], 0);
	timing.timestamp += 40000;
	other = rig.session->ops->alloc_frame(rig.session, &timing, &rig.error);
	ck_assert_int_lt(other->buffer->objects[0].fd, 0);
	rig_draw(other, 1);
	/* Nothing would wake up who waits for room now. */
	ck_assert(!rig.session->ops->saturated(rig.session));
	fake_stall(RIG_PATH, true);
	ck_assert_int_eq(encode_once(frames[0]), SESSION_TAKEN);
	ck_assert_int_eq(encode_once(other), SESSION_FULL);
	ck_assert(rig.session->ops->saturated(rig.session));
	fake_stall(RIG_PATH, false);
	await_ready();
	/* Some cannot grow: then it takes a buffer of the caller's. */
	if (encode_once(other) == SESSION_FULL) {
		wc_video_frame_unref(frames[1]);
		frames[1] = NULL;
		ck_assert_int_eq(encode_once(other), SESSION_TAKEN);
	}
	drain();
	expect_in_order(2);
	wc_video_frame_unref(other);
	for (unsigned i = 0; i < STATEFUL_INPUTS; i++)
		wc_video_frame_unref(frames[i]);
	stop();
}
END_TEST

/* ---- what does not fit ----------------------------------------------------------------------- */

static void wide(struct wc_dma_buf *d)
{
	for (unsigned i = 0; i < d->plane_count; i++) {
		d->planes[i].stride += 64;
		d->planes[i].offset = i * (size_t)height * d->planes[i].stride;
	}
}

static void late(struct wc_dma_buf *d)
{
	for (unsigned i = 0; i < d->plane_count; i++)
		d->planes[i].offset += 4096;
}

static void gap(struct wc_dma_buf *d) { d->planes[1].offset += 4096; }
static void tiled(struct wc_dma_buf *d) { d->modifier = (UINT64_C(8) << 56) | 1; }
static void other(struct wc_dma_buf *d) { d->fourcc = DRM_FORMAT_NV21; }

static void apart(struct wc_dma_buf *d)
{
	d->object_count = 2;
	d->objects[1].size = d->objects[0].size;
	d->planes[1].object = 1;
}

static void small(struct wc_dma_buf *d)
{
	d->objects[0].size = d->planes[1].offset + d->planes[1].stride * (height / 2);
}

static const struct {
	void (*spoil)(struct wc_dma_buf *layout);
	const char *words;
} unfit[] = {
	{ wide, "rows of its plane 0 have 704 bytes, and 640 on the device" },
	{ late, "its plane 0 is at byte 4096, and at 0 on the device" },
	{ gap, "its plane 1 is at byte 239616, and at 235520 on the device" },
	{ tiled, "its modifier is ARM_AFBC(0x1)" },
	{ other, "its format is NV21, that of the device NV12" },
	{ apart, "its planes are in several DMA-BUFs" },
	{ small, "bytes, and the device wants" },
};

/* A driver that has its own mind about rows, and wants something behind the picture. */
static void start_stubborn(enum wc_copy_policy copy)
{
	struct fake_model model = fake_generic_encoder_sp;

	model.stride_free = false;
	model.raw_sizeimage_extra = 4096;
	start(&model, copy);
}

static void spoil_pool(void (*spoil)(struct wc_dma_buf *layout))
{
	size_t size = pool.layout.objects[0].size;

	pool.layout.objects[0].size = 2 * size;
	spoil(&pool.layout);
}

/* One clear error, and the session has failed. */
START_TEST(without_copies_the_error_says_why)
{
	struct wc_video_frame *frame;

	start_stubborn(WC_COPY_NEVER);
	spoil_pool(unfit[_i].spoil);
	fill_pool(1);
	frame = import(&pool.buffers[0], 0);
	if (!frame)
		ck_abort_msg("%s", rig.error.message);
	ck_assert_int_eq(rig_encode_frame(&rig, frame, false), WC_NOT_SUPPORTED_ERROR);
	ck_assert_msg(strstr(rig.error.message, unfit[_i].words), "%s", rig.error.message);
	ck_assert_str_eq(rig.error.device, RIG_PATH);
	wc_video_frame_unref(frame);
	ck_assert_uint_eq(released, 1);
	stop();
}
END_TEST

START_TEST(without_copies_plain_memory_and_other_parts_are_refused)
{
	struct wc_video_frame *frame;

	start(&fake_generic_encoder_sp, WC_COPY_NEVER);
	ck_assert_int_eq(encode_plain(0), WC_NOT_SUPPORTED_ERROR);
	ck_assert_ptr_nonnull(strstr(rig.error.message, "no DMA-BUF"));
	stop();
	start(&fake_generic_encoder_sp, WC_COPY_NEVER);
	fill_pool(1);
	frame = import(&pool.buffers[0], 0);
	frame->visible.x = 2;
	frame->visible.width -= 2;
	ck_assert_int_eq(rig_encode_frame(&rig, frame, false), WC_NOT_SUPPORTED_ERROR);
	ck_assert_ptr_nonnull(strstr(rig.error.message, "visible part is 638x368 at 2,0"));
	wc_video_frame_unref(frame);
	stop();
}
END_TEST

/* What the CPU can read is copied, and counted. */
START_TEST(with_copies_what_does_not_fit_is_copied)
{
	static void (*const spoils[])(struct wc_dma_buf *layout) = {
		wide, late, gap, apart, small,
	};

	for (int i = 0; i < N(spoils); i++) {
		start_stubborn(WC_COPY_ALLOWED);
		spoil_pool(spoils[i]);
		encode(0, 10, 4);
		drain();
		expect_in_order(10);
		ck_assert_uint_eq(rig.core->counters.bytes_copied, 10 * width * height * 3 / 2);
		ck_assert_uint_eq(fake_attaches(), 0);
		stop();
	}
}
END_TEST

/* It is asked for what the frames have, before the first. */
START_TEST(a_device_may_agree_to_other_rows)
{
	struct fake_model model = fake_generic_encoder_sp;

	model.stride_free = true;
	start(&model, WC_COPY_NEVER);
	spoil_pool(wide);
	encode(0, 10, 4);
	drain();
	expect_in_order(10);
	ck_assert_uint_eq(fake_attaches(), 4);
	ck_assert_uint_eq(fake_current_format(RIG_PATH, V4L2_BUF_TYPE_VIDEO_OUTPUT)
			  .fmt.pix.bytesperline, 704);
	stop();
}
END_TEST

START_TEST(planes_apart_find_a_format_with_planes_apart)
{
	start(&fake_generic_encoder, WC_COPY_NEVER);
	ck_assert_uint_eq(pool.layout.object_count, 1);
	apart(&pool.layout);
	pool.layout.planes[1].offset = 0;
	encode(0, 10, 4);
	drain();
	expect_in_order(10);
	ck_assert_uint_eq(fake_attaches(), 8);
	ck_assert_uint_eq(pictures_copied(), 0);
	stop();
}
END_TEST

/* ---- drivers --------------------------------------------------------------------------------- */

START_TEST(a_driver_without_imports_copies)
{
	struct fake_model model = fake_generic_encoder;

	model.memory = V4L2_BUF_CAP_SUPPORTS_MMAP;
	start(&model, WC_COPY_ALLOWED);
	encode(0, 10, 4);
	drain();
	expect_in_order(10);
	ck_assert_uint_ge(pictures_copied(), 10);
	stop();
	start(&model, WC_COPY_NEVER);
	fill_pool(1);
	ck_assert_int_eq(encode_in(&pool.buffers[0], 0, false), WC_NOT_SUPPORTED_ERROR);
	ck_assert_ptr_nonnull(strstr(rig.error.message, "the driver does not take the DMA-BUF"));
	stop();
}
END_TEST

/* An exporter that will not let it attach, at the first frame or later. */
START_TEST(a_driver_that_refuses_one_gets_copies)
{
	for (unsigned at = 0; at < 12; at += 3) {
		start(encoders[_i], WC_COPY_ALLOWED);
		encode(0, at, 4);
		rig_await(&rig, at);
		fake_fail(FAKE_QBUF, at ? 1 : 7, EFAULT);
		encode(at, 20, 4);
		drain();
		expect_in_order(20);
		stop();
	}
	start(encoders[_i], WC_COPY_NEVER);
	encode(0, 1, 2);
	rig_await(&rig, 1);
	fake_fail(FAKE_QBUF, 1, EOPNOTSUPP);
	fill_pool(2);
	ck_assert_int_eq(encode_in(&pool.buffers[1], 1, false), WC_NOT_SUPPORTED_ERROR);
	ck_assert_ptr_nonnull(strstr(rig.error.message, strerror(EOPNOTSUPP)));
	ck_assert(!fake_fail_pending());
	stop();
}
END_TEST

/* What has nothing to do with imports: they go on after the next flush. */
static const int passing[] = { ENOMEM, EBUSY, EDQUOT, EMFILE };

START_TEST(what_passes_ends_imports_until_the_next_flush)
{
	start(&fake_generic_encoder, WC_COPY_ALLOWED);
	encode(0, 2, 4);
	rig_await(&rig, 2);
	fake_fail(FAKE_QBUF, 1, passing[_i]);
	encode(2, 10, 4);
	drain();
	ck_assert_uint_ge(pictures_copied(), 8);
	rig.core->counters.bytes_copied = 0;
	encode(10, 20, 4);
	drain();
	ck_assert_uint_eq(pictures_copied(), 0);
	expect_in_order(20);
	stop();
}
END_TEST

START_TEST(what_passes_is_no_lack_of_support)
{
	bool is_quota = passing[_i] == EDQUOT || passing[_i] == EMFILE;

	start(&fake_generic_encoder, WC_COPY_NEVER);
	encode(0, 1, 2);
	rig_await(&rig, 1);
	fake_fail(FAKE_QBUF, 1, passing[_i]);
	fill_pool(2);
	ck_assert_int_eq(encode_in(&pool.buffers[1], 1, false),
			 is_quota ? WC_QUOTA_EXCEEDED_ERROR : WC_OPERATION_ERROR);
	ck_assert_str_eq(rig.error.device, RIG_PATH);
	ck_assert(!fake_fail_pending());
	stop();
}
END_TEST

/* Places for imports cannot be had when they are first needed. */
START_TEST(no_places_are_no_lack_of_support)
{
	/* The first call gives back what the encoder has. */
	start(&fake_generic_encoder, WC_COPY_ALLOWED);
	fake_fail(FAKE_REQBUFS, 2, ENOMEM);
	encode(0, 10, 4);
	drain();
	ck_assert(!fake_fail_pending());
	ck_assert_uint_ge(pictures_copied(), 10);
	rig.core->counters.bytes_copied = 0;
	encode(10, 20, 4);
	drain();
	ck_assert_uint_eq(pictures_copied(), 0);
	expect_in_order(20);
	stop();
	start(&fake_generic_encoder, WC_COPY_NEVER);
	fill_pool(1);
	fake_fail(FAKE_REQBUFS, 2, ENOMEM);
	ck_assert_int_eq(encode_in(&pool.buffers[0], 0, false), WC_OPERATION_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, ENOMEM);
	stop();
}
END_TEST

/* Some look at the buffers when the queue is started: for contexts they have other words. */
START_TEST(a_driver_may_refuse_imports_at_the_start)
{
	start(encoders[_i], WC_COPY_ALLOWED);
	/* The first is that of CAPTURE. */
	fake_fail(FAKE_STREAMON, 2, EINVAL);
	encode(0, 10, 4);
	drain();
	ck_assert(!fake_fail_pending());
	expect_in_order(10);
	ck_assert_uint_ge(pictures_copied(), 10);
	stop();
	start(encoders[_i], WC_COPY_NEVER);
	fill_pool(1);
	fake_fail(FAKE_STREAMON, 2, EINVAL);
	ck_assert_int_eq(encode_in(&pool.buffers[0], 0, false), WC_NOT_SUPPORTED_ERROR);
	ck_assert_ptr_nonnull(strstr(rig.error.message, "the driver does not take the DMA-BUF"));
	stop();
	start(encoders[_i], WC_COPY_NEVER);
	fill_pool(1);
	fake_fail(FAKE_STREAMON, 2, ENOSPC);
	ck_assert_int_eq(encode_in(&pool.buffers[0], 0, false), WC_QUOTA_EXCEEDED_ERROR);
	stop();
}
END_TEST

/* A frame of the encoder's is held, and the driver cannot let go of its memory: copies it is. */
START_TEST(a_driver_without_orphans_waits_for_no_frame)
{
	struct fake_model model = fake_generic_encoder;
	struct timing timing = { .timestamp = 7 };
	struct wc_video_frame *frame;

	model.buf_caps &= ~(uint32_t)V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS;
	start(&model, WC_COPY_ALLOWED);
	frame = rig.session->ops->alloc_frame(rig.session, &timing, &rig.error);
	encode(0, 10, 8);
	drain();
	expect_in_order(10);
	ck_assert_uint_ge(pictures_copied(), 10);
	wc_video_frame_unref(frame);
	stop();
}
END_TEST

/* ---- every failure --------------------------------------------------------------------------- */

static const struct fake_model *model_of_life;

static bool fine(int ret)
{
	if (ret < 0)
		ck_assert_msg(rig.error.message[0] && rig.error.name == (enum wc_status)ret, "%s",
			      fake_failure());
	return ret == 0 && rig.n_failed == 0;
}

static bool encode_some(unsigned from, unsigned to, bool plain)
{
	for (unsigned i = from; i < to; i++) {
		while (i - released >= 3 && !rig.n_failed)
			ck_assert_int_eq(loop_dispatch(&rig.loop, -1), 0);
		if (rig.n_failed || !fine(plain ? encode_plain(i)
					  : encode_in(&pool.buffers[i % 3], i, i == 4)))
			return false;
	}
	return true;
}

static void life(void)
{
	released = 0;
	if (!fine(open_encoder(model_of_life, WC_COPY_ALLOWED)))
		return;
	learn_layout();
	fill_pool(3);
	if (!encode_some(0, 5, false) || !encode_some(5, 7, true) || !encode_some(7, 8, false) ||
	    !fine(rig_drain(&rig)) || !encode_some(8, 10, false) || !fine(rig_drain(&rig)))
		return;
	ck_assert_msg(rig.n_chunks == 10 || strstr(fake_failure(), "VIDIOC_DQBUF"),
		      "%u chunks: %s", rig.n_chunks, fake_failure());
}

static void scenario(void *model)
{
	model_of_life = model;
	if (!rig_start_core(&rig, model))
		return;
	rig.no_rectangle = strstr(fake_failure(), "VIDIOC_G_SELECTION");
	if (rig_probe(&rig) == 0)
		life();
	ck_assert_msg(rig.n_failed <= 1 && rig.after_failed == 0, "%s", fake_failure());
	rig_stop_core(&rig);
	empty_pool();
	if (strstr(fake_failure(), "VIDIOC_DQBUF gives Broken pipe"))
		fake_clear_violations();
}

START_TEST(every_failure_is_borne)
{
	static const struct fake_model *const models[] = {
		&fake_generic_encoder, &fake_vicodec_encoder,
	};
	struct fake_model model = *models[_i];

	make_small(&model);
	ck_assert_uint_gt(fake_for_each_failure(scenario, &model), 500);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("stateful import");
	TCase *all = tcase_create("import");

	tcase_set_timeout(all, 300);
	tcase_add_checked_fixture(all, set_up, NULL);
	tcase_add_loop_test(all, frames_are_read_where_they_are, 0, N(encoders));
	tcase_add_loop_test(all, the_same_buffers_are_attached_once, 0, 2);
	tcase_add_test(all, any_number_of_buffers_may_circulate);
	tcase_add_test(all, one_frame_may_be_encoded_many_times);
	tcase_add_test(all, one_frame_may_come_again_while_the_driver_has_it);
	tcase_add_loop_test(all, what_does_not_stop_keeps_the_memory, 0, 2);
	tcase_add_loop_test(all, the_memory_is_kept_until_the_driver_is_done, 0, 3);
	tcase_add_loop_test(all, key_frames_and_drains_as_with_other_frames, 0, N(encoders));
	tcase_add_loop_test(all, plain_frames_in_between_turn_it_to_copies, 0, 3);
	tcase_add_test(all, dma_bufs_after_plain_frames_are_read_in_place);
	tcase_add_loop_test(all, without_copies_own_frames_and_dma_bufs_mix, 0, 3);
	tcase_add_test(all, a_held_frame_of_the_encoder_is_read_in_place_later);
	tcase_add_loop_test(all, a_frame_of_the_encoder_comes_twice, 0, N(encoders));
	tcase_add_loop_test(all, who_holds_all_frames_may_encode_others, 0, N(encoders));
	tcase_add_loop_test(all, without_copies_the_error_says_why, 0, N(unfit));
	tcase_add_test(all, without_copies_plain_memory_and_other_parts_are_refused);
	tcase_add_test(all, with_copies_what_does_not_fit_is_copied);
	tcase_add_test(all, a_device_may_agree_to_other_rows);
	tcase_add_test(all, planes_apart_find_a_format_with_planes_apart);
	tcase_add_test(all, a_driver_without_imports_copies);
	tcase_add_loop_test(all, a_driver_that_refuses_one_gets_copies, 0, 3);
	tcase_add_loop_test(all, what_passes_ends_imports_until_the_next_flush, 0, N(passing));
	tcase_add_loop_test(all, what_passes_is_no_lack_of_support, 0, N(passing));
	tcase_add_test(all, no_places_are_no_lack_of_support);
	tcase_add_loop_test(all, a_driver_may_refuse_imports_at_the_start, 0, 3);
	tcase_add_test(all, a_driver_without_orphans_waits_for_no_frame);
	tcase_add_loop_test(all, every_failure_is_borne, 0, 2);
	suite_add_tcase(s, all);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
