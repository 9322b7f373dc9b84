/* SPDX-License-Identifier: MIT */
/*
 * Tiles and columns into rows, against addresses that are computed here from the kernel's
 * description of each layout, sample by sample; in memory that ends where the picture ends.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame/convert.h"
#include "frame/detile.h"
#include "frame/encoded_video_chunk.h"
#include "frame/modifier.h"
#include "frame/pixel_format.h"
#include "frame/video_frame.h"

#define N(array) ((int)(sizeof(array) / sizeof *(array)))

/* ---- the reference --------------------------------------------------------------------------- */

/* pixfmt-yuv-planar.rst: "stores pixels in WxH tiles, and stores tiles linearly in memory". */
static size_t in_tiles(size_t x, size_t y, size_t stride, size_t w, size_t h)
{
	size_t tiles_before = y / h * (stride / w) + x / w;

	return tiles_before * (w * h) + (y % h) * w + x % w;
}

/*
 * The document's example of NV12MT, 6x5 tiles, as its figure numbers them; larger pictures are not
 * needed to tell the rule from others.
 */
static const uint8_t example[5][6] = {
	{ 0, 1, 6, 7, 8, 9 },
	{ 2, 3, 4, 5, 10, 11 },
	{ 12, 13, 18, 19, 20, 21 },
	{ 14, 15, 16, 17, 22, 23 },
	{ 24, 25, 26, 27, 28, 29 },
};

/* drm_fourcc.h: "split into columns, and the columns are placed consecutively into memory". */
static size_t in_columns(size_t x, size_t y, size_t column)
{
	return x / 128 * column + y * 128 + x % 128;
}

static const struct shape {
	enum tiling tiling;
	unsigned width, luma, chroma;      /* bytes, rows */
} shapes[] = {
	{ TILING_4X4, 4, 4, 4 }, { TILING_8X4, 8, 4, 4 }, { TILING_8X128, 8, 128, 128 },
	{ TILING_16X16, 16, 16, 16 }, { TILING_16X16_BLOCKS, 16, 16, 8 },
	{ TILING_16X32, 16, 32, 16 }, { TILING_32X32, 32, 32, 32 },
};

/* ---- support --------------------------------------------------------------------------------- */

/* Memory whose end is the end of a page: a read beyond it ends the test. */
static uint8_t *at_the_edge(size_t size, uint8_t **map, size_t *length)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*length = (size + page - 1) / page * page + page;
	*map = mmap(NULL, *length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(*map, MAP_FAILED);
	ck_assert_int_eq(mprotect(*map + *length - page, page, PROT_NONE), 0);
	return *map + *length - page - size;
}

static uint32_t next(uint32_t *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16;
}

static void fill(uint8_t *data, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)next(&seed);
}

typedef size_t (*address_of)(const struct detile_plane *plane, size_t x, size_t y);

/* What is in the window is right, and nothing around it was written. */
static void expect_window(const struct detile_plane *plane, const struct plane_window *window,
			  address_of address)
{
	size_t stride = window->width + 5, size = stride * window->rows;
	uint8_t *to = malloc(size), *expected = malloc(stride);

	ck_assert(to && expected);
	memset(to, 0xa5, size);
	memset(expected, 0xa5, stride);
	detile_window(plane, window, to, stride);
	for (size_t y = 0; y < window->rows; y++) {
		for (size_t x = 0; x < window->width; x++)
			expected[x] = plane->data[address(plane, window->left + x,
							  window->top + y)];
		ck_assert_mem_eq(to + y * stride, expected, stride);
	}
	free(expected);
	free(to);
}

/* All of the plane, and parts that begin and end anywhere. */
static void expect_windows(const struct detile_plane *plane, size_t row_bytes, address_of address)
{
	uint32_t state = 7;

	expect_window(plane, &(struct plane_window) { 0, row_bytes, 0, (uint32_t)plane->rows },
		      address);
	for (int i = 0; i < 20; i++) {
		struct plane_window window;

		window.left = next(&state) % row_bytes;
		window.width = 1 + next(&state) % (row_bytes - window.left);
		window.top = next(&state) % (uint32_t)plane->rows;
		window.rows = 1 + next(&state) % ((uint32_t)plane->rows - window.top);
		if (i % 4 == 0) {
			window.width += window.left % 16;
			window.left -= window.left % 16;
			window.top -= window.top % 4;
		}
		expect_window(plane, &window, address);
	}
}

