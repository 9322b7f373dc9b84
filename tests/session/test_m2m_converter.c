/* SPDX-License-Identifier: MIT */
/* The converter on the fake's vim2m, ISP and RGA: all samples of all pictures, and all failures. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "frame/video_frame_init.h"
#include "session/rig.h"
#include "session/stateful.h"
#include "util/error.h"

static struct rig rig;

/* What runs, for the judge. */
static struct converter_params params;
static bool in_memory_of_driver;           /* of the results; else in memory decided on */

#define N(array) ((int)(sizeof(array) / sizeof *(array)))
#define POOL 8

struct sample {
	uint8_t r, g, b;
};

/* ---- pictures -------------------------------------------------------------------------------- */

static struct sample drawn(uint32_t x, uint32_t y, unsigned seq)
{
	return (struct sample) { (uint8_t)(x * 5 + seq), (uint8_t)(y * 3 + x), (uint8_t)(x ^ y) };
}

/* Of a picture with its visible part at data, as the fake's comment defines. */
static void put(const struct wc_video_frame *frame, uint32_t x, uint32_t y, struct sample s)
{
	const struct frame_format *f = &frame->format;
	unsigned bytes = f->fourcc == DRM_FORMAT_BGR888 ? 3 : f->fourcc == DRM_FORMAT_RGB565 ? 2
										      : 1;
	uint32_t px = frame->visible.x + x, py = frame->visible.y + y;
	uint8_t *p = video_frame_plane(frame, 0) + py * f->planes[0].stride + px * bytes;
	unsigned word = s.r >> 3 << 11 | s.g >> 2 << 5 | s.b >> 3;

	if (f->fourcc == DRM_FORMAT_BGR888) {
		memcpy(p, &s, 3);
	} else if (f->fourcc == DRM_FORMAT_RGB565) {
		p[0] = (uint8_t)word;
		p[1] = (uint8_t)(word >> 8);
	} else {
		p[0] = s.g;
		p = video_frame_plane(frame, 1) + py / 2 * f->planes[1].stride + px / 2 * 2;
		if (x % 2 == 0 && y % 2 == 0) {
			p[0] = s.b;
			p[1] = s.r;
		}
	}
}

/* What a source of that format has there. */
static struct sample seen(uint32_t x, uint32_t y, unsigned seq)
{
	struct sample s = drawn(x, y, seq);

	if (params.source.fourcc == DRM_FORMAT_RGB565)
		return (struct sample) { s.r & 0xf8, s.g & 0xfc, s.b & 0xf8 };
	if (params.source.fourcc == DRM_FORMAT_NV12) {
		struct sample chroma = drawn(x & ~1u, y & ~1u, seq);

		return (struct sample) { chroma.r, s.g, chroma.b };
	}
	return s;
}

/* What a result has there: turned clockwise, then mirrored. */
static struct sample wanted(uint32_t x, uint32_t y, unsigned seq)
{
	uint32_t w = params.result.width, h = params.result.height;
	uint32_t sw = params.source.width, sh = params.source.height;

	if (params.flip)
		x = w - 1 - x;
	switch (params.rotation) {
	case 90:
		return seen(y * sw / h, (w - 1 - x) * sh / w, seq);
	case 180:
		return seen((w - 1 - x) * sw / w, (h - 1 - y) * sh / h, seq);
	case 270:
		return seen((h - 1 - y) * sw / h, x * sh / w, seq);
	default:
		return seen(x * sw / w, y * sh / h, seq);
	}
}

static struct sample found(const struct wc_video_frame_mapping *m, uint32_t fourcc, uint32_t x,
			   uint32_t y)
{
	const uint8_t *row = m->planes[0].data + y * m->planes[0].stride, *p;
	unsigned word;

	switch (fourcc) {
	case DRM_FORMAT_BGR888:
		return (struct sample) { row[3 * x], row[3 * x + 1], row[3 * x + 2] };
	case DRM_FORMAT_RGB888:
		return (struct sample) { row[3 * x + 2], row[3 * x + 1], row[3 * x] };
	case DRM_FORMAT_XRGB8888:
		return (struct sample) { row[4 * x + 2], row[4 * x + 1], row[4 * x] };
	case DRM_FORMAT_RGB565:
		word = row[2 * x] | (unsigned)row[2 * x + 1] << 8;
		return (struct sample) { (uint8_t)(word >> 11 << 3), (uint8_t)(word >> 5 << 2),
					 (uint8_t)(word << 3) };
	case DRM_FORMAT_YUYV:
		p = row + x / 2 * 4;
		return (struct sample) { p[3], p[x % 2 * 2], p[1] };
	default:
		p = m->planes[1].data + y / 2 * m->planes[1].stride + x / 2 * 2;
		return (struct sample) { p[1], row[x], p[0] };
	}
}

static struct sample as_written(uint32_t fourcc, uint32_t x, uint32_t y, unsigned seq)
{
	struct sample s = wanted(x, y, seq), chroma = s;

	if (fourcc == DRM_FORMAT_RGB565)
		return (struct sample) { s.r & 0xf8, s.g & 0xfc, s.b & 0xf8 };
	if (fourcc == DRM_FORMAT_YUYV)
		chroma = wanted(x & ~1u, y, seq);
	else if (fourcc == DRM_FORMAT_NV12)
		chroma = wanted(x & ~1u, y & ~1u, seq);
	return (struct sample) { chroma.r, s.g, chroma.b };
}

