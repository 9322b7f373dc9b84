/* SPDX-License-Identifier: MIT */
#include "session/rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame/frame_memory.h"
#include "frame/pixel_format.h"
#include "v4l2/format.h"

#define MAX_CHUNK (4u << 20)

/* Waits that a test may take before something is taken for stuck. */
#define MAX_WAITS 100000

static void on_log(enum wc_log_level level, const char *file, int line, const char *message,
		   void *user_data)
{
	struct rig *rig = user_data;

	(void)file;
	(void)line;
	if (level > WC_LOG_WARNING)
		return;
	snprintf(rig->warning, sizeof rig->warning, "%s", message);
	rig->n_warnings++;
}

static void look_for_rules(struct rig *rig)
{
	ck_assert_msg(!rig->in_call, "the sink was called from inside a call");
	ck_assert_msg(rig->session, "the sink was called after destroy");
	if (rig->n_failed)
		rig->after_failed++;
}

static void run_hook(struct rig *rig, enum rig_event event)
{
	if (rig->hook)
		rig->hook(rig, event);
}

static void look_at(struct rig *rig, const struct fake_picture *picture)
{
	uint32_t seq = fake_frame_seq(picture);
	const char *difference = fake_check_frame(picture, seq);

	ck_assert_msg(!difference || rig->no_rectangle, "frame %u: %s", rig->n_frames, difference);
	ck_assert_uint_lt(rig->n_frames, RIG_MAX);
	rig->seqs[rig->n_frames] = seq;
}

/* A picture that does not lie in rows cannot be mapped, and is checked by way of a copy. */
static void check_copy(struct rig *rig, struct wc_video_frame *frame, struct fake_picture *picture)
{
	struct wc_plane_layout layout[WC_MAX_PLANES];
	struct wc_video_frame_mapping mapping;
	uint8_t *copy;
	size_t size;

	ck_assert_int_eq(wc_video_frame_get_format(frame), WC_PIXEL_FORMAT_NONE);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_allocation_size(frame, NULL, &size), WC_OK);
	copy = malloc(size);
	ck_assert_ptr_nonnull(copy);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, size, layout), WC_OK);
	for (unsigned i = 0; i < 2; i++) {
		picture->plane[i] = copy + layout[i].offset;
		picture->stride[i] = layout[i].stride;
	}
	look_at(rig, picture);
	free(copy);
}

static void check_rows(struct rig *rig, struct wc_video_frame *frame, struct fake_picture *picture)
{
	const struct wc_rect *visible = &frame->visible;
	const struct pixel_format *pixels = pixel_format_find(frame->format.fourcc);
	struct wc_video_frame_mapping mapping;
	int ret = wc_video_frame_map(frame, WC_MAP_READ, &mapping);
	/* Imports are mapped when they are first read: a failure that was ordered may hit that. */
	if (ret < 0 && strstr(fake_failure(), ": mmap "))
		ret = wc_video_frame_map(frame, WC_MAP_READ, &mapping);
	ck_assert_int_eq(ret, WC_OK);
	ck_assert_ptr_nonnull(pixels);
	for (unsigned i = 0; i < mapping.plane_count; i++) {
		picture->stride[i] = mapping.planes[i].stride;
		picture->plane[i] = mapping.planes[i].data +
				    visible->y / pixels->planes[i].sub_y * picture->stride[i] +
				    visible->x / pixels->planes[i].sub_x * pixels->planes[i].bytes;
	}
	look_at(rig, picture);
	wc_video_frame_unmap(frame);
}

static void check_picture(struct rig *rig, struct wc_video_frame *frame)
{
	struct wc_rect visible = wc_video_frame_get_visible_rect(frame);
	struct fake_picture picture = { .width = visible.width, .height = visible.height };

	picture.fourcc = raw_format_from_drm(frame->format.fourcc, false);
	if (!fake_picture_planes(picture.fourcc))
		picture.fourcc = raw_format_from_drm(frame->format.fourcc, true);
	if (frame->format.modifier == DRM_FORMAT_MOD_LINEAR)
		check_rows(rig, frame, &picture);
	else
		check_copy(rig, frame, &picture);
	rig->modifier = frame->format.modifier;
	rig->tiling = frame->format.tiling;
	rig->fourcc = wc_video_frame_get_fourcc(frame);
	rig->timestamps[rig->n_frames] = wc_video_frame_get_timestamp(frame);
	rig->widths[rig->n_frames] = visible.width;
	rig->heights[rig->n_frames] = visible.height;
	rig->n_frames++;
}

