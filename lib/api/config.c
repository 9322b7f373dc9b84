/* SPDX-License-Identifier: MIT */
#include "api/config.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/chunk_info.h"
#include "frame/color_space.h"
#include "util/error.h"
#include "util/reserved.h"

/* Nothing but white space: the one codec string that is not even valid. */
static bool is_blank(const char *codec)
{
	while (codec && isspace((unsigned char)*codec))
		codec++;
	return !codec || !*codec;
}

static bool is_rotation(uint16_t rotation)
{
	return rotation % 90 == 0 && rotation < 360;
}

const char *decoder_config_problem(const struct wc_video_decoder_config *config)
{
	if (!config)
		return "the configuration is NULL";
	if (HAS_RESERVED(config))
		return "a reserved field of the configuration is not zero";
	if (is_blank(config->codec))
		return "the codec string is empty";
	if (!config->coded_width != !config->coded_height)
		return "coded width and height come together or not at all";
	if (!config->display_aspect_width != !config->display_aspect_height)
		return "display aspect width and height come together or not at all";
	if (!config->description && config->description_size)
		return "the description has a size and no data";
	if (!color_space_is_valid(&config->color_space))
		return "the colour space has a value that is none of its enum";
	if (!is_rotation(config->rotation))
		return "rotation is none of 0, 90, 180 and 270";
	if ((unsigned)config->hardware_acceleration > WC_HARDWARE_PREFER_SOFTWARE)
		return "the hardware acceleration is none of its enum";
	return NULL;
}

const char *encoder_config_problem(const struct wc_video_encoder_config *config)
{
	if (!config)
		return "the configuration is NULL";
	if (HAS_RESERVED(config))
		return "a reserved field of the configuration is not zero";
	if (is_blank(config->codec))
		return "the codec string is empty";
	if (!config->width || !config->height)
		return "width or height is 0";
	if (!config->display_width != !config->display_height)
		return "display width and height come together or not at all";
	if (!isfinite(config->framerate) || config->framerate < 0)
		return "the framerate is negative or not finite";
	if ((unsigned)config->hardware_acceleration > WC_HARDWARE_PREFER_SOFTWARE)
		return "the hardware acceleration is none of its enum";
	if ((unsigned)config->bitrate_mode > WC_BITRATE_QUANTIZER)
		return "the bitrate mode is none of its enum";
	if ((unsigned)config->latency_mode > WC_LATENCY_REALTIME)
		return "the latency mode is none of its enum";
	if ((unsigned)config->bitstream_format > WC_BITSTREAM_ANNEXB)
		return "the bitstream format is none of its enum";
	if ((unsigned)config->copy > WC_COPY_NEVER)
		return "the copy policy is none of its enum";
	return NULL;
}

static size_t string_size(const char *string)
{
	return string ? strlen(string) + 1 : 0;
}

/* Put a copy at *at, which moves behind it. NULL stays NULL. */
static const void *store(char **at, const void *data, size_t size)
{
	char *copy = *at;

	if (!data)
		return NULL;
	memcpy(copy, data, size);
	*at += size;
	return copy;
}

/* A description counts where the registration of the codec knows one; elsewhere it is ignored. */
static void read_description(struct decoder_config *config)
{
	struct chunk_info info;

	if (!config->known || !config->given.description)
		return;
	if (config->string.codec != VIDEO_CODEC_H264 && config->string.codec != VIDEO_CODEC_HEVC)
		return;
	config->length_prefixed = true;
	config->broken_description = description_inspect(config->string.codec,
							 config->given.description,
							 config->given.description_size,
							 &config->length_size, &info) < 0;
}

struct decoder_config *decoder_config_new(const struct wc_video_decoder_config *given)
{
	size_t codec_size = string_size(given->codec);
	size_t device_size = string_size(given->device);
	size_t room = codec_size + device_size;
	struct decoder_config *config;
	char *at;

	if (given->description_size > SIZE_MAX / 2 - room)
		return NULL;
	config = calloc(1, sizeof *config + room + given->description_size);
	if (!config)
		return NULL;
	config->given = *given;
	at = config->storage;
	config->given.codec = store(&at, given->codec, codec_size);
	config->given.device = store(&at, given->device, device_size);
	config->given.description = store(&at, given->description, given->description_size);
	config->known = codec_string_parse(given->codec, &config->string) == 0;
	read_description(config);
	return config;
}

