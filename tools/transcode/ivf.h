/* SPDX-License-Identifier: MIT */
/* What reading and writing IVF share. */
#ifndef WC_TOOLS_IVF_H
#define WC_TOOLS_IVF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/video_codec.h"

#define IVF_HEADER_SIZE 32
#define IVF_FRAME_HEADER_SIZE 12

/* The codec of four letters; VIDEO_CODEC_NONE for others than ours. */
enum video_codec ivf_codec(const char *letters);

/*
 * Whether decoding can begin with a frame of VP8, VP9 or AV1, from its first bytes alone: the rest
 * is read into memory that can only be had when this is known.
 */
bool ivf_is_key(enum video_codec codec, const uint8_t *data, size_t size);

/* The letters of a codec; NULL when it has none. */
const char *ivf_letters(enum video_codec codec);

#endif
