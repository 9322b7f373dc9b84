/* SPDX-License-Identifier: MIT */
#include "list/cameras.h"

#include <stdio.h>

#include "common/fourcc.h"
#include "common/json_builder.h"

static bool is_one_size(const struct wc_size_range *size)
{
	return size->min_width == size->max_width && size->min_height == size->max_height;
}

static double rate_of(const struct wc_camera_mode *mode, uint32_t n)
{
	return (double)mode->rates[n].num / mode->rates[n].den;
}

/* ---- table ----------------------------------------------------------------------------------- */

static void print_size(const struct wc_size_range *size)
{
	char text[64] = "";

	if (size->max_width && is_one_size(size))
		snprintf(text, sizeof text, "%ux%u", size->max_width, size->max_height);
	else if (size->max_width)
		snprintf(text, sizeof text, "%ux%u to %ux%u", size->min_width, size->min_height,
			 size->max_width, size->max_height);
	printf("  %-11s", text);
}

static void print_mode(const struct wc_camera_mode *mode)
{
	char text[FOURCC_TEXT];

	if (!mode->fourcc) {
		printf("  %s  no format of frames\n", fourcc_text(mode->v4l2_fourcc, text));
		return;
	}
	printf("  %s", fourcc_text(mode->fourcc, text));
	print_size(&mode->size);
	for (uint32_t i = 0; i < mode->rate_count; i++)
		printf("%s%.4g", i == 0 ? "  " : mode->rate_range ? " to " : " ",
		       rate_of(mode, i));
	printf("%s\n", mode->rate_count ? " fps" : "");
}

void cameras_print_table(const struct wc_camera_list *cameras)
{
	const struct wc_camera_device *camera;

	for (size_t i = 0; (camera = wc_camera_list_get(cameras, i)); i++) {
		printf("%s  camera  %s (%s, %s%s)\n", camera->path, camera->card, camera->driver,
		       camera->bus, camera->multiplanar ? ", multi-planar" : "");
		for (size_t k = 0; k < camera->mode_count; k++)
			print_mode(&camera->modes[k]);
	}
	if (!wc_camera_list_get_count(cameras))
		puts("There are no cameras.");
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_object *rates_of(struct json_builder *builder, const struct wc_camera_mode *mode)
{
	json_object *array = json_object_new_array();

	for (uint32_t i = 0; i < mode->rate_count; i++)
		json_append(builder, array, json_object_new_double(rate_of(mode, i)));
	return array;
}

/* The size twice where it is a range. */
static json_object *mode_of(struct json_builder *builder, const struct wc_camera_mode *mode)
{
	json_object *object = json_object_new_object();
	char text[FOURCC_TEXT];

	json_put_string(builder, object, "v4l2", fourcc_text(mode->v4l2_fourcc, text));
	json_put_bool(builder, object, "frames", mode->fourcc != 0);
	if (!mode->fourcc)
		return object;
	json_put_string(builder, object, "fourcc", fourcc_text(mode->fourcc, text));
	json_put_number(builder, object, "min_width", mode->size.min_width);
	json_put_number(builder, object, "min_height", mode->size.min_height);
	json_put_number(builder, object, "max_width", mode->size.max_width);
	json_put_number(builder, object, "max_height", mode->size.max_height);
	json_put_bool(builder, object, "rate_range", mode->rate_range);
	json_put(builder, object, "rates", rates_of(builder, mode));
	return object;
}

static json_object *camera_of(struct json_builder *builder, const struct wc_camera_device *camera)
{
	json_object *object = json_object_new_object();
	json_object *modes = json_object_new_array();

	json_put_string(builder, object, "path", camera->path);
	json_put_string(builder, object, "driver", camera->driver);
	json_put_string(builder, object, "card", camera->card);
	json_put_string(builder, object, "bus", camera->bus);
	json_put_bool(builder, object, "multiplanar", camera->multiplanar);
	for (size_t i = 0; i < camera->mode_count; i++)
		json_append(builder, modes, mode_of(builder, &camera->modes[i]));
	json_put(builder, object, "modes", modes);
	return object;
}

int cameras_print_json(const struct wc_camera_list *cameras)
{
	struct json_builder builder = { .failed = false };
	json_object *root = json_made(&builder, json_object_new_object());
	json_object *array = json_object_new_array();
	const struct wc_camera_device *camera;

	for (size_t i = 0; (camera = wc_camera_list_get(cameras, i)); i++)
		json_append(&builder, array, camera_of(&builder, camera));
	json_put_string(&builder, root, "version", wc_version());
	json_put(&builder, root, "cameras", array);
	return json_finish(&builder, root);
}
