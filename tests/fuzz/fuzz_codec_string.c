/* SPDX-License-Identifier: MIT */
/* A string that is taken has a form of its own, which means the same. */
#include <stdlib.h>
#include <string.h>

#include "bitstream/codec_string.h"
#include "fuzz.h"

static void check_same(const struct codec_string *a, const struct codec_string *b)
{
	require(a->codec == b->codec && a->profile == b->profile && a->level == b->level);
	require(a->tier == b->tier && a->bit_depth == b->bit_depth);
	require(a->in_band_parameter_sets == b->in_band_parameter_sets);
	require(a->profile_compatibility == b->profile_compatibility);
	require(!memcmp(a->constraints, b->constraints, sizeof(a->constraints)));
	require(a->chroma_subsampling == b->chroma_subsampling);
}

static void check(const char *string)
{
	char formatted[CODEC_STRING_MAX], again[CODEC_STRING_MAX];
	struct codec_string cs, reparsed;

	if (codec_string_parse(string, &cs) < 0)
		return;
	require(codec_string_format(&cs, formatted, sizeof(formatted)) == 0);
	require(codec_string_parse(formatted, &reparsed) == 0);
	check_same(&cs, &reparsed);
	require(codec_string_format(&reparsed, again, sizeof(again)) == 0);
	require(!strcmp(formatted, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *string = malloc(size + 1);

	require(string);
	if (size)
		memcpy(string, data, size);
	string[size] = '\0';
	check(string);
	free(string);
	return 0;
}
