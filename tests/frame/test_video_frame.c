/* SPDX-License-Identifier: MIT */
/* VideoFrame: constructors, references, geometry, memory (W3C WebCodecs section 9.4). */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "frame/color_space.h"
#include "frame/encoded_video_chunk.h"
#include "frame/pixel_format.h"
#include "frame/video_frame.h"
#include "frame/video_frame_init.h"

#define N(array) ((int)(sizeof(array) / sizeof *(array)))

/* Enough for every picture here. */
static uint8_t data[4096];
static struct core *core;
static int released;

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)i;
	released = 0;
}

static void tear_down(void)
{
	ck_assert_uint_eq(core->counters.video_frames, 0);
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	core_unref(core);
}

static void on_release(void *user_data)
{
	ck_assert_ptr_eq(user_data, &released);
	released++;
}

/* A frame on a copy of data. */
static struct wc_video_frame *make(const struct wc_video_frame_init *init)
{
	struct wc_video_frame *frame = NULL;
	struct wc_error error;

	ck_assert_int_eq(video_frame_from_copy(core, data, sizeof data, init, &frame, &error), 0);
	return frame;
}

/* A frame on data itself. */
static struct wc_video_frame *wrap(const struct wc_video_frame_init *init)
{
	struct wc_video_frame *frame = NULL;
	struct wc_error error;

	ck_assert_int_eq(video_frame_new_wrapped(core, data, sizeof data, init, on_release,
						 &released, &frame, &error), 0);
	return frame;
}

#define I420(w, h) .fourcc = DRM_FORMAT_YUV420, .coded_width = (w), .coded_height = (h)
#define RGBA(w, h) .fourcc = DRM_FORMAT_ABGR8888, .coded_width = (w), .coded_height = (h)

/* Constructors */

static const struct {
	struct wc_video_frame_init init;
	enum wc_status status;
	const char *words;                 /* in the message */
	size_t size;                       /* of the data; 0: plenty */
} invalid[] = {
	{ { I420(0, 2) }, WC_TYPE_ERROR, "coded width", 0 },
	{ { I420(2, 0) }, WC_TYPE_ERROR, "coded width", 0 },
	{ { I420(4, 4), .visible_rect = { 0, 0, 5, 4 } }, WC_TYPE_ERROR, "5x4+0+0 reaches", 0 },
	{ { I420(4, 4), .visible_rect = { 0, 0, 4, 5 } }, WC_TYPE_ERROR, "beyond", 0 },
	{ { I420(4, 4), .visible_rect = { 2, 0, 4, 4 } }, WC_TYPE_ERROR, "coded size 4x4", 0 },
	{ { I420(4, 4), .visible_rect = { 2, 0, UINT32_MAX, 4 } }, WC_TYPE_ERROR, "beyond", 0 },
	{ { I420(4, 4), .visible_rect = { 0, 0, 0, 4 } }, WC_TYPE_ERROR, "empty", 0 },
	{ { I420(4, 4), .visible_rect = { 0, 0, 4, 0 } }, WC_TYPE_ERROR, "empty", 0 },
	{ { I420(4, 4), .visible_rect = { 2, 2, 0, 0 } }, WC_TYPE_ERROR, "empty", 0 },
	{ { I420(4, 4), .visible_rect = { 1, 0, 2, 2 } }, WC_TYPE_ERROR, "chroma", 0 },
	{ { I420(4, 4), .visible_rect = { 0, 1, 2, 2 } }, WC_TYPE_ERROR, "chroma", 0 },
	{ { I420(4, 4), .display_width = 4 }, WC_TYPE_ERROR, "display", 0 },
	{ { I420(4, 4), .display_height = 4 }, WC_TYPE_ERROR, "display", 0 },
	{ { I420(4, 4), .rotation = 45 }, WC_TYPE_ERROR, "rotation", 0 },
	{ { I420(4, 4), .rotation = 360 }, WC_TYPE_ERROR, "rotation", 0 },
	{ { I420(4, 4), .reserved = { 0, 1 } }, WC_TYPE_ERROR, "reserved", 0 },
	{ { I420(4, 4), .color_space.primaries = 2 }, WC_TYPE_ERROR, "colour", 0 },
	{ { I420(4, 4), .color_space.transfer = 2 }, WC_TYPE_ERROR, "colour", 0 },
	{ { I420(4, 4), .color_space.matrix = 2 }, WC_TYPE_ERROR, "colour", 0 },
	{ { I420(4, 4), .color_space.range = 3 }, WC_TYPE_ERROR, "colour", 0 },
	{ { I420(4, 4), .plane_count = 2 }, WC_TYPE_ERROR, "2 planes", 0 },
	{ { I420(4, 4), .plane_count = 4 }, WC_TYPE_ERROR, "4 planes", 0 },
	{ { I420(4, 4), .plane_count = 3, .planes = { { 0, 3 }, { 16, 2 }, { 20, 2 } } },
	  WC_TYPE_ERROR, "stride 3 of plane 0", 0 },
	{ { I420(4, 4), .plane_count = 3, .planes = { { 0, 4 }, { 15, 2 }, { 20, 2 } } },
	  WC_TYPE_ERROR, "planes 0 and 1 overlap", 0 },
	{ { I420(4, 4), .plane_count = 3, .planes = { { 0, 4 }, { 16, 2 }, { 17, 2 } } },
	  WC_TYPE_ERROR, "planes 1 and 2 overlap", 0 },
	{ { I420(4, 4), .plane_count = 3, .planes = { { 0, 4 }, { 16, 2 }, { UINT32_MAX, 2 } } },
	  WC_TYPE_ERROR, "plane 2 ends beyond", 0 },
	{ { I420(4, 4), .plane_count = 3, .planes = { { 0, SIZE_MAX }, { 16, 2 }, { 20, 2 } } },
	  WC_TYPE_ERROR, "plane 0 ends beyond", 0 },
	{ { I420(4, 4), .plane_count = 3, .planes = { { 0, 4 }, { 16, 2 }, { SIZE_MAX, 2 } } },
	  WC_TYPE_ERROR, "plane 2 ends beyond", 0 },
	{ { I420(4, 4) }, WC_TYPE_ERROR, "23 bytes, the picture needs 24", 23 },
	{ { I420(3, 3) }, WC_TYPE_ERROR, "needs 17", 16 },
	{ { I420(65536, 65536) }, WC_TYPE_ERROR, "beyond", 0 },
	{ { RGBA(UINT32_MAX, UINT32_MAX) }, WC_TYPE_ERROR, "too large", 0 },
	{ { .fourcc = 0, .coded_width = 4, .coded_height = 4 }, WC_NOT_SUPPORTED_ERROR,
	  "fourcc", 0 },
	{ { .fourcc = DRM_FORMAT_NV15, .coded_width = 4, .coded_height = 4 },
	  WC_NOT_SUPPORTED_ERROR, "fourcc", 0 },
};

