/* SPDX-License-Identifier: MIT */
#include "session/select.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>

#include "session/converting_encoder.h"
#include "session/profiles.h"
#include "session/stateful.h"
#include "util/error.h"
#include "v4l2/registry.h"

/* One of the three is wanted; the other members are NULL. */
struct request {
	const struct session_env *env;
	const struct session_choice *choice;
	const struct decoder_params *decoder;
	const struct encoder_params *encoder;
	const struct converter_params *converter;
	const struct session_sink_ops *sink_ops;
	void *sink;
};

static enum wc_device_role role_of(const struct request *r)
{
	return r->decoder ? WC_DEVICE_ROLE_DECODER :
	       r->encoder ? WC_DEVICE_ROLE_ENCODER : WC_DEVICE_ROLE_CONVERTER;
}

/* Of decoders and encoders. */
static const struct codec_string *codec_of(const struct request *r)
{
	return r->decoder ? &r->decoder->codec : &r->encoder->codec;
}

/* What is to be done, in words. */
struct subject {
	char text[64];
};

static struct subject subject_of(const struct request *r)
{
	const struct converter_format *from, *to;
	struct subject subject;

	if (!r->converter) {
		snprintf(subject.text, sizeof subject.text, "%s",
			 video_codec_name(codec_of(r)->codec));
		return subject;
	}
	from = &r->converter->source;
	to = &r->converter->result;
	snprintf(subject.text, sizeof subject.text, "%.4s %ux%u to %.4s %ux%u",
		 (const char *)&from->fourcc, from->width, from->height,
		 (const char *)&to->fourcc, to->width, to->height);
	return subject;
}

/* A mask of zero says that the driver does not tell. */
static bool in_mask(uint64_t mask, int entry)
{
	return mask == 0 || entry < 0 || (mask & (UINT64_C(1) << entry));
}

static bool fits(const struct wc_size_range *range, uint32_t width, uint32_t height)
{
	if (range->max_width == 0 || width == 0)
		return true;
	return width >= range->min_width && width <= range->max_width &&
	       height >= range->min_height && height <= range->max_height;
}

/*
 * Constrained Baseline is a part of Baseline, Main and High (ITU-T H.264, A.2.1.1), and few drivers
 * list it: coda for one has only the three. Baseline hardware makes nothing else.
 */
static bool has_profile(const struct wc_device_codec *entry, const struct codec_string *codec,
			bool decoder)
{
	int profile = profile_menu_entry(codec);

	if (in_mask(entry->profiles, profile))
		return true;
	if (codec->codec != VIDEO_CODEC_H264 ||
	    profile != V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE)
		return false;
	return in_mask(entry->profiles, V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE) ||
	       (decoder && (in_mask(entry->profiles, V4L2_MPEG_VIDEO_H264_PROFILE_MAIN) ||
			    in_mask(entry->profiles, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH)));
}

/*
 * Levels bound what an encoder makes, and a decoder of a higher level takes lower ones; drivers
 * list all levels up to their best, so for both the entry must be there.
 */
static bool has_string(const struct wc_device_codec *entry, const struct request *r)
{
	const struct codec_string *codec = codec_of(r);

	return has_profile(entry, codec, r->decoder) &&
	       in_mask(entry->levels, level_menu_entry(codec));
}

static bool has_size(const struct wc_device_codec *entry, const struct request *r)
{
	return r->decoder ? fits(&entry->size, r->decoder->coded_width, r->decoder->coded_height)
			  : fits(&entry->size, r->encoder->width, r->encoder->height);
}

/* Of that role, and the one that was named if one was. */
static bool is_meant(const struct wc_device *device, const struct request *r)
{
	return device->role == role_of(r) &&
	       (!r->choice->device || strcmp(r->choice->device, device->path) == 0);
}

/* Converters say what they can do only when they are set up for it. */
static bool may_use(struct device_registry *registry, size_t index, const struct request *r)
{
	const struct v4l2_device_info *info = device_registry_get(registry, index);
	const struct wc_device_codec *entry;

	if (!is_meant(&info->device, r))
		return false;
	if (r->converter)
		return true;
	if (info->has_codecs && !(info->codec_mask & (1u << codec_of(r)->codec)))
		return false;
	/* A device that cannot be opened now says why when a session is tried on it. */
	if (device_registry_describe(registry, index) < 0)
		return info->has_codecs;
	entry = device_find_codec(device_registry_get(registry, index), codec_of(r)->codec);
	return entry && has_string(entry, r) && has_size(entry, r);
}

/*
 * Of several failures the one that tells the most: no context left, then machine, then the rest; of
 * these the first that speaks of a device, else the first at all.
 */
static unsigned weight(enum wc_status name)
{
	switch (name) {
	case WC_QUOTA_EXCEEDED_ERROR:
		return 3;
	case WC_OPERATION_ERROR:
		return 2;
	case WC_NOT_SUPPORTED_ERROR:
		return 1;
	default:
		return 0;
	}
}