/* ---- planes ---------------------------------------------------------------------------------- */

static size_t address_in_tiles(const struct detile_plane *plane, size_t x, size_t y)
{
	const struct shape *shape = shapes;

	while (shape->tiling != plane->tiling)
		shape++;
	return in_tiles(x, y, plane->stride, shape->width, plane->plane ? shape->chroma
									 : shape->luma);
}

static const struct { size_t bytes, rows, padding; } sizes[] = {
	{ 64, 64, 0 }, { 1, 1, 0 }, { 3, 5, 0 }, { 17, 33, 0 }, { 100, 130, 1 }, { 177, 129, 2 },
	{ 15, 31, 1 }, { 640, 48, 0 },
};

START_TEST(tiles_become_rows)
{
	const struct shape *shape = &shapes[_i / 2];

	for (int i = 0; i < N(sizes); i++) {
		size_t unit = shape->width, length, end;
		struct detile_plane plane = {
			.tiling = shape->tiling, .plane = (unsigned)_i % 2, .rows = sizes[i].rows,
			.stride = ((sizes[i].bytes + unit - 1) / unit + sizes[i].padding) * unit,
		};
		uint8_t *map, *data;

		/* To the last row of the last tile, and not a byte more. */
		end = address_in_tiles(&plane, (sizes[i].bytes - 1) / unit * unit + unit - 1,
				       sizes[i].rows - 1) + 1;
		data = at_the_edge(end, &map, &length);
		fill(data, end, 3);
		plane.data = data;
		ck_assert(detile_fits(&plane, sizes[i].bytes, end));
		ck_assert(!detile_fits(&plane, sizes[i].bytes, end - 1));
		ck_assert(!detile_fits(&plane, plane.stride + 1, end + 65536));
		if (shape->width <= 16 && shape->width > 1) {
			plane.stride++;
			ck_assert(!detile_fits(&plane, sizes[i].bytes, end + 65536));
			plane.stride--;
		}
		expect_windows(&plane, sizes[i].bytes, address_in_tiles);
		munmap(map, length);
	}
}
END_TEST

static unsigned example_rows;              /* of tiles */

static size_t address_in_example(const struct detile_plane *plane, size_t x, size_t y)
{
	size_t row = y / 32, number;

	(void)plane;
	/* With four rows of tiles there is no odd one. */
	number = example[row][x / 64];
	/* Not ck_assert(), which is slow, and this is called for each byte. */
	if (row >= example_rows)
		ck_abort_msg("row %zu of %u", row, example_rows);
	return number * 64 * 32 + y % 32 * 64 + x % 64;
}

START_TEST(groups_of_four_tiles_go_in_a_z)
{
	static const size_t rows[] = { 160, 150, 129, 128, 100, 97 };
	struct detile_plane plane = {
		.tiling = TILING_64X32_Z, .plane = (unsigned)_i % 2, .stride = 384,
		.rows = rows[_i],
	};
	size_t size, length;
	uint8_t *map, *data;

	example_rows = (unsigned)(rows[_i] + 31) / 32;
	size = 384 * 32 * example_rows;
	data = at_the_edge(size, &map, &length);
	fill(data, size, 5);
	plane.data = data;
	ck_assert(detile_fits(&plane, 384, size));
	ck_assert(detile_fits(&plane, 300, size));
	ck_assert(!detile_fits(&plane, 300, size - 1));
	/* Groups are 128 bytes wide. */
	plane.stride = 320;
	ck_assert(!detile_fits(&plane, 300, size));
	plane.stride = 384;
	expect_windows(&plane, 381, address_in_example);
	munmap(map, length);
}
END_TEST