static void on_frame(void *sink, struct wc_video_frame *frame)
{
	struct rig *rig = sink;

	look_for_rules(rig);
	if (rig->judge)
		rig->judge(rig, frame);
	else
		check_picture(rig, frame);
	if (rig->n_held < rig->hold)
		rig->held[rig->n_held++] = frame;
	else
		wc_video_frame_unref(frame);
	run_hook(rig, RIG_FRAME);
}

/* The bytes of a chunk with start codes in place of lengths, in new memory. */
static uint8_t *annex_b_of(struct wc_encoded_video_chunk *chunk, bool canonical)
{
	size_t size = wc_encoded_video_chunk_get_size(chunk), at = 0;
	uint8_t *data = malloc(size);

	ck_assert_ptr_nonnull(data);
	memcpy(data, wc_encoded_video_chunk_get_data(chunk), size);
	while (canonical && at < size) {
		ck_assert_uint_ge(size - at, 4);
		size_t length = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 |
				(size_t)data[at + 2] << 8 | data[at + 3];

		ck_assert_uint_le(length, size - at - 4);
		memcpy(data + at, "\0\0\0\1", 4);
		at += 4 + length;
	}
	return data;
}

static void check_description(struct rig *rig, const struct session_chunk_info *info)
{
	const uint8_t *record = info->description;

	if (!rig->canonical) {
		ck_assert_ptr_null(record);
		return;
	}
	/* configurationVersion, and lengths of four bytes (ISO/IEC 14496-15, 5.3.3.1) */
	ck_assert_uint_ge(info->description_size, 7);
	ck_assert_uint_eq(record[0], 1);
	ck_assert_uint_eq(record[4] & 3, 3);
}

static void on_chunk(void *sink, struct wc_encoded_video_chunk *chunk,
		     const struct session_chunk_info *info)
{
	struct rig *rig = sink;
	struct fake_chunk found;
	uint8_t *data;

	look_for_rules(rig);
	ck_assert_uint_lt(rig->n_chunks, RIG_MAX);
	check_description(rig, info);
	data = annex_b_of(chunk, rig->canonical);
	ck_assert(fake_stream_parse(data, wc_encoded_video_chunk_get_size(chunk), &found, NULL));
	free(data);
	ck_assert_msg(!(found.flags & FAKE_CHUNK_DAMAGED), "frame %u reached the encoder damaged",
		      found.seq);
	rig->seqs[rig->n_chunks] = found.seq;
	rig->timestamps[rig->n_chunks] = wc_encoded_video_chunk_get_timestamp(chunk);
	rig->keys[rig->n_chunks] = wc_encoded_video_chunk_get_type(chunk) == WC_CHUNK_KEY;
	ck_assert_int_eq(rig->keys[rig->n_chunks], (found.flags & FAKE_CHUNK_KEY) != 0);
	rig->n_keys += rig->keys[rig->n_chunks];
	rig->n_chunks++;
	wc_encoded_video_chunk_unref(chunk);
	run_hook(rig, RIG_CHUNK);
}

static void on_ready(void *sink)
{
	struct rig *rig = sink;

	look_for_rules(rig);
	rig->n_ready++;
	run_hook(rig, RIG_READY);
}

static void on_drained(void *sink)
{
	struct rig *rig = sink;

	look_for_rules(rig);
	rig->n_drained++;
	run_hook(rig, RIG_DRAINED);
}

static void on_failed(void *sink, const struct wc_error *error)
{
	struct rig *rig = sink;

	look_for_rules(rig);
	rig->n_failed++;
	rig->error = *error;
	run_hook(rig, RIG_FAILED);
}

static const struct session_sink_ops sink_ops = {
	.frame = on_frame,
	.chunk = on_chunk,
	.ready = on_ready,
	.drained = on_drained,
	.failed = on_failed,
};

bool rig_start_core(struct rig *rig, const struct fake_model *model)
{
	/* Slots of this context only. */
	static const struct accountant_options options = { .directory = "" };

	memset(rig, 0, sizeof *rig);
	rig->model = model;
	ck_assert_int_eq(fake_add_device(model, RIG_PATH), 0);
	rig->core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	ck_assert_ptr_nonnull(rig->core);
	log_set_handler(&rig->core->log, on_log, WC_LOG_WARNING, rig);
	if (loop_init(&rig->loop) < 0) {
		core_unref(rig->core);
		return false;
	}
	accountant_init(&rig->accountant, rig->core, &rig->loop, &options);
	rig->memory = rig_memory_new(rig->core);
	rig->env = (struct session_env) {
		.core = rig->core, .loop = &rig->loop, .memory = rig->memory,
	};
	return true;
}