static void judge(struct rig *r, struct wc_video_frame *frame)
{
	struct wc_rect visible = wc_video_frame_get_visible_rect(frame);
	unsigned seq = (unsigned)(wc_video_frame_get_timestamp(frame) / 1000);
	struct wc_video_frame_mapping mapping;
	int ret;

	ck_assert_uint_eq(frame->format.fourcc, params.result.fourcc);
	ck_assert_uint_eq(visible.width, params.result.width);
	ck_assert_uint_eq(visible.height, params.result.height);
	ck_assert_uint_eq(visible.x + visible.y, 0);
	ck_assert_int_eq(frame->color_space.matrix, params.result.color_space.matrix);
	ck_assert_int_eq(frame->rotation, 0);
	ck_assert_int_eq((int)frame->timing.duration, 1000);
	ret = wc_video_frame_map(frame, WC_MAP_READ, &mapping);
	/* Imports are mapped when they are first read: a failure that was ordered may hit that. */
	if (ret < 0 && strstr(fake_failure(), ": mmap "))
		ret = wc_video_frame_map(frame, WC_MAP_READ, &mapping);
	ck_assert_msg(ret == WC_OK, "cannot map: %s", fake_failure());
	for (uint32_t y = 0; y < visible.height; y++) {
		for (uint32_t x = 0; x < visible.width; x++) {
			struct sample a = found(&mapping, params.result.fourcc, x, y);
			struct sample b = as_written(params.result.fourcc, x, y, seq);

			if (memcmp(&a, &b, 3))
				ck_abort_msg("frame %u at %u,%u: %u %u %u, not %u %u %u", seq, x,
					     y, a.r, a.g, a.b, b.r, b.g, b.b);
		}
	}
	wc_video_frame_unmap(frame);
	ck_assert_uint_lt(r->n_frames, RIG_MAX);
	r->seqs[r->n_frames++] = seq;
}

/* ---- sources --------------------------------------------------------------------------------- */

/* False: a failure that was ordered hit our own mapping. */
static bool draw(struct wc_video_frame *frame, unsigned seq)
{
	int ret = video_frame_begin_access(frame, WC_MAP_WRITE);

	if (ret < 0 && strstr(fake_failure(), ": mmap "))
		return false;
	ck_assert_int_eq(ret, 0);
	for (uint32_t y = 0; y < frame->visible.height; y++)
		for (uint32_t x = 0; x < frame->visible.width; x++)
			put(frame, x, y, drawn(x, y, seq));
	video_frame_end_access(frame);
	return true;
}

static struct timing time_of(unsigned seq)
{
	return (struct timing) { seq * 1000, 1000, true };
}

static struct wc_video_frame *plain(unsigned seq)
{
	struct wc_rect visible = { 2, 4, params.source.width, params.source.height };
	struct timing timing = time_of(seq);
	struct frame_format format;
	struct wc_video_frame *frame;
	struct buffer *buffer;
	size_t size = frame_format_tight(&format, params.source.fourcc, visible.width + 6,
					 visible.height + 8);

	buffer = buffer_new_plain(rig.core, size);
	ck_assert_ptr_nonnull(buffer);
	frame = video_frame_new(rig.core, buffer, &format, &visible, &timing);
	buffer_unref(buffer);
	ck_assert_ptr_nonnull(frame);
	ck_assert(draw(frame, seq));
	return frame;
}

/* DMA-BUFs, and where pictures lie in them: width, rows and stride of the whole, the part seen. */
static struct {
	uint32_t width, height, stride;
	struct wc_rect part;
	bool separate;
	struct wc_dma_buf buffers[POOL];
} pool;

static void describe(struct wc_dma_buf *b)
{
	size_t luma = (size_t)pool.stride * pool.height;

	*b = (struct wc_dma_buf) {
		.fourcc = params.source.fourcc, .width = pool.width, .height = pool.height,
		.object_count = 1, .plane_count = 1,
		.objects[0].size = luma,
		.planes[0].stride = pool.stride,
	};
	if (params.source.fourcc != DRM_FORMAT_NV12)
		return;
	b->plane_count = 2;
	b->planes[1].stride = pool.stride;
	if (pool.separate) {
		b->object_count = 2;
		b->objects[1].size = luma / 2;
		b->planes[1].object = 1;
	} else {
		b->objects[0].size = luma * 3 / 2;
		b->planes[1].offset = luma;
	}
}

static void fill_pool(uint32_t width, uint32_t height, uint32_t stride, uint32_t x, uint32_t y,
		      bool separate)
{
	pool.width = width;
	pool.height = height;
	pool.stride = stride;
	pool.separate = separate;
	pool.part = (struct wc_rect) { x, y, params.source.width, params.source.height };
	for (unsigned i = 0; i < POOL; i++) {
		struct wc_dma_buf *b = &pool.buffers[i];

		describe(b);
		for (unsigned k = 0; k < b->object_count; k++) {
			b->objects[k].fd = fake_dma_buf(b->objects[k].size);
			ck_assert_int_ge(b->objects[k].fd, 0);
		}
	}
}

static void empty_pool(void)
{
	for (unsigned i = 0; i < POOL; i++)
		wc_dma_buf_finish(&pool.buffers[i]);
}

static void ignore(void *user_data)
{
	(void)user_data;
}

/* NULL: the machine failed, as was ordered. */
static struct wc_video_frame *imported(unsigned seq)
{
	struct wc_video_frame_init init = {
		.timestamp = seq * 1000, .duration = 1000, .has_duration = true,
		.visible_rect = pool.part,
	};
	struct wc_video_frame *frame;

	if (video_frame_from_dma_buf(rig.core, &pool.buffers[seq % POOL], &init, ignore, NULL,
				     &frame, &rig.error) < 0)
		return NULL;
	if (draw(frame, seq))
		return frame;
	wc_video_frame_unref(frame);
	error_set(&rig.error, WC_OPERATION_ERROR, WC_STAGE_NONE, 0, "no mapping");
	return NULL;
}

/* ---- running --------------------------------------------------------------------------------- */

static int submit(struct wc_video_frame *frame)
{
	int ret;

	if (!frame)
		return rig.error.name;
	ret = rig_encode_frame(&rig, frame, false);
	wc_video_frame_unref(frame);
	return ret;
}

