/* SPDX-License-Identifier: MIT */
#include "common/codec_choice.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/macros.h"

#define MAX_ATTEMPTS 4

/*
 * A codec string with the level left out. H.264 writes the level in hexadecimal, the others in
 * decimal; a format without a conversion has no level.
 */
static const struct choice {
	const char *name, *alias;
	enum level_family family;
	const char *formats[MAX_ATTEMPTS];
	const char *prefix;      /* of whole codec strings, with its dot; NULL: there are none */
} choices[] = {
	{ "h264", "avc", LEVEL_H264,
	  /* High, Main, Constrained Baseline, Baseline */
	  { "avc1.6400%02x", "avc1.4d00%02x", "avc1.42e0%02x", "avc1.4200%02x" }, "avc1." },
	{ "hevc", "h265", LEVEL_HEVC, { "hvc1.1.6.L%u.B0", "hev1.1.6.L%u.B0" }, "hvc1." },
	{ "vp8", NULL, 0, { "vp8" }, NULL },
	{ "vp9", NULL, LEVEL_VP9, { "vp09.00.%02u.08" }, "vp09." },
	{ "av1", NULL, LEVEL_AV1, { "av01.0.%02uM.08" }, "av01." },
	{ "mjpeg", "jpeg", 0, { "mjpeg" }, NULL },
	{ "fwht", NULL, 0, { "fwht" }, NULL },
};

static const struct choice *choice_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		if (!strcasecmp(choices[i].name, name) ||
		    (choices[i].alias && !strcasecmp(choices[i].alias, name)))
			return &choices[i];
	return NULL;
}

/* The formats are the constants above, each with at most one unsigned conversion. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void choice_format(const struct choice *choice, unsigned attempt,
			  const struct level_need *need, char text[CODEC_CHOICE_TEXT])
{
	snprintf(text, CODEC_CHOICE_TEXT, choice->formats[attempt],
		 level_choose(choice->family, need));
}

bool codec_choice_string(const char *name, unsigned attempt, const struct level_need *need,
			 char text[CODEC_CHOICE_TEXT])
{
	const struct choice *choice = choice_find(name);

	if (!choice) {
		snprintf(text, CODEC_CHOICE_TEXT, "%s", name);
		return attempt == 0 && strlen(name) < CODEC_CHOICE_TEXT;
	}
	if (attempt >= MAX_ATTEMPTS || !choice->formats[attempt])
		return false;
	choice_format(choice, attempt, need, text);
	return true;
}

bool codec_choice_is_known(const char *name)
{
	if (choice_find(name) || !strncmp(name, "avc3.", 5) || !strncmp(name, "hev1.", 5))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		if (choices[i].prefix && !strncmp(name, choices[i].prefix, 5))
			return true;
	return false;
}

const char *codec_choice_name(unsigned n)
{
	return n < ARRAY_SIZE(choices) ? choices[n].name : NULL;
}
