/* SPDX-License-Identifier: MIT */
/* What is measured: a device, and a stream for it. */
#ifndef WC_TOOLS_PROBE_TARGET_H
#define WC_TOOLS_PROBE_TARGET_H

#include <stdbool.h>

#include <webcodecs/webcodecs.h>

#include "common/codec_choice.h"
#include "common/failure.h"
#include "probe/options.h"

struct target {
	struct wc_device device;
	bool encodes;
	char codec[CODEC_CHOICE_TEXT];   /* codec string */
	struct size size;
};

/* Frames a second of the streams. */
#define TARGET_RATE 30

/*
 * Nobody loses a context to a codec of lower priority: neither shall those who use devices in
 * earnest give one up for a measurement, nor what it took before, which has nothing more to do.
 * The number-th codec has the priority less the number.
 */
#define TARGET_PRIORITY (-1000000)

/* 0, or -1 with the failure set. Takes no context. */
int target_find(struct target *target, struct wc_context *context,
		const struct probe_options *options, struct failure *failure);

/* Configurations for it; the strings are those of target. */
struct wc_video_decoder_config target_decoder_config(const struct target *target);
struct wc_video_encoder_config target_encoder_config(const struct target *target);

#endif