static int convert_plain(unsigned from, unsigned to)
{
	int ret = 0;

	for (unsigned i = from; i < to && ret == 0; i++)
		ret = submit(plain(i));
	return ret;
}

static int convert_imported(unsigned from, unsigned to)
{
	int ret = 0;

	for (unsigned i = from; i < to && ret == 0; i++)
		ret = submit(imported(i));
	return ret;
}

static void set_params(uint32_t source, uint32_t width, uint32_t height, uint32_t result,
		       uint32_t result_width, uint32_t result_height)
{
	params = (struct converter_params) {
		.source = { .fourcc = source, .width = width, .height = height },
		.result = { .fourcc = result, .width = result_width, .height = result_height },
		.use = WC_MEMORY_FOR_CPU,
	};
}

static void start(const struct fake_model *model)
{
	rig_start(&rig, model);
	rig.judge = judge;
	memset(&pool, 0, sizeof pool);
	in_memory_of_driver = rig.memory == NULL;
}

static void stop(void)
{
	rig_stop_core(&rig);
	fake_stop();
	fake_check_no_violations();
}

static void expect_in_order(unsigned n)
{
	ck_assert_uint_eq(rig.n_failed, 0);
	ck_assert_uint_eq(rig.n_frames, n);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(rig.seqs[i], i);
}

static struct wc_session_info info(void)
{
	struct wc_session_info info;

	rig.session->ops->describe(rig.session, &info);
	return info;
}

static const struct {
	const struct fake_model *model;
	struct { uint32_t fourcc, width, height; } source, result;
	uint16_t rotation;
	bool flip;
} jobs[] = {
	{ &fake_vim2m, { DRM_FORMAT_BGR888, 64, 48 }, { DRM_FORMAT_BGR888, 64, 48 }, 0, false },
	{ &fake_vim2m, { DRM_FORMAT_RGB565, 64, 48 }, { DRM_FORMAT_YUYV, 64, 48 }, 0, false },
	{ &fake_vim2m, { DRM_FORMAT_RGB565, 64, 48 }, { DRM_FORMAT_RGB888, 128, 33 }, 0, false },
	{ &fake_vim2m, { DRM_FORMAT_BGR888, 64, 48 }, { DRM_FORMAT_RGB565, 32, 48 }, 0, true },
	{ &fake_vim2m, { DRM_FORMAT_BGR888, 64, 48 }, { DRM_FORMAT_YUYV, 64, 48 }, 180, false },
	{ &fake_vim2m, { DRM_FORMAT_BGR888, 64, 48 }, { DRM_FORMAT_YUYV, 64, 48 }, 180, true },
	{ &fake_rga, { DRM_FORMAT_NV12, 64, 48 }, { DRM_FORMAT_XRGB8888, 50, 70 }, 0, false },
	{ &fake_rga, { DRM_FORMAT_NV12, 64, 48 }, { DRM_FORMAT_NV12, 48, 64 }, 90, false },
	{ &fake_rga, { DRM_FORMAT_BGR888, 63, 47 }, { DRM_FORMAT_NV12, 48, 64 }, 270, false },
	{ &fake_rga, { DRM_FORMAT_RGB565, 64, 48 }, { DRM_FORMAT_BGR888, 64, 48 }, 180, true },
	{ &fake_bcm2835_isp, { DRM_FORMAT_NV12, 64, 48 }, { DRM_FORMAT_NV12, 128, 64 }, 0, false },
};

static void open_job(int i)
{
	set_params(jobs[i].source.fourcc, jobs[i].source.width, jobs[i].source.height,
		   jobs[i].result.fourcc, jobs[i].result.width, jobs[i].result.height);
	params.rotation = jobs[i].rotation;
	params.flip = jobs[i].flip;
	start(jobs[i].model);
	ck_assert_msg(rig_open_converter(&rig, &params) == 0, "%s", rig.error.message);
}

/* ---- what it makes --------------------------------------------------------------------------- */

