/* SPDX-License-Identifier: MIT */
/* The constructor of chunks: the only function of these objects that sees the context. */
#include "frame/encoded_video_chunk.h"

#include "api/context.h"

int wc_encoded_video_chunk_new(struct wc_context *context, const void *data, size_t size,
			       const struct wc_encoded_video_chunk_init *init,
			       struct wc_encoded_video_chunk **chunk)
{
	struct wc_error error;

	if (!chunk)
		return WC_TYPE_ERROR;
	*chunk = NULL;
	if (encoded_video_chunk_from_copy(context->core, data, size, init, chunk, &error) < 0)
		return context_fail_anywhere(context, &error);
	return WC_OK;
}
