/* SPDX-License-Identifier: MIT */
/* The constructors of frames: the only functions of these objects that see the context. */
#include "api/context.h"
#include "api/memory.h"
#include "frame/video_frame_init.h"

int wc_video_frame_new(struct wc_context *context, const void *data, size_t size,
		       const struct wc_video_frame_init *init, struct wc_video_frame **frame)
{
	struct wc_error error;

	if (!frame)
		return WC_TYPE_ERROR;
	*frame = NULL;
	if (video_frame_from_copy(context->core, data, size, init, frame, &error) < 0)
		return context_fail_anywhere(context, &error);
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
		return context_fail_anywhere(context, &error);
	return WC_OK;
}

int wc_video_frame_alloc(struct wc_context *context, const struct wc_video_frame_init *init,
			 unsigned use, struct wc_video_frame **frame)
{
	struct wc_error error;

	if (!frame)
		return WC_TYPE_ERROR;
	*frame = NULL;
	if (context_check_memory_use(context, use) < 0)
		return WC_TYPE_ERROR;
	if (video_frame_alloc(context->core, context->memory, init, use, frame, &error) < 0)
		return context_fail_anywhere(context, &error);
	return WC_OK;
}

int wc_video_frame_new_dma_buf(struct wc_context *context, const struct wc_dma_buf *dma_buf,
			       const struct wc_video_frame_init *init,
			       wc_release_callback release, void *user_data,
			       struct wc_video_frame **frame)
{
	struct wc_error error;

	if (!frame)
		return WC_TYPE_ERROR;
	*frame = NULL;
	if (video_frame_from_dma_buf(context->core, dma_buf, init, release, user_data, frame,
				     &error) < 0)
		return context_fail_anywhere(context, &error);
	return WC_OK;
}
