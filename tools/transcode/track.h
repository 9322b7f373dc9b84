/* SPDX-License-Identifier: MIT */
/* The one video track of an input: what its frames or chunks are. */
#ifndef WC_TOOLS_TRACK_H
#define WC_TOOLS_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/webcodecs.h>

#include "common/codec_choice.h"
#include "common/parse.h"

/* Frames a second of input that has no times. */
#define TRACK_RATE ((struct fraction) { 25, 1 })

struct track {
	char codec[CODEC_CHOICE_TEXT];      /* codec string; empty: pictures */
	const uint8_t *description;         /* avcC or hvcC, the input's; NULL: none */
	size_t description_size;
	uint32_t fourcc;                    /* of pictures */
	uint32_t width, height;             /* visible, in pixels; 0: unknown */
	struct size aspect;                 /* display aspect ratio; 0: square pixels or unknown */
	struct wc_video_color_space color_space;
	uint16_t rotation;                  /* clockwise degrees */
	bool flip;
	struct fraction rate;               /* frames a second, TRACK_RATE where nobody says */
	struct fraction time_base;          /* of the file, seconds; num 0: none */
	bool timed;                         /* chunks have times; else they are numbered */
	int64_t origin;                     /* time that is the beginning of the file */
	uint64_t frames;                    /* how many there are, about; 0: unknown */
};

/* Microseconds from one frame to the next, at least 1. */
static inline int64_t track_interval(const struct track *track)
{
	return (int64_t)(1000000ull * track->rate.den / track->rate.num);
}

/* When the nth frame of an input without times is shown. */
static inline int64_t track_time(const struct track *track, uint64_t n)
{
	uint64_t num = track->rate.num, den = track->rate.den;

	/* In two steps: n * 1000000 * den would overflow in long streams. */
	return (int64_t)(n / num * 1000000 * den + (n % num * 1000000 * den + num / 2) / num);
}

#endif
