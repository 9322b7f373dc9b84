/* SPDX-License-Identifier: MIT */
#include "list/json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>

#include "common/fourcc.h"
#include "list/menu_names.h"
#include "list/session_query.h"

/*
 * A value under construction. Memory that is short anywhere shows in the flag, once, at the end;
 * until then NULL objects are passed along.
 */
struct builder {
	bool failed;
};

static json_object *made(struct builder *builder, json_object *object)
{
	builder->failed |= !object;
	return object;
}

/* Takes the reference of value. */
static void put(struct builder *builder, json_object *object, const char *key, json_object *value)
{
	made(builder, value);
	if (!object || !value || json_object_object_add(object, key, value)) {
		json_object_put(value);
		builder->failed = true;
	}
}

static void append(struct builder *builder, json_object *array, json_object *value)
{
	made(builder, value);
	if (!array || !value || json_object_array_add(array, value)) {
		json_object_put(value);
		builder->failed = true;
	}
}

static void put_string(struct builder *builder, json_object *object, const char *key,
		       const char *value)
{
	put(builder, object, key, json_object_new_string(value));
}

static void put_number(struct builder *builder, json_object *object, const char *key,
		       uint32_t value)
{
	put(builder, object, key, json_object_new_int64(value));
}

static void put_bool(struct builder *builder, json_object *object, const char *key, bool value)
{
	put(builder, object, key, json_object_new_boolean(value));
}

static json_object *names_of(struct builder *builder, const char *codec, uint64_t mask,
			     const char *(*name)(const char *codec, unsigned entry))
{
	json_object *array = json_object_new_array();

	for (unsigned i = 0; i < 64; i++) {
		const char *word = mask >> i & 1 ? name(codec, i) : NULL;

		if (word)
			append(builder, array, json_object_new_string(word));
	}
	return array;
}

static json_object *formats_of(struct builder *builder, const struct wc_device_codec *codec)
{
	json_object *array = json_object_new_array();
	char text[FOURCC_TEXT];

	for (uint32_t i = 0; i < codec->raw_format_count; i++)
		append(builder, array,
		       json_object_new_string(fourcc_text(codec->raw_formats[i], text)));
	return array;
}

static json_object *size_of(struct builder *builder, const struct wc_size_range *size)
{
	json_object *object = json_object_new_object();

	put_number(builder, object, "min_width", size->min_width);
	put_number(builder, object, "min_height", size->min_height);
	put_number(builder, object, "max_width", size->max_width);
	put_number(builder, object, "max_height", size->max_height);
	put_number(builder, object, "step_width", size->step_width);
	put_number(builder, object, "step_height", size->step_height);
	return object;
}

static json_object *codec_of(struct builder *builder, const struct wc_device_codec *codec)
{
	json_object *object = json_object_new_object();
	char text[FOURCC_TEXT];

	put_string(builder, object, "codec", codec->codec);
	put_string(builder, object, "fourcc", fourcc_text(codec->v4l2_fourcc, text));
	put_bool(builder, object, "dynamic_resolution", codec->dynamic_resolution);
	put(builder, object, "size", size_of(builder, &codec->size));
	put(builder, object, "profiles",
	    names_of(builder, codec->codec, codec->profiles, menu_profile_name));
	put(builder, object, "levels",
	    names_of(builder, codec->codec, codec->levels, menu_level_name));
	put(builder, object, "formats", formats_of(builder, codec));
	return object;
}

static json_object *device_of(struct builder *builder, const struct wc_device *device)
{
	json_object *object = json_object_new_object();
	json_object *codecs = json_object_new_array();

	put_string(builder, object, "path", device->path);
	put_string(builder, object, "role", wc_device_role_name(device->role));
	put_string(builder, object, "driver", device->driver);
	put_string(builder, object, "card", device->card);
	put_string(builder, object, "bus", device->bus);
	put_bool(builder, object, "multiplanar", device->multiplanar);
	for (uint32_t i = 0; i < device->codec_count; i++)
		append(builder, codecs, codec_of(builder, &device->codecs[i]));
	put(builder, object, "codecs", codecs);
	return object;
}

/* Device and name only where there is a session. */
static json_object *session_of(struct builder *builder, const char *codec, const char *role,
			       const struct session_answer *answer)
{
	json_object *object = json_object_new_object();

	put_string(builder, object, "codec", codec);
	put_string(builder, object, "string", answer->codec);
	put_string(builder, object, "role", role);
	put_bool(builder, object, "supported", answer->supported);
	if (!answer->supported)
		return object;
	put_string(builder, object, "kind", wc_session_kind_name(answer->info.kind));
	if (answer->info.device[0])
		put_string(builder, object, "device", answer->info.device);
	put_string(builder, object, "name", answer->info.name);
	return object;
}

static json_object *sessions_of(struct builder *builder, struct wc_context *context,
				const struct list_options *options)
{
	json_object *array = json_object_new_array();
	const char *codec;

	for (unsigned i = 0; (codec = session_query_codec(options, i)); i++) {
		struct session_answer answer;

		session_query_decoder(context, options, codec, &answer);
		append(builder, array, session_of(builder, codec, "decoder", &answer));
		session_query_encoder(context, options, codec, &answer);
		append(builder, array, session_of(builder, codec, "encoder", &answer));
	}
	return array;
}

static json_object *stream_of(struct builder *builder, const struct list_options *options)
{
	json_object *object = json_object_new_object();

	put_number(builder, object, "width", options->size.width);
	put_number(builder, object, "height", options->size.height);
	put(builder, object, "framerate",
	    json_object_new_double((double)options->framerate.num / options->framerate.den));
	return object;
}

int json_print(struct wc_context *context, const struct wc_device_list *devices,
	       const struct list_options *options)
{
	struct builder builder = { .failed = false };
	json_object *root = made(&builder, json_object_new_object());
	json_object *array = json_object_new_array();
	const char *text = NULL;

	for (size_t i = 0; i < wc_device_list_get_count(devices); i++)
		append(&builder, array, device_of(&builder, wc_device_list_get(devices, i)));
	put_string(&builder, root, "version", wc_version());
	put(&builder, root, "devices", array);
	put(&builder, root, "stream", stream_of(&builder, options));
	put(&builder, root, "sessions", sessions_of(&builder, context, options));
	if (!builder.failed)
		text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
						      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		puts(text);
	json_object_put(root);
	return text ? 0 : -ENOMEM;
}
