/* SPDX-License-Identifier: MIT */
/*
 * Converters on the CPU, on a real loop: what a session owes its sink, where results lie, what is
 * refused, and every allocation and call on memory failing once. That pixels are right is
 * tests/frame/test_convert.c; here the same function is run beside the session.
 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fake_memory.h"
#include "frame/convert.h"
#include "frame/pixel_format.h"
#include "frame/video_frame_init.h"
#include "session/session.h"

/* A session that is silent for so long will not speak any more. Slow under sanitizers. */
#define PATIENCE_MS 60000

#define MAX_OUTPUTS 64

/* ---- allocations ---- */

/*
 * Those in calls to the session and in its thread. Check itself needs memory, too, so plain memory
 * only is for such tests: the other kinds are of a fake that checks how it is called.
 */
static atomic_uint allocations;
static unsigned fail_at;               /* counted from 1; 0: none fails */
static _Thread_local bool outside;     /* of the session */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static bool may(void)
{
	return outside || atomic_fetch_add(&allocations, 1) + 1 != fail_at;
}

void *__wrap_malloc(size_t size)
{
	return may() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return may() ? __real_calloc(n, size) : NULL;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return may() ? __real_aligned_alloc(alignment, size) : NULL;
}

static void fail_allocation(unsigned number)
{
	atomic_store(&allocations, 0);
	fail_at = number;
}

/* ---- devices outside ---- */

static atomic_bool is_read;            /* a device reads all DMA-BUFs */

int __real_memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms);
int __wrap_memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms);
int __wrap_memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
	if (!atomic_load(&is_read))
		return __real_memory_io_poll(fds, n, timeout_ms);
	for (unsigned i = 0; i < n; i++)
		fds[i].revents = fds[i].events & POLLIN;
	return poll(NULL, 0, timeout_ms < 10 ? timeout_ms : 10);
}

/* ---- the rig ---- */

static struct core *core;
static struct loop loop;
static struct frame_memory *memory;
static struct session *session;
static struct wc_error error;
static struct wc_video_frame *outputs[MAX_OUTPUTS];
static unsigned n_outputs, n_ready, n_drained, n_failed, descriptors;
static bool in_call, undecided;        /* the session is not told of memory */
static void (*hook)(const char *what);

static void call_hook(const char *what)
{
	ck_assert(!in_call);
	ck_assert_ptr_nonnull(session);
	if (hook)
		hook(what);
}

static void on_frame(void *sink, struct wc_video_frame *frame)
{
	ck_assert_ptr_eq(sink, &core);
	ck_assert_uint_eq(n_failed, 0);
	ck_assert_uint_lt(n_outputs, MAX_OUTPUTS);
	outputs[n_outputs++] = frame;
	call_hook("frame");
}

static void on_ready(void *sink)
{
	(void)sink;
	ck_assert_uint_eq(n_failed, 0);
	n_ready++;
	call_hook("ready");
}

static void on_drained(void *sink)
{
	(void)sink;
	ck_assert_uint_eq(n_failed, 0);
	n_drained++;
	call_hook("drained");
}

static void on_failed(void *sink, const struct wc_error *cause)
{
	(void)sink;
	n_failed++;
	error = *cause;
	call_hook("failed");
}

static const struct session_sink_ops sink_ops = {
	.frame = on_frame, .ready = on_ready, .drained = on_drained, .failed = on_failed,
};

static void set_up(void)
{
	fake_memory_reset();
	outside = true;
	fail_allocation(0);
	descriptors = count_descriptors();
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	memory = frame_memory_new(core);
	ck_assert_int_eq(loop_init(&loop), 0);
	n_outputs = n_ready = n_drained = n_failed = 0;
	session = NULL;
	hook = NULL;
	undecided = false;
	atomic_store(&is_read, false);
}

static void drop_outputs(void)
{
	for (unsigned i = 0; i < n_outputs; i++)
		wc_video_frame_unref(outputs[i]);
	n_outputs = 0;
}

static void close_session(void)
{
	struct session *old = session;

	session = NULL;
	if (old)
		old->ops->destroy(old);
}

/* Whatever happened, nothing is left. */
static void tear_down(void)
{
	close_session();
	drop_outputs();
	fail_allocation(0);
	frame_memory_free(memory);
	ck_assert_uint_eq(core->counters.video_frames, 0);
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	ck_assert_uint_eq(atomic_load(&core->refs), 1);
	loop_finish(&loop);
	core_unref(core);
	ck_assert_uint_eq(fake.handles_alive, 0);
	ck_assert_uint_eq(count_descriptors(), descriptors);
}

static struct converter_params params_of(uint32_t from, uint32_t width, uint32_t height,
					 uint32_t to, uint32_t new_width, uint32_t new_height)
{
	return (struct converter_params) {
		.source = { .fourcc = from, .width = width, .height = height },
		.result = { .fourcc = to, .width = new_width, .height = new_height },
		.use = WC_MEMORY_FOR_CPU,
	};
}

static int open_session(const struct converter_params *params)
{
	struct session_env env = { .core = core, .loop = &loop,
				   .memory = undecided ? NULL : memory };
	int ret;

	outside = false;
	ret = software_converter_new(&env, params, &sink_ops, &core, &session, &error);
	outside = true;
	return ret;
}

static void paint(struct wc_video_frame *frame, unsigned number)
{
	struct wc_video_frame_mapping mapping;
	uint32_t state = number * 2654435761u + 1;

	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping), WC_OK);
	for (unsigned i = 0; i < mapping.plane_count; i++)
		for (unsigned y = 0; y < mapping.planes[i].rows; y++)
			for (size_t x = 0; x < mapping.planes[i].row_bytes; x++) {
				state = state * 1664525 + 1013904223;
				mapping.planes[i].data[y * mapping.planes[i].stride + x] =
					(uint8_t)(state >> 24);
			}
	wc_video_frame_unmap(frame);
}