static size_t address_in_columns(const struct detile_plane *plane, size_t x, size_t y)
{
	return in_columns(x, y, plane->column);
}

START_TEST(columns_become_rows)
{
	for (int i = 0; i < N(sizes); i++) {
		struct detile_plane plane = {
			.tiling = _i ? TILING_COLUMNS_APART : TILING_COLUMNS,
			.rows = sizes[i].rows,
			.column = (sizes[i].rows + sizes[i].padding * 3) * 128,
		};
		size_t length, size = in_columns((sizes[i].bytes - 1) / 128 * 128 + 127,
						 sizes[i].rows - 1, plane.column) + 1;
		uint8_t *map, *data;

		data = at_the_edge(size, &map, &length);
		fill(data, size, 6);
		plane.data = data;
		ck_assert(detile_fits(&plane, sizes[i].bytes, size));
		ck_assert(!detile_fits(&plane, sizes[i].bytes, size - 1));
		expect_windows(&plane, sizes[i].bytes, address_in_columns);
		/* A column with fewer rows than the picture. */
		plane.column = (sizes[i].rows - 1) * 128;
		ck_assert(!detile_fits(&plane, sizes[i].bytes, size + 65536));
		munmap(map, length);
	}
}
END_TEST

/* drm_fourcc.h, P030: "[63:0] Cr1:Cb1:Cr0:Cb0..." from the low bits, three to a word. */
START_TEST(packed_columns_become_p010)
{
	enum { ROWS = 11, SAMPLES = 230, COLUMN = 13 * 128 };
	static uint8_t data[3 * COLUMN];
	struct detile_plane plane = {
		.tiling = TILING_COLUMNS, .packed = true, .data = data, .rows = ROWS,
		.column = COLUMN,
	};
	static uint8_t to[ROWS][SAMPLES * 2];
	struct plane_window window = { 0, sizeof to[0], 0, ROWS };
	uint16_t samples[ROWS][SAMPLES];
	uint32_t state = 9;

	for (unsigned y = 0; y < ROWS; y++)
		for (unsigned x = 0; x < SAMPLES; x++) {
			unsigned bit = x % 3 * 10, k;
			size_t word = x / 96 * COLUMN + y * 128 + x % 96 / 3 * 4;

			samples[y][x] = next(&state) & 0x3ff;
			for (k = 0; k < 10; k++)
				if (samples[y][x] >> k & 1)
					data[word + (bit + k) / 8] |= (uint8_t)(1 << (bit + k) % 8);
		}
	ck_assert(detile_fits(&plane, sizeof to[0], sizeof data));
	ck_assert(!detile_fits(&plane, sizeof to[0], 2 * COLUMN + 128));
	detile_window(&plane, &window, to[0], sizeof to[0]);
	for (unsigned y = 0; y < ROWS; y++)
		for (unsigned x = 0; x < SAMPLES; x++)
			ck_assert_uint_eq(to[y][2 * x] | to[y][2 * x + 1] << 8,
					  samples[y][x] << 6);
	/* A part, from the middle of a word. */
	window = (struct plane_window) { 2 * 95, 2 * 7, 3, 2 };
	detile_window(&plane, &window, to[0], sizeof to[0]);
	for (unsigned x = 0; x < 7; x++)
		ck_assert_uint_eq(to[1][2 * x] | to[1][2 * x + 1] << 8, samples[4][95 + x] << 6);
}
END_TEST

START_TEST(nonsense_does_not_fit)
{
	static const size_t numbers[] = { 0, 1, 3, 16, 127, 128, 4096, SIZE_MAX / 128,
					  SIZE_MAX / 2, SIZE_MAX };
	static const uint8_t data[4096];

	/* Whatever is said to fit 4096 bytes is read within them; the sanitizer looks. */
	for (int t = TILING_4X4; t <= TILING_COLUMNS_APART; t++)
		for (size_t n = 0; n < 10000; n++) {
			struct detile_plane plane = {
				.tiling = (enum tiling)t, .data = data,
				.stride = numbers[n / 10 % 10], .rows = numbers[n / 100 % 10],
				.column = numbers[n / 1000],
			};
			size_t bytes = numbers[n % 10];
			static uint8_t to[8192];

			if (!detile_fits(&plane, bytes, sizeof data))
				continue;
			ck_assert_uint_le(bytes * plane.rows, sizeof data);
			detile_window(&plane,
				      &(struct plane_window) { 0, bytes, 0,
							       (uint32_t)plane.rows }, to, bytes);
		}
}
END_TEST

