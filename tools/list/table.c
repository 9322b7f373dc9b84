/* SPDX-License-Identifier: MIT */
#include "list/table.h"

#include <stdio.h>
#include <string.h>

#include "common/fourcc.h"
#include "list/menu_names.h"
#include "list/session_query.h"

#define LINE_WIDTH 96
#define INDENT 17

/* Words behind a heading, broken into lines. */
struct words {
	const char *heading;
	unsigned column;
};

static void words_add(struct words *words, const char *word)
{
	unsigned length = (unsigned)strlen(word) + 1;

	if (!words->column) {
		printf("    %-*s", INDENT - 4, words->heading);
		words->column = INDENT;
	} else if (words->column + length > LINE_WIDTH) {
		printf("\n%*s", INDENT, "");
		words->column = INDENT;
	}
	printf("%s ", word);
	words->column += length;
}

static void words_end(const struct words *words)
{
	if (words->column)
		putchar('\n');
}

static void print_mask(const char *heading, const char *codec, uint64_t mask,
		       const char *(*name)(const char *codec, unsigned entry))
{
	struct words words = { .heading = heading };

	for (unsigned i = 0; i < 64; i++) {
		const char *word = mask >> i & 1 ? name(codec, i) : NULL;

		if (word)
			words_add(&words, word);
	}
	words_end(&words);
}

/* modifiers: NULL when all lie in rows. */
static void print_formats(const uint32_t *formats, const uint64_t *modifiers, uint32_t count)
{
	struct words words = { .heading = "formats" };
	char text[FOURCC_MODIFIER_TEXT];

	for (uint32_t i = 0; i < count; i++)
		words_add(&words, fourcc_modifier_text(formats[i], modifiers ? modifiers[i] : 0,
						       text));
	words_end(&words);
}

static void print_range(const struct wc_size_range *size)
{
	if (size->max_width)
		printf("%ux%u to %ux%u", size->min_width, size->min_height, size->max_width,
		       size->max_height);
	if (size->step_width > 1 || size->step_height > 1)
		printf(" in steps of %ux%u", size->step_width, size->step_height);
}

static void print_size(const struct wc_device_codec *codec)
{
	const struct wc_size_range *size = &codec->size;

	print_range(size);
	if (codec->dynamic_resolution)
		printf("%ssize may change in the stream", size->max_width ? ", " : "");
}

static void print_codec(const struct wc_device_codec *codec)
{
	char text[FOURCC_TEXT];

	printf("  %-6s %s  ", codec->codec[0] ? codec->codec : "-",
	       codec->v4l2_fourcc ? fourcc_text(codec->v4l2_fourcc, text) : "    ");
	print_size(codec);
	putchar('\n');
	print_mask("profiles", codec->codec, codec->profiles, menu_profile_name);
	print_mask("levels", codec->codec, codec->levels, menu_level_name);
	print_formats(codec->raw_formats, codec->raw_modifiers, codec->raw_format_count);
}

static void print_side(const char *name, const struct wc_size_range *size,
		       const uint32_t *formats, uint32_t count)
{
	printf("  %-8s ", name);
	print_range(size);
	putchar('\n');
	print_formats(formats, NULL, count);
}

static void print_converter(const struct wc_device_converter *converter)
{
	struct words words = { .heading = "can" };

	print_side("source", &converter->source_size, converter->sources,
		   converter->source_count);
	print_side("result", &converter->result_size, converter->results,
		   converter->result_count);
	if (converter->crops)
		words_add(&words, "crop");
	if (converter->rotates)
		words_add(&words, "rotate");
	if (converter->mirrors)
		words_add(&words, "mirror");
	if (converter->mirrors_vertically)
		words_add(&words, "mirror-vertically");
	words_end(&words);
}

static void print_device(const struct wc_device *device)
{
	printf("%s  %s  %s (%s, %s%s)\n", device->path, wc_device_role_name(device->role),
	       device->card, device->driver, device->bus,
	       device->multiplanar ? ", multi-planar" : "");
	for (uint32_t i = 0; i < device->codec_count; i++)
		print_codec(&device->codecs[i]);
	if (device->role == WC_DEVICE_ROLE_CONVERTER)
		print_converter(&device->converter);
}

static void print_answer(const char *role, const struct session_answer *answer)
{
	printf("  %-8s %-22s ", role, answer->codec);
	if (answer->supported)
		printf("%-10s %s%s%s\n", wc_session_kind_name(answer->info.kind),
		       answer->info.device, answer->info.device[0] ? " " : "", answer->info.name);
	else
		printf("none\n");
}

static void print_sessions(struct wc_context *context, const struct list_options *options)
{
	const char *codec;

	printf("A stream of %ux%u at %g frames a second would get:\n", options->size.width,
	       options->size.height, (double)options->framerate.num / options->framerate.den);
	for (unsigned i = 0; (codec = session_query_codec(options, i)); i++) {
		struct session_answer answer;

		session_query_decoder(context, options, codec, &answer);
		print_answer("decoder", &answer);
		session_query_encoder(context, options, codec, &answer);
		print_answer("encoder", &answer);
	}
}

void table_print(struct wc_context *context, const struct wc_device_list *devices,
		 const struct list_options *options)
{
	for (size_t i = 0; i < wc_device_list_get_count(devices); i++)
		print_device(wc_device_list_get(devices, i));
	if (!wc_device_list_get_count(devices))
		puts("There are no codec devices.");
	putchar('\n');
	print_sessions(context, options);
}
