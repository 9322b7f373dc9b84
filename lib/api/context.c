/* SPDX-License-Identifier: MIT */
#include "api/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/pressure.h"
#include "frame/encoded_video_chunk.h"
#include "frame/frame_memory.h"
#include "frame/video_frame.h"
#include "util/error.h"
#include "util/reserved.h"
#include "v4l2/registry.h"

int context_fail_with(struct wc_context *context, const struct wc_error *error)
{
	context->error = *error;
	log_debug(&context->core->log, "%s: %s", wc_status_name(error->name), error->message);
	return error->name;
}

int context_fail_anywhere(struct wc_context *context, const struct wc_error *error)
{
	if (loop_is_owner(&context->loop))
		context_fail_with(context, error);
	return error->name;
}

int context_fail(struct wc_context *context, enum wc_status status, const char *format, ...)
{
	struct wc_error error;
	va_list args;

	error_set(&error, status, WC_STAGE_NONE, 0, "%s", "");
	va_start(args, format);
	vsnprintf(error.message, sizeof error.message, format, args);
	va_end(args);
	return context_fail_with(context, &error);
}

int context_fail_errno(struct wc_context *context, int sys_errno, const char *what)
{
	struct wc_error error;

	error_set(&error, WC_OPERATION_ERROR, WC_STAGE_NONE, sys_errno, "cannot %s", what);
	return context_fail_with(context, &error);
}

struct session_env context_env(struct wc_context *context, struct claim *claim)
{
	return (struct session_env) {
		.core = context->core,
		.loop = &context->loop,
		.claim = claim,
		.memory = context->memory,
	};
}

static bool options_are_valid(const struct wc_context_options *options)
{
	return !HAS_RESERVED(options) && (unsigned)options->log_level <= WC_LOG_DEBUG &&
	       options->inactivity >= 0;
}

/* Everything that can fail; a negative errno leaves nothing behind. */
static int set_up(struct wc_context *context, const struct wc_context_options *options)
{
	int ret;

	context->core = core_new(sizeof(struct wc_video_frame),
				 sizeof(struct wc_encoded_video_chunk));
	if (!context->core)
		return -ENOMEM;
	ret = -ENOMEM;
	context->memory = frame_memory_new(context->core);
	if (context->memory)
		ret = loop_init(&context->loop);
	if (ret < 0)
		goto drop_core;
	ret = device_registry_new(context->core, &context->loop, options->device_paths,
				  &context->devices);
	if (ret < 0)
		goto finish_loop;
	return 0;

finish_loop:
	loop_finish(&context->loop);
drop_core:
	frame_memory_free(context->memory);
	core_unref(context->core);
	return ret;
}

int wc_context_new(const struct wc_context_options *options, struct wc_context **out)
{
	static const struct wc_context_options defaults;
	struct wc_context *context;
	int ret = -ENOMEM;

	if (!out)
		return WC_TYPE_ERROR;
	*out = NULL;
	if (!options)
		options = &defaults;
	if (!options_are_valid(options))
		return WC_TYPE_ERROR;
	context = calloc(1, sizeof *context);
	if (context)
		ret = set_up(context, options);
	if (ret < 0) {
		free(context);
		errno = -ret;
		return WC_OPERATION_ERROR;
	}
	atomic_init(&context->refs, 1);
	descriptors_set_limit(context->core, descriptors_default());
	census_watch_init(&context->watch_open);
	accountant_init(&context->accountant, context->core, &context->loop,
			&(struct accountant_options) {
				.inactivity = options->inactivity,
				.directory = options->slot_directory,
			});
	housekeeping_init(context);
	context->user_data = options->user_data;
	log_set_handler(&context->core->log, options->log_handler, options->log_level,
			options->log_user_data);
	*out = context;
	return WC_OK;
}

struct wc_context *wc_context_ref(struct wc_context *context)
{
	atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
	return context;
}

void wc_context_unref(struct wc_context *context)
{
	if (!context ||
	    atomic_fetch_sub_explicit(&context->refs, 1, memory_order_acq_rel) != 1)
		return;
	housekeeping_finish(context);
	census_watch_finish(&context->watch_open);
	context_pressure_finish(context);
	device_registry_free(context->devices);
	accountant_finish(&context->accountant);
	/* Sessions that were destroyed may have left a task that frees what remains of them. */
	loop_dispatch(&context->loop, 0);
	loop_finish(&context->loop);
	frame_memory_free(context->memory);
	core_unref(context->core);
	free(context);
}

int wc_context_get_fd(struct wc_context *context)
{
	return context->loop.epoll_fd;
}

int wc_context_dispatch(struct wc_context *context, int timeout_ms)
{
	uint64_t before = context->callbacks;
	uint64_t ran;
	int ret;

	/* A callback may destroy the last codec, after the application gave up its reference. */
	wc_context_ref(context);
	ret = loop_dispatch(&context->loop, timeout_ms);
	census_saw(&context->core->census, context->loop.looked);
	ran = context->callbacks - before;
	if (ret == -EBUSY)
		ret = context_fail(context, WC_INVALID_STATE_ERROR,
				   "dispatch was called from inside a callback");
	else if (ret < 0)
		ret = context_fail_errno(context, -ret, "wait for events");
	else
		ret = ran > INT32_MAX ? INT32_MAX : (int)ran;
	wc_context_unref(context);
	return ret;
}

const struct wc_error *wc_context_get_error(const struct wc_context *context)
{
	return &context->error;
}

void wc_context_set_log_handler(struct wc_context *context, wc_log_handler handler,
				enum wc_log_level level, void *user_data)
{
	log_set_handler(&context->core->log, handler, level, user_data);
}

void wc_context_set_user_data(struct wc_context *context, void *user_data)
{
	context->user_data = user_data;
}

void *wc_context_get_user_data(const struct wc_context *context)
{
	return context->user_data;
}

static uint64_t read_counter(const counter *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

void wc_context_get_counters(const struct wc_context *context, struct wc_counters *counters)
{
	struct core *core = context->core;

	memset(counters, 0, sizeof *counters);
	counters->video_frames = read_counter(&core->counters.video_frames);
	counters->video_chunks = read_counter(&core->counters.video_chunks);
	counters->video_decoders = read_counter(&core->counters.video_decoders);
	counters->video_encoders = read_counter(&core->counters.video_encoders);
	counters->video_converters = read_counter(&core->counters.video_converters);
	counters->hardware_contexts = read_counter(&core->counters.hardware_contexts);
	counters->buffers = read_counter(&core->counters.buffers);
	counters->buffer_bytes = read_counter(&core->counters.buffer_bytes);
	for (unsigned i = 0; i < WC_MEMORY_KINDS; i++)
		counters->bytes_by_kind[i] = read_counter(&core->counters.bytes_by_kind[i]);
	counters->descriptors = read_counter(&core->counters.descriptors);
	counters->libv4l2_devices = read_counter(&core->counters.libv4l2_devices);
	counters->fence_waits = read_counter(&core->counters.fence_waits);
	counters->frames_decoded = read_counter(&core->counters.frames_decoded);
	counters->chunks_encoded = read_counter(&core->counters.chunks_encoded);
	counters->frames_converted = read_counter(&core->counters.frames_converted);
	counters->bytes_copied = read_counter(&core->counters.bytes_copied);
	counters->dropped_unclosed = read_counter(&core->census.dropped_unclosed);
	counters->finalizer_closed = read_counter(&core->census.finalizer_closed);
	counters->open_too_long = read_counter(&core->census.open_too_long);
	counters->external_bytes = (uint64_t)external_memory_total(&core->external_memory);
}