START_TEST(constructors_refuse_invalid)
{
	size_t size = invalid[_i].size ? invalid[_i].size : sizeof data;
	struct wc_video_frame *frame = NULL;
	struct wc_error error;

	ck_assert_int_eq(video_frame_from_copy(core, data, size, &invalid[_i].init, &frame,
					       &error), invalid[_i].status);
	ck_assert_ptr_null(frame);
	ck_assert_int_eq(error.name, invalid[_i].status);
	ck_assert_msg(strstr(error.message, invalid[_i].words), "%s", error.message);
	ck_assert_int_eq(video_frame_new_wrapped(core, data, size, &invalid[_i].init, on_release,
						 &released, &frame, &error), invalid[_i].status);
	ck_assert_ptr_null(frame);
	ck_assert_int_eq(released, 0);
}
END_TEST

START_TEST(constructors_refuse_null)
{
	struct wc_video_frame_init init = { I420(4, 4) };
	struct wc_video_frame *frame = NULL;
	struct wc_error error;

	ck_assert_int_eq(video_frame_from_copy(core, NULL, 24, &init, &frame, &error),
			 WC_TYPE_ERROR);
	ck_assert_int_eq(video_frame_from_copy(core, data, 24, NULL, &frame, &error),
			 WC_TYPE_ERROR);
	ck_assert_int_eq(video_frame_new_wrapped(core, NULL, 24, &init, NULL, NULL, &frame,
						 &error), WC_TYPE_ERROR);
}
END_TEST