static void keep_best(struct wc_error *best, const struct wc_error *error)
{
	bool as_heavy = weight(error->name) == weight(best->name);

	if (weight(error->name) > weight(best->name) || (as_heavy && !best->device[0]))
		*best = *error;
}

/* A node that let nobody look at it may be the device, with all its contexts taken. */
static void suspect_closed(const struct request *r, struct wc_error *best)
{
	const char *path;
	int sys_errno = device_registry_closed(r->choice->devices, &path);
	struct wc_error error;

	if (best->device[0] || !stateful_is_refusal(WC_STAGE_OPEN, sys_errno) || !sys_errno ||
	    (r->choice->device && strcmp(r->choice->device, path) != 0))
		return;
	error_set(&error, WC_QUOTA_EXCEEDED_ERROR, WC_STAGE_OPEN, sys_errno,
		  "a device lets nobody look what it is, so all its contexts may be in use");
	error_set_device(&error, path);
	keep_best(best, &error);
}

static bool is_unfit(const struct wc_device_codec *entry, const struct request *r, bool by_size)
{
	return by_size ? has_string(entry, r) && !has_size(entry, r) : !has_string(entry, r);
}

/* A device with the codec, and its entry, that lacks the size and nothing else, or the string. */
static const struct wc_device *find_unfit(const struct request *r, bool by_size,
					  const struct wc_device_codec **entry)
{
	struct device_registry *registry = r->choice->devices;

	for (size_t i = 0; i < device_registry_count(registry); i++) {
		const struct v4l2_device_info *info = device_registry_get(registry, i);

		if (!is_meant(&info->device, r))
			continue;
		*entry = device_find_codec(info, codec_of(r)->codec);
		if (*entry && is_unfit(*entry, r, by_size))
			return &info->device;
	}
	return NULL;
}

/* No device was tried, and one has the codec: what is it that it lacks? */
static void name_unfit(const struct request *r, struct wc_error *best)
{
	const char *verb = r->decoder ? "decodes" : "encodes";
	const char *codec = video_codec_name(codec_of(r)->codec);
	const struct wc_device_codec *entry;
	const struct wc_device *device = find_unfit(r, true, &entry);
	struct wc_error error;

	if (device) {
		const struct wc_size_range *size = &entry->size;

		error_set(&error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
			  "no device %s %s at %ux%u: %s takes %ux%u to %ux%u", verb, codec,
			  r->decoder ? r->decoder->coded_width : r->encoder->width,
			  r->decoder ? r->decoder->coded_height : r->encoder->height,
			  device->path, size->min_width, size->min_height, size->max_width,
			  size->max_height);
	} else {
		device = find_unfit(r, false, &entry);
		if (!device)
			return;
		error_set(&error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
			  "no device %s %s of that profile and level: %s has others", verb, codec,
			  device->path);
	}
	error_set_device(&error, device->path);
	keep_best(best, &error);
}

static int open_device(const struct request *r, const struct v4l2_device_info *device,
		       struct session **session, struct wc_error *error)
{
	if (r->decoder)
		return stateful_decoder_new(r->env, device, r->decoder, r->sink_ops, r->sink,
					    session, error);
	if (r->encoder)
		return converting_encoder_new(r->env, r->choice->devices, device, r->encoder,
					      r->sink_ops, r->sink, session, error);
	return m2m_converter_new(r->env, device, r->converter, r->sink_ops, r->sink, session,
				 error);
}

static int open_hardware(const struct request *r, struct session **session,
			 struct wc_error *best)
{
	struct device_registry *registry = r->choice->devices;
	struct wc_error error;
	int ret = device_registry_refresh(registry);

	if (ret < 0)
		return error_set(best, WC_OPERATION_ERROR, WC_STAGE_NONE, -ret,
				 "cannot list the devices");
	for (size_t i = 0; i < device_registry_count(registry); i++) {
		if (!may_use(registry, i, r))
			continue;
		if (open_device(r, device_registry_get(registry, i), session, &error) == 0)
			return 0;
		log_info(&r->env->core->log, "%s: %s", error.device, error.message);
		keep_best(best, &error);
	}
	suspect_closed(r, best);
	if (!r->converter && !best->device[0])
		name_unfit(r, best);
	return best->name;
}

static int open_software(const struct request *r, struct session **session,
			 struct wc_error *best)
{
	struct wc_error error;
	int ret;

	if (r->decoder)
		ret = software_decoder_new(r->env, r->decoder, r->sink_ops, r->sink, session,
					   &error);
	else if (r->encoder)
		ret = software_encoder_new(r->env, r->encoder, r->sink_ops, r->sink, session,
					   &error);
	else
		ret = software_converter_new(r->env, r->converter, r->sink_ops, r->sink, session,
					     &error);
	if (ret < 0)
		keep_best(best, &error);
	return ret < 0 ? best->name : 0;
}

