/* SPDX-License-Identifier: MIT */
/*
 * The constructors of frames and chunks that applications call: the only functions of these
 * objects that see the context. Any thread may call them, but the details of failures are kept
 * for the thread of the context only, which may be reading them.
 */
#include "api/context.h"
#include "frame/encoded_video_chunk.h"
#include "frame/video_frame_init.h"

static int fail(struct wc_context *context, const struct wc_error *error)
{
	if (loop_is_owner(&context->loop))
		context_fail_with(context, error);
	return error->name;
}

int wc_video_frame_new(struct wc_context *context, const void *data, size_t size,
		       const struct wc_video_frame_init *init, struct wc_video_frame **frame)
{
	struct wc_error error;

	if (!frame)
		return WC_TYPE_ERROR;
	*frame = NULL;
	if (video_frame_from_copy(context->core, data, size, init, frame, &error) < 0)
		return fail(context, &error);
	return WC_OK;
}

int wc_video_frame_new_wrapped(struct wc_context *context, void *data, size_t size,
			       const struct wc_video_frame_init *init,
			       wc_release_callback release, void *user_data,
			       struct wc_video_frame **frame)
{
	struct wc_error error;

	if (!frame)
		return WC_TYPE_ERROR;
	*frame = NULL;
	if (video_frame_new_wrapped(context->core, data, size, init, release, user_data, frame,
				    &error) < 0)
		return fail(context, &error);
	return WC_OK;
}

int wc_encoded_video_chunk_new(struct wc_context *context, const void *data, size_t size,
			       const struct wc_encoded_video_chunk_init *init,
			       struct wc_encoded_video_chunk **chunk)
{
	struct wc_error error;

	if (!chunk)
		return WC_TYPE_ERROR;
	*chunk = NULL;
	if (encoded_video_chunk_from_copy(context->core, data, size, init, chunk, &error) < 0)
		return fail(context, &error);
	return WC_OK;
}