int rig_probe(struct rig *rig)
{
	int ret;

	fake_enumerating(true);
	ret = device_probe(RIG_PATH, &rig->info);
	fake_enumerating(false);
	return ret;
}

void rig_start(struct rig *rig, const struct fake_model *model)
{
	fake_start();
	ck_assert(rig_start_core(rig, model));
	ck_assert_int_eq(rig_probe(rig), 0);
}

void rig_stop_core(struct rig *rig)
{
	rig_destroy(rig);
	rig_release_held(rig);
	frame_memory_free(rig->memory);
	ck_assert_uint_eq(rig->core->counters.video_frames, 0);
	ck_assert_uint_eq(rig->core->counters.video_chunks, 0);
	ck_assert_uint_eq(rig->core->counters.buffers, 0);
	ck_assert_uint_eq(rig->core->counters.buffer_bytes, 0);
	ck_assert_uint_eq(rig->core->counters.hardware_contexts, 0);
	for (unsigned i = 0; i < rig->n_claims; i++)
		claim_leave(&rig->claims[i]);
	accountant_finish(&rig->accountant);
	loop_finish(&rig->loop);
	core_unref(rig->core);
}

void rig_stop(struct rig *rig)
{
	rig_stop_core(rig);
	fake_stop();
	fake_check_no_violations();
}

void rig_release_held(struct rig *rig)
{
	while (rig->n_held)
		wc_video_frame_unref(rig->held[--rig->n_held]);
}

enum video_codec rig_codec(uint32_t v4l2)
{
	const struct coded_format *coded = coded_format_find(v4l2);

	return coded ? coded->codec : VIDEO_CODEC_NONE;
}

static int64_t highest(const struct fake_model *model, uint32_t id)
{
	for (const struct fake_control *c = model->controls; c && c->id; c++)
		if (c->id == id)
			return c->max;
	return INT64_MAX;
}

static void set_codec_string(const struct rig *rig, struct codec_string *codec, uint32_t v4l2)
{
	static const char *const strings[] = {
		[VIDEO_CODEC_H264] = "avc1.640028",
		[VIDEO_CODEC_HEVC] = "hev1.1.6.L93.B0",
		[VIDEO_CODEC_VP8] = "vp8",
		[VIDEO_CODEC_VP9] = "vp09.00.31.08",
		[VIDEO_CODEC_MJPEG] = "mjpeg",
		[VIDEO_CODEC_FWHT] = "fwht",
	};
	const char *string = rig->codec_string ? rig->codec_string : strings[rig_codec(v4l2)];

	if (!rig->codec_string && v4l2 == V4L2_PIX_FMT_H264 &&
	    highest(rig->model, V4L2_CID_MPEG_VIDEO_H264_PROFILE) <
		    V4L2_MPEG_VIDEO_H264_PROFILE_HIGH)
		string = "avc1.420028";
	ck_assert_int_eq(codec_string_parse(string, codec), 0);
}

/* A claim has one session at a time, a rig may have several. */
void rig_enter_claim(struct rig *rig, bool encoder)
{
	ck_assert_uint_lt(rig->n_claims, RIG_MAX_SESSIONS);
	rig->env.claim = &rig->claims[rig->n_claims++];
	if (accountant_enter(&rig->accountant, rig->env.claim, NULL, encoder, "rig") < 0)
		ck_abort_msg("no memory for a claim");
}

int rig_open_decoder(struct rig *rig, uint32_t codec, uint32_t width, uint32_t height)
{
	struct decoder_params params = {
		.fourcc = rig->wished, .modifier = rig->wished_modifier,
	};
	uint8_t description[256];

	rig_enter_claim(rig, false);
	rig->codec = codec;
	rig->chunk = (struct fake_chunk) { .codec = codec, .width = width, .height = height };
	set_codec_string(rig, &params.codec, codec);
	if (rig->canonical) {
		params.description = description;
		params.description_size = fake_stream_description(description, sizeof description,
								  &rig->chunk);
	}
	return stateful_decoder_new(&rig->env, &rig->info, &params, &sink_ops, rig, &rig->session,
				    &rig->error);
}

