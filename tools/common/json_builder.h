/* SPDX-License-Identifier: MIT */
/*
 * JSON under construction. Memory that is short anywhere shows in the flag, once, at the end;
 * until then NULL objects are passed along.
 */
#ifndef WC_TOOLS_JSON_BUILDER_H
#define WC_TOOLS_JSON_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

struct json_builder {
	bool failed;
};

/* Note when an object could not be made; returns it. */
json_object *json_made(struct json_builder *builder, json_object *object);

/* These take the reference of value. */
void json_put(struct json_builder *builder, json_object *object, const char *key,
	      json_object *value);
void json_append(struct json_builder *builder, json_object *array, json_object *value);

void json_put_string(struct json_builder *builder, json_object *object, const char *key,
		     const char *value);
void json_put_number(struct json_builder *builder, json_object *object, const char *key,
		     int64_t value);
void json_put_bool(struct json_builder *builder, json_object *object, const char *key,
		   bool value);

/* A real number, to three digits behind the point. */
void json_put_real(struct json_builder *builder, json_object *object, const char *key,
		   double value);

/*
 * Print on standard output, whose errors stay with the stream, and give back the reference of root.
 * 0, or -ENOMEM with nothing printed.
 */
int json_finish(struct json_builder *builder, json_object *root);

#endif
