/* SPDX-License-Identifier: MIT */
/*
 * FWHT encoder for the vectors: the kernel's vicodec, built for user space. It is not part of the
 * tests; README.md says how to build it from a kernel source.
 *
 *     encode_fwht FOURCC WIDTH HEIGHT COLORSPACE XFER_FUNC YCBCR_ENC QUANTIZATION < raw > fwht
 *
 * Raw frames have the coded size. Every second frame is a key frame.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

/* What the sources want from the kernel. */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
#define BIT(n) (1u << (n))
#define GENMASK(high, low) (~0u << (low) & ~0u >> (31 - (high)))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define round_up(value, multiple) (((value) + (multiple) - 1) / (multiple) * (multiple))
#define noinline_for_stack
#define pr_err(...) fprintf(stderr, __VA_ARGS__)

#include "codec-fwht.c"
#include "codec-v4l2-fwht.c"

static size_t set_up(struct v4l2_fwht_state *state, char **arguments)
{
	const char *name = arguments[0];
	size_t plane;

	state->info = v4l2_fwht_find_pixfmt(v4l2_fourcc(name[0], name[1], name[2], name[3]));
	if (!state->info)
		exit(EXIT_FAILURE);
	state->visible_width = (unsigned)atoi(arguments[1]);
	state->visible_height = (unsigned)atoi(arguments[2]);
	state->coded_width = round_up(state->visible_width, 8 * state->info->width_div);
	state->coded_height = round_up(state->visible_height, 8 * state->info->height_div);
	state->stride = state->coded_width * state->info->bytesperline_mult;
	state->gop_size = 2;
	state->i_frame_qp = 60;
	state->p_frame_qp = 30;
	state->colorspace = (unsigned)atoi(arguments[3]);
	state->xfer_func = (unsigned)atoi(arguments[4]);
	state->ycbcr_enc = (unsigned)atoi(arguments[5]);
	state->quantization = (unsigned)atoi(arguments[6]);
	plane = (size_t)state->coded_width * state->coded_height;
	state->ref_frame.luma = calloc(4, plane);
	if (!state->ref_frame.luma)
		exit(EXIT_FAILURE);
	state->ref_frame.cb = state->ref_frame.luma + plane;
	state->ref_frame.cr = state->ref_frame.cb + plane;
	state->ref_frame.alpha = state->ref_frame.cr + plane;
	return plane * state->info->sizeimage_mult / state->info->sizeimage_div;
}

int main(int argc, char **argv)
{
	struct v4l2_fwht_state state = { 0 };
	size_t raw_size, slack = 65536;
	u8 *raw, *coded;

	if (argc != 8 || strlen(argv[1]) != 4)
		return EXIT_FAILURE;
	raw_size = set_up(&state, argv + 1);
	raw = malloc(raw_size + slack);
	coded = malloc(3 * raw_size + slack);
	if (!raw || !coded)
		return EXIT_FAILURE;
	while (fread(raw, 1, raw_size, stdin) == raw_size) {
		int size = v4l2_fwht_encode(&state, raw, coded);

		if (size < 0 || fwrite(coded, 1, (size_t)size, stdout) != (size_t)size)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