int rig_open_encoder(struct rig *rig, uint32_t codec, uint32_t width, uint32_t height,
		     const struct encoder_params *extra)
{
	struct encoder_params params = { .bitstream_format = WC_BITSTREAM_ANNEXB };

	if (extra)
		params = *extra;
	if (rig->canonical)
		params.bitstream_format = WC_BITSTREAM_CANONICAL;
	rig->codec = codec;
	rig->chunk = (struct fake_chunk) { .codec = codec, .width = width, .height = height };
	rig_enter_claim(rig, true);
	params.width = width;
	params.height = height;
	set_codec_string(rig, &params.codec, codec);
	return stateful_encoder_new(&rig->env, &rig->info, &params, &sink_ops, rig, &rig->session,
				    &rig->error);
}

int rig_open_converter(struct rig *rig, const struct converter_params *params)
{
	rig_enter_claim(rig, true);
	return m2m_converter_new(&rig->env, &rig->info, params, &sink_ops, rig, &rig->session,
				 &rig->error);
}

void rig_destroy(struct rig *rig)
{
	struct session *session = rig->session;

	rig->session = NULL;
	if (session)
		session->ops->destroy(session);
	ck_assert_int_eq(loop_dispatch(&rig->loop, 0), 0);
}

void rig_destroy_inside(struct rig *rig)
{
	struct session *session = rig->session;

	rig->session = NULL;
	session->ops->destroy(session);
}

static void dispatch(struct rig *rig)
{
	int ret = loop_dispatch(&rig->loop, -1);

	ck_assert_msg(ret == 0, "dispatch gives %d: %s", ret, fake_failure());
}

static int submit_once(struct rig *rig, const struct session_input *input)
{
	int ret;

	rig->in_call = true;
	ret = rig->session->ops->submit(rig->session, input, &rig->error);
	rig->in_call = false;
	return ret;
}

static int submit(struct rig *rig, const struct session_input *input)
{
	int ret;

	for (unsigned waits = 0; waits < MAX_WAITS; waits++) {
		ret = submit_once(rig, input);
		if (ret != SESSION_FULL)
			return ret;
		dispatch(rig);
		if (rig->n_failed)
			return rig->error.name;
	}
	ck_abort_msg("no room for ever: %s", fake_failure());
}

/* A plain buffer as alloc_input() gives one: a pin, nothing else. */
static struct buffer *plain_use(struct rig *rig, size_t size)
{
	struct buffer *buffer = buffer_new_plain(rig->core, size);

	buffer_pin(buffer);
	buffer_unref(buffer);
	return buffer;
}

static int feed(struct rig *rig, uint32_t flags, bool in_place,
		int (*submit_chunk)(struct rig *rig, const struct session_input *input))
{
	struct timing timing = { .timestamp = (int64_t)rig->chunk.seq * 33333 - 100000 };
	struct wc_encoded_video_chunk *chunk;
	struct session_input input = { .quantizer = -1 };
	size_t limit = rig->chunk.pad_size + MAX_CHUNK, size;
	uint8_t *data = malloc(limit);
	struct buffer *buffer;
	int ret;

	rig->chunk.flags = flags;
	if (rig->canonical)
		rig->chunk.flags |= FAKE_CHUNK_LENGTH_PREFIX | FAKE_CHUNK_NO_HEADERS;
	size = fake_stream_frame(data, limit, &rig->chunk);
	ck_assert_uint_gt(size, 0);
	buffer = in_place ? rig->session->ops->alloc_input(rig->session, size) : NULL;
	if (!buffer)
		buffer = plain_use(rig, size);
	memcpy(buffer->objects[0].map, data, size);
	free(data);
	chunk = encoded_video_chunk_new(rig->core, buffer, 0, size,
					flags & FAKE_CHUNK_KEY ? WC_CHUNK_KEY : WC_CHUNK_DELTA,
					&timing);
	buffer_unpin(buffer);
	input.chunk = chunk;
	ret = submit_chunk(rig, &input);
	wc_encoded_video_chunk_unref(chunk);
	if (ret != SESSION_FULL &&
	    !(flags & (FAKE_CHUNK_HIDDEN | FAKE_CHUNK_HEADERS_ONLY | FAKE_CHUNK_DROPPED)))
		rig->chunk.seq++;
	return ret;
}

