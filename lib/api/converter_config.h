/* SPDX-License-Identifier: MIT */
/*
 * What a converter is asked for: configurations, the kinds of sources that they are applied to, and
 * what comes of both. A session is for one kind; frames of the next one need another.
 */
#ifndef WC_API_CONVERTER_CONFIG_H
#define WC_API_CONVERTER_CONFIG_H

#include <webcodecs/video_converter.h>

#include "api/display_size.h"
#include "session/session.h"

/* A configuration as it was given. One block of memory, strings included: ends with free(). */
struct converter_config {
	struct wc_video_converter_config given;
	char storage[];
};

/* A source: what is public of it, how it lies, and the size at which it is to be shown. */
struct converter_source {
	struct wc_video_converter_source is;
	enum tiling tiling;
	struct display_size display;
};

/* A configuration applied to a source. */
struct converter_kind {
	struct converter_params params;
	/* What results say of themselves. */
	struct display_size display;
	uint16_t rotation;
	bool flip;
};

/* What a session is made for. The same one block of memory. */
struct converter_setup {
	struct converter_kind kind;
	enum wc_hardware_acceleration preference;
	const char *device;                /* in storage; NULL: any */
	uint64_t context_wait;
	char storage[];
};

/* What makes a configuration, or a source, invalid, as a sentence; NULL when it is valid. */
const char *converter_config_problem(const struct wc_video_converter_config *config);
const char *converter_source_problem(const struct wc_video_converter_source *source);

/* A copy of a valid configuration; NULL without memory. */
struct converter_config *converter_config_new(const struct wc_video_converter_config *config);

/* NULL without memory. */
struct converter_setup *converter_setup_new(const struct converter_kind *kind,
					    const struct wc_video_converter_config *config);

/* What an open frame, or a valid description, is as a source. */
struct converter_source converter_source_of(const struct wc_video_frame *frame);
struct converter_source converter_source_described(const struct wc_video_converter_source *source);

void converter_kind_init(struct converter_kind *kind,
			 const struct wc_video_converter_config *config,
			 const struct converter_source *source);

bool converter_kind_equal(const struct converter_kind *a, const struct converter_kind *b);

/* Whether a session made for one can run the other, and whether results say the same, too. */
bool converter_setup_same_session(const struct converter_setup *a,
				  const struct converter_setup *b);
bool converter_setup_same(const struct converter_setup *a, const struct converter_setup *b);

/*
 * 0, or WC_NOT_SUPPORTED_ERROR with *error filled for what no session does: results without a
 * linear layout, a matrix of the other family, computed primaries.
 */
int converter_params_check(const struct converter_params *params, struct wc_error *error);

#endif