START_TEST(defaults_are_filled_in)
{
	struct wc_video_frame_init init = { I420(6, 4), .timestamp = -7 };
	struct wc_video_frame *frame = make(&init);
	struct wc_rect rect = wc_video_frame_get_visible_rect(frame);
	struct wc_video_color_space colors = wc_video_frame_get_color_space(frame);
	uint64_t duration = 99;

	ck_assert_int_eq(wc_video_frame_get_format(frame), WC_PIXEL_FORMAT_I420);
	ck_assert_uint_eq(wc_video_frame_get_fourcc(frame), DRM_FORMAT_YUV420);
	ck_assert_uint_eq(wc_video_frame_get_coded_width(frame), 6);
	ck_assert_uint_eq(wc_video_frame_get_coded_height(frame), 4);
	ck_assert(rect.x == 0 && rect.y == 0 && rect.width == 6 && rect.height == 4);
	ck_assert_uint_eq(wc_video_frame_get_display_width(frame), 6);
	ck_assert_uint_eq(wc_video_frame_get_display_height(frame), 4);
	ck_assert_int_eq(wc_video_frame_get_timestamp(frame), -7);
	ck_assert(!wc_video_frame_get_duration(frame, &duration));
	ck_assert_uint_eq(duration, 99);
	ck_assert_uint_eq(wc_video_frame_get_rotation(frame), 0);
	ck_assert(!wc_video_frame_get_flip(frame));
	ck_assert(!wc_video_frame_is_closed(frame));
	ck_assert_int_eq(colors.primaries, WC_PRIMARIES_BT709);
	ck_assert_int_eq(colors.transfer, WC_TRANSFER_BT709);
	ck_assert_int_eq(colors.matrix, WC_MATRIX_BT709);
	ck_assert_int_eq(colors.range, WC_COLOR_RANGE_LIMITED);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(rgb_is_srgb_by_default)
{
	struct wc_video_frame_init init = { RGBA(2, 2) };
	struct wc_video_frame *frame = make(&init);
	struct wc_video_color_space colors = wc_video_frame_get_color_space(frame);

	ck_assert_int_eq(colors.primaries, WC_PRIMARIES_BT709);
	ck_assert_int_eq(colors.transfer, WC_TRANSFER_IEC61966_2_1);
	ck_assert_int_eq(colors.matrix, WC_MATRIX_RGB);
	ck_assert_int_eq(colors.range, WC_COLOR_RANGE_FULL);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(given_values_are_kept)
{
	struct wc_video_frame_init init = {
		I420(8, 8), .visible_rect = { 2, 4, 5, 3 }, .display_width = 100,
		.display_height = 1, .duration = 5, .has_duration = true, .flip = true,
		.rotation = 270, .color_space = { .transfer = WC_TRANSFER_PQ },
	};
	struct wc_video_frame *frame = make(&init);
	struct wc_rect rect = wc_video_frame_get_visible_rect(frame);
	struct wc_video_color_space colors = wc_video_frame_get_color_space(frame);
	uint64_t duration = 0;

	ck_assert(rect.x == 2 && rect.y == 4 && rect.width == 5 && rect.height == 3);
	ck_assert_uint_eq(wc_video_frame_get_display_width(frame), 100);
	ck_assert_uint_eq(wc_video_frame_get_display_height(frame), 1);
	ck_assert(wc_video_frame_get_duration(frame, &duration));
	ck_assert_uint_eq(duration, 5);
	ck_assert(wc_video_frame_get_flip(frame));
	ck_assert_uint_eq(wc_video_frame_get_rotation(frame), 270);
	/* Partly given stays partly given. */
	ck_assert_int_eq(colors.transfer, WC_TRANSFER_PQ);
	ck_assert_int_eq(colors.primaries, WC_PRIMARIES_UNSPECIFIED);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(rotation_turns_the_default_display_size)
{
	struct wc_video_frame_init init = {
		I420(8, 8), .visible_rect = { 0, 0, 6, 4 }, .rotation = (uint16_t)(_i * 90),
	};
	struct wc_video_frame *frame = make(&init);

	ck_assert_uint_eq(wc_video_frame_get_display_width(frame), _i % 2 ? 4 : 6);
	ck_assert_uint_eq(wc_video_frame_get_display_height(frame), _i % 2 ? 6 : 4);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(copy_makes_planes_tight)
{
	/* 3x3, with padding and the planes in another order. */
	struct wc_video_frame_init init = {
		I420(3, 3), .plane_count = 3, .planes = { { 100, 10 }, { 50, 5 }, { 0, 3 } },
	};
	struct wc_video_frame *frame = make(&init);
	struct wc_video_frame_mapping mapping;

	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	ck_assert_uint_eq(mapping.plane_count, 3);
	for (unsigned plane = 0; plane < 3; plane++) {
		size_t bytes = plane ? 2 : 3;

		ck_assert_uint_eq(mapping.planes[plane].stride, bytes);
		ck_assert_uint_eq(mapping.planes[plane].rows, bytes);
		ck_assert_uint_eq(mapping.planes[plane].row_bytes, bytes);
		for (size_t row = 0; row < bytes; row++)
			ck_assert_mem_eq(mapping.planes[plane].data + row * bytes,
					 data + init.planes[plane].offset +
					 row * init.planes[plane].stride, bytes);
	}
	wc_video_frame_unmap(frame);
	ck_assert_uint_eq(core->counters.bytes_copied, 9 + 4 + 4);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(wrapped_memory_is_used_in_place)
{
	struct wc_video_frame_init init = {
		I420(4, 4), .plane_count = 3, .planes = { { 64, 8 }, { 128, 4 }, { 200, 6 } },
	};
	struct wc_video_frame *frame = wrap(&init);
	struct wc_video_frame_layout layout;
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame *clone;

	ck_assert_int_eq(wc_video_frame_get_layout(frame, &layout), WC_OK);
	ck_assert_uint_eq(layout.plane_count, 3);
	ck_assert_uint_eq(layout.object_count, 1);
	ck_assert_uint_eq(layout.modifier, DRM_FORMAT_MOD_LINEAR);
	ck_assert_uint_eq(layout.planes[2].offset, 200);
	ck_assert_uint_eq(layout.planes[2].stride, 6);
	ck_assert_uint_eq(layout.planes[2].rows, 2);
	ck_assert_uint_eq(layout.planes[2].row_bytes, 2);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ | WC_MAP_WRITE, &mapping), WC_OK);
	ck_assert_ptr_eq(mapping.planes[1].data, data + 128);
	wc_video_frame_unmap(frame);
	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
	wc_video_frame_unref(frame);
	ck_assert_int_eq(released, 0);
	wc_video_frame_close(clone);
	ck_assert_int_eq(released, 1);
	wc_video_frame_unref(clone);
	ck_assert_int_eq(released, 1);
	ck_assert_uint_eq(core->counters.bytes_copied, 0);
}
END_TEST

START_TEST(wrapped_memory_needs_no_release)
{
	struct wc_video_frame_init init = { I420(4, 4) };
	struct wc_video_frame *frame = NULL;
	struct wc_error error;

	ck_assert_int_eq(video_frame_new_wrapped(core, data, 24, &init, NULL, NULL, &frame,
						 &error), 0);
	wc_video_frame_unref(frame);
}
END_TEST

/* References */

START_TEST(close_leaves_the_time)
{
	struct wc_video_frame_init init = {
		I420(4, 4), .timestamp = 3, .duration = 4, .has_duration = true, .rotation = 90,
		.flip = true,
	};
	struct wc_video_frame *frame = make(&init);
	struct wc_video_frame *clone = frame;
	struct wc_video_frame_layout layout;
	struct wc_video_frame_mapping mapping;
	struct wc_video_color_space colors;
	struct wc_dma_buf dma_buf;
	struct wc_rect rect;
	uint64_t duration;
	size_t size;

	wc_video_frame_close(frame);
	wc_video_frame_close(frame);
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert(wc_video_frame_is_closed(frame));
	ck_assert_int_eq(wc_video_frame_get_format(frame), WC_PIXEL_FORMAT_NONE);
	ck_assert_uint_eq(wc_video_frame_get_fourcc(frame), 0);
	ck_assert_uint_eq(wc_video_frame_get_coded_width(frame), 0);
	ck_assert_uint_eq(wc_video_frame_get_coded_height(frame), 0);
	ck_assert_uint_eq(wc_video_frame_get_display_width(frame), 0);
	ck_assert_uint_eq(wc_video_frame_get_display_height(frame), 0);
	ck_assert_uint_eq(wc_video_frame_get_rotation(frame), 0);
	ck_assert(!wc_video_frame_get_flip(frame));
	rect = wc_video_frame_get_visible_rect(frame);
	ck_assert(!rect.x && !rect.y && !rect.width && !rect.height);
	colors = wc_video_frame_get_color_space(frame);
	ck_assert(color_space_is_null(&colors));
	ck_assert_int_eq(wc_video_frame_get_timestamp(frame), 3);
	ck_assert(wc_video_frame_get_duration(frame, &duration));
	ck_assert_uint_eq(duration, 4);
	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_INVALID_STATE_ERROR);
	ck_assert_ptr_null(clone);
	ck_assert_int_eq(wc_video_frame_get_layout(frame, &layout), WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping),
			 WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &dma_buf), WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_allocation_size(frame, NULL, &size),
			 WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, data, sizeof data, NULL),
			 WC_INVALID_STATE_ERROR);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(clone_lives_on_its_own)
{
	struct wc_video_frame_init init = {
		I420(4, 4), .visible_rect = { 0, 2, 4, 2 }, .display_width = 9,
		.display_height = 8, .timestamp = 3, .duration = 4, .has_duration = true,
		.rotation = 90, .flip = true, .color_space = { .matrix = WC_MATRIX_BT709 },
	};
	struct wc_video_frame *frame = make(&init);
	struct wc_video_frame *clone;
	uint64_t duration = 0;

	ck_assert_int_eq(wc_video_frame_clone(frame, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
	ck_assert_uint_eq(core->counters.video_frames, 2);
	ck_assert_uint_eq(core->counters.buffers, 1);
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
	ck_assert(!wc_video_frame_is_closed(clone));
	ck_assert_uint_eq(wc_video_frame_get_visible_rect(clone).y, 2);
	ck_assert_uint_eq(wc_video_frame_get_display_width(clone), 9);
	ck_assert_uint_eq(wc_video_frame_get_display_height(clone), 8);
	ck_assert_int_eq(wc_video_frame_get_timestamp(clone), 3);
	ck_assert(wc_video_frame_get_duration(clone, &duration));
	ck_assert_uint_eq(duration, 4);
	ck_assert_uint_eq(wc_video_frame_get_rotation(clone), 90);
	ck_assert(wc_video_frame_get_flip(clone));
	ck_assert_int_eq(wc_video_frame_get_color_space(clone).matrix, WC_MATRIX_BT709);
	wc_video_frame_unref(clone);
}
END_TEST

START_TEST(frame_outlives_everything)
{
	struct wc_video_frame_init init = { I420(4, 4) };
	struct wc_video_frame *frame = make(&init);
	struct core *last = core;

	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	core_unref(last);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, data, 24, NULL), WC_OK);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(warm_frames_are_recycled)
{
	struct wc_video_frame_init init = { I420(4, 4) };
	struct wc_video_frame *frame = make(&init);
	struct wc_video_frame *first, *second;

	ck_assert_int_eq(wc_video_frame_clone(frame, &first), WC_OK);
	wc_video_frame_unref(first);
	ck_assert_int_eq(wc_video_frame_clone(frame, &second), WC_OK);
	ck_assert_ptr_eq(first, second);
	wc_video_frame_unref(second);
	wc_video_frame_unref(frame);
}
END_TEST

/* A frame from a frame */

static const struct {
	uint32_t display_width, display_height;      /* of the first frame, 8x8 with 8x4 to show */
	uint16_t rotation;
	struct wc_video_frame_override override;
	struct wc_rect visible;
	uint32_t width, height;                      /* to be displayed */
} derived[] = {
	{ 0, 0, 0, { 0 }, { 0, 2, 8, 4 }, 8, 4 },
	{ 0, 0, 0, { .visible_rect = { 4, 4, 2, 4 } }, { 4, 4, 2, 4 }, 2, 4 },
	/* The shape of the pixels stays. */
	{ 16, 4, 0, { .visible_rect = { 4, 4, 2, 4 } }, { 4, 4, 2, 4 }, 4, 4 },
	{ 4, 16, 90, { .visible_rect = { 4, 4, 2, 4 } }, { 4, 4, 2, 4 }, 4, 4 },
	{ 4, 16, 90, { .visible_rect = { 4, 4, 4, 2 } }, { 4, 4, 4, 2 }, 2, 8 },
	{ 16, 4, 180, { .visible_rect = { 0, 0, 8, 8 } }, { 0, 0, 8, 8 }, 16, 8 },
	{ 16, 4, 0, { .display_width = 3, .display_height = 5 }, { 0, 2, 8, 4 }, 3, 5 },
	{ 16, 4, 0, { .visible_rect = { 0, 0, 2, 2 }, .display_width = 3, .display_height = 5 },
	  { 0, 0, 2, 2 }, 3, 5 },
	/* Never nothing, never more than can be told. */
	{ 1, 1, 0, { .visible_rect = { 0, 0, 2, 2 } }, { 0, 0, 2, 2 }, 1, 1 },
	{ 8, UINT32_MAX, 0, { .visible_rect = { 0, 0, 8, 8 } }, { 0, 0, 8, 8 }, 8, UINT32_MAX },
};

START_TEST(derived_frames_show_another_part)
{
	struct wc_video_frame_init init = {
		I420(8, 8), .visible_rect = { 0, 2, 8, 4 },
		.display_width = derived[_i].display_width,
		.display_height = derived[_i].display_height, .rotation = derived[_i].rotation,
		.timestamp = 5,
	};
	struct wc_video_frame *frame = make(&init);
	struct wc_video_frame *other;
	struct wc_rect rect;

	ck_assert_int_eq(wc_video_frame_new_from(frame, &derived[_i].override, &other), WC_OK);
	wc_video_frame_unref(frame);
	rect = wc_video_frame_get_visible_rect(other);
	ck_assert_mem_eq(&rect, &derived[_i].visible, sizeof rect);
	ck_assert_uint_eq(wc_video_frame_get_display_width(other), derived[_i].width);
	ck_assert_uint_eq(wc_video_frame_get_display_height(other), derived[_i].height);
	ck_assert_uint_eq(wc_video_frame_get_rotation(other), derived[_i].rotation);
	ck_assert_int_eq(wc_video_frame_get_timestamp(other), 5);
	ck_assert_uint_eq(core->counters.buffers, 1);
	wc_video_frame_unref(other);
}
END_TEST

START_TEST(derived_frames_have_another_time)
{
	struct wc_video_frame_override override = {
		.has_timestamp = true, .timestamp = -9, .has_duration = true, .duration = 11,
	};
	struct wc_video_frame_init init = { I420(8, 8), .timestamp = 5 };
	struct wc_video_frame *frame = make(&init);
	struct wc_video_frame *other;
	uint64_t duration = 0;

	ck_assert_int_eq(wc_video_frame_new_from(frame, &override, &other), WC_OK);
	ck_assert_int_eq(wc_video_frame_get_timestamp(other), -9);
	ck_assert(wc_video_frame_get_duration(other, &duration));
	ck_assert_uint_eq(duration, 11);
	ck_assert_int_eq(wc_video_frame_get_timestamp(frame), 5);
	wc_video_frame_unref(other);
	ck_assert_int_eq(wc_video_frame_new_from(frame, NULL, &other), WC_OK);
	ck_assert_int_eq(wc_video_frame_get_timestamp(other), 5);
	wc_video_frame_unref(other);
	wc_video_frame_unref(frame);
}
END_TEST

static const struct wc_video_frame_override bad_overrides[] = {
	{ .visible_rect = { 0, 0, 9, 8 } },
	{ .visible_rect = { 0, 0, 0, 8 } },
	{ .visible_rect = { 1, 0, 2, 2 } },
	{ .display_width = 1 },
	{ .display_height = 1 },
	{ .reserved = { 1 } },
};

START_TEST(derived_frames_are_checked)
{
	struct wc_video_frame_init init = { I420(8, 8) };
	struct wc_video_frame *frame = make(&init);
	struct wc_video_frame *other = frame;

	ck_assert_int_eq(wc_video_frame_new_from(frame, &bad_overrides[_i], &other),
			 WC_TYPE_ERROR);
	ck_assert_ptr_null(other);
	ck_assert_int_eq(wc_video_frame_new_from(frame, NULL, NULL), WC_TYPE_ERROR);
	ck_assert_uint_eq(core->counters.video_frames, 1);
	wc_video_frame_close(frame);
	ck_assert_int_eq(wc_video_frame_new_from(frame, NULL, &other), WC_INVALID_STATE_ERROR);
	wc_video_frame_unref(frame);
}
END_TEST

#define THREADS 4
#define ROUNDS 500

static void *use_frame(void *arg)
{
	struct wc_video_frame *frame = arg;
	struct wc_video_frame *clone;
	uint8_t copy[24];

	for (int i = 0; i < ROUNDS; i++) {
		wc_video_frame_ref(frame);
		ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
		ck_assert_int_eq(wc_video_frame_copy_to(clone, NULL, copy, sizeof copy, NULL),
				 WC_OK);
		ck_assert_mem_eq(copy, data, sizeof copy);
		wc_video_frame_close(clone);
		wc_video_frame_unref(clone);
		wc_video_frame_unref(frame);
	}
	wc_video_frame_unref(frame);
	return NULL;
}

START_TEST(threads_share_a_frame)
{
	struct wc_video_frame_init init = { I420(4, 4) };
	struct wc_video_frame *frame = wrap(&init);
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, use_frame,
						wc_video_frame_ref(frame)), 0);
	wc_video_frame_unref(frame);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(released, 1);
	ck_assert_uint_eq(core->counters.bytes_copied, 24 * THREADS * ROUNDS);
}
END_TEST