/* ---- names ----------------------------------------------------------------------------------- */

START_TEST(only_what_is_known_is_read)
{
	const uint32_t nv12 = DRM_FORMAT_NV12;

	ck_assert_int_eq(modifier_tiling(nv12, DRM_FORMAT_MOD_LINEAR), TILING_LINEAR);
	ck_assert_int_eq(modifier_tiling(nv12, DRM_FORMAT_MOD_SAMSUNG_64_32_TILE), TILING_64X32_Z);
	ck_assert_int_eq(modifier_tiling(nv12, DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(816ULL)),
			 TILING_COLUMNS);
	ck_assert_int_eq(modifier_tiling(DRM_FORMAT_P030,
					 DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(12ULL)),
			 TILING_COLUMNS);
	ck_assert_int_eq(modifier_tiling(DRM_FORMAT_P030, DRM_FORMAT_MOD_BROADCOM_SAND128),
			 TILING_OPAQUE);
	ck_assert_int_eq(modifier_tiling(nv12, DRM_FORMAT_MOD_BROADCOM_SAND64_COL_HEIGHT(816ULL)),
			 TILING_OPAQUE);
	ck_assert_int_eq(modifier_tiling(DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_SAMSUNG_64_32_TILE),
			 TILING_OPAQUE);
	ck_assert_int_eq(modifier_tiling(nv12, DRM_FORMAT_MOD_ARM_AFBC(
				AFBC_FORMAT_MOD_BLOCK_SIZE_16x16)), TILING_OPAQUE);
	ck_assert_int_eq(modifier_tiling(nv12, DRM_FORMAT_MOD_INVALID), TILING_OPAQUE);
	ck_assert_uint_eq(detile_fourcc(DRM_FORMAT_P030, TILING_COLUMNS), DRM_FORMAT_P010);
	ck_assert_uint_eq(detile_fourcc(nv12, TILING_OPAQUE), 0);
	ck_assert_uint_eq(detile_fourcc(nv12, TILING_LINEAR), 0);
	ck_assert_uint_eq(detile_fourcc(nv12, TILING_8X4), 0);
	ck_assert_uint_eq(detile_fourcc(DRM_FORMAT_XRGB8888, TILING_4X4), 0);
}
END_TEST

static const struct { uint64_t modifier; const char *name; } names[] = {
	{ DRM_FORMAT_MOD_LINEAR, "LINEAR" },
	{ DRM_FORMAT_MOD_INVALID, "INVALID" },
	{ DRM_FORMAT_MOD_SAMSUNG_16_16_TILE, "SAMSUNG_16_16_TILE" },
	{ DRM_FORMAT_MOD_BROADCOM_SAND128, "BROADCOM_SAND128" },
	{ DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(1632ULL), "BROADCOM_SAND128(1632)" },
	{ DRM_FORMAT_MOD_BROADCOM_SAND64_COL_HEIGHT(16ULL), "BROADCOM(0x1003)" },
	{ DRM_FORMAT_MOD_ARM_AFBC(AFBC_FORMAT_MOD_BLOCK_SIZE_16x16 | AFBC_FORMAT_MOD_SPARSE),
	  "ARM_AFBC(0x41)" },
	{ DRM_FORMAT_MOD_ARM_16X16_BLOCK_U_INTERLEAVED, "ARM_16X16_BLOCK_U_INTERLEAVED" },
	{ DRM_FORMAT_MOD_MTK_16L_32S_TILE, "MTK_16L_32S_TILE" },
	{ 0x7700000000000001, "0x7700000000000001" },
};

