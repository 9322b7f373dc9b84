/* SPDX-License-Identifier: MIT */
#include "probe/target.h"

#include <string.h>

struct wc_video_decoder_config target_decoder_config(const struct target *target)
{
	return (struct wc_video_decoder_config) {
		.codec = target->codec,
		.coded_width = target->size.width,
		.coded_height = target->size.height,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
		.device = target->device.path,
	};
}

struct wc_video_encoder_config target_encoder_config(const struct target *target)
{
	return (struct wc_video_encoder_config) {
		.codec = target->codec,
		.width = target->size.width,
		.height = target->size.height,
		.framerate = TARGET_RATE,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
		.bitstream_format = WC_BITSTREAM_ANNEXB,
		.device = target->device.path,
	};
}

static int find_device(struct target *target, struct wc_context *context, const char *path,
		       struct failure *failure)
{
	struct wc_device_list *list;
	const struct wc_device *device = NULL;

	if (wc_device_list_new(context, &list) < 0)
		return failure_set(failure, "%s: %s", path, wc_context_get_error(context)->message);
	for (size_t i = 0; i < wc_device_list_get_count(list) && !device; i++)
		if (!strcmp(wc_device_list_get(list, i)->path, path))
			device = wc_device_list_get(list, i);
	if (device)
		target->device = *device;
	wc_device_list_destroy(list);
	return device ? 0 : failure_set(failure, "%s: is not a codec device, or may not be opened",
					path);
}

static int check_role(struct target *target, struct failure *failure)
{
	enum wc_device_role role = target->device.role;

	target->encodes = role == WC_DEVICE_ROLE_ENCODER;
	if (role == WC_DEVICE_ROLE_ENCODER || role == WC_DEVICE_ROLE_DECODER)
		return 0;
	return failure_set(failure, "%s: is a %s; decoders and encoders can be measured",
			   target->device.path, wc_device_role_name(role));
}

static bool is_supported(const struct target *target, struct wc_context *context)
{
	struct wc_video_decoder_config decoder = target_decoder_config(target);
	struct wc_video_encoder_config encoder = target_encoder_config(target);
	bool supported = false;
	int status;

	status = target->encodes ?
		 wc_video_encoder_is_config_supported(context, &encoder, &supported, NULL) :
		 wc_video_decoder_is_config_supported(context, &decoder, &supported, NULL);
	return status == WC_OK && supported;
}

/* From the best profile down. */
static bool choose_string(struct target *target, struct wc_context *context, const char *name)
{
	struct level_need need = {
		.width = target->size.width,
		.height = target->size.height,
		.rate = TARGET_RATE,
	};

	for (unsigned i = 0; codec_choice_string(name, i, &need, target->codec); i++)
		if (is_supported(target, context))
			return true;
	return false;
}

static int choose_codec(struct target *target, struct wc_context *context, const char *wanted,
			struct failure *failure)
{
	const struct wc_device *device = &target->device;

	if (wanted && choose_string(target, context, wanted))
		return 0;
	for (uint32_t i = 0; i < device->codec_count && !wanted; i++)
		if (device->codecs[i].codec[0] &&
		    choose_string(target, context, device->codecs[i].codec))
			return 0;
	return failure_set(failure, "%s: has no %s for %s at %ux%u", device->path,
			   wc_device_role_name(device->role), wanted ? wanted : "any codec",
			   target->size.width, target->size.height);
}

int target_find(struct target *target, struct wc_context *context,
		const struct probe_options *options, struct failure *failure)
{
	memset(target, 0, sizeof *target);
	target->size = options->size;
	if (find_device(target, context, options->device, failure) < 0 ||
	    check_role(target, failure) < 0)
		return -1;
	return choose_codec(target, context, options->codec, failure);
}