/* A coded picture in rows with a margin on each side; its content depends on the number. */
static struct wc_video_frame *new_rows(const struct converter_params *params, unsigned number,
				       unsigned use)
{
	struct wc_video_frame_init init = {
		.fourcc = params->source.fourcc,
		.coded_width = params->source.width + 6,
		.coded_height = params->source.height + 4,
		.visible_rect = { 4, 2, params->source.width, params->source.height },
		.timestamp = 1000 * (int64_t)number,
		.duration = 7,
		.has_duration = true,
	};
	struct wc_video_frame *frame;

	ck_assert_int_eq(video_frame_alloc(core, memory, &init, use, &frame, &error), 0);
	paint(frame, number);
	return frame;
}

/* Rows from one column to the next. */
#define COLUMN_ROWS 100

/* Where byte x of row y is in a plane (pixfmt-yuv-planar.rst; drm_fourcc.h, SAND). */
static size_t tiled_address(enum tiling tiling, unsigned plane, size_t stride, size_t x, size_t y)
{
	struct tile_shape tile = tiling_shape(tiling, plane);
	size_t before = y / tile.height * (stride / tile.width) + x / tile.width;

	if (tiling == TILING_COLUMNS)
		return (x / 128 * COLUMN_ROWS + y) * 128 + x % 128;
	return before * tile.width * tile.height + y % tile.height * tile.width + x % tile.width;
}

/* The picture as the kind says; luma and chroma in objects of their own but for columns. */
static struct wc_video_frame *new_tiled(const struct wc_video_frame *rows,
					const struct converter_format *kind)
{
	const struct pixel_format *pixels = pixel_format_find(kind->fourcc);
	const size_t room = 128 * 128 * 4;
	struct frame_format format = rows->format;
	struct buffer *buffer = buffer_new_plain(core, 2 * room);
	struct wc_video_frame *frame;

	format.modifier = kind->modifier;
	format.tiling = kind->tiling;
	for (unsigned i = 0; i < 2; i++) {
		size_t bytes = pixel_format_row_bytes(pixels, i, format.width);
		size_t at = !i ? 0 : kind->tiling == TILING_COLUMNS ? 128u * format.height : room;
		size_t stride = (bytes + 127) / 128 * 128;

		format.planes[i].object = 0;
		format.planes[i].offset = at;
		format.planes[i].stride = stride;
		for (size_t y = 0; y < pixel_format_rows(pixels, i, format.height); y++)
			for (size_t x = 0; x < bytes; x++)
				buffer->objects[0].map[at + tiled_address(kind->tiling, i, stride,
									  x, y)] =
					video_frame_plane(rows, i)[y *
						rows->format.planes[i].stride + x];
	}
	frame = video_frame_new(core, buffer, &format, &rows->visible, &rows->timing);
	buffer_unref(buffer);
	return frame;
}

static struct wc_video_frame *new_source(const struct converter_params *params, unsigned number,
					 unsigned use)
{
	struct wc_video_frame *rows = new_rows(params, number, use), *tiled;

	if (params->source.tiling == TILING_LINEAR)
		return rows;
	tiled = new_tiled(rows, &params->source);
	wc_video_frame_unref(rows);
	return tiled;
}

static int submit(struct wc_video_frame *frame)
{
	struct session_input input = { .frame = frame, .quantizer = -1 };
	int ret;

	in_call = true;
	outside = false;
	ret = session->ops->submit(session, &input, &error);
	outside = true;
	in_call = false;
	return ret;
}

static void dispatch(void)
{
	ck_assert_int_eq(loop_dispatch(&loop, PATIENCE_MS), 0);
}

/* Takes the frame over; waits for room. */
static int feed(struct wc_video_frame *frame)
{
	int ret = SESSION_FULL;

	while (session && !n_failed && (ret = submit(frame)) == SESSION_FULL) {
		unsigned ready = n_ready;

		while (session && !n_failed && n_ready == ready)
			dispatch();
	}
	wc_video_frame_unref(frame);
	return ret;
}

static void drain(void)
{
	unsigned drained = n_drained;

	in_call = true;
	ck_assert_int_eq(session->ops->drain(session, &error), 0);
	in_call = false;
	while (session && n_drained == drained && !n_failed)
		dispatch();
}

static void reset(void)
{
	ck_assert_int_eq(session->ops->reset(session, &error), 0);
}

static void check_error(enum wc_status name, const char *part)
{
	ck_assert_msg(error.name == name && strstr(error.message, part), "%s: %s",
		      wc_status_name(error.name), error.message);
	ck_assert_str_eq(error.device, "libyuv");
}

/* ---- results ---- */

static void compare_rows(const struct wc_video_frame *frame, const struct convert_image *image)
{
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);

	for (unsigned i = 0; i < pixels->n_planes; i++)
		for (unsigned y = 0; y < pixel_format_rows(pixels, i, image->height); y++)
			ck_assert_mem_eq(video_frame_plane(frame, i) +
						 y * frame->format.planes[i].stride,
					 image->planes[i].data + y * image->planes[i].stride,
					 pixel_format_row_bytes(pixels, i, image->width));
}