static void log_choice(const struct request *r, struct session *session)
{
	struct subject subject = subject_of(r);
	struct wc_session_info info;

	session->ops->describe(session, &info);
	log_info(&r->env->core->log, "%s %s: %s session, %s", subject.text,
		 wc_device_role_name(role_of(r)), wc_session_kind_name(info.kind),
		 info.device[0] ? info.device : info.name);
}

/* prefer-hardware and a device that was named are meant: they do not end in software. */
static bool allows_software(const struct session_choice *choice)
{
	return !choice->device && choice->preference != WC_HARDWARE_PREFER_HARDWARE;
}

static int open_preferred(const struct request *r, struct session **session,
			  struct wc_error *error)
{
	bool software_first = allows_software(r->choice) &&
			      r->choice->preference == WC_HARDWARE_PREFER_SOFTWARE;
	struct subject subject = subject_of(r);
	int ret;

	error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0, "no %s for %s%s%s",
		  wc_device_role_name(role_of(r)), subject.text,
		  r->choice->device ? " at " : allows_software(r->choice) ? "" : " in hardware",
		  r->choice->device ? r->choice->device : "");
	if (software_first && open_software(r, session, error) == 0)
		return 0;
	ret = open_hardware(r, session, error);
	if (ret < 0 && allows_software(r->choice) && !software_first)
		ret = open_software(r, session, error);
	return ret;
}

static int open_session(const struct request *r, struct session **session,
			struct wc_error *error)
{
	int ret;

	*session = NULL;
	ret = open_preferred(r, session, error);
	if (ret == 0)
		log_choice(r, *session);
	return ret;
}

int session_open_decoder(const struct session_env *env, const struct session_choice *choice,
			 const struct decoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	struct request r = {
		.env = env, .choice = choice, .decoder = params, .sink_ops = sink_ops, .sink = sink,
	};

	return open_session(&r, session, error);
}

int session_open_encoder(const struct session_env *env, const struct session_choice *choice,
			 const struct encoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	struct request r = {
		.env = env, .choice = choice, .encoder = params, .sink_ops = sink_ops, .sink = sink,
	};

	return open_session(&r, session, error);
}

int session_open_converter(const struct session_env *env, const struct session_choice *choice,
			   const struct converter_params *params,
			   const struct session_sink_ops *sink_ops, void *sink,
			   struct session **session, struct wc_error *error)
{
	struct request r = {
		.env = env, .choice = choice, .converter = params, .sink_ops = sink_ops,
		.sink = sink,
	};

	return open_session(&r, session, error);
}

static bool probe_hardware(const struct request *r, struct wc_session_info *info)
{
	struct device_registry *registry = r->choice->devices;

	if (device_registry_refresh(registry) < 0)
		return false;
	for (size_t i = 0; i < device_registry_count(registry); i++) {
		const struct wc_device *device;

		if (!may_use(registry, i, r))
			continue;
		device = &device_registry_get(registry, i)->device;
		info->kind = WC_SESSION_STATEFUL;
		snprintf(info->device, sizeof info->device, "%s", device->path);
		snprintf(info->name, sizeof info->name, "%s", device->card);
		return true;
	}
	return false;
}

static bool probe_software(const struct request *r, struct wc_session_info *info)
{
	bool found = r->decoder ? software_decoder_probe(r->decoder, info->name,
							 sizeof info->name)
				: software_encoder_probe(r->encoder, info->name,
							 sizeof info->name);

	if (found)
		info->kind = WC_SESSION_SOFTWARE;
	return found;
}

static bool probe_session(const struct request *r, struct wc_session_info *info)
{
	bool software = allows_software(r->choice);

	memset(info, 0, sizeof *info);
	if (software && r->choice->preference == WC_HARDWARE_PREFER_SOFTWARE &&
	    probe_software(r, info))
		return true;
	return probe_hardware(r, info) || (software && probe_software(r, info));
}

bool session_probe_decoder(const struct session_env *env, const struct session_choice *choice,
			   const struct decoder_params *params, struct wc_session_info *info)
{
	struct request r = { .env = env, .choice = choice, .decoder = params };

	return probe_session(&r, info);
}

bool session_probe_encoder(const struct session_env *env, const struct session_choice *choice,
			   const struct encoder_params *params, struct wc_session_info *info)
{
	struct request r = { .env = env, .choice = choice, .encoder = params };

	return probe_session(&r, info);
}

bool session_probe_converter(const struct session_env *env, const struct session_choice *choice,
			     const struct converter_params *params, struct wc_session_info *info)
{
	static const struct session_sink_ops no_sink;
	struct session *session;
	struct wc_error error;
	int ret = session_open_converter(env, choice, params, &no_sink, NULL, &session, &error);

	memset(info, 0, sizeof *info);
	if (ret == 0) {
		session->ops->describe(session, info);
		session->ops->destroy(session);
	} else if (ret == WC_QUOTA_EXCEEDED_ERROR) {
		info->kind = WC_SESSION_CONVERTER;
		snprintf(info->device, sizeof info->device, "%s", error.device);
	}
	return info->kind;
}