START_TEST(pictures_are_converted)
{
	open_job(_i);
	ck_assert_int_eq(convert_plain(0, 10), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(10);
	ck_assert_uint_gt(info().bytes_copied, 0);
	ck_assert_int_eq(convert_plain(10, 12), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(12);
	stop();
}
END_TEST

START_TEST(a_drain_of_nothing_ends)
{
	open_job(0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_int_eq(convert_plain(0, 1), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(1);
	stop();
}
END_TEST

static const struct {
	const struct fake_model *model;
	struct { uint32_t fourcc, width, height; } source, result;
	uint16_t rotation;
	bool flip;
	const char *reason;
} refusals[] = {
	{ &fake_vim2m, { DRM_FORMAT_BGR888, 64, 48 }, { DRM_FORMAT_BGR888, 48, 64 }, 90, false,
	  "cannot turn pictures" },
	{ &fake_rga, { DRM_FORMAT_BGR888, 64, 48 }, { DRM_FORMAT_BGR888, 48, 64 }, 90, true,
	  "quarter turn with a mirror" },
	{ &fake_bcm2835_isp, { DRM_FORMAT_NV12, 64, 48 }, { DRM_FORMAT_NV12, 64, 48 }, 0, true,
	  "cannot mirror pictures" },
	{ &fake_vim2m, { DRM_FORMAT_NV12, 64, 48 }, { DRM_FORMAT_BGR888, 64, 48 }, 0, false,
	  "does not read NV12" },
	{ &fake_vim2m, { DRM_FORMAT_BGR888, 64, 48 }, { DRM_FORMAT_NV12, 64, 48 }, 0, false,
	  "does not make NV12" },
	{ &fake_vim2m, { DRM_FORMAT_BGR888, 63, 48 }, { DRM_FORMAT_BGR888, 64, 48 }, 0, false,
	  "cannot read 63x48" },
	{ &fake_vim2m, { DRM_FORMAT_BGR888, 64, 48 }, { DRM_FORMAT_BGR888, 63, 48 }, 0, false,
	  "makes no pictures of 63x48" },
	{ &fake_vim2m, { DRM_FORMAT_BGR888, 64, 48 }, { DRM_FORMAT_BGR888, 800, 48 }, 0, false,
	  "makes no pictures of 800x48" },
	{ &fake_vim2m, { DRM_FORMAT_BGR888, 800, 48 }, { DRM_FORMAT_BGR888, 64, 48 }, 0, false,
	  "reads no pictures of 800x48" },
	{ &fake_rga, { DRM_FORMAT_BGR888, 64, 48 }, { DRM_FORMAT_BGR888, 20, 48 }, 0, false,
	  "makes no pictures of 20x48" },
};

static void expect_refusal(int ret, const char *reason)
{
	ck_assert_int_eq(ret, WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(rig.error.name, WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(rig.error.stage, WC_STAGE_FORMAT);
	ck_assert_str_eq(rig.error.device, RIG_PATH);
	ck_assert_msg(strstr(rig.error.message, reason), "%s", rig.error.message);
}

START_TEST(what_a_device_cannot_is_refused)
{
	set_params(refusals[_i].source.fourcc, refusals[_i].source.width,
		   refusals[_i].source.height, refusals[_i].result.fourcc,
		   refusals[_i].result.width, refusals[_i].result.height);
	params.rotation = refusals[_i].rotation;
	params.flip = refusals[_i].flip;
	start(refusals[_i].model);
	expect_refusal(rig_open_converter(&rig, &params), refusals[_i].reason);
	ck_assert_uint_eq(fake_open_files(RIG_PATH), 0);
	stop();
}
END_TEST

START_TEST(tiles_and_deinterlacers_are_refused)
{
	struct fake_model model = fake_bcm2835_isp;

	set_params(DRM_FORMAT_NV12, 64, 48, DRM_FORMAT_NV12, 64, 48);
	start(&fake_rga);
	params.source.modifier = DRM_FORMAT_MOD_SAMSUNG_64_32_TILE;
	expect_refusal(rig_open_converter(&rig, &params), "modifier");
	stop();
	params.source.modifier = DRM_FORMAT_MOD_LINEAR;
	model.card = "bcm2835-codec-image_fx";
	start(&model);
	expect_refusal(rig_open_converter(&rig, &params), "fields");
	stop();
}
END_TEST

START_TEST(another_colour_space_is_refused)
{
	set_params(DRM_FORMAT_BGR888, 64, 48, DRM_FORMAT_YUYV, 64, 48);
	params.source.color_space = (struct wc_video_color_space) {
		.primaries = WC_PRIMARIES_BT709, .transfer = WC_TRANSFER_BT709,
		.matrix = WC_MATRIX_RGB, .range = WC_COLOR_RANGE_FULL,
	};
	params.result.color_space = params.source.color_space;
	params.result.color_space.matrix = WC_MATRIX_BT2020_NCL;
	start(&fake_vim2m);
	expect_refusal(rig_open_converter(&rig, &params), "another colour space");
	params.result.color_space.matrix = WC_MATRIX_BT709;
	ck_assert_msg(rig_open_converter(&rig, &params) == 0, "%s", rig.error.message);
	ck_assert_int_eq(convert_plain(0, 1), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(1);
	stop();
}
END_TEST

static struct v4l2_colorimetry colors_of_input(void)
{
	return ((struct stateful *)rig.session)->in.format.color;
}

/* Drivers have defaults of their own. */
START_TEST(the_device_is_told_what_unknown_colours_are_taken_for)
{
	set_params(DRM_FORMAT_NV12, 64, 48, DRM_FORMAT_XRGB8888, 64, 48);
	start(&fake_rga);
	ck_assert_msg(rig_open_converter(&rig, &params) == 0, "%s", rig.error.message);
	ck_assert_uint_eq(colors_of_input().colorspace, V4L2_COLORSPACE_REC709);
	ck_assert_uint_eq(colors_of_input().ycbcr_enc, V4L2_YCBCR_ENC_709);
	ck_assert_uint_eq(colors_of_input().quantization, V4L2_QUANTIZATION_LIM_RANGE);
	rig_destroy(&rig);
	params.source.color_space.range = WC_COLOR_RANGE_FULL;
	ck_assert_msg(rig_open_converter(&rig, &params) == 0, "%s", rig.error.message);
	ck_assert_uint_eq(colors_of_input().ycbcr_enc, V4L2_YCBCR_ENC_709);
	ck_assert_uint_eq(colors_of_input().quantization, V4L2_QUANTIZATION_FULL_RANGE);
	stop();
}
END_TEST

START_TEST(a_frame_of_another_kind_is_refused)
{
	open_job(0);
	params.source.width -= 2;
	expect_refusal(convert_plain(0, 1), "of another kind");
	stop();
}
END_TEST

/* ---- sources in place ------------------------------------------------------------------------ */

/* How frames lie, and whether that device can read them so. */
static const struct {
	const struct fake_model *model;
	uint32_t fourcc, width, height;
	struct { uint32_t width, height, stride, x, y; bool separate; } whole;
	bool in_place;
} layouts[] = {
	{ &fake_vim2m, DRM_FORMAT_BGR888, 64, 48, { 64, 48, 192, 0, 0, false }, true },
	{ &fake_vim2m, DRM_FORMAT_BGR888, 64, 48, { 64, 64, 192, 0, 0, false }, true },
	{ &fake_vim2m, DRM_FORMAT_BGR888, 64, 48, { 64, 48, 256, 0, 0, false }, false },
	{ &fake_vim2m, DRM_FORMAT_BGR888, 64, 48, { 80, 64, 240, 8, 8, false }, false },
	{ &fake_rga, DRM_FORMAT_NV12, 64, 48, { 64, 48, 64, 0, 0, false }, true },
	{ &fake_rga, DRM_FORMAT_NV12, 64, 48, { 64, 64, 128, 0, 0, false }, true },
	{ &fake_rga, DRM_FORMAT_NV12, 64, 48, { 80, 64, 128, 6, 10, false }, true },
	{ &fake_rga, DRM_FORMAT_NV12, 64, 48, { 80, 64, 80, 6, 10, true }, true },
	{ &fake_rga, DRM_FORMAT_BGR888, 64, 48, { 80, 64, 240, 7, 11, false }, true },
	{ &fake_rga, DRM_FORMAT_BGR888, 64, 48, { 80, 64, 256, 7, 11, false }, false },
	{ &fake_bcm2835_isp, DRM_FORMAT_NV12, 64, 48, { 80, 64, 96, 6, 10, false }, false },
};

static void open_layout(int i, enum wc_copy_policy copy)
{
	set_params(layouts[i].fourcc, layouts[i].width, layouts[i].height, layouts[i].fourcc,
		   64, 64);
	params.copy = copy;
	start(layouts[i].model);
	fill_pool(layouts[i].whole.width, layouts[i].whole.height, layouts[i].whole.stride,
		  layouts[i].whole.x, layouts[i].whole.y, layouts[i].whole.separate);
	ck_assert_msg(rig_open_converter(&rig, &params) == 0, "%s", rig.error.message);
}

START_TEST(dma_bufs_are_read_in_place_where_that_can_be)
{
	unsigned objects = layouts[_i].whole.separate ? 2 : 1;

	open_layout(_i, WC_COPY_ALLOWED);
	fake_reset_counters();
	ck_assert_int_eq(convert_imported(0, 40), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(40);
	if (layouts[_i].in_place)
		ck_assert_uint_eq(info().bytes_copied, 0);
	else
		ck_assert_uint_gt(info().bytes_copied, 0);
	if (in_memory_of_driver)
		ck_assert_uint_eq(fake_attaches(), layouts[_i].in_place ? POOL * objects : 0);
	empty_pool();
	stop();
}
END_TEST

START_TEST(without_copies_the_reason_is_told)
{
	int ret;

	open_layout(_i, WC_COPY_NEVER);
	ret = convert_imported(0, 8);
	if (layouts[_i].in_place) {
		ck_assert_int_eq(ret, 0);
		ck_assert_int_eq(rig_drain(&rig), 0);
		expect_in_order(8);
		expect_refusal(submit(plain(8)), "its memory is no DMA-BUF");
	} else {
		expect_refusal(ret, "in place: ");
	}
	empty_pool();
	stop();
}
END_TEST

/* Frames that lie in another way, or come as copies, among those in place. */
START_TEST(sources_change)
{
	open_layout(6, WC_COPY_ALLOWED);
	ck_assert_int_eq(convert_imported(0, 9), 0);
	pool.part.x = 0;
	pool.part.y = 16;
	ck_assert_int_eq(convert_imported(9, 17), 0);
	ck_assert_uint_eq(info().bytes_copied, 0);
	ck_assert_int_eq(convert_plain(17, 20), 0);
	ck_assert_int_eq(convert_imported(20, 25), 0);
	ck_assert_uint_eq(info().bytes_copied, 8 * 64 * 48 * 3 / 2);
	ck_assert_int_eq(rig_drain(&rig), 0);
	/* After a drain it may be in place again. */
	ck_assert_int_eq(convert_imported(25, 30), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(info().bytes_copied, 8 * 64 * 48 * 3 / 2);
	expect_in_order(30);
	empty_pool();
	stop();
}
END_TEST

/* The driver says it only when it is asked. */
START_TEST(a_driver_that_takes_no_dma_buf_gets_copies)
{
	open_layout(4, WC_COPY_ALLOWED);
	/* The first on OUTPUT: the results' buffers are queued before. */
	fake_fail(FAKE_QBUF, 7, EINVAL);
	ck_assert_int_eq(convert_imported(0, 10), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(10);
	ck_assert(!fake_fail_pending());
	ck_assert_uint_eq(info().bytes_copied, 10 * 64 * 48 * 3 / 2);
	empty_pool();
	stop();
}
END_TEST

/* Or when the queue is started, the second after that of results. */
START_TEST(a_driver_may_refuse_imports_at_the_start)
{
	open_layout(4, WC_COPY_ALLOWED);
	fake_fail(FAKE_STREAMON, 2, EINVAL);
	ck_assert_int_eq(convert_imported(0, 10), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(10);
	ck_assert(!fake_fail_pending());
	ck_assert_uint_eq(info().bytes_copied, 10 * 64 * 48 * 3 / 2);
	empty_pool();
	stop();
	open_layout(4, WC_COPY_NEVER);
	fake_fail(FAKE_STREAMON, 2, EINVAL);
	expect_refusal(convert_imported(0, 1), "the driver does not take the DMA-BUF");
	empty_pool();
	stop();
}
END_TEST

/* What has nothing to do with imports. */
static const int passing[] = { ENOMEM, EBUSY, EDQUOT, EMFILE, ENFILE };

START_TEST(what_passes_ends_imports_until_the_next_drain)
{
	open_layout(4, WC_COPY_ALLOWED);
	ck_assert_int_eq(convert_imported(0, 2), 0);
	rig_await(&rig, 2);
	fake_fail(FAKE_QBUF, 1, passing[_i]);
	ck_assert_int_eq(convert_imported(2, 10), 0);
	ck_assert(!fake_fail_pending());
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(info().bytes_copied, 8 * 64 * 48 * 3 / 2);
	ck_assert_int_eq(convert_imported(10, 20), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(info().bytes_copied, 8 * 64 * 48 * 3 / 2);
	expect_in_order(20);
	empty_pool();
	stop();
}
END_TEST

START_TEST(what_passes_is_no_lack_of_support)
{
	bool is_quota = passing[_i] != ENOMEM && passing[_i] != EBUSY;

	open_layout(4, WC_COPY_NEVER);
	ck_assert_int_eq(convert_imported(0, 1), 0);
	rig_await(&rig, 1);
	fake_fail(FAKE_QBUF, 1, passing[_i]);
	ck_assert_int_eq(convert_imported(1, 2),
			 is_quota ? WC_QUOTA_EXCEEDED_ERROR : WC_OPERATION_ERROR);
	ck_assert_str_eq(rig.error.device, RIG_PATH);
	ck_assert(!fake_fail_pending());
	empty_pool();
	stop();
}
END_TEST

/* Places for imports cannot be had when they are first needed. */
START_TEST(no_places_are_no_lack_of_support)
{
	open_layout(4, WC_COPY_ALLOWED);
	/* The first call gives back what the converter has. */
	fake_fail(FAKE_REQBUFS, 2, ENOMEM);
	ck_assert_int_eq(convert_imported(0, 10), 0);
	ck_assert(!fake_fail_pending());
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(info().bytes_copied, 10 * 64 * 48 * 3 / 2);
	ck_assert_int_eq(convert_imported(10, 20), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(info().bytes_copied, 10 * 64 * 48 * 3 / 2);
	expect_in_order(20);
	empty_pool();
	stop();
	open_layout(4, WC_COPY_NEVER);
	fake_fail(FAKE_REQBUFS, 2, ENOMEM);
	ck_assert_int_eq(convert_imported(0, 1), WC_OPERATION_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, ENOMEM);
	empty_pool();
	stop();
}
END_TEST

/* ---- results --------------------------------------------------------------------------------- */

START_TEST(frames_may_be_held)
{
	open_job(_i);
	rig.hold = 60;
	ck_assert_int_eq(convert_plain(0, 60), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(60);
	/* What is held has not changed, and outlives the converter. */
	rig_destroy(&rig);
	rig.session = (struct session *)&rig;
	for (unsigned i = 0; i < rig.n_held; i++)
		judge(&rig, rig.held[i]);
	rig.session = NULL;
	stop();
}
END_TEST

/* For whoever reads them in place. */
START_TEST(results_are_dma_bufs)
{
	open_job(_i);
	rig.hold = 4;
	ck_assert_int_eq(convert_plain(0, 4), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_held, 4);
	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = 0; k < rig.held[i]->buffer->n_objects; k++)
			ck_assert_int_ge(rig.held[i]->buffer->objects[k].fd, 0);
	stop();
}
END_TEST

/* ---- adversity ------------------------------------------------------------------------------- */

START_TEST(a_reset_drops_what_is_under_way)
{
	open_job(_i);
	ck_assert_int_eq(convert_plain(0, 3), 0);
	ck_assert_int_eq(rig.session->ops->reset(rig.session, &rig.error), 0);
	rig.n_frames = 0;
	ck_assert_int_eq(convert_plain(100, 104), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 4);
	ck_assert_uint_eq(rig.seqs[0], 100);
	stop();
}
END_TEST

static void reset_once(struct rig *r, enum rig_event event)
{
	if (event != RIG_FRAME || r->n_frames != 2)
		return;
	r->in_call = true;
	ck_assert_int_eq(r->session->ops->reset(r->session, &r->error), 0);
	r->in_call = false;
}

static void destroy_once(struct rig *r, enum rig_event event)
{
	if (event == RIG_FRAME && r->n_frames == 2)
		rig_destroy_inside(r);
}

START_TEST(the_sink_may_reset_and_destroy)
{
	open_job(0);
	rig.hook = reset_once;
	ck_assert_int_eq(convert_plain(0, 3), 0);
	rig_await(&rig, 2);
	rig.hook = destroy_once;
	rig.n_frames = 0;
	ck_assert_int_eq(convert_plain(10, 13), 0);
	rig_await(&rig, 2);
	ck_assert_ptr_null(rig.session);
	stop();
}
END_TEST

START_TEST(a_flawed_result_is_an_error)
{
	open_job(0);
	ck_assert_int_eq(convert_plain(0, 2), 0);
	fake_flaw(RIG_PATH);
	rig_drain(&rig);
	ck_assert_uint_eq(rig.n_failed, 1);
	ck_assert_int_eq(rig.error.name, WC_ENCODING_ERROR);
	stop();
}
END_TEST

START_TEST(silence_is_an_error)
{
	open_job(0);
	ck_assert_int_eq(convert_plain(0, 2), 0);
	fake_stall(RIG_PATH, true);
	if (_i == 0)
		ck_assert_int_eq(rig_drain(&rig), WC_OPERATION_ERROR);
	else
		ck_assert_int_eq(convert_plain(2, 20), WC_OPERATION_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, ETIMEDOUT);
	ck_assert_uint_eq(rig.n_failed, 1);
	stop();
}
END_TEST

START_TEST(silence_in_a_change_is_an_error)
{
	open_layout(6, WC_COPY_ALLOWED);
	ck_assert_int_eq(convert_imported(0, 2), 0);
	fake_stall(RIG_PATH, true);
	ck_assert_int_eq(convert_plain(2, 3), WC_OPERATION_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, ETIMEDOUT);
	empty_pool();
	stop();
}
END_TEST

START_TEST(a_device_that_goes_is_an_error)
{
	open_job(0);
	ck_assert_int_eq(convert_plain(0, 2), 0);
	fake_unplug(RIG_PATH);
	ck_assert_int_lt(_i == 0 ? rig_drain(&rig) : convert_plain(2, 20), 0);
	ck_assert_int_eq(rig.error.name, WC_OPERATION_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, ENODEV);
	ck_assert_str_eq(rig.error.message, "the device is gone");
	stop();
}
END_TEST

static const enum fake_stage stages[] = {
	FAKE_STAGE_OPEN, FAKE_STAGE_REQBUFS, FAKE_STAGE_STREAMON,
};

START_TEST(a_refused_context_is_a_quota)
{
	struct fake_model model = fake_vim2m;
	int ret;

	model.context_limit = 1;
	model.limit_stage = stages[_i];
	model.limit_errno = EBUSY;
	set_params(DRM_FORMAT_BGR888, 64, 48, DRM_FORMAT_BGR888, 64, 48);
	start(&model);
	fake_set_foreign_contexts(RIG_PATH, 1);
	ret = rig_open_converter(&rig, &params);
	if (ret == 0)
		ret = convert_plain(0, 1);
	ck_assert_int_eq(ret, WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, EBUSY);
	rig_destroy(&rig);
	fake_set_foreign_contexts(RIG_PATH, 0);
	ck_assert_int_eq(rig_open_converter(&rig, &params), 0);
	ck_assert_int_eq(convert_plain(0, 3), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(3);
	stop();
}
END_TEST

START_TEST(it_keeps_to_a_memory_budget)
{
	const uint64_t picture = 64 * 48 * 3;

	set_params(DRM_FORMAT_BGR888, 64, 48, DRM_FORMAT_BGR888, 64, 48);
	start(&fake_vim2m);
	memory_set_limit(rig.core, WC_MEMORY_DRIVER, picture);
	ck_assert_int_eq(rig_open_converter(&rig, &params), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(rig.error.resource, WC_RESOURCE_MEMORY);
	/* Four sources and the fewest results: what is held is copied out. */
	memory_set_limit(rig.core, WC_MEMORY_DRIVER, 8 * picture);
	ck_assert_msg(rig_open_converter(&rig, &params) == 0, "%s", rig.error.message);
	rig.hold = 20;
	ck_assert_int_eq(convert_plain(0, 20), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(20);
	ck_assert_uint_le(memory_used(rig.core, WC_MEMORY_DRIVER), 8 * picture);
	stop();
}
END_TEST

/* ---- for displays ---------------------------------------------------------------------------- */

/* Without a decision. limit: bytes for results, 0: none. False: the program has no other memory. */
static bool open_for_display(const struct fake_model *model, unsigned use, uint64_t limit)
{
	char name[ALLOCATOR_NAME_MAX];

	set_params(DRM_FORMAT_BGR888, 64, 48, DRM_FORMAT_RGB565, 62, 46);
	params.use = use;
	start(model);
	if (in_memory_of_driver) {
		stop();
		return false;
	}
	ck_assert_int_eq(frame_memory_decide(rig.memory, NULL, name), 0);
	memory_set_limit(rig.core, WC_MEMORY_UDMABUF, limit);
	ck_assert_msg(rig_open_converter(&rig, &params) == 0, "%s", rig.error.message);
	return true;
}

static unsigned count_held(enum wc_memory_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < rig.n_held; i++)
		n += rig.held[i]->memory == kind;
	return n;
}

START_TEST(results_for_displays_are_where_displays_look)
{
	unsigned use = _i ? WC_MEMORY_FOR_DISPLAY | WC_MEMORY_FOR_CPU : WC_MEMORY_FOR_DISPLAY;
	struct wc_memory_choice choice;

	if (!open_for_display(&fake_vim2m, use, 0))
		return;
	ck_assert_int_eq(frame_memory_get_choice(rig.memory, use, &choice), 0);
	ck_assert_int_ne(choice.kind, WC_MEMORY_PLAIN);
	rig.hold = 10;
	ck_assert_int_eq(convert_plain(0, 10), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(10);
	ck_assert_uint_eq(count_held(choice.kind), 10);
	ck_assert_uint_eq(rig.n_warnings, 0);
	stop();
}
END_TEST

START_TEST(results_for_others_are_the_drivers)
{
	if (!open_for_display(&fake_vim2m, WC_MEMORY_FOR_CPU, 0))
		return;
	rig.hold = 10;
	ck_assert_int_eq(convert_plain(0, 10), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(count_held(WC_MEMORY_DRIVER), 10);
	ck_assert_uint_eq(rig.n_warnings, 0);
	stop();
}
END_TEST

/* Convert more than a driver has buffers for, and hold it all. */
static void hold_many(void)
{
	rig.hold = STATEFUL_MAX_OUTPUTS + 4;
	ck_assert_int_eq(convert_plain(0, rig.hold), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(rig.hold);
	ck_assert_uint_eq(rig.n_held, rig.hold);
}

START_TEST(copies_for_displays_are_there_too)
{
	if (!open_for_display(&fake_vim2m, WC_MEMORY_FOR_DISPLAY, 0))
		return;
	hold_many();
	ck_assert_uint_eq(count_held(WC_MEMORY_UDMABUF), rig.n_held);
	ck_assert_uint_eq(rig.n_warnings, 0);
	stop();
}
END_TEST

START_TEST(a_driver_that_imports_nothing_has_its_own)
{
	struct fake_model model = fake_vim2m;

	model.memory &= ~(unsigned)V4L2_BUF_CAP_SUPPORTS_DMABUF;
	if (!open_for_display(&model, WC_MEMORY_FOR_DISPLAY, 0))
		return;
	hold_many();
	ck_assert_uint_ge(count_held(WC_MEMORY_DRIVER), STATEFUL_MAX_OUTPUTS - 4);
	ck_assert_uint_ge(count_held(WC_MEMORY_UDMABUF), 4);
	ck_assert_uint_eq(count_held(WC_MEMORY_PLAIN), 0);
	ck_assert_uint_eq(rig.n_warnings, 1);
	ck_assert_ptr_nonnull(strstr(rig.warning, "does not import memory for displays"));
	stop();
}
END_TEST

START_TEST(without_memory_for_displays_there_is_other)
{
	if (!open_for_display(&fake_vim2m, WC_MEMORY_FOR_DISPLAY, 1))
		return;
	ck_assert_uint_eq(rig.n_warnings, 1);
	ck_assert_ptr_nonnull(strstr(rig.warning, "does not import memory for displays"));
	hold_many();
	ck_assert_uint_ge(count_held(WC_MEMORY_DRIVER), STATEFUL_MAX_OUTPUTS - 4);
	ck_assert_uint_ge(count_held(WC_MEMORY_PLAIN), 4);
	/* However many there are. */
	ck_assert_uint_eq(rig.n_warnings, 2);
	ck_assert_ptr_nonnull(strstr(rig.warning, "it is in plain memory"));
	stop();
}
END_TEST

/* ---- every call fails ------------------------------------------------------------------------ */

static bool fine(int ret)
{
	const struct wc_error *e = &rig.error;

	if (ret < 0) {
		ck_assert_msg(e->name == (enum wc_status)ret && e->message[0], "%s: %s",
			      fake_failure(), e->message);
		ck_assert_msg(ret == WC_QUOTA_EXCEEDED_ERROR || ret == WC_NOT_SUPPORTED_ERROR ||
			      ret == WC_OPERATION_ERROR, "%s: %s", fake_failure(), e->message);
	}
	return ret == 0 && rig.n_failed == 0;
}

static void life(void)
{
	if (!fine(rig_open_converter(&rig, &params)) || !fine(convert_imported(0, 5)) ||
	    !fine(rig_drain(&rig)))
		return;
	/* A lie of the driver's about the end is a failure: converters have none. */
	ck_assert_msg(rig.n_frames == 5, "%u frames: %s", rig.n_frames, fake_failure());
	if (!fine(convert_plain(5, 7)) ||
	    !fine(rig.session->ops->reset(rig.session, &rig.error)))
		return;
	rig.n_frames = 0;
	rig.hold = 8;
	if (fine(convert_plain(7, 15)) && fine(rig_drain(&rig)))
		ck_assert_msg(rig.n_frames == 8, "%u frames: %s", rig.n_frames, fake_failure());
}

static void scenario(void *data)
{
	memset(&pool, 0, sizeof pool);
	if (!rig_start_core(&rig, data))
		return;
	rig.judge = judge;
	fill_pool(64, 48, params.source.fourcc == DRM_FORMAT_NV12 ? 64 : 192, 0, 0, false);
	if (rig_probe(&rig) == 0)
		life();
	ck_assert_msg(rig.n_failed <= 1 && rig.after_failed == 0, "%s", fake_failure());
	rig_stop_core(&rig);
	empty_pool();
}

static const struct fake_model *const all_lives[] = { &fake_vim2m, &fake_rga };

START_TEST(every_call_may_fail)
{
	struct fake_model model = *all_lives[_i];
	bool rga = all_lives[_i] == &fake_rga;

	set_params(rga ? DRM_FORMAT_NV12 : DRM_FORMAT_BGR888, 64, 48, DRM_FORMAT_BGR888,
		   rga ? 48 : 64, rga ? 64 : 48);
	params.rotation = rga ? 90 : 180;
	params.use = rga ? WC_MEMORY_FOR_DISPLAY : WC_MEMORY_FOR_CPU;
	ck_assert_uint_gt(fake_for_each_failure(scenario, &model), 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("m2m converter");
	TCase *all = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 120);
	tcase_add_loop_test(all, pictures_are_converted, 0, N(jobs));
	tcase_add_test(all, a_drain_of_nothing_ends);
	tcase_add_loop_test(all, what_a_device_cannot_is_refused, 0, N(refusals));
	tcase_add_test(all, tiles_and_deinterlacers_are_refused);
	tcase_add_test(all, another_colour_space_is_refused);
	tcase_add_test(all, the_device_is_told_what_unknown_colours_are_taken_for);
	tcase_add_test(all, a_frame_of_another_kind_is_refused);
	tcase_add_loop_test(all, dma_bufs_are_read_in_place_where_that_can_be, 0, N(layouts));
	tcase_add_loop_test(all, without_copies_the_reason_is_told, 0, N(layouts));
	tcase_add_test(all, sources_change);
	tcase_add_test(all, a_driver_that_takes_no_dma_buf_gets_copies);
	tcase_add_test(all, a_driver_may_refuse_imports_at_the_start);
	tcase_add_loop_test(all, what_passes_ends_imports_until_the_next_drain, 0, N(passing));
	tcase_add_loop_test(all, what_passes_is_no_lack_of_support, 0, N(passing));
	tcase_add_test(all, no_places_are_no_lack_of_support);
	tcase_add_loop_test(all, frames_may_be_held, 0, N(jobs));
	tcase_add_loop_test(all, results_are_dma_bufs, 0, N(jobs));
	tcase_add_loop_test(all, a_reset_drops_what_is_under_way, 0, N(jobs));
	tcase_add_test(all, the_sink_may_reset_and_destroy);
	tcase_add_test(all, a_flawed_result_is_an_error);
	tcase_add_loop_test(all, silence_is_an_error, 0, 2);
	tcase_add_test(all, silence_in_a_change_is_an_error);
	tcase_add_loop_test(all, a_device_that_goes_is_an_error, 0, 2);
	tcase_add_loop_test(all, a_refused_context_is_a_quota, 0, N(stages));
	tcase_add_test(all, it_keeps_to_a_memory_budget);
	tcase_add_loop_test(all, results_for_displays_are_where_displays_look, 0, 2);
	tcase_add_test(all, results_for_others_are_the_drivers);
	tcase_add_test(all, copies_for_displays_are_there_too);
	tcase_add_test(all, a_driver_that_imports_nothing_has_its_own);
	tcase_add_test(all, without_memory_for_displays_there_is_other);
	tcase_add_loop_test(all, every_call_may_fail, 0, N(all_lives));
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
