/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <webcodecs/webcodecs.h>

#include "common/failure.h"
#include "list/cameras.h"
#include "list/json.h"
#include "list/options.h"
#include "list/table.h"

/* Nodes that cannot be looked at are not in the list: the reader is told why. */
static void print_warning(enum wc_log_level level, const char *file, int line, const char *message,
			  void *user_data)
{
	(void)level;
	(void)file;
	(void)line;
	(void)user_data;
	fprintf(stderr, "wc-list: %s\n", message);
}

static struct wc_context *open_context(const struct list_options *options,
				       struct failure *failure)
{
	static const char *const none[] = { NULL };
	struct wc_context_options settings = { .log_handler = print_warning };
	struct wc_context *context;

	if (options->n_devices)
		settings.device_paths = options->devices;
	else if (options->no_hardware)
		settings.device_paths = none;
	if (wc_context_new(&settings, &context) < 0)
		failure_set(failure, "no context for codecs: %m");
	return context;
}

static void print(struct wc_context *context, const struct list_options *options,
		  struct failure *failure)
{
	struct wc_device_list *devices;

	if (wc_device_list_new(context, &devices) < 0) {
		failure_set(failure, "devices cannot be listed: %s",
			    wc_context_get_error(context)->message);
		return;
	}
	/* The questions about sessions look at the same nodes again. */
	wc_context_set_log_handler(context, NULL, WC_LOG_WARNING, NULL);
	if (!options->json)
		table_print(context, devices, options);
	else if (json_print(context, devices, options))
		failure_set_errno(failure, "JSON", ENOMEM);
	wc_device_list_destroy(devices);
	failure_check_stdout(failure);
}

static void print_cameras(struct wc_context *context, const struct list_options *options,
			  struct failure *failure)
{
	struct wc_camera_list *cameras;

	if (wc_camera_list_new(context, &cameras) < 0) {
		failure_set(failure, "cameras cannot be listed: %s",
			    wc_context_get_error(context)->message);
		return;
	}
	if (!options->json)
		cameras_print_table(cameras);
	else if (cameras_print_json(cameras))
		failure_set_errno(failure, "JSON", ENOMEM);
	wc_camera_list_destroy(cameras);
	failure_check_stdout(failure);
}

int main(int argc, char **argv)
{
	struct failure failure = { .set = false };
	struct list_options options;
	struct wc_context *context;
	int status = list_options_parse(&options, argc, argv);

	if (status >= 0)
		return status;
	context = open_context(&options, &failure);
	if (context && options.cameras)
		print_cameras(context, &options, &failure);
	else if (context)
		print(context, &options, &failure);
	wc_context_unref(context);
	failure_print(&failure, "wc-list");
	return failure.set ? EXIT_FAILURE : EXIT_SUCCESS;
}