START_TEST(modifiers_have_names)
{
	char text[MODIFIER_TEXT];

	ck_assert_str_eq(modifier_text(names[_i].modifier, text), names[_i].name);
}
END_TEST

START_TEST(a_wish_may_leave_the_height_of_columns_open)
{
	const uint64_t any = DRM_FORMAT_MOD_BROADCOM_SAND128;
	const uint64_t one = DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(816ULL);

	ck_assert(modifier_matches(one, any));
	ck_assert(modifier_matches(one, one));
	ck_assert(modifier_matches(any, any));
	ck_assert(!modifier_matches(DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(88ULL), one));
	ck_assert(!modifier_matches(DRM_FORMAT_MOD_LINEAR, any));
	ck_assert(!modifier_matches(any, DRM_FORMAT_MOD_LINEAR));
	ck_assert(!modifier_matches(DRM_FORMAT_MOD_SAMSUNG_16_16_TILE,
				    DRM_FORMAT_MOD_SAMSUNG_64_32_TILE));
}
END_TEST

/* ---- frames ---------------------------------------------------------------------------------- */

#define WIDTH 48
#define HEIGHT 40

static struct core *core;

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
}

static void tear_down(void)
{
	ck_assert_uint_eq(core->counters.video_frames, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	core_unref(core);
}

/* A frame in 16x16 tiles of luma and 16x8 of chroma, and the same picture in rows. */
static struct wc_video_frame *make_frame(uint64_t modifier, struct wc_video_frame **rows)
{
	struct frame_format format = {
		.fourcc = DRM_FORMAT_NV12, .modifier = modifier, .width = WIDTH, .height = HEIGHT,
		.tiling = modifier_tiling(DRM_FORMAT_NV12, modifier), .n_planes = 2,
		.planes = { { 0, 0, WIDTH }, { 0, WIDTH * 48, WIDTH } },
	};
	const struct wc_rect visible = { 2, 4, 41, 35 };
	const struct timing timing = { .timestamp = 1 };
	struct buffer *buffer = buffer_new_plain(core, WIDTH * 72);
	struct wc_video_frame *frame = video_frame_new(core, buffer, &format, &visible, &timing);
	uint8_t *to;

	fill(buffer->objects[0].map, WIDTH * 72, 11);
	buffer_unref(buffer);
	format = (struct frame_format) { 0 };
	ck_assert_uint_gt(frame_format_tight(&format, DRM_FORMAT_NV12, WIDTH, HEIGHT), 0);
	buffer = buffer_new_plain(core, WIDTH * HEIGHT * 3 / 2);
	*rows = video_frame_new(core, buffer, &format, &visible, &timing);
	to = buffer->objects[0].map;
	for (unsigned p = 0; p < 2; p++)
		for (size_t y = 0; y < (p ? HEIGHT / 2 : HEIGHT); y++)
			for (size_t x = 0; x < WIDTH; x++)
				*to++ = video_frame_plane(frame, p)[in_tiles(x, y, WIDTH, 16,
									     p ? 8 : 16)];
	buffer_unref(buffer);
	return frame;
}

static const struct { uint32_t fourcc; struct wc_rect rect; } copies[] = {
	{ 0, { 0 } },
	{ DRM_FORMAT_NV12, { 0, 0, WIDTH, HEIGHT } },
	{ DRM_FORMAT_NV12, { 32, 16, 16, 24 } },
	{ DRM_FORMAT_YUV420, { 4, 2, 9, 7 } },
	{ DRM_FORMAT_YUV420, { 0 } },
	{ DRM_FORMAT_XBGR8888, { 0 } },
};

START_TEST(a_copy_of_tiles_is_a_copy_of_rows)
{
	struct wc_video_frame_copy_options options = {
		.fourcc = copies[_i].fourcc, .rect = copies[_i].rect,
	};
	struct wc_plane_layout layout[WC_MAX_PLANES], same[WC_MAX_PLANES];
	struct wc_video_frame *rows;
	struct wc_video_frame *frame = make_frame(DRM_FORMAT_MOD_SAMSUNG_16_16_TILE, &rows);
	uint8_t a[WIDTH * HEIGHT * 4], b[sizeof a];
	size_t size, other;

	ck_assert_int_eq(wc_video_frame_allocation_size(frame, &options, &size), WC_OK);
	ck_assert_int_eq(wc_video_frame_allocation_size(rows, &options, &other), WC_OK);
	ck_assert_uint_eq(size, other);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, &options, a, size, layout), WC_OK);
	ck_assert_int_eq(wc_video_frame_copy_to(rows, &options, b, size, same), WC_OK);
	ck_assert_mem_eq(a, b, size);
	ck_assert_uint_eq(layout[0].stride, same[0].stride);
	wc_video_frame_unref(frame);
	wc_video_frame_unref(rows);
}
END_TEST

