/* SPDX-License-Identifier: MIT */
#include "software_rig.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frame/pixel_format.h"

/* A session that is silent for so long will not speak any more. Slow under sanitizers. */
#define PATIENCE_MS 60000

static void call_hook(struct rig *rig, const char *what)
{
	/* Never from inside a call to the session. */
	ck_assert(!rig->in_call);
	if (rig->hook)
		rig->hook(rig, what);
}

static void hash_frame(const struct wc_video_frame *frame, char md5[33])
{
	const struct pixel_format *pixels = pixel_format_find(frame->format.fourcc);
	struct media_hash *hash = media_hash_new();

	for (unsigned i = 0; i < pixels->n_planes; i++) {
		size_t stride = frame->format.planes[i].stride;
		const uint8_t *row = video_frame_plane(frame, i) +
				     frame->visible.y / pixels->planes[i].sub_y * stride +
				     frame->visible.x / pixels->planes[i].sub_x *
					     pixels->planes[i].bytes;
		size_t bytes = pixel_format_row_bytes(pixels, i, frame->visible.width);

		for (uint32_t n = pixel_format_rows(pixels, i, frame->visible.height); n; n--) {
			media_hash_add(hash, row, bytes);
			row += stride;
		}
	}
	media_hash_finish(hash, md5);
}

static struct rig_output *next_output(struct rig *rig, const struct timing *timing)
{
	struct rig_output *output = &rig->outputs[rig->n_outputs];

	ck_assert_uint_lt(rig->n_outputs, RIG_MAX);
	ck_assert_uint_eq(rig->n_failed, 0);
	rig->n_outputs++;
	output->timestamp = timing->timestamp;
	output->duration = timing->duration;
	output->has_duration = timing->has_duration;
	return output;
}

static void on_frame(void *sink, struct wc_video_frame *frame)
{
	struct rig *rig = sink;
	struct rig_output *output = next_output(rig, &frame->timing);

	output->fourcc = frame->format.fourcc;
	output->coded_width = frame->format.width;
	output->coded_height = frame->format.height;
	output->visible = frame->visible;
	output->display_width = frame->display_width;
	output->display_height = frame->display_height;
	output->color = frame->color_space;
	hash_frame(frame, output->md5);
	if (rig->keep)
		rig->kept[rig->n_kept++] = frame;
	else
		wc_video_frame_unref(frame);
	call_hook(rig, "output");
}

static void keep_description(struct rig *rig, const struct session_chunk_info *info)
{
	if (info->description_size == rig->description_size &&
	    !(info->description &&
	      memcmp(info->description, rig->description, info->description_size) != 0))
		return;
	ck_assert_uint_le(info->description_size, sizeof rig->description);
	rig->n_descriptions++;
	rig->description_size = info->description_size;
	if (info->description)
		memcpy(rig->description, info->description, info->description_size);
}

/* 64 bytes of zero behind the data. */
static bool is_padded(const struct wc_encoded_video_chunk *chunk)
{
	static const uint8_t zeros[64];
	const struct buffer_object *object = &chunk->buffer->objects[0];
	size_t end = chunk->offset + chunk->size;

	return object->size >= end + sizeof zeros &&
	       !memcmp(object->map + end, zeros, sizeof zeros);
}

static void on_chunk(void *sink, struct wc_encoded_video_chunk *chunk,
		     const struct session_chunk_info *info)
{
	struct rig *rig = sink;
	struct rig_output *output = next_output(rig, &chunk->timing);

	output->size = chunk->size;
	output->data = malloc(chunk->size);
	memcpy(output->data, wc_encoded_video_chunk_get_data(chunk), chunk->size);
	output->key = chunk->type == WC_CHUNK_KEY;
	output->padded = is_padded(chunk);
	output->color = info->color_space;
	keep_description(rig, info);
	wc_encoded_video_chunk_unref(chunk);
	call_hook(rig, "output");
}

static void on_ready(void *sink)
{
	struct rig *rig = sink;

	ck_assert_uint_eq(rig->n_failed, 0);
	rig->n_ready++;
	call_hook(rig, "ready");
}

static void on_drained(void *sink)
{
	struct rig *rig = sink;

	ck_assert_uint_eq(rig->n_failed, 0);
	rig->n_drained++;
	call_hook(rig, "drained");
}

static void on_failed(void *sink, const struct wc_error *error)
{
	struct rig *rig = sink;

	rig->n_failed++;
	rig->error = *error;
	call_hook(rig, "failed");
}

static const struct session_sink_ops sink_ops = {
	.frame = on_frame,
	.chunk = on_chunk,
	.ready = on_ready,
	.drained = on_drained,
	.failed = on_failed,
};

struct rig *rig_new(void)
{
	struct rig *rig = calloc(1, sizeof *rig);

	rig->core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	ck_assert_ptr_nonnull(rig->core);
	ck_assert_int_eq(loop_init(&rig->loop), 0);
	rig->env = (struct session_env) { .core = rig->core, .loop = &rig->loop };
	return rig;
}

void rig_clear(struct rig *rig)
{
	for (unsigned i = 0; i < rig->n_outputs; i++)
		free(rig->outputs[i].data);
	memset(rig->outputs, 0, sizeof rig->outputs);
	rig->n_outputs = rig->n_ready = rig->n_drained = rig->n_failed = 0;
}

void rig_free(struct rig *rig)
{
	rig_close(rig);
	for (unsigned i = 0; i < rig->n_kept; i++)
		wc_video_frame_unref(rig->kept[i]);
	rig_clear(rig);
	ck_assert_uint_eq(rig->core->counters.video_frames, 0);
	ck_assert_uint_eq(rig->core->counters.video_chunks, 0);
	ck_assert_uint_eq(rig->core->counters.buffers, 0);
	ck_assert_uint_eq(rig->core->counters.buffer_bytes, 0);
	ck_assert_uint_eq(atomic_load(&rig->core->refs), 1);
	loop_finish(&rig->loop);
	core_unref(rig->core);
	free(rig);
}

