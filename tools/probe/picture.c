/* SPDX-License-Identifier: MIT */
#include "probe/picture.h"

#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <webcodecs/budget.h>

#include "probe/wait.h"

struct wc_video_frame *picture_new(struct wc_context *context, struct size size)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_YUV420,
		.coded_width = size.width,
		.coded_height = size.height,
	};
	size_t luma = (size_t)size.width * size.height;
	size_t chroma = (size_t)((size.width + 1) / 2) * ((size.height + 1) / 2);
	struct wc_video_frame *frame = NULL;
	uint8_t *data = malloc(luma + 2 * chroma);

	if (!data)
		return NULL;
	memset(data, 0x80, luma + 2 * chroma);
	wc_video_frame_new(context, data, luma + 2 * chroma, &init, &frame);
	free(data);
	return frame;
}

struct work {
	struct coded coded;
	bool done;
};

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct work *work = user_data;
	size_t size = wc_encoded_video_chunk_get_size(chunk);

	(void)metadata;
	if (!work->coded.data && size)
		work->coded.data = malloc(size);
	if (work->coded.data && !work->coded.size) {
		memcpy(work->coded.data, wc_encoded_video_chunk_get_data(chunk), size);
		work->coded.size = size;
	}
	wc_encoded_video_chunk_unref(chunk);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct work *work = user_data;

	(void)error;
	work->done = true;
}

static void on_flushed(enum wc_status status, void *user_data)
{
	struct work *work = user_data;

	(void)status;
	work->done = true;
}

static void encode(struct wc_context *context, const struct target *target, struct work *work)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = work, .label = "wc-probe",
	};
	struct wc_video_encoder_encode_options key = { .key_frame = true };
	struct wc_video_encoder_config config = target_encoder_config(target);
	struct wc_reclaim_traits traits = { .priority = TARGET_PRIORITY };
	struct wc_video_frame *frame = picture_new(context, target->size);
	struct wc_video_encoder *encoder;

	config.hardware_acceleration = WC_HARDWARE_PREFER_SOFTWARE;
	config.device = NULL;
	if (wc_video_encoder_new(context, &init, &encoder) < 0)
		encoder = NULL;
	if (frame && encoder &&
	    wc_video_encoder_set_reclaim_traits(encoder, &traits) == WC_OK &&
	    wc_video_encoder_configure(encoder, &config) == WC_OK &&
	    wc_video_encoder_encode(encoder, frame, &key) == WC_OK &&
	    wc_video_encoder_flush(encoder, on_flushed, work) == WC_OK)
		wait_until(context, &work->done);
	wc_video_encoder_destroy(encoder);
	wc_video_frame_unref(frame);
}

struct coded picture_encode(const struct target *target)
{
	struct work work = { .done = false };
	struct wc_context *context;

	if (wc_context_new(NULL, &context) < 0)
		return work.coded;
	encode(context, target, &work);
	wc_context_unref(context);
	return work.coded;
}