/* Formats */

static const struct {
	uint32_t fourcc;
	enum wc_pixel_format format;
	size_t size;                       /* of 5x3 pixels */
} formats[] = {
	{ DRM_FORMAT_YUV420, WC_PIXEL_FORMAT_I420, 15 + 2 * 6 },
	{ DRM_FORMAT_S010, WC_PIXEL_FORMAT_I420P10, 2 * (15 + 2 * 6) },
	{ DRM_FORMAT_S012, WC_PIXEL_FORMAT_I420P12, 2 * (15 + 2 * 6) },
	{ DRM_FORMAT_YUV422, WC_PIXEL_FORMAT_I422, 15 + 2 * 9 },
	{ DRM_FORMAT_S210, WC_PIXEL_FORMAT_I422P10, 2 * (15 + 2 * 9) },
	{ DRM_FORMAT_S212, WC_PIXEL_FORMAT_I422P12, 2 * (15 + 2 * 9) },
	{ DRM_FORMAT_YUV444, WC_PIXEL_FORMAT_I444, 3 * 15 },
	{ DRM_FORMAT_S410, WC_PIXEL_FORMAT_I444P10, 2 * 3 * 15 },
	{ DRM_FORMAT_S412, WC_PIXEL_FORMAT_I444P12, 2 * 3 * 15 },
	{ DRM_FORMAT_NV12, WC_PIXEL_FORMAT_NV12, 15 + 12 },
	{ DRM_FORMAT_ABGR8888, WC_PIXEL_FORMAT_RGBA, 60 },
	{ DRM_FORMAT_XBGR8888, WC_PIXEL_FORMAT_RGBX, 60 },
	{ DRM_FORMAT_ARGB8888, WC_PIXEL_FORMAT_BGRA, 60 },
	{ DRM_FORMAT_XRGB8888, WC_PIXEL_FORMAT_BGRX, 60 },
	/* Formats of devices that the W3C does not know. */
	{ DRM_FORMAT_NV21, WC_PIXEL_FORMAT_NONE, 15 + 12 },
	{ DRM_FORMAT_YUYV, WC_PIXEL_FORMAT_NONE, 3 * 12 },
	{ DRM_FORMAT_P010, WC_PIXEL_FORMAT_NONE, 2 * (15 + 12) },
	{ DRM_FORMAT_RGB888, WC_PIXEL_FORMAT_NONE, 45 },
};

