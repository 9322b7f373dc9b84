/* SPDX-License-Identifier: MIT */
#include "picture.h"

#include <drm_fourcc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Components of a picture that lie side by side, all of one size. */
struct grid {
	uint32_t width, height;
	unsigned first, components;
	unsigned scale;           /* picture pixels for one sample, each way */
};

static uint8_t noise(uint32_t x, uint32_t y, unsigned n, unsigned component)
{
	uint32_t h = x * 73856093u ^ y * 19349663u ^ n * 83492791u ^ component * 2654435761u;

	h ^= h >> 15;
	h *= 2246822519u;
	return (uint8_t)(h >> 16);
}

/*
 * A bar moves over a slope that moves too; every eighth band of rows is noise. There may be
 * millions of samples, and a checker of memory that looks at each step: what can be is copied.
 */
#define BAR 24

static bool is_noise(const struct picture *p, uint32_t y)
{
	return p->style == PICTURE_NOISE || (p->style != PICTURE_PLAIN && y % 64 < 8);
}

static uint8_t slope(const struct picture *p, uint32_t at, unsigned n, unsigned component)
{
	if (p->style == PICTURE_PLAIN)
		return (uint8_t)(120 + 8 * component);
	return (uint8_t)(at / 8 + n * 2 + 40 * component);
}

static void draw_noise(const struct grid *grid, uint32_t y, unsigned n, uint8_t *row)
{
	for (uint32_t x = 0; x < grid->width; x++)
		for (unsigned c = 0; c < grid->components; c++)
			*row++ = noise(x * grid->scale, y, n, grid->first + c);
}

static void draw_bar(const struct grid *grid, uint32_t bar, uint8_t *row)
{
	uint32_t end = (bar + BAR + grid->scale - 1) / grid->scale;

	for (uint32_t x = (bar + grid->scale - 1) / grid->scale; x < end && x < grid->width; x++)
		for (unsigned c = 0; c < grid->components; c++)
			row[x * grid->components + c] = (uint8_t)(60 + 70 * (grid->first + c));
}

/* Pixel x of row y, where there is nothing on it, is pixel x + y of @line. */
static void draw_line(const struct picture *p, const struct grid *grid, unsigned n, uint8_t *line)
{
	for (uint32_t at = 0; at < grid->width + grid->height; at++)
		for (unsigned c = 0; c < grid->components; c++)
			*line++ = slope(p, at * grid->scale, n, grid->first + c);
}

static uint8_t *draw_grid(const struct picture *p, const struct grid *grid, unsigned n,
			  uint8_t *data)
{
	size_t pixel = grid->components, row = grid->width * pixel;
	uint8_t *line = malloc((grid->width + (size_t)grid->height) * pixel);

	if (!line)
		abort();
	draw_line(p, grid, n, line);
	for (uint32_t y = 0; y < grid->height; y++) {
		if (is_noise(p, y * grid->scale))
			draw_noise(grid, y * grid->scale, n, data);
		else
			memcpy(data, line + y * pixel, row);
		draw_bar(grid, n * 16 % p->width, data);
		data += row;
	}
	free(line);
	return data;
}

static unsigned find_grids(const struct picture *p, struct grid grids[3])
{
	uint32_t half_width = (p->width + 1) / 2, half_height = (p->height + 1) / 2;

	switch (p->fourcc) {
	case DRM_FORMAT_YUV420:
		grids[0] = (struct grid) { p->width, p->height, 0, 1, 1 };
		grids[1] = (struct grid) { half_width, half_height, 1, 1, 2 };
		grids[2] = (struct grid) { half_width, half_height, 2, 1, 2 };
		return 3;
	case DRM_FORMAT_NV12:
		grids[0] = (struct grid) { p->width, p->height, 0, 1, 1 };
		grids[1] = (struct grid) { half_width, half_height, 1, 2, 2 };
		return 2;
	case DRM_FORMAT_BGR888:
		grids[0] = (struct grid) { p->width, p->height, 0, 3, 1 };
		return 1;
	default:
		return 0;
	}
}

size_t picture_size(const struct picture *picture)
{
	struct grid grids[3];
	unsigned n = find_grids(picture, grids);
	size_t size = 0;

	for (unsigned i = 0; i < n; i++)
		size += (size_t)grids[i].width * grids[i].height * grids[i].components;
	return size;
}

void picture_draw(const struct picture *picture, unsigned n, uint8_t *data)
{
	struct grid grids[3];
	unsigned n_grids = find_grids(picture, grids);

	for (unsigned i = 0; i < n_grids; i++)
		data = draw_grid(picture, &grids[i], n, data);
}
