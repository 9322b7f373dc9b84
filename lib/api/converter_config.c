/* SPDX-License-Identifier: MIT */
#include "api/converter_config.h"

#include <stdlib.h>
#include <string.h>

#include "frame/color_space.h"
#include "frame/detile.h"
#include "frame/modifier.h"
#include "frame/pixel_format.h"
#include "util/error.h"
#include "util/reserved.h"

#define ALL_USES (WC_MEMORY_FOR_CPU | WC_MEMORY_FOR_CODEC | WC_MEMORY_FOR_DISPLAY)

/* Validity, a matter of shape */

static bool is_rotation(uint16_t rotation)
{
	return rotation % 90 == 0 && rotation < 360;
}

/* Null is a matrix for everything. */
static bool suits(enum wc_color_matrix matrix, const struct pixel_format *pixels)
{
	return !matrix || pixels->rgb == (matrix == WC_MATRIX_RGB);
}

static const char *picture_problem(const struct wc_video_converter_config *config)
{
	const struct pixel_format *pixels = pixel_format_find(config->fourcc);

	if (!config->width != !config->height)
		return "width and height come together or not at all";
	if (!config->display_width != !config->display_height)
		return "display width and height come together or not at all";
	if (!is_rotation(config->rotation))
		return "rotation is none of 0, 90, 180 and 270";
	if ((unsigned)config->orientation > WC_ORIENTATION_UPRIGHT)
		return "the orientation is none of its enum";
	if (!color_space_is_valid(&config->color_space))
		return "the colour space has a value that is none of its enum";
	if (pixels && !suits(config->color_space.matrix, pixels))
		return "the matrix of the colour space is none of the format's: RGB has its own";
	return NULL;
}

const char *converter_config_problem(const struct wc_video_converter_config *config)
{
	if (!config)
		return "the configuration is NULL";
	if (HAS_RESERVED(config))
		return "a reserved field of the configuration is not zero";
	if ((unsigned)config->hardware_acceleration > WC_HARDWARE_PREFER_SOFTWARE)
		return "the hardware acceleration is none of its enum";
	if (config->use & ~(unsigned)ALL_USES)
		return "the use is no set of memory uses";
	if ((unsigned)config->copy > WC_COPY_NEVER)
		return "the copy policy is none of its enum";
	return picture_problem(config);
}

const char *converter_source_problem(const struct wc_video_converter_source *source)
{
	if (!source)
		return "the source is NULL";
	if (HAS_RESERVED(source))
		return "a reserved field of the source is not zero";
	if (!source->fourcc)
		return "the fourcc of the source is 0";
	if (!source->width || !source->height)
		return "width or height of the source is 0";
	if (!is_rotation(source->rotation))
		return "rotation of the source is none of 0, 90, 180 and 270";
	if (!color_space_is_valid(&source->color_space))
		return "the colour space of the source has a value that is none of its enum";
	return NULL;
}

/* Copies */

static size_t string_size(const char *string)
{
	return string ? strlen(string) + 1 : 0;
}

struct converter_config *converter_config_new(const struct wc_video_converter_config *given)
{
	size_t size = string_size(given->device);
	struct converter_config *config = calloc(1, sizeof *config + size);

	if (!config)
		return NULL;
	config->given = *given;
	if (given->device)
		config->given.device = memcpy(config->storage, given->device, size);
	return config;
}

struct converter_setup *converter_setup_new(const struct converter_kind *kind,
					    const struct wc_video_converter_config *config)
{
	size_t size = string_size(config->device);
	struct converter_setup *setup = calloc(1, sizeof *setup + size);

	if (!setup)
		return NULL;
	setup->kind = *kind;
	setup->preference = config->hardware_acceleration;
	setup->context_wait = config->context_wait;
	if (config->device)
		setup->device = memcpy(setup->storage, config->device, size);
	return setup;
}

/* Sources */

struct converter_source converter_source_of(const struct wc_video_frame *frame)
{
	return (struct converter_source) {
		.is = {
			.fourcc = frame->format.fourcc,
			.modifier = frame->format.modifier,
			.width = frame->visible.width,
			.height = frame->visible.height,
			.rotation = frame->rotation,
			.flip = frame->flip,
			.color_space = frame->color_space,
		},
		.tiling = frame->format.tiling,
		.display = { frame->display_width, frame->display_height },
	};
}

struct converter_source converter_source_described(const struct wc_video_converter_source *given)
{
	struct converter_source source = {
		.is = *given, .tiling = modifier_tiling(given->fourcc, given->modifier),
	};
	struct display_size size = { given->width, given->height };

	if (color_space_is_null(&given->color_space))
		source.is.color_space = color_space_default(given->fourcc);
	source.display = display_size_turned(size, given->rotation);
	return source;
}

/* Both together */

/* "Add Rotations": the second turn, seen in the mirror, goes the other way. */
static void turn_on(struct converter_params *params, uint16_t rotation, bool flip)
{
	unsigned on = params->flip ? 360u - rotation : rotation;

	params->rotation = (uint16_t)((params->rotation + on) % 360);
	params->flip = params->flip != flip;
}

