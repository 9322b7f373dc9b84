/* SPDX-License-Identifier: MIT */
#include "list/json.h"

#include "common/fourcc.h"
#include "common/json_builder.h"
#include "list/menu_names.h"
#include "list/session_query.h"

static json_object *names_of(struct json_builder *builder, const char *codec, uint64_t mask,
			     const char *(*name)(const char *codec, unsigned entry))
{
	json_object *array = json_object_new_array();

	for (unsigned i = 0; i < 64; i++) {
		const char *word = mask >> i & 1 ? name(codec, i) : NULL;

		if (word)
			json_append(builder, array, json_object_new_string(word));
	}
	return array;
}

/* modifiers: NULL when all lie in rows. */
static json_object *formats_of(struct json_builder *builder, const uint32_t *formats,
			       const uint64_t *modifiers, uint32_t count)
{
	json_object *array = json_object_new_array();
	char text[FOURCC_MODIFIER_TEXT];

	for (uint32_t i = 0; i < count; i++)
		json_append(builder, array, json_object_new_string(
			fourcc_modifier_text(formats[i], modifiers ? modifiers[i] : 0, text)));
	return array;
}

static json_object *size_of(struct json_builder *builder, const struct wc_size_range *size)
{
	json_object *object = json_object_new_object();

	json_put_number(builder, object, "min_width", size->min_width);
	json_put_number(builder, object, "min_height", size->min_height);
	json_put_number(builder, object, "max_width", size->max_width);
	json_put_number(builder, object, "max_height", size->max_height);
	json_put_number(builder, object, "step_width", size->step_width);
	json_put_number(builder, object, "step_height", size->step_height);
	return object;
}

static json_object *codec_of(struct json_builder *builder, const struct wc_device_codec *codec)
{
	json_object *object = json_object_new_object();
	char text[FOURCC_TEXT];

	json_put_string(builder, object, "codec", codec->codec);
	json_put_string(builder, object, "fourcc", fourcc_text(codec->v4l2_fourcc, text));
	json_put_bool(builder, object, "dynamic_resolution", codec->dynamic_resolution);
	json_put(builder, object, "size", size_of(builder, &codec->size));
	json_put(builder, object, "profiles",
		 names_of(builder, codec->codec, codec->profiles, menu_profile_name));
	json_put(builder, object, "levels",
		 names_of(builder, codec->codec, codec->levels, menu_level_name));
	json_put(builder, object, "formats",
		 formats_of(builder, codec->raw_formats, codec->raw_modifiers,
			    codec->raw_format_count));
	return object;
}

static json_object *side_of(struct json_builder *builder, const struct wc_size_range *size,
			    const uint32_t *formats, uint32_t count)
{
	json_object *object = json_object_new_object();

	json_put(builder, object, "size", size_of(builder, size));
	json_put(builder, object, "formats", formats_of(builder, formats, NULL, count));
	return object;
}

static json_object *converter_of(struct json_builder *builder,
				 const struct wc_device_converter *converter)
{
	json_object *object = json_object_new_object();

	json_put(builder, object, "source",
		 side_of(builder, &converter->source_size, converter->sources,
			 converter->source_count));
	json_put(builder, object, "result",
		 side_of(builder, &converter->result_size, converter->results,
			 converter->result_count));
	json_put_bool(builder, object, "crops", converter->crops);
	json_put_bool(builder, object, "rotates", converter->rotates);
	json_put_bool(builder, object, "mirrors", converter->mirrors);
	json_put_bool(builder, object, "mirrors_vertically", converter->mirrors_vertically);
	return object;
}

static json_object *device_of(struct json_builder *builder, const struct wc_device *device)
{
	json_object *object = json_object_new_object();
	json_object *codecs = json_object_new_array();

	json_put_string(builder, object, "path", device->path);
	json_put_string(builder, object, "role", wc_device_role_name(device->role));
	json_put_string(builder, object, "driver", device->driver);
	json_put_string(builder, object, "card", device->card);
	json_put_string(builder, object, "bus", device->bus);
	json_put_bool(builder, object, "multiplanar", device->multiplanar);
	for (uint32_t i = 0; i < device->codec_count; i++)
		json_append(builder, codecs, codec_of(builder, &device->codecs[i]));
	json_put(builder, object, "codecs", codecs);
	if (device->role == WC_DEVICE_ROLE_CONVERTER)
		json_put(builder, object, "converter",
			 converter_of(builder, &device->converter));
	return object;
}

/* Device and name only where there is a session. */
static json_object *session_of(struct json_builder *builder, const char *codec, const char *role,
			       const struct session_answer *answer)
{
	json_object *object = json_object_new_object();

	json_put_string(builder, object, "codec", codec);
	json_put_string(builder, object, "string", answer->codec);
	json_put_string(builder, object, "role", role);
	json_put_bool(builder, object, "supported", answer->supported);
	if (!answer->supported)
		return object;
	json_put_string(builder, object, "kind", wc_session_kind_name(answer->info.kind));
	if (answer->info.device[0])
		json_put_string(builder, object, "device", answer->info.device);
	json_put_string(builder, object, "name", answer->info.name);
	return object;
}

static json_object *sessions_of(struct json_builder *builder, struct wc_context *context,
				const struct list_options *options)
{
	json_object *array = json_object_new_array();
	const char *codec;

	for (unsigned i = 0; (codec = session_query_codec(options, i)); i++) {
		struct session_answer answer;

		session_query_decoder(context, options, codec, &answer);
		json_append(builder, array, session_of(builder, codec, "decoder", &answer));
		session_query_encoder(context, options, codec, &answer);
		json_append(builder, array, session_of(builder, codec, "encoder", &answer));
	}
	return array;
}

static json_object *stream_of(struct json_builder *builder, const struct list_options *options)
{
	json_object *object = json_object_new_object();

	json_put_number(builder, object, "width", options->size.width);
	json_put_number(builder, object, "height", options->size.height);
	json_put(builder, object, "framerate",
		 json_object_new_double((double)options->framerate.num / options->framerate.den));
	return object;
}

int json_print(struct wc_context *context, const struct wc_device_list *devices,
	       const struct list_options *options)
{
	struct json_builder builder = { .failed = false };
	json_object *root = json_made(&builder, json_object_new_object());
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < wc_device_list_get_count(devices); i++)
		json_append(&builder, array, device_of(&builder, wc_device_list_get(devices, i)));
	json_put_string(&builder, root, "version", wc_version());
	json_put(&builder, root, "devices", array);
	json_put(&builder, root, "stream", stream_of(&builder, options));
	json_put(&builder, root, "sessions", sessions_of(&builder, context, options));
	return json_finish(&builder, root);
}
