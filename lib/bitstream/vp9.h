/* SPDX-License-Identifier: MIT */
/* VP9 ("VP9 Bitstream & Decoding Process Specification", v0.6): superframes and frame headers. */
#ifndef WC_BITSTREAM_VP9_H
#define WC_BITSTREAM_VP9_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/codec_string.h"
#include "bitstream/sample_format.h"

#define VP9_MAX_FRAMES 8

/* The frames in a chunk, of which usually one is shown. Points into the chunk. */
struct vp9_superframe {
	unsigned n_frames;                      /* 1 when there is no index */
	struct {
		const uint8_t *data;
		size_t size;
	} frames[VP9_MAX_FRAMES];
};

/* Annex B. 0; -EINVAL when the chunk is empty or the frames of the index do not fit in it. */
int vp9_superframe_parse(const uint8_t *data, size_t size, struct vp9_superframe *out);

struct vp9_frame_header {
	unsigned profile;                       /* 0..3 */
	bool show_existing;                     /* only repeats a picture; nothing below is set */
	bool key;
	bool intra_only;
	bool show;
	/* Set for key and intra-only frames, else zero or unknown: */
	unsigned bit_depth;
	enum chroma chroma;
	struct color_description color;         /* matrix and range; VP9 has no more */
	uint32_t width, height;
	uint32_t render_width, render_height;   /* for stateless decoders */
};

/* The uncompressed header of one frame, section 6.2. 0 or -EINVAL. */
int vp9_frame_header_parse(const uint8_t *data, size_t size, struct vp9_frame_header *out);

/*
 * The lowest level (31 is 3.1) for pictures of this size and so many luma samples a second, 0 if
 * not known; the highest if none fits.
 */
int vp9_level(uint32_t width, uint32_t height, uint64_t luma_rate);

/* Fill in the codec string for a key frame; the level is the least for the picture size. */
void vp9_frame_codec_string(const struct vp9_frame_header *header, struct codec_string *out);

#endif