struct encoder_config *encoder_config_new(const struct wc_video_encoder_config *given)
{
	size_t codec_size = string_size(given->codec);
	size_t device_size = string_size(given->device);
	struct encoder_config *config = calloc(1, sizeof *config + codec_size + device_size);
	char *at;

	if (!config)
		return NULL;
	config->given = *given;
	at = config->storage;
	config->given.codec = store(&at, given->codec, codec_size);
	config->given.device = store(&at, given->device, device_size);
	config->known = codec_string_parse(given->codec, &config->string) == 0;
	return config;
}

static bool same_string(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_description(const struct wc_video_decoder_config *a,
			     const struct wc_video_decoder_config *b)
{
	if (!a->description || !b->description)
		return a->description == b->description;
	return a->description_size == b->description_size &&
	       memcmp(a->description, b->description, a->description_size) == 0;
}

/* What a decoder session is made from. */
static bool same_source(const struct wc_video_decoder_config *a,
			const struct wc_video_decoder_config *b)
{
	return same_string(a->codec, b->codec) && same_description(a, b) &&
	       a->coded_width == b->coded_width && a->coded_height == b->coded_height &&
	       a->hardware_acceleration == b->hardware_acceleration &&
	       a->optimize_for_latency == b->optimize_for_latency &&
	       a->fourcc == b->fourcc && a->modifier == b->modifier &&
	       same_string(a->device, b->device);
}

bool decoder_config_equal(const struct wc_video_decoder_config *a,
			  const struct wc_video_decoder_config *b)
{
	return same_source(a, b) && a->display_aspect_width == b->display_aspect_width &&
	       a->display_aspect_height == b->display_aspect_height &&
	       color_space_equal(&a->color_space, &b->color_space) && a->flip == b->flip &&
	       a->rotation == b->rotation;
}

bool decoder_config_same_session(const struct decoder_config *a, const struct decoder_config *b)
{
	return same_source(&a->given, &b->given);
}

bool encoder_config_same_session(const struct encoder_config *a, const struct encoder_config *b)
{
	const struct wc_video_encoder_config *x = &a->given;
	const struct wc_video_encoder_config *y = &b->given;

	return same_string(x->codec, y->codec) && x->width == y->width &&
	       x->height == y->height &&
	       x->hardware_acceleration == y->hardware_acceleration &&
	       x->bitrate_mode == y->bitrate_mode && x->latency_mode == y->latency_mode &&
	       x->bitstream_format == y->bitstream_format &&
	       x->key_interval == y->key_interval && x->fourcc == y->fourcc &&
	       x->copy == y->copy &&
	       same_string(x->device, y->device);
}

bool encoder_config_same_rates(const struct encoder_config *a, const struct encoder_config *b)
{
	return a->given.bitrate == b->given.bitrate &&
	       a->given.framerate == b->given.framerate;
}

bool encoder_config_same_display(const struct encoder_config *a, const struct encoder_config *b)
{
	return a->given.display_width == b->given.display_width &&
	       a->given.display_height == b->given.display_height;
}

static int unknown_codec(const char *codec, struct wc_error *error)
{
	return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
			 "codec string \"%.80s\" is not known, or ambiguous", codec);
}

int decoder_config_params(const struct decoder_config *config, struct decoder_params *params,
			  struct wc_error *error)
{
	if (!config->known)
		return unknown_codec(config->given.codec, error);
	if (config->broken_description)
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
				 "the description is no valid decoder configuration record of %s",
				 video_codec_name(config->string.codec));
	*params = (struct decoder_params) {
		.codec = config->string,
		.description = config->length_prefixed ? config->given.description : NULL,
		.description_size = config->length_prefixed ? config->given.description_size : 0,
		.coded_width = config->given.coded_width,
		.coded_height = config->given.coded_height,
		.low_latency = config->given.optimize_for_latency,
		.fourcc = config->given.fourcc,
		.modifier = config->given.modifier,
	};
	return 0;
}

int encoder_config_params(const struct encoder_config *config, struct encoder_params *params,
			  struct wc_error *error)
{
	const struct wc_video_encoder_config *given = &config->given;

	if (!config->known)
		return unknown_codec(given->codec, error);
	*params = (struct encoder_params) {
		.codec = config->string,
		.width = given->width,
		.height = given->height,
		.fourcc = given->fourcc,
		.bitrate = given->bitrate,
		.framerate = given->framerate,
		.bitrate_mode = given->bitrate_mode,
		.latency_mode = given->latency_mode,
		.bitstream_format = given->bitstream_format,
		.key_interval = given->key_interval,
		.copy = given->copy,
	};
	return 0;
}