/* What convert_change() makes of the same source, in rows, is what came out. */
static void check_result(const struct converter_params *params, struct wc_video_frame *frame,
			 unsigned number)
{
	struct wc_video_frame *source = new_rows(params, number, WC_MEMORY_FOR_CPU), *target;
	struct convert_change change = { params->rotation, params->flip, true };
	struct convert_image from, to;

	ck_assert_int_eq(frame->timing.timestamp, 1000 * (int64_t)number);
	ck_assert(frame->timing.has_duration && frame->timing.duration == 7);
	ck_assert_uint_eq(frame->format.fourcc, params->result.fourcc);
	ck_assert_uint_eq(frame->visible.width, params->result.width);
	ck_assert_uint_eq(frame->visible.height, params->result.height);
	ck_assert_uint_eq(frame->visible.x + frame->visible.y, 0);
	ck_assert_uint_eq(frame->display_width, params->result.width);
	ck_assert_uint_eq(frame->display_height, params->result.height);
	ck_assert(!frame->rotation && !frame->flip && frame->writable);
	ck_assert_int_eq(video_frame_new_in(core, memory, WC_MEMORY_FOR_CPU,
					    params->result.fourcc, params->result.width,
					    params->result.height, &frame->timing, &target,
					    &error), 0);
	ck_assert(video_frame_image(source, &source->visible, &from));
	ck_assert(video_frame_image(target, &target->visible, &to));
	from.matrix = params->source.color_space.matrix;
	from.range = params->source.color_space.range;
	to.matrix = params->result.color_space.matrix;
	to.range = params->result.color_space.range;
	ck_assert_int_eq(convert_change(&from, &change, &to), 0);
	ck_assert_int_eq(video_frame_begin_access(frame, WC_MAP_READ), 0);
	compare_rows(frame, &to);
	video_frame_end_access(frame);
	wc_video_frame_unref(source);
	wc_video_frame_unref(target);
}

static const struct wc_video_color_space bt601_full = {
	WC_PRIMARIES_SMPTE170M, WC_TRANSFER_SMPTE170M, WC_MATRIX_SMPTE170M, WC_COLOR_RANGE_FULL,
};
static const struct wc_video_color_space bt709 = {
	WC_PRIMARIES_BT709, WC_TRANSFER_BT709, WC_MATRIX_BT709, WC_COLOR_RANGE_LIMITED,
};

static const struct converter_params cases[] = {
	{ { DRM_FORMAT_NV12, 0, 64, 48, { 0 } }, { DRM_FORMAT_YUV420, 0, 64, 48, { 0 } },
	  0, false, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_NV12, 0, 64, 48, { 0 } }, { DRM_FORMAT_NV12, 0, 30, 20, { 0 } },
	  0, false, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_YUV420, 0, 33, 17, { 0 } }, { DRM_FORMAT_YUV420, 0, 17, 33, { 0 } },
	  90, true, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_YUYV, 0, 32, 20, { 0 } }, { DRM_FORMAT_NV16, 0, 40, 50, { 0 } },
	  270, false, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_YUV420, 0, 64, 48, { WC_PRIMARIES_SMPTE170M, WC_TRANSFER_SMPTE170M,
					    WC_MATRIX_SMPTE170M, WC_COLOR_RANGE_FULL } },
	  { DRM_FORMAT_NV12, 0, 32, 24, { WC_PRIMARIES_BT709, WC_TRANSFER_BT709,
					  WC_MATRIX_BT709, WC_COLOR_RANGE_LIMITED } },
	  180, false, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_XBGR8888, 0, 50, 40, { 0 } }, { DRM_FORMAT_NV12, 0, 50, 40, { 0 } },
	  0, true, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_NV12, 0, 50, 40, { 0 } }, { DRM_FORMAT_RGB565, 0, 25, 21, { 0 } },
	  0, false, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_ABGR8888, 0, 1, 1, { 0 } }, { DRM_FORMAT_YUV420, 0, 1, 1, { 0 } },
	  90, true, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_YUV420, 0, 1, 1, { 0 } }, { DRM_FORMAT_ARGB8888, 0, 7, 3, { 0 } },
	  0, false, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_R8, 0, 32768, 2, { 0 } }, { DRM_FORMAT_R8, 0, 1, 32768, { 0 } },
	  90, false, WC_MEMORY_FOR_CPU, 0 },
	/* Tiles that become rows and nothing else, and that are converted, too. */
	{ { DRM_FORMAT_NV12, DRM_FORMAT_MOD_ALLWINNER_TILED, 33, 17, .tiling = TILING_32X32 },
	  { DRM_FORMAT_NV12, 0, 33, 17, { 0 } }, 0, false, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_NV12, DRM_FORMAT_MOD_INVALID, 33, 17, .tiling = TILING_4X4 },
	  { DRM_FORMAT_YUV420, 0, 33, 17, { 0 } }, 0, false, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_NV12, DRM_FORMAT_MOD_SAMSUNG_16_16_TILE, 60, 40,
	    .tiling = TILING_16X16_BLOCKS },
	  { DRM_FORMAT_NV12, 0, 30, 90, { 0 } }, 90, true, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_NV12, DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(100ULL), 129, 50,
	    .tiling = TILING_COLUMNS },
	  { DRM_FORMAT_XRGB8888, 0, 64, 50, { 0 } }, 0, false, WC_MEMORY_FOR_CPU, 0 },
	{ { DRM_FORMAT_P010, DRM_FORMAT_MOD_INVALID, 21, 19, .tiling = TILING_8X4 },
	  { DRM_FORMAT_NV12, 0, 21, 19, { 0 } }, 180, false, WC_MEMORY_FOR_CPU, 0 },
	/* The numbers anew, although formats and sizes are the same. */
	{ { DRM_FORMAT_NV21, DRM_FORMAT_MOD_SAMSUNG_16_16_TILE, 64, 48,
	    { WC_PRIMARIES_SMPTE170M, WC_TRANSFER_SMPTE170M, WC_MATRIX_SMPTE170M,
	      WC_COLOR_RANGE_FULL }, TILING_16X16_BLOCKS },
	  { DRM_FORMAT_NV21, 0, 64, 48, { WC_PRIMARIES_BT709, WC_TRANSFER_BT709,
					  WC_MATRIX_BT709, WC_COLOR_RANGE_LIMITED } },
	  0, false, WC_MEMORY_FOR_CPU, 0 },
};

#define N_CASES ((int)(sizeof cases / sizeof *cases))