/* Whatever asks for rows gets none. */
START_TEST(tiles_are_never_taken_for_rows)
{
	static const uint64_t modifiers[] = {
		DRM_FORMAT_MOD_SAMSUNG_16_16_TILE, DRM_FORMAT_MOD_ARM_AFBC(1),
		DRM_FORMAT_MOD_VIVANTE_TILED,
	};
	const struct wc_rect part = { 0, 0, 16, 16 };
	struct wc_video_frame_mapping mapping;
	struct convert_image image;
	struct wc_video_frame *rows;
	struct wc_video_frame *frame = make_frame(modifiers[_i], &rows);
	uint8_t copy[WIDTH * HEIGHT * 2];
	size_t size;

	frame->writable = true;
	ck_assert_int_eq(wc_video_frame_get_format(frame), WC_PIXEL_FORMAT_NONE);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert(!video_frame_image(frame, &part, &image));
	ck_assert_int_eq(wc_video_frame_allocation_size(frame, NULL, &size),
			 _i ? WC_NOT_SUPPORTED_ERROR : WC_OK);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, sizeof copy, NULL),
			 _i ? WC_NOT_SUPPORTED_ERROR : WC_OK);
	wc_video_frame_unref(frame);
	wc_video_frame_unref(rows);
}
END_TEST

/* A layout that goes beyond its memory is not read, even where somebody else made it. */
START_TEST(tiles_beyond_the_memory_are_not_read)
{
	struct wc_video_frame *rows;
	struct wc_video_frame *frame = make_frame(DRM_FORMAT_MOD_SAMSUNG_16_16_TILE, &rows);
	uint8_t copy[WIDTH * HEIGHT * 2];

	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, sizeof copy, NULL), WC_OK);
	frame->format.planes[1].offset = WIDTH * 60;
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, sizeof copy, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	frame->format.planes[1].offset = WIDTH * 72;
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, sizeof copy, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	frame->format.planes[1].offset = WIDTH * 48;
	frame->format.planes[0].stride = WIDTH - 16;
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, sizeof copy, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	wc_video_frame_unref(frame);
	wc_video_frame_unref(rows);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("detile");
	TCase *planes = tcase_create("planes"), *frames = tcase_create("frames");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(planes, tiles_become_rows, 0, 2 * N(shapes));
	tcase_add_loop_test(planes, groups_of_four_tiles_go_in_a_z, 0, 6);
	tcase_add_loop_test(planes, columns_become_rows, 0, 2);
	tcase_add_test(planes, packed_columns_become_p010);
	tcase_add_test(planes, nonsense_does_not_fit);
	tcase_add_test(planes, only_what_is_known_is_read);
	tcase_add_loop_test(planes, modifiers_have_names, 0, N(names));
	tcase_add_test(planes, a_wish_may_leave_the_height_of_columns_open);
	suite_add_tcase(suite, planes);
	tcase_add_checked_fixture(frames, set_up, tear_down);
	tcase_add_loop_test(frames, a_copy_of_tiles_is_a_copy_of_rows, 0, N(copies));
	tcase_add_loop_test(frames, tiles_are_never_taken_for_rows, 0, 3);
	tcase_add_test(frames, tiles_beyond_the_memory_are_not_read);
	suite_add_tcase(suite, frames);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