int rig_feed(struct rig *rig, uint32_t flags)
{
	return feed(rig, flags, rig->chunk.seq % 2, submit);
}

int rig_feed_once(struct rig *rig, uint32_t flags, size_t size)
{
	size_t before = rig->chunk.pad_size;
	int ret;

	rig->chunk.pad_size = size;
	ret = feed(rig, flags, false, submit_once);
	rig->chunk.pad_size = before;
	return ret;
}

int rig_feed_many(struct rig *rig, unsigned n, uint32_t first_flags)
{
	int ret = 0;

	for (unsigned i = 0; i < n && ret == 0; i++)
		ret = rig_feed(rig, i ? 0 : first_flags);
	return ret;
}

static struct wc_video_frame *plain_frame(struct rig *rig, const struct timing *timing)
{
	struct wc_rect visible = { 0, 0, rig->chunk.width, rig->chunk.height };
	struct frame_format format;
	struct wc_video_frame *frame;
	struct buffer *buffer;
	size_t size = frame_format_tight(&format, DRM_FORMAT_NV12, visible.width, visible.height);

	buffer = buffer_new_plain(rig->core, size);
	frame = video_frame_new(rig->core, buffer, &format, &visible, timing);
	buffer_unref(buffer);
	return frame;
}

void rig_draw(struct wc_video_frame *frame, uint32_t seq)
{
	struct fake_picture picture = {
		.width = frame->visible.width,
		.height = frame->visible.height,
	};

	picture.fourcc = raw_format_from_drm(frame->format.fourcc, false);
	for (unsigned i = 0; i < frame->format.n_planes; i++) {
		picture.plane[i] = video_frame_plane(frame, i);
		picture.stride[i] = frame->format.planes[i].stride;
	}
	fake_draw_frame(&picture, seq);
}

int rig_encode(struct rig *rig, uint32_t seq, bool key_frame, bool in_place)
{
	struct timing timing = { .timestamp = (int64_t)seq * 40000 + 7 };
	struct session_input input = { .key_frame = key_frame, .quantizer = -1 };
	int ret;

	while (in_place && rig->session->ops->saturated(rig->session) && !rig->n_failed)
		dispatch(rig);
	if (rig->n_failed)
		return rig->error.name;
	input.frame = in_place ? rig->session->ops->alloc_frame(rig->session, &timing, &rig->error)
			       : plain_frame(rig, &timing);
	ck_assert_ptr_nonnull(input.frame);
	rig_draw(input.frame, seq);
	ret = submit(rig, &input);
	wc_video_frame_unref(input.frame);
	return ret;
}

int rig_encode_frame(struct rig *rig, struct wc_video_frame *frame, bool key_frame)
{
	struct session_input input = { .frame = frame, .key_frame = key_frame, .quantizer = -1 };

	return submit(rig, &input);
}

int rig_submit_once(struct rig *rig, struct wc_video_frame *frame)
{
	struct session_input input = { .frame = frame, .quantizer = -1 };
	int ret;

	rig->in_call = true;
	ret = rig->session->ops->submit(rig->session, &input, &rig->error);
	rig->in_call = false;
	return ret;
}

int rig_encode_once(struct rig *rig, uint32_t seq)
{
	struct timing timing = { .timestamp = (int64_t)seq * 40000 + 7 };
	struct session_input input = { .key_frame = true, .quantizer = -1 };
	int ret;

	input.frame = plain_frame(rig, &timing);
	rig_draw(input.frame, seq);
	rig->in_call = true;
	ret = rig->session->ops->submit(rig->session, &input, &rig->error);
	rig->in_call = false;
	wc_video_frame_unref(input.frame);
	return ret;
}

int rig_drain(struct rig *rig)
{
	unsigned before = rig->n_drained;
	int ret;

	rig->in_call = true;
	ret = rig->session->ops->drain(rig->session, &rig->error);
	rig->in_call = false;
	for (unsigned waits = 0; ret == 0 && rig->n_drained == before; waits++) {
		ck_assert_uint_lt(waits, MAX_WAITS);
		dispatch(rig);
		if (rig->n_failed)
			return rig->error.name;
	}
	return ret;
}

void rig_await(struct rig *rig, unsigned n)
{
	for (unsigned waits = 0; rig->n_frames + rig->n_chunks < n && !rig->n_failed; waits++) {
		ck_assert_uint_lt(waits, MAX_WAITS);
		dispatch(rig);
	}
}