START_TEST(formats_have_their_size_and_come_back_unchanged)
{
	struct wc_video_frame_init init = { .fourcc = formats[_i].fourcc, .coded_width = 5,
					    .coded_height = 3 };
	struct wc_video_frame *frame = make(&init);
	uint8_t copy[200];
	size_t size = 0;

	ck_assert_int_eq(wc_video_frame_get_format(frame), formats[_i].format);
	ck_assert_uint_eq(wc_video_frame_get_fourcc(frame), formats[_i].fourcc);
	ck_assert_int_eq(wc_video_frame_allocation_size(frame, NULL, &size), WC_OK);
	ck_assert_uint_eq(size, formats[_i].size);
	memset(copy, 0xee, sizeof copy);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, size - 1, NULL),
			 WC_TYPE_ERROR);
	ck_assert_int_eq(copy[0], 0xee);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, size, NULL), WC_OK);
	ck_assert_mem_eq(copy, data, size);
	ck_assert_int_eq(copy[size], 0xee);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(format_names)
{
	ck_assert_str_eq(wc_pixel_format_name(WC_PIXEL_FORMAT_I420P10), "I420P10");
	ck_assert_str_eq(wc_pixel_format_name(WC_PIXEL_FORMAT_NONE), "null");
	ck_assert_str_eq(wc_pixel_format_name((enum wc_pixel_format)99), "null");
}
END_TEST

