/* SPDX-License-Identifier: MIT */
#include "probe/candidate.h"

#include <stdio.h>
#include <string.h>

#include <webcodecs/budget.h>

#include "probe/wait.h"

static void on_error(const struct wc_error *error, void *user_data)
{
	struct candidate *candidate = user_data;

	candidate->error = *error;
	candidate->failed = true;
	candidate->done = true;
}

static void on_flushed(enum wc_status status, void *user_data)
{
	struct candidate *candidate = user_data;

	(void)status;
	candidate->done = true;
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct candidate *candidate = user_data;

	candidate->outputs++;
	wc_video_frame_unref(frame);
}

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct candidate *candidate = user_data;

	(void)metadata;
	candidate->outputs++;
	wc_encoded_video_chunk_unref(chunk);
}

static int decode(struct candidate *candidate, struct wc_context *context,
		  const struct coded *coded)
{
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_KEY };
	struct wc_encoded_video_chunk *chunk;
	int status;

	if (!coded->data)
		return WC_OK;
	status = wc_encoded_video_chunk_new(context, coded->data, coded->size, &init, &chunk);
	if (status < 0)
		return status;
	status = wc_video_decoder_decode(candidate->decoder, chunk);
	wc_encoded_video_chunk_unref(chunk);
	return status;
}

static int start_decoder(struct candidate *candidate, struct wc_context *context,
			 const struct target *target, const struct coded *coded, unsigned number)
{
	struct wc_video_decoder_init init = {
		.output = on_frame, .error = on_error, .user_data = candidate, .label = "wc-probe",
	};
	struct wc_reclaim_traits traits = { .priority = TARGET_PRIORITY - (int32_t)number };
	struct wc_video_decoder_config config = target_decoder_config(target);
	int status = wc_video_decoder_new(context, &init, &candidate->decoder);

	if (status == WC_OK)
		status = wc_video_decoder_set_reclaim_traits(candidate->decoder, &traits);
	if (status == WC_OK)
		status = wc_video_decoder_configure(candidate->decoder, &config);
	if (status == WC_OK)
		status = decode(candidate, context, coded);
	if (status == WC_OK)
		status = wc_video_decoder_flush(candidate->decoder, on_flushed, candidate);
	return status;
}

static int encode(struct candidate *candidate, struct wc_context *context, struct size size)
{
	struct wc_video_encoder_encode_options key = { .key_frame = true };
	struct wc_video_frame *frame = picture_new(context, size);
	int status;

	if (!frame)
		return WC_OPERATION_ERROR;
	status = wc_video_encoder_encode(candidate->encoder, frame, &key);
	wc_video_frame_unref(frame);
	return status;
}

static int start_encoder(struct candidate *candidate, struct wc_context *context,
			 const struct target *target, unsigned number)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = candidate, .label = "wc-probe",
	};
	struct wc_reclaim_traits traits = { .priority = TARGET_PRIORITY - (int32_t)number };
	struct wc_video_encoder_config config = target_encoder_config(target);
	int status = wc_video_encoder_new(context, &init, &candidate->encoder);

	if (status == WC_OK)
		status = wc_video_encoder_set_reclaim_traits(candidate->encoder, &traits);
	if (status == WC_OK)
		status = wc_video_encoder_configure(candidate->encoder, &config);
	if (status == WC_OK)
		status = encode(candidate, context, target->size);
	if (status == WC_OK)
		status = wc_video_encoder_flush(candidate->encoder, on_flushed, candidate);
	return status;
}

/* An error that no callback brought. */
static bool fail(struct candidate *candidate, const struct target *target, const char *message)
{
	candidate->failed = true;
	candidate->error = (struct wc_error) { .name = WC_OPERATION_ERROR };
	snprintf(candidate->error.message, sizeof candidate->error.message, "%s", message);
	snprintf(candidate->error.device, sizeof candidate->error.device, "%s",
		 target->device.path);
	return false;
}

bool candidate_open(struct candidate *candidate, struct wc_context *context,
		    const struct target *target, const struct coded *coded, unsigned number)
{
	bool wants_output = target->encodes || coded->data;
	int status;

	memset(candidate, 0, sizeof *candidate);
	status = target->encodes ? start_encoder(candidate, context, target, number) :
				   start_decoder(candidate, context, target, coded, number);
	if (status < 0) {
		fail(candidate, target, "");
		candidate->error = *wc_context_get_error(context);
		return false;
	}
	if (!wait_until(context, &candidate->done))
		return fail(candidate, target, "it did not answer within 10 seconds");
	if (!candidate->failed && wants_output && !candidate->outputs)
		return fail(candidate, target, "no picture came out");
	return !candidate->failed;
}

void candidate_close(struct candidate *candidate)
{
	wc_video_decoder_destroy(candidate->decoder);
	wc_video_encoder_destroy(candidate->encoder);
	candidate->decoder = NULL;
	candidate->encoder = NULL;
}
