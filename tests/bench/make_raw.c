/* SPDX-License-Identifier: MIT */
/*
 * Writes a clip of raw I420 pictures to standard output: a smooth background that moves, squares
 * with texture that move against it, a little noise. The same bytes on every machine.
 */
#include <stdlib.h>

#include "bench.h"

#include <stdio.h>

struct canvas {
	unsigned width, height;
	uint32_t noise;
};

static unsigned triangle(unsigned x, unsigned period)
{
	x %= period;
	return x < period / 2 ? x : period - x;
}

static uint8_t luma(struct canvas *c, unsigned x, unsigned y, unsigned n)
{
	unsigned value = 40 + triangle(x + 3 * n, 256) / 2 + triangle(y + n, 192) / 2;
	unsigned square_x = (x + 5 * n) % 320, square_y = (y + 2 * n) % 240;

	if (square_x < 48 && square_y < 48)
		value = 60 + (square_x * 5 ^ square_y * 3) % 128;
	c->noise = c->noise * 1664525u + 1013904223u;
	return (uint8_t)(value + (c->noise >> 30));
}

static uint8_t chroma(unsigned x, unsigned y, unsigned n)
{
	return (uint8_t)(96 + triangle(x + 2 * n, 128) / 2 + triangle(y + n, 96) / 2);
}

static void put(int byte)
{
	if (putchar_unlocked(byte) == EOF)
		die_errno("standard output");
}

static void write_picture(struct canvas *c, unsigned n)
{
	for (unsigned y = 0; y < c->height; y++)
		for (unsigned x = 0; x < c->width; x++)
			put(luma(c, x, y, n));
	for (unsigned plane = 0; plane < 2; plane++)
		for (unsigned y = 0; y < (c->height + 1) / 2; y++)
			for (unsigned x = 0; x < (c->width + 1) / 2; x++)
				put(chroma(x, y, plane ? n : 40 - n % 40));
}

int main(int argc, char **argv)
{
	struct canvas canvas = { .noise = 1 };
	unsigned n_pictures = 0;

	if (argc == 4) {
		canvas.width = (unsigned)strtoul(argv[1], NULL, 10);
		canvas.height = (unsigned)strtoul(argv[2], NULL, 10);
		n_pictures = (unsigned)strtoul(argv[3], NULL, 10);
	}
	if (!canvas.width || !canvas.height || !n_pictures)
		die("usage: WIDTH HEIGHT PICTURES");
	for (unsigned n = 0; n < n_pictures; n++)
		write_picture(&canvas, n);
	if (fflush(stdout) == EOF)
		die_errno("standard output");
	return 0;
}