/* Memory of devices: a buffer of two objects that are descriptors. */

static void destroy_device_buffer(struct buffer *buffer)
{
	buffer_finish(buffer);
	free(buffer);
}

static const struct buffer_ops device_ops = { .destroy = destroy_device_buffer };

static struct wc_video_frame *device_frame(uint32_t fourcc, uint64_t modifier)
{
	struct frame_format format = {
		.fourcc = fourcc, .modifier = modifier, .width = 4, .height = 4, .n_planes = 2,
		.planes = { { 0, 0, 8 }, { 1, 16, 8 } },
	};
	struct wc_rect visible = { 0, 0, 4, 4 };
	struct timing timing = { .timestamp = 1 };
	struct buffer *buffer = malloc(sizeof *buffer);
	struct wc_video_frame *frame;

	buffer_init(buffer, core, &device_ops);
	buffer->read_only = true;
	buffer->n_objects = 2;
	for (unsigned i = 0; i < 2; i++)
		buffer->objects[i] = (struct buffer_object) {
			.map = data + 100 * i, .size = 100 + i, .fd = dup(STDIN_FILENO),
		};
	buffer_account(buffer);
	frame = video_frame_new(core, buffer, &format, &visible, &timing);
	buffer_unref(buffer);
	return frame;
}

START_TEST(layout_names_the_objects)
{
	struct wc_video_frame *frame = device_frame(DRM_FORMAT_NV12, DRM_FORMAT_MOD_LINEAR);
	struct wc_video_frame_layout layout;
	struct wc_video_frame_mapping mapping;

	ck_assert_int_eq(wc_video_frame_get_layout(frame, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_get_layout(frame, &layout), WC_OK);
	ck_assert_uint_eq(layout.object_count, 2);
	ck_assert_uint_eq(layout.planes[1].object, 1);
	ck_assert_uint_eq(layout.planes[1].offset, 16);
	ck_assert_uint_eq(layout.planes[1].rows, 2);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	ck_assert_ptr_eq(mapping.planes[1].data, data + 116);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(map_checks_access)
{
	struct wc_video_frame *frame = device_frame(DRM_FORMAT_NV12, DRM_FORMAT_MOD_LINEAR);
	struct wc_video_frame_mapping mapping;

	ck_assert_int_eq(wc_video_frame_map(frame, 0, &mapping), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_map(frame, 4, &mapping), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping), WC_TYPE_ERROR);
	frame->writable = true;
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping), WC_TYPE_ERROR);
	frame->buffer->read_only = false;
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping), WC_OK);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	wc_video_frame_unmap(frame);
	wc_video_frame_unmap(frame);
	frame->buffer->objects[1].map = NULL;
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, data, sizeof data, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(tiled_frames_are_for_devices_only)
{
	struct wc_video_frame *frame = device_frame(DRM_FORMAT_NV12,
						    DRM_FORMAT_MOD_SAMSUNG_64_32_TILE);
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame_layout layout;
	struct wc_dma_buf dma_buf;
	size_t size;

	ck_assert_int_eq(wc_video_frame_get_format(frame), WC_PIXEL_FORMAT_NONE);
	ck_assert_uint_eq(wc_video_frame_get_fourcc(frame), DRM_FORMAT_NV12);
	ck_assert_int_eq(wc_video_frame_get_layout(frame, &layout), WC_OK);
	ck_assert_uint_eq(layout.modifier, DRM_FORMAT_MOD_SAMSUNG_64_32_TILE);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_allocation_size(frame, NULL, &size),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &dma_buf), WC_OK);
	ck_assert_uint_eq(dma_buf.modifier, DRM_FORMAT_MOD_SAMSUNG_64_32_TILE);
	wc_dma_buf_finish(&dma_buf);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(unknown_formats_have_no_rows)
{
	struct wc_video_frame *frame = device_frame(DRM_FORMAT_NV15, DRM_FORMAT_MOD_LINEAR);
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame_layout layout;

	ck_assert_int_eq(wc_video_frame_get_layout(frame, &layout), WC_OK);
	ck_assert_uint_eq(layout.planes[0].stride, 8);
	ck_assert_uint_eq(layout.planes[0].rows, 0);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping),
			 WC_NOT_SUPPORTED_ERROR);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(export_duplicates_descriptors)
{
	struct wc_video_frame *frame = device_frame(DRM_FORMAT_NV12, DRM_FORMAT_MOD_LINEAR);
	struct wc_dma_buf dma_buf;
	int fds[2];

	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &dma_buf), WC_OK);
	ck_assert_uint_eq(dma_buf.fourcc, DRM_FORMAT_NV12);
	ck_assert_uint_eq(dma_buf.width, 4);
	ck_assert_uint_eq(dma_buf.height, 4);
	ck_assert_uint_eq(dma_buf.object_count, 2);
	ck_assert_uint_eq(dma_buf.plane_count, 2);
	ck_assert_uint_eq(dma_buf.objects[1].size, 101);
	ck_assert_uint_eq(dma_buf.planes[1].object, 1);
	ck_assert_uint_eq(dma_buf.planes[1].offset, 16);
	ck_assert_uint_eq(dma_buf.planes[1].stride, 8);
	wc_video_frame_unref(frame);
	for (unsigned i = 0; i < 2; i++) {
		fds[i] = dma_buf.objects[i].fd;
		ck_assert_int_eq(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
	}
	wc_dma_buf_finish(&dma_buf);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(fcntl(fds[i], F_GETFD), -1);
	wc_dma_buf_finish(&dma_buf);
}
END_TEST