START_TEST(converts_in_order)
{
	const struct converter_params *params = &cases[_i];
	const unsigned n = 20;

	ck_assert_int_eq(open_session(params), 0);
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(feed(new_source(params, i, WC_MEMORY_FOR_CPU)), 0);
	drain();
	ck_assert_msg(n_failed == 0, "%s", error.message);
	ck_assert_uint_eq(n_outputs, n);
	ck_assert_uint_eq(n_drained, 1);
	for (unsigned i = 0; i < n; i++)
		check_result(params, outputs[i], i);
	/* It goes on after that. */
	ck_assert_int_eq(feed(new_source(params, n, WC_MEMORY_FOR_CPU)), 0);
	drain();
	ck_assert_uint_eq(n_outputs, n + 1);
	ck_assert_uint_eq(n_drained, 2);
	check_result(params, outputs[n], n);
}
END_TEST

START_TEST(copies_are_counted)
{
	struct converter_params params = params_of(DRM_FORMAT_NV12, 64, 48, DRM_FORMAT_XRGB8888,
						   31, 20);
	struct wc_session_info info;

	ck_assert_int_eq(open_session(&params), 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(feed(new_source(&params, i, WC_MEMORY_FOR_CPU)), 0);
	drain();
	session->ops->describe(session, &info);
	ck_assert_int_eq(info.kind, WC_SESSION_SOFTWARE);
	ck_assert_str_eq(info.name, "libyuv");
	ck_assert_str_eq(info.device, "");
	ck_assert_uint_eq(info.units_in, 3);
	ck_assert_uint_eq(info.units_out, 3);
	ck_assert_uint_eq(info.bytes_copied, 3 * 31 * 20 * 4);
	ck_assert_uint_eq(core->counters.bytes_copied, 3 * 31 * 20 * 4);
}
END_TEST

START_TEST(colours_are_those_of_params)
{
	static const struct wc_video_color_space none, srgb = {
		WC_PRIMARIES_BT709, WC_TRANSFER_IEC61966_2_1, WC_MATRIX_RGB, WC_COLOR_RANGE_FULL,
	};
	static const struct {
		uint32_t from, to;
		const struct wc_video_color_space *source, *asked;
		struct wc_video_color_space made;
	} rows[] = {
		{ DRM_FORMAT_NV12, DRM_FORMAT_YUV420, &bt601_full, &bt709,
		  { WC_PRIMARIES_BT709, WC_TRANSFER_BT709, WC_MATRIX_BT709,
		    WC_COLOR_RANGE_LIMITED } },
		{ DRM_FORMAT_NV12, DRM_FORMAT_YUV420, &bt601_full, &none,
		  { WC_PRIMARIES_SMPTE170M, WC_TRANSFER_SMPTE170M, WC_MATRIX_SMPTE170M,
		    WC_COLOR_RANGE_FULL } },
		{ DRM_FORMAT_NV12, DRM_FORMAT_XRGB8888, &bt709, &none,
		  { WC_PRIMARIES_BT709, WC_TRANSFER_BT709, WC_MATRIX_RGB, WC_COLOR_RANGE_FULL } },
		{ DRM_FORMAT_XRGB8888, DRM_FORMAT_NV12, &srgb, &none,
		  { WC_PRIMARIES_BT709, WC_TRANSFER_IEC61966_2_1, WC_MATRIX_BT709,
		    WC_COLOR_RANGE_LIMITED } },
		{ DRM_FORMAT_NV12, DRM_FORMAT_NV12, &none, &none, { 0 } },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct converter_params params = params_of(rows[i].from, 16, 16, rows[i].to, 16,
							   16);

		params.source.color_space = *rows[i].source;
		params.result.color_space = *rows[i].asked;
		ck_assert_int_eq(open_session(&params), 0);
		ck_assert_int_eq(feed(new_source(&params, 1, WC_MEMORY_FOR_CPU)), 0);
		drain();
		ck_assert_mem_eq(&outputs[0]->color_space, &rows[i].made, sizeof rows[i].made);
		close_session();
		drop_outputs();
	}
}
END_TEST

/* ---- the rules of sessions ---- */

static struct converter_params usual(void)
{
	return params_of(DRM_FORMAT_NV12, 320, 240, DRM_FORMAT_YUV420, 200, 120);
}

START_TEST(a_full_session_refuses_and_calls_back)
{
	struct converter_params params = usual();
	struct wc_video_frame *frame = new_source(&params, 1, WC_MEMORY_FOR_CPU);
	unsigned taken = 0;

	ck_assert_int_eq(open_session(&params), 0);
	/* Without dispatch nothing comes out, so the queues fill at last. */
	while (submit(frame) == 0)
		ck_assert_uint_lt(++taken, 1000);
	ck_assert(session->ops->saturated(session));
	ck_assert_uint_eq(n_ready, 0);
	while (!n_ready)
		dispatch();
	ck_assert_int_eq(feed(frame), 0);
	drain();
	ck_assert_uint_eq(n_outputs, taken + 1);
}
END_TEST

START_TEST(a_throttled_session_takes_one_frame_at_a_time)
{
	struct converter_params params = usual();
	struct wc_video_frame *frame = new_source(&params, 1, WC_MEMORY_FOR_CPU);
	unsigned taken = 0;

	ck_assert_int_eq(open_session(&params), 0);
	ck_assert_uint_eq(session->ops->throttle(session, true), 0);
	/* One is made, and one waits behind it. */
	for (int i = 0; i < 1000; i++)
		taken += submit(frame) == 0;
	ck_assert_uint_le(taken, 2);
	session->ops->throttle(session, false);
	ck_assert_int_eq(feed(frame), 0);
	drain();
	ck_assert_uint_eq(n_outputs, taken + 1);
}
END_TEST

START_TEST(reset_drops_what_was_under_way)
{
	struct converter_params params = usual();

	ck_assert_int_eq(open_session(&params), 0);
	for (unsigned round = 0; round < 20; round++) {
		unsigned before;

		for (unsigned i = 0; i < round % 5; i++)
			ck_assert_int_eq(feed(new_source(&params, i, WC_MEMORY_FOR_CPU)), 0);
		if (round % 3 == 0)
			ck_assert_int_eq(session->ops->drain(session, &error), 0);
		reset();
		before = n_outputs;
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(loop_dispatch(&loop, 1), 0);
		ck_assert_uint_eq(n_outputs, before);
		ck_assert_uint_eq(n_drained, 0);
	}
	drop_outputs();
	ck_assert_int_eq(feed(new_source(&params, 9, WC_MEMORY_FOR_CPU)), 0);
	drain();
	ck_assert_uint_eq(n_outputs, 1);
	check_result(&params, outputs[0], 9);
}
END_TEST

START_TEST(destroy_takes_jobs_along)
{
	struct converter_params params = usual();

	for (unsigned n = 0; n < 12; n++) {
		ck_assert_int_eq(open_session(&params), 0);
		for (unsigned i = 0; i < n; i++)
			ck_assert_int_eq(feed(new_source(&params, i, WC_MEMORY_FOR_CPU)), 0);
		close_session();
		drop_outputs();
	}
}
END_TEST

static const char *close_on;

static void close_when(const char *what)
{
	if (strcmp(what, close_on) == 0)
		close_session();
}

START_TEST(it_may_die_inside_its_callbacks)
{
	static const char *const calls[] = { "frame", "ready", "drained" };
	struct converter_params params = usual();

	close_on = calls[_i];
	hook = close_when;
	ck_assert_int_eq(open_session(&params), 0);
	for (unsigned i = 0; session && i < 40; i++)
		feed(new_source(&params, i, WC_MEMORY_FOR_CPU));
	if (session)
		drain();
	ck_assert_ptr_null(session);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(loop_dispatch(&loop, 0), 0);
}
END_TEST

static void reset_once(const char *what)
{
	if (strcmp(what, "frame") == 0) {
		hook = NULL;
		reset();
	}
}

START_TEST(it_may_be_reset_inside_its_callback)
{
	struct converter_params params = usual();

	ck_assert_int_eq(open_session(&params), 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(feed(new_source(&params, i, WC_MEMORY_FOR_CPU)), 0);
	hook = reset_once;
	while (hook)
		dispatch();
	ck_assert_uint_eq(n_outputs, 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(loop_dispatch(&loop, 1), 0);
	ck_assert_uint_eq(n_outputs, 1);
	ck_assert_int_eq(feed(new_source(&params, 5, WC_MEMORY_FOR_CPU)), 0);
	drain();
	ck_assert_uint_eq(n_outputs, 2);
}
END_TEST

static void rest_after(const char *what)
{
	if (strcmp(what, "frame") == 0)
		session->ops->rest(session, INT64_C(3600000000));
}

START_TEST(a_rest_ends_with_the_throttling)
{
	struct converter_params params = usual();

	ck_assert_int_eq(open_session(&params), 0);
	session->ops->throttle(session, true);
	hook = rest_after;
	ck_assert_int_eq(feed(new_source(&params, 0, WC_MEMORY_FOR_CPU)), 0);
	while (!n_outputs)
		dispatch();
	while (session->ops->saturated(session))
		;
	ck_assert_int_eq(feed(new_source(&params, 1, WC_MEMORY_FOR_CPU)), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(loop_dispatch(&loop, 5), 0);
	ck_assert_uint_eq(n_outputs, 1);
	hook = NULL;
	session->ops->throttle(session, false);
	drain();
	ck_assert_uint_eq(n_outputs, 2);
}
END_TEST

/* The application's handle may be closed as soon as submit returned. */
START_TEST(frames_may_be_closed_at_once)
{
	struct converter_params params = usual();

	ck_assert_int_eq(open_session(&params), 0);
	for (unsigned i = 0; i < 10; i++) {
		struct wc_video_frame *frame = new_source(&params, i, WC_MEMORY_FOR_CPU);

		ck_assert_int_eq(feed(wc_video_frame_ref(frame)), 0);
		wc_video_frame_close(frame);
		wc_video_frame_unref(frame);
	}
	drain();
	ck_assert_uint_eq(n_outputs, 10);
	for (unsigned i = 0; i < 10; i++)
		check_result(&params, outputs[i], i);
}
END_TEST

/* Results outlive the session. */
START_TEST(results_stay)
{
	struct converter_params params = usual();

	ck_assert_int_eq(open_session(&params), 0);
	ck_assert_int_eq(feed(new_source(&params, 3, WC_MEMORY_FOR_CPU)), 0);
	drain();
	close_session();
	check_result(&params, outputs[0], 3);
}
END_TEST

/* ---- memory ---- */

static void run_once(struct converter_params *params, unsigned source_use, unsigned use)
{
	params->use = use;
	ck_assert_int_eq(open_session(params), 0);
	ck_assert_int_eq(feed(new_source(params, 4, source_use)), 0);
	drain();
	ck_assert_msg(n_failed == 0, "%s", error.message);
	ck_assert_uint_eq(n_outputs, 1);
}

START_TEST(results_lie_where_their_use_wants_them)
{
	struct converter_params params = usual();

	run_once(&params, WC_MEMORY_FOR_CPU, WC_MEMORY_FOR_DISPLAY | WC_MEMORY_FOR_CODEC);
	ck_assert_int_eq(outputs[0]->memory, WC_MEMORY_DUMB);
	close_session();
	check_result(&params, outputs[0], 4);
	drop_outputs();
	run_once(&params, WC_MEMORY_FOR_CPU, WC_MEMORY_FOR_CODEC);
	ck_assert_int_eq(outputs[0]->memory, WC_MEMORY_HEAP);
	close_session();
	check_result(&params, outputs[0], 4);
	drop_outputs();
	run_once(&params, WC_MEMORY_FOR_CPU, WC_MEMORY_FOR_CPU);
	ck_assert_int_eq(outputs[0]->memory, WC_MEMORY_PLAIN);
	close_session();
	drop_outputs();
	/* Where nobody decided anything, too. */
	undecided = true;
	run_once(&params, WC_MEMORY_FOR_CPU, WC_MEMORY_FOR_CPU);
	ck_assert_int_eq(outputs[0]->memory, WC_MEMORY_PLAIN);
}
END_TEST

/* The pitch of a display's driver. */
START_TEST(rows_are_as_long_as_a_display_wants_them)
{
	struct converter_params params = params_of(DRM_FORMAT_NV12, 98, 60, DRM_FORMAT_XRGB8888,
						   97, 61);

	fake_device("/dev/dri/card1")->align = 1024;
	run_once(&params, WC_MEMORY_FOR_CPU, WC_MEMORY_FOR_DISPLAY);
	ck_assert_uint_eq(outputs[0]->format.planes[0].stride, 1024);
	check_result(&params, outputs[0], 4);
}
END_TEST

/* The CPU's accesses to both begin and end. */
START_TEST(accesses_are_told_to_the_kernel)
{
	struct converter_params params = usual();
	struct wc_video_frame *frame = new_source(&params, 4, WC_MEMORY_FOR_CODEC);

	params.use = WC_MEMORY_FOR_CODEC;
	ck_assert_int_eq(frame->memory, WC_MEMORY_HEAP);
	*fake.syncs = '\0';
	ck_assert_int_eq(open_session(&params), 0);
	ck_assert_int_eq(feed(frame), 0);
	drain();
	close_session();
	ck_assert_str_eq(fake.syncs, "r(w())");
	check_result(&params, outputs[0], 4);
}
END_TEST

/* A wait in the kernel would have no end, and close_session() with it. */
START_TEST(results_wait_for_who_reads_their_memory)
{
	struct converter_params params = usual();
	struct wc_dma_buf dma_buf;
	struct buffer *buffer;

	run_once(&params, WC_MEMORY_FOR_CPU, WC_MEMORY_FOR_CODEC);
	buffer = outputs[0]->buffer;
	ck_assert_int_eq(wc_video_frame_export_dma_buf(outputs[0], &dma_buf), WC_OK);
	atomic_store(&is_read, true);
	drop_outputs();
	ck_assert_int_eq(feed(new_source(&params, 5, WC_MEMORY_FOR_CPU)), 0);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_ge(loop_dispatch(&loop, 10), 0);
	ck_assert_uint_eq(n_outputs, 0);
	if (_i) {
		close_session();
	} else {
		atomic_store(&is_read, false);
		drain();
		ck_assert_uint_eq(n_outputs, 1);
		ck_assert_ptr_eq(outputs[0]->buffer, buffer);
		close_session();
		check_result(&params, outputs[0], 5);
	}
	ck_assert_uint_eq(n_failed, 0);
	wc_dma_buf_finish(&dma_buf);
}
END_TEST

START_TEST(a_budget_is_kept)
{
	struct converter_params params = usual();

	ck_assert_int_eq(open_session(&params), 0);
	ck_assert_int_eq(feed(new_source(&params, 0, WC_MEMORY_FOR_CPU)), 0);
	drain();
	/* Room for the source that comes, and for nothing else. */
	memory_set_limit(core, WC_MEMORY_PLAIN, memory_used(core, WC_MEMORY_PLAIN) + 1000);
	ck_assert_int_eq(feed(new_source(&params, 1, WC_MEMORY_FOR_CPU)), 0);
	drain();
	ck_assert_uint_eq(n_failed, 1);
	ck_assert_uint_eq(n_outputs, 1);
	check_error(WC_QUOTA_EXCEEDED_ERROR, "");
	ck_assert_int_eq(error.resource, WC_RESOURCE_MEMORY);
	ck_assert_uint_gt(error.requested, error.quota);
}
END_TEST

START_TEST(descriptors_are_kept)
{
	struct converter_params params = usual();

	params.use = WC_MEMORY_FOR_CODEC;
	descriptors_set_limit(core, 1);
	ck_assert_int_eq(open_session(&params), 0);
	for (unsigned i = 0; i < 2 && !n_failed; i++)
		ck_assert_int_eq(feed(new_source(&params, i, WC_MEMORY_FOR_CPU)), 0);
	drain();
	ck_assert_uint_eq(n_failed, 1);
	ck_assert_uint_eq(n_outputs, 1);
	check_error(WC_QUOTA_EXCEEDED_ERROR, "file descriptor");
}
END_TEST

/* ---- what is refused ---- */

START_TEST(what_cannot_be_is_said_at_once)
{
	static const struct {
		uint32_t from, width, height, to, new_width, new_height;
		uint64_t modifier;
		uint16_t rotation;
		const char *part;
	} rows[] = {
		{ DRM_FORMAT_NV15, 16, 16, DRM_FORMAT_NV12, 16, 16, 0, 0, "linear layout" },
		{ DRM_FORMAT_NV12, 16, 16, DRM_FORMAT_NV15, 16, 16, 0, 0, "linear layout" },
		{ DRM_FORMAT_NV12, 16, 16, DRM_FORMAT_YUYV, 16, 16, 0, 0, "no way" },
		{ DRM_FORMAT_YUYV, 16, 16, DRM_FORMAT_YUYV, 16, 16, 0, 90, "no way" },
		{ DRM_FORMAT_P010, 16, 16, DRM_FORMAT_P010, 16, 32, 0, 0, "no way" },
		{ DRM_FORMAT_NV12, 16, 16, DRM_FORMAT_NV12, 0, 16, 0, 0, "without pixels" },
		{ DRM_FORMAT_NV12, 32769, 16, DRM_FORMAT_NV12, 16, 16, 0, 0, "32768" },
		{ DRM_FORMAT_NV12, 16, 16, DRM_FORMAT_NV12, 16, 32769, 0, 0, "32768" },
		{ DRM_FORMAT_NV12, 16, 16, DRM_FORMAT_NV12, 16, 16, 0, 45, "rotation" },
		{ DRM_FORMAT_NV12, 16, 16, DRM_FORMAT_NV12, 16, 16,
		  DRM_FORMAT_MOD_ARM_AFBC(1), 0, "the CPU cannot read NV12 in ARM_AFBC(0x1)" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct converter_params params = params_of(rows[i].from, rows[i].width,
							   rows[i].height, rows[i].to,
							   rows[i].new_width, rows[i].new_height);

		params.source.modifier = rows[i].modifier;
		params.rotation = rows[i].rotation;
		ck_assert_int_eq(open_session(&params), WC_NOT_SUPPORTED_ERROR);
		ck_assert_ptr_null(session);
		check_error(WC_NOT_SUPPORTED_ERROR, rows[i].part);
	}
}
END_TEST

/* It would come out with the numbers of full range, and say that it is limited. */
START_TEST(limited_rgb_can_only_stay)
{
	static const struct {
		uint32_t from, to;
		enum wc_color_range before, after;
		bool works;
	} rows[] = {
		{ DRM_FORMAT_NV12, DRM_FORMAT_XRGB8888, WC_COLOR_RANGE_LIMITED,
		  WC_COLOR_RANGE_LIMITED, false },
		{ DRM_FORMAT_XRGB8888, DRM_FORMAT_NV12, WC_COLOR_RANGE_LIMITED,
		  WC_COLOR_RANGE_LIMITED, false },
		{ DRM_FORMAT_XRGB8888, DRM_FORMAT_RGB565, WC_COLOR_RANGE_FULL,
		  WC_COLOR_RANGE_LIMITED, false },
		{ DRM_FORMAT_XRGB8888, DRM_FORMAT_RGB565, WC_COLOR_RANGE_LIMITED,
		  WC_COLOR_RANGE_FULL, false },
		{ DRM_FORMAT_XRGB8888, DRM_FORMAT_RGB565, WC_COLOR_RANGE_UNSPECIFIED,
		  WC_COLOR_RANGE_LIMITED, false },
		{ DRM_FORMAT_XRGB8888, DRM_FORMAT_RGB565, WC_COLOR_RANGE_LIMITED,
		  WC_COLOR_RANGE_UNSPECIFIED, true },
		{ DRM_FORMAT_XRGB8888, DRM_FORMAT_RGB565, WC_COLOR_RANGE_LIMITED,
		  WC_COLOR_RANGE_LIMITED, true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct converter_params params = params_of(rows[i].from, 16, 16, rows[i].to, 16,
							   16);

		params.source.color_space.range = rows[i].before;
		params.result.color_space.range = rows[i].after;
		ck_assert_int_eq(open_session(&params),
				 rows[i].works ? 0 : WC_NOT_SUPPORTED_ERROR);
		if (rows[i].works)
			close_session();
		else
			check_error(WC_NOT_SUPPORTED_ERROR, "limited range");
	}
}
END_TEST

START_TEST(frames_of_another_kind_are_refused)
{
	struct converter_params params = usual(), other = usual();

	if (_i == 0) {
		other.source.fourcc = DRM_FORMAT_YUV420;
	} else if (_i == 1) {
		other.source.width = 322;
	} else {
		/* Of two that have no modifier. */
		other.source.width = params.source.width = 80;
		other.source.height = params.source.height = 60;
		other.source.modifier = params.source.modifier = DRM_FORMAT_MOD_INVALID;
		params.source.tiling = TILING_4X4;
		other.source.tiling = TILING_16X16;
	}
	ck_assert_int_eq(open_session(&params), 0);
	ck_assert_int_eq(feed(new_source(&other, 1, WC_MEMORY_FOR_CPU)), WC_TYPE_ERROR);
	check_error(WC_TYPE_ERROR, (const char *[]) { "YU12", "322x240", "16x16 tiles" }[_i]);
}
END_TEST

START_TEST(a_closed_frame_is_refused)
{
	struct converter_params params = usual();
	struct wc_video_frame *frame = new_source(&params, 1, WC_MEMORY_FOR_CPU);

	ck_assert_int_eq(open_session(&params), 0);
	wc_video_frame_close(frame);
	ck_assert_int_eq(feed(frame), WC_INVALID_STATE_ERROR);
	check_error(WC_INVALID_STATE_ERROR, "closed");
}
END_TEST

/* Memory that the CPU never gets to see. */
static void blind_destroy(struct buffer *buffer)
{
	buffer_finish(buffer);
	free(buffer);
}

START_TEST(a_frame_that_the_cpu_cannot_see_is_an_error)
{
	static const struct buffer_ops ops = { .destroy = blind_destroy };
	struct converter_params params = usual();
	const struct wc_rect visible = { 0, 0, 320, 240 };
	const struct timing timing = { 0, 0, false };
	struct buffer *buffer = malloc(sizeof *buffer);
	struct frame_format format;

	ck_assert_uint_ne(frame_format_tight(&format, DRM_FORMAT_NV12, 320, 240), 0);
	buffer_init(buffer, core, &ops);
	buffer->n_objects = 1;
	buffer->objects[0] = (struct buffer_object) { .size = 320 * 360, .fd = -1 };
	ck_assert_int_eq(open_session(&params), 0);
	ck_assert_int_eq(feed(video_frame_new(core, buffer, &format, &visible, &timing)), 0);
	buffer_unref(buffer);
	drain();
	ck_assert_uint_eq(n_failed, 1);
	ck_assert_uint_eq(n_outputs, 0);
	check_error(WC_NOT_SUPPORTED_ERROR, "cannot read");
}
END_TEST

START_TEST(an_access_that_fails_is_an_error)
{
	struct converter_params params = usual();
	struct wc_video_frame *frame = new_source(&params, 1, WC_MEMORY_FOR_CODEC);

	ck_assert_int_eq(open_session(&params), 0);
	fake.no_sync = true;
	ck_assert_int_eq(feed(frame), 0);
	drain();
	ck_assert_uint_eq(n_failed, 1);
	check_error(WC_OPERATION_ERROR, "cannot read");
	ck_assert_int_eq(error.sys_errno, EIO);
	fake.no_sync = false;
}
END_TEST

/* ---- failures ---- */

/* One life: how many allocations it takes, or that one of them failed without harm. */
static void live(const struct converter_params *params, unsigned number)
{
	struct wc_video_frame *frames[3];

	for (unsigned i = 0; i < 3; i++)
		frames[i] = new_source(params, i, WC_MEMORY_FOR_CPU);
	fail_allocation(number);
	n_failed = n_drained = 0;
	error.name = WC_OK;
	if (open_session(params) < 0) {
		ck_assert_ptr_null(session);
		n_failed = 1;
	}
	for (unsigned i = 0; i < 3; i++)
		if (!session || n_failed)
			wc_video_frame_unref(frames[i]);
		else if (feed(frames[i]) < 0)
			n_failed = 1;
	if (!n_failed)
		drain();
}

START_TEST(every_allocation_may_fail)
{
	struct converter_params params = params_of(DRM_FORMAT_NV12, 40, 30, DRM_FORMAT_ARGB8888,
						   30, 50);
	unsigned failures = 0;

	params.rotation = 90;
	if (_i) {
		params.source.modifier = DRM_FORMAT_MOD_ALLWINNER_TILED;
		params.source.tiling = TILING_32X32;
	}
	/* Until there are fewer allocations than that. */
	for (unsigned n = 1; atomic_load(&allocations) + 1 >= n; n++) {
		live(&params, n);
		if (n_failed)
			ck_assert_int_eq(error.name, WC_OPERATION_ERROR);
		else
			ck_assert_uint_eq(n_outputs, 3);
		failures += n_failed;
		close_session();
		fail_at = 0;
		drop_outputs();
		/* Pools anew, so that nothing is there before. */
		frame_memory_free(memory);
		memory = frame_memory_new(core);
		ck_assert_uint_lt(n, 500);
	}
	ck_assert_uint_ge(failures, 5);
}
END_TEST

/* Each system call on memory, too. */
START_TEST(every_call_on_memory_may_fail)
{
	struct converter_params params = usual();
	unsigned failures = 0;

	params.use = WC_MEMORY_FOR_CODEC;
	for (unsigned n = 0; n < 200; n++) {
		fake.fail_at = FAKE_NEVER;
		fake.failed = false;
		n_failed = n_drained = 0;
		ck_assert_int_eq(open_session(&params), 0);
		struct wc_video_frame *frame = new_source(&params, 1, WC_MEMORY_FOR_CPU);

		atomic_store(&fake.calls, 0);
		fake.fail_at = n;
		fake.fail_with = -ENOMEM;
		feed(frame);
		drain();
		fake.fail_at = FAKE_NEVER;
		if (n_failed)
			ck_assert_int_eq(error.name, WC_OPERATION_ERROR);
		else
			ck_assert_uint_eq(n_outputs, 1);
		failures += n_failed;
		close_session();
		drop_outputs();
		frame_memory_free(memory);
		memory = frame_memory_new(core);
		if (!fake.failed)
			break;
	}
	ck_assert(!fake.failed);
	ck_assert_uint_ge(failures, 1);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, converts_in_order, 0, N_CASES);
	tcase_add_test(tcase, copies_are_counted);
	tcase_add_test(tcase, colours_are_those_of_params);
	tcase_add_test(tcase, a_full_session_refuses_and_calls_back);
	tcase_add_test(tcase, a_throttled_session_takes_one_frame_at_a_time);
	tcase_add_test(tcase, reset_drops_what_was_under_way);
	tcase_add_test(tcase, destroy_takes_jobs_along);
	tcase_add_loop_test(tcase, it_may_die_inside_its_callbacks, 0, 3);
	tcase_add_test(tcase, it_may_be_reset_inside_its_callback);
	tcase_add_test(tcase, a_rest_ends_with_the_throttling);
	tcase_add_test(tcase, frames_may_be_closed_at_once);
	tcase_add_test(tcase, results_stay);
	tcase_add_test(tcase, results_lie_where_their_use_wants_them);
	tcase_add_test(tcase, rows_are_as_long_as_a_display_wants_them);
	tcase_add_test(tcase, accesses_are_told_to_the_kernel);
	tcase_add_loop_test(tcase, results_wait_for_who_reads_their_memory, 0, 2);
	tcase_add_test(tcase, a_budget_is_kept);
	tcase_add_test(tcase, descriptors_are_kept);
	tcase_add_test(tcase, what_cannot_be_is_said_at_once);
	tcase_add_test(tcase, limited_rgb_can_only_stay);
	tcase_add_loop_test(tcase, frames_of_another_kind_are_refused, 0, 3);
	tcase_add_test(tcase, a_closed_frame_is_refused);
	tcase_add_test(tcase, a_frame_that_the_cpu_cannot_see_is_an_error);
	tcase_add_test(tcase, an_access_that_fails_is_an_error);
	tcase_add_loop_test(tcase, every_allocation_may_fail, 0, 2);
	tcase_add_test(tcase, every_call_on_memory_may_fail);
}

int main(void)
{
	Suite *suite = suite_create("software_converter");
	TCase *tcase = tcase_create("software_converter");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