int rig_open_decoder(struct rig *rig, const char *codec, const struct media *media,
		     bool low_latency)
{
	struct decoder_params params = {
		.description = media ? media->extradata : NULL,
		.description_size = media ? media->extradata_size : 0,
		.low_latency = low_latency,
	};

	ck_assert_int_eq(codec_string_parse(codec, &params.codec), 0);
	return software_decoder_new(&rig->env, &params, &sink_ops, rig, &rig->session,
				    &rig->error);
}

int rig_open_encoder(struct rig *rig, const char *codec, struct encoder_params *params)
{
	ck_assert_int_eq(codec_string_parse(codec, &params->codec), 0);
	return software_encoder_new(&rig->env, params, &sink_ops, rig, &rig->session,
				    &rig->error);
}

void rig_close(struct rig *rig)
{
	struct session *session = rig->session;

	rig->session = NULL;
	if (session)
		session->ops->destroy(session);
}

void rig_reset(struct rig *rig)
{
	rig->n_resets++;
	ck_assert_int_eq(rig->session->ops->reset(rig->session, &rig->error), 0);
}

static void dispatch(struct rig *rig)
{
	ck_assert_int_eq(loop_dispatch(&rig->loop, PATIENCE_MS), 0);
}

static int submit(struct rig *rig, const struct session_input *input)
{
	int ret = SESSION_FULL;

	while (rig->session) {
		unsigned ready = rig->n_ready, resets = rig->n_resets;

		rig->in_call = true;
		ret = rig->session->ops->submit(rig->session, input, &rig->error);
		rig->in_call = false;
		if (ret != SESSION_FULL)
			break;
		/* A reset makes room, and nobody is told of it. */
		while (rig->session && rig->n_ready == ready && rig->n_resets == resets &&
		       !rig->n_failed)
			dispatch(rig);
		if (rig->n_failed)
			return rig->error.name;
		/* Whoever has reset has dropped what still waited. */
		if (rig->n_resets != resets)
			return 0;
	}
	return ret;
}

int rig_decode(struct rig *rig, const struct media_unit *unit)
{
	const struct timing timing = { unit->timestamp, 40000, true };
	struct buffer *buffer = unit->size ? buffer_new_plain(rig->core, unit->size) : NULL;
	struct session_input input = { .quantizer = -1 };
	int ret;

	if (buffer)
		memcpy(buffer->objects[0].map, unit->data, unit->size);
	input.chunk = encoded_video_chunk_new(rig->core, buffer, 0, unit->size,
					      unit->key ? WC_CHUNK_KEY : WC_CHUNK_DELTA, &timing);
	buffer_unref(buffer);
	ret = submit(rig, &input);
	wc_encoded_video_chunk_unref(input.chunk);
	return ret;
}

int rig_encode(struct rig *rig, struct wc_video_frame *frame, bool key, int quantizer)
{
	struct session_input input = { .frame = frame, .key_frame = key, .quantizer = quantizer };
	int ret = submit(rig, &input);

	wc_video_frame_unref(frame);
	return ret;
}

void rig_drain(struct rig *rig)
{
	unsigned drained = rig->n_drained;

	rig->in_call = true;
	ck_assert_int_eq(rig->session->ops->drain(rig->session, &rig->error), 0);
	rig->in_call = false;
	while (rig->session && rig->n_drained == drained && !rig->n_failed)
		dispatch(rig);
}

void rig_wait(struct rig *rig, unsigned outputs)
{
	while (rig->n_outputs < outputs && rig->session && !rig->n_failed)
		dispatch(rig);
	ck_assert_uint_ge(rig->n_outputs, outputs);
}

void rig_paint(struct wc_video_frame *frame, unsigned number)
{
	const struct pixel_format *pixels = pixel_format_find(frame->format.fourcc);
	bool deep = pixels->n_planes == 3 && pixels->planes[0].bytes == 2;

	for (unsigned i = 0; i < pixels->n_planes; i++) {
		uint8_t *row = video_frame_plane(frame, i);
		size_t bytes = pixel_format_row_bytes(pixels, i, frame->format.width);
		uint32_t rows = pixel_format_rows(pixels, i, frame->format.height);

		for (uint32_t y = 0; y < rows; y++) {
			for (size_t x = 0; x < bytes; x++) {
				row[x] = (uint8_t)(64 + ((x + number * 4) / 8 * 16 + y / 8 * 8) %
							128);
				/* The upper byte of 10 bits. */
				if (deep && x % 2)
					row[x] = 1;
			}
			row += frame->format.planes[i].stride;
		}
	}
}

struct wc_video_frame *rig_frame(struct rig *rig, uint32_t fourcc, unsigned width,
				 unsigned height, unsigned number)
{
	const struct timing timing = { 40000 * (int64_t)number, 40000, true };
	const struct wc_rect visible = { 0, 0, width, height };
	struct wc_plane_layout layout[WC_MAX_PLANES];
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	struct frame_format format = { .fourcc = fourcc, .width = width, .height = height,
				       .n_planes = pixels->n_planes };
	struct buffer *buffer = buffer_new_plain(
		rig->core, pixel_format_layout(pixels, width, height, layout));
	struct wc_video_frame *frame;

	for (unsigned i = 0; i < format.n_planes; i++) {
		format.planes[i].offset = layout[i].offset;
		format.planes[i].stride = layout[i].stride;
	}
	frame = video_frame_new(rig->core, buffer, &format, &visible, &timing);
	buffer_unref(buffer);
	rig_paint(frame, number);
	return frame;
}