START_TEST(export_needs_dma_bufs)
{
	struct wc_video_frame_init init = { I420(4, 4) };
	struct wc_video_frame *frame = make(&init);
	struct wc_dma_buf dma_buf;

	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &dma_buf), WC_NOT_SUPPORTED_ERROR);
	ck_assert_uint_eq(dma_buf.object_count, 0);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(export_without_descriptors_leaves_none)
{
	struct wc_video_frame *frame = device_frame(DRM_FORMAT_NV12, DRM_FORMAT_MOD_LINEAR);
	struct rlimit old, few;
	struct wc_dma_buf dma_buf;
	int next = dup(STDIN_FILENO);

	/* Room for one of the two. */
	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = (rlim_t)next + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &dma_buf), WC_OPERATION_ERROR);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_uint_eq(dma_buf.object_count, 0);
	ck_assert_int_eq(fcntl(next, F_GETFD), -1);
	wc_video_frame_unref(frame);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("video_frame");
	TCase *construct = tcase_create("constructors");
	TCase *refs = tcase_create("references");
	TCase *memory = tcase_create("memory");

	tcase_add_checked_fixture(construct, set_up, tear_down);
	tcase_add_loop_test(construct, constructors_refuse_invalid, 0, N(invalid));
	tcase_add_test(construct, constructors_refuse_null);
	tcase_add_test(construct, defaults_are_filled_in);
	tcase_add_test(construct, rgb_is_srgb_by_default);
	tcase_add_test(construct, given_values_are_kept);
	tcase_add_loop_test(construct, rotation_turns_the_default_display_size, 0, 4);
	tcase_add_test(construct, copy_makes_planes_tight);
	tcase_add_test(construct, wrapped_memory_is_used_in_place);
	tcase_add_test(construct, wrapped_memory_needs_no_release);
	suite_add_tcase(s, construct);
	tcase_add_checked_fixture(refs, set_up, tear_down);
	tcase_add_test(refs, close_leaves_the_time);
	tcase_add_test(refs, clone_lives_on_its_own);
	tcase_add_test(refs, frame_outlives_everything);
	tcase_add_test(refs, warm_frames_are_recycled);
	tcase_add_loop_test(refs, derived_frames_show_another_part, 0, N(derived));
	tcase_add_test(refs, derived_frames_have_another_time);
	tcase_add_loop_test(refs, derived_frames_are_checked, 0, N(bad_overrides));
	tcase_add_test(refs, threads_share_a_frame);
	suite_add_tcase(s, refs);
	tcase_add_checked_fixture(memory, set_up, tear_down);
	tcase_add_loop_test(memory, formats_have_their_size_and_come_back_unchanged, 0,
			    N(formats));
	tcase_add_test(memory, format_names);
	tcase_add_test(memory, layout_names_the_objects);
	tcase_add_test(memory, map_checks_access);
	tcase_add_test(memory, tiled_frames_are_for_devices_only);
	tcase_add_test(memory, unknown_formats_have_no_rows);
	tcase_add_test(memory, export_duplicates_descriptors);
	tcase_add_test(memory, export_needs_dma_bufs);
	tcase_add_test(memory, export_without_descriptors_leaves_none);
	suite_add_tcase(s, memory);
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
