/* SPDX-License-Identifier: MIT */
/*
 * Configurations: whether they are valid (W3C WebCodecs section 7), copies that own what they point
 * to, and what two of them have in common.
 *
 * Valid is a matter of shape: an unknown codec string is valid, and not supported.
 */
#ifndef WC_API_CONFIG_H
#define WC_API_CONFIG_H

#include <webcodecs/video_decoder.h>
#include <webcodecs/video_encoder.h>

#include "bitstream/codec_string.h"
#include "session/select.h"
#include "session/session.h"

/* One block of memory, strings included: ends with free(). */
struct decoder_config {
	struct wc_video_decoder_config given;
	bool known;                    /* the codec string could be read */
	struct codec_string string;
	bool broken_description;
	bool length_prefixed;          /* false: Annex B, or a codec without NAL units */
	unsigned length_size;          /* bytes of those lengths */
	char storage[];
};

/* The same. */
struct encoder_config {
	struct wc_video_encoder_config given;
	bool known;
	struct codec_string string;
	char storage[];
};

/* What makes a configuration invalid, as a sentence; NULL when it is valid. */
const char *decoder_config_problem(const struct wc_video_decoder_config *config);
const char *encoder_config_problem(const struct wc_video_encoder_config *config);

/* Copies of valid configurations; NULL without memory. */
struct decoder_config *decoder_config_new(const struct wc_video_decoder_config *config);
struct encoder_config *encoder_config_new(const struct wc_video_encoder_config *config);

/* Equal dictionaries, contents compared. */
bool decoder_config_equal(const struct wc_video_decoder_config *a,
			  const struct wc_video_decoder_config *b);

/*
 * Whether a session made for one can run the other. What the codec objects do themselves
 * (overrides, metadata) is left out; for encoders also bitrate and framerate, see below.
 */
bool decoder_config_same_session(const struct decoder_config *a, const struct decoder_config *b);
bool encoder_config_same_session(const struct encoder_config *a, const struct encoder_config *b);

bool encoder_config_same_rates(const struct encoder_config *a, const struct encoder_config *b);
bool encoder_config_same_display(const struct encoder_config *a, const struct encoder_config *b);

/*
 * What a session is made from. 0, or WC_NOT_SUPPORTED_ERROR with *error filled when the codec
 * string or the description cannot be used. Pointers into config are handed on.
 */
int decoder_config_params(const struct decoder_config *config, struct decoder_params *params,
			  struct wc_error *error);
int encoder_config_params(const struct encoder_config *config, struct encoder_params *params,
			  struct wc_error *error);

#endif