static struct wc_video_color_space result_colors(const struct wc_video_color_space *wanted,
						 const struct converter_format *source,
						 uint32_t fourcc)
{
	struct wc_video_color_space colors = color_space_converted(&source->color_space,
								   source->fourcc, fourcc);

	if (wanted->primaries)
		colors.primaries = wanted->primaries;
	if (wanted->transfer)
		colors.transfer = wanted->transfer;
	if (wanted->matrix)
		colors.matrix = wanted->matrix;
	if (wanted->range)
		colors.range = wanted->range;
	return colors;
}

/* What results are when nothing else is asked for: of tiles the same samples in rows. */
static uint32_t fourcc_of_rows(const struct converter_format *source)
{
	uint32_t rows = detile_fourcc(source->fourcc, source->tiling);

	return rows ? rows : source->fourcc;
}

static void init_params(struct converter_params *params,
			const struct wc_video_converter_config *config,
			const struct converter_source *given)
{
	const struct wc_video_converter_source *source = &given->is;
	struct converter_format *from = &params->source, *to = &params->result;
	struct display_size size = { source->width, source->height };

	from->fourcc = source->fourcc;
	from->modifier = source->modifier;
	from->tiling = given->tiling;
	from->width = source->width;
	from->height = source->height;
	from->color_space = source->color_space;
	if (config->orientation == WC_ORIENTATION_UPRIGHT)
		turn_on(params, source->rotation, source->flip);
	turn_on(params, config->rotation, config->flip);
	size = display_size_turned(size, params->rotation);
	to->fourcc = config->fourcc ? config->fourcc : fourcc_of_rows(from);
	to->modifier = DRM_FORMAT_MOD_LINEAR;
	to->width = config->width ? config->width : size.width;
	to->height = config->height ? config->height : size.height;
	to->color_space = result_colors(&config->color_space, from, to->fourcc);
	params->use = config->use ? config->use : WC_MEMORY_FOR_CPU;
	params->copy = config->copy;
}

/*
 * Shapes are those of the pixels as they lie until results, which may say that they are to be
 * turned, are asked for theirs.
 */
static struct display_size result_display(const struct converter_kind *kind,
					  const struct converter_source *source)
{
	const struct converter_params *params = &kind->params;
	struct display_size size = { params->result.width, params->result.height };
	struct display_size shape = display_size_turned(source->display, source->is.rotation);

	shape = display_size_turned(shape, params->rotation);
	return display_size_turned(display_size_with_aspect(size, shape), kind->rotation);
}

void converter_kind_init(struct converter_kind *kind,
			 const struct wc_video_converter_config *config,
			 const struct converter_source *source)
{
	*kind = (struct converter_kind) { .rotation = 0 };
	init_params(&kind->params, config, source);
	if (config->orientation == WC_ORIENTATION_CARRY) {
		kind->rotation = source->is.rotation;
		kind->flip = source->is.flip;
	}
	if (config->display_width)
		kind->display = (struct display_size) { config->display_width,
							config->display_height };
	else
		kind->display = result_display(kind, source);
}

/* Comparing */

static bool same_params(const struct converter_params *a, const struct converter_params *b)
{
	return converter_format_equal(&a->source, &b->source) &&
	       converter_format_equal(&a->result, &b->result) && a->rotation == b->rotation &&
	       a->flip == b->flip && a->use == b->use && a->copy == b->copy;
}

bool converter_kind_equal(const struct converter_kind *a, const struct converter_kind *b)
{
	return same_params(&a->params, &b->params) && a->display.width == b->display.width &&
	       a->display.height == b->display.height && a->rotation == b->rotation &&
	       a->flip == b->flip;
}

static bool same_place(const struct converter_setup *a, const struct converter_setup *b)
{
	if (a->preference != b->preference || !a->device != !b->device)
		return false;
	return !a->device || strcmp(a->device, b->device) == 0;
}

bool converter_setup_same_session(const struct converter_setup *a, const struct converter_setup *b)
{
	return same_place(a, b) && same_params(&a->kind.params, &b->kind.params);
}

bool converter_setup_same(const struct converter_setup *a, const struct converter_setup *b)
{
	return same_place(a, b) && converter_kind_equal(&a->kind, &b->kind);
}

/* What no session does */

static int refuse(struct wc_error *error, uint32_t fourcc, const char *why)
{
	return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
			 "there are no results in %.4s: %s", (const char *)&fourcc, why);
}

int converter_params_check(const struct converter_params *params, struct wc_error *error)
{
	const struct wc_video_color_space *from = &params->source.color_space;
	const struct wc_video_color_space *to = &params->result.color_space;
	uint32_t fourcc = params->result.fourcc;
	const struct pixel_format *pixels = pixel_format_find(fourcc);

	if (!pixels)
		return refuse(error, fourcc, "a linear layout of that format is not known");
	if (!suits(to->matrix, pixels))
		return refuse(error, fourcc, "the matrix of the colour space is none of the "
			      "format's");
	if (from->primaries && from->primaries != to->primaries)
		return refuse(error, fourcc, "the source has other primaries, and those are not "
			      "computed");
	if (from->transfer && from->transfer != to->transfer)
		return refuse(error, fourcc, "the source has other transfer characteristics, and "
			      "those are not computed");
	return 0;
}
