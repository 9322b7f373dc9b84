/* SPDX-License-Identifier: MIT */
#include "common/json_builder.h"

#include <errno.h>
#include <stdio.h>

json_object *json_made(struct json_builder *builder, json_object *object)
{
	builder->failed |= !object;
	return object;
}

void json_put(struct json_builder *builder, json_object *object, const char *key,
	      json_object *value)
{
	json_made(builder, value);
	if (!object || !value || json_object_object_add(object, key, value)) {
		json_object_put(value);
		builder->failed = true;
	}
}

void json_append(struct json_builder *builder, json_object *array, json_object *value)
{
	json_made(builder, value);
	if (!array || !value || json_object_array_add(array, value)) {
		json_object_put(value);
		builder->failed = true;
	}
}

void json_put_string(struct json_builder *builder, json_object *object, const char *key,
		     const char *value)
{
	json_put(builder, object, key, json_object_new_string(value));
}

void json_put_number(struct json_builder *builder, json_object *object, const char *key,
		     int64_t value)
{
	json_put(builder, object, key, json_object_new_int64(value));
}

void json_put_bool(struct json_builder *builder, json_object *object, const char *key, bool value)
{
	json_put(builder, object, key, json_object_new_boolean(value));
}

/* By our own text: json-c would print seventeen digits of it. */
void json_put_real(struct json_builder *builder, json_object *object, const char *key,
		   double value)
{
	char text[64];

	snprintf(text, sizeof text, "%.3f", value);
	json_put(builder, object, key, json_object_new_double_s(value, text));
}

int json_finish(struct json_builder *builder, json_object *root)
{
	const char *text = NULL;

	json_made(builder, root);
	if (!builder->failed)
		text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
						      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		puts(text);
	json_object_put(root);
	return text ? 0 : -ENOMEM;
}
