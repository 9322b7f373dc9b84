/* SPDX-License-Identifier: MIT */
/* From the short name of a codec to a whole codec string with a level that is enough. */
#ifndef WC_TOOLS_CODEC_CHOICE_H
#define WC_TOOLS_CODEC_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/level.h"

/* Room for any codec string that the tools make. */
#define CODEC_CHOICE_TEXT 64

/*
 * The attempt-th codec string (from 0) for a name, the best profile first. A name that is no short
 * name is taken as a whole codec string and has one attempt.
 *
 * Returns false when there are no more.
 */
bool codec_choice_string(const char *name, unsigned attempt, const struct level_need *need,
			 char text[CODEC_CHOICE_TEXT]);

/* Whether a name is a short name, or looks like a codec string ("avc1." and the like). */
bool codec_choice_is_known(const char *name);

/* The nth short name, without aliases; NULL past the last. */
const char *codec_choice_name(unsigned n);

#endif
