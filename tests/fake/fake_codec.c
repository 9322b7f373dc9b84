/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The hardware: dev-decoder.rst and dev-encoder.rst as a state machine (drawn in fake_state.h) that
 * does one job a step. A step returns false when the context has nothing to do.
 */

static struct fake_queue *output_of(struct fake_file *file)
{
	return &file->queues[FAKE_OUTPUT];
}

static struct fake_queue *capture_of(struct fake_file *file)
{
	return &file->queues[FAKE_CAPTURE];
}

static const struct fake_quirks *quirks_of(const struct fake_file *file)
{
	return &file->model->quirks;
}

const char *fake_codec_state_name(enum fake_codec_state state)
{
	switch (state) {
	case FAKE_CODEC_HEADER:
		return "HEADER";
	case FAKE_CODEC_SETUP:
		return "SETUP";
	case FAKE_CODEC_RUN:
		return "RUN";
	case FAKE_CODEC_DRAIN:
		return "DRAIN";
	case FAKE_CODEC_CHANGE:
		return "CHANGE";
	case FAKE_CODEC_STOPPED:
		return "STOPPED";
	case FAKE_CODEC_DEAD:
		return "DEAD";
	}
	return "?";
}

static void codec_clear(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;

	free(codec->rest);
	memset(codec, 0, sizeof(*codec));
	codec->state = file->model->role == FAKE_DECODER ? FAKE_CODEC_HEADER : FAKE_CODEC_RUN;
	codec->need_key = true;
}

void fake_codec_init(struct fake_file *file)
{
	codec_clear(file);
}

void fake_codec_free(struct fake_file *file)
{
	free(file->codec.rest);
	file->codec.rest = NULL;
}

void fake_codec_reset_stream(struct fake_file *file)
{
	codec_clear(file);
}

unsigned int fake_codec_min_capture(const struct fake_file *file)
{
	unsigned int least = file->model->min_capture;

	if (quirks_of(file)->min_buffers_always_one)
		return 1;
	return (least ? least : 1) + file->codec.info.reorder;
}

static void job_done(struct fake_file *file)
{
	fake.jobs++;
	if (quirks_of(file)->job_us)
		fake_advance_time(quirks_of(file)->job_us);
}

static uint64_t timestamp_for(struct fake_file *file, uint64_t own)
{
	const struct fake_queue *output = output_of(file);

	switch (quirks_of(file)->timestamp) {
	case FAKE_TIMESTAMP_COPY:
		break;
	case FAKE_TIMESTAMP_MILLISECONDS:
		return own / 1000000 * 1000000;
	case FAKE_TIMESTAMP_ZERO_FIRST:
		return file->codec.frames == 0 ? 0 : own;
	case FAKE_TIMESTAMP_LATEST:
		if (output->ready.count)
			return output->buffers[output->ready.item[output->ready.count - 1]]
				.timestamp;
		break;
	case FAKE_TIMESTAMP_ZERO:
		return 0;
	}
	return own;
}

static void set_payload(struct fake_buffer *buffer, uint32_t bytesused)
{
	unsigned int i;

	for (i = 0; i < buffer->num_planes; i++)
		buffer->planes[i].bytesused = i == 0 ? bytesused : 0;
}

/* ---------------------------------------------------------------- stopping -- */

static bool draining(const struct fake_codec *codec)
{
	return codec->stop_pending || codec->state == FAKE_CODEC_DRAIN;
}

static void send_source_change(struct fake_file *file)
{
	fake_event_queue(file, V4L2_EVENT_SOURCE_CHANGE, V4L2_EVENT_SRC_CH_RESOLUTION);
}

/* The last buffer is out: DRAIN or CHANGE -> STOPPED. */
static void stop_complete(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;
	bool change = codec->state == FAKE_CODEC_CHANGE;

	codec->state = FAKE_CODEC_STOPPED;
	codec->stopped_by_change = change;
	codec->resumed = false;
	codec->restart_needed = false;
	if (change) {
		codec->unannounced = codec->stop_pending;
		if (quirks_of(file)->source_change_late)
			send_source_change(file);
		return;
	}
	codec->stop_pending = false;
	codec->restart_needed = quirks_of(file)->start == FAKE_START_NEEDS_RESTART;
	if (!quirks_of(file)->no_eos_event && !quirks_of(file)->eos_event_early)
		fake_event_queue(file, V4L2_EVENT_EOS, 0);
}

static void mark_empty(struct fake_file *file, uint32_t flags)
{
	struct fake_queue *capture = capture_of(file);
	unsigned int index = fake_queue_take(capture, 0);
	struct fake_buffer *buffer = &capture->buffers[index];

	set_payload(buffer, 0);
	buffer->flags = flags;
	buffer->timestamp = 0;
	fake_buffer_done(capture, index, false);
}

/* All frames are out, none of them carries the mark. */
static bool finish_without_frame(struct fake_file *file)
{
	const struct fake_quirks *quirks = quirks_of(file);
	enum fake_last how = file->codec.state == FAKE_CODEC_CHANGE ? quirks->change_end :
								      quirks->drain_end;
	struct fake_queue *capture = capture_of(file);

	switch (how) {
	case FAKE_LAST_ON_FRAME:
	case FAKE_LAST_EMPTY:
	case FAKE_LAST_UNFLAGGED:
	case FAKE_LAST_ALL:
		if (!capture->started || capture->ready.count == 0)
			return false;
		mark_empty(file, how == FAKE_LAST_UNFLAGGED ? 0 : V4L2_BUF_FLAG_LAST);
		while (how == FAKE_LAST_ALL && capture->ready.count)
			mark_empty(file, V4L2_BUF_FLAG_LAST);
		break;
	case FAKE_LAST_FRAME_OR_EPIPE:
	case FAKE_LAST_EPIPE:
		capture->last_when_empty = true;
		break;
	case FAKE_LAST_NEVER:
		break;
	}
	stop_complete(file);
	return true;
}

static bool frame_may_be_last(const struct fake_file *file)
{
	const struct fake_quirks *quirks = quirks_of(file);
	enum fake_last how = file->codec.state == FAKE_CODEC_CHANGE ? quirks->change_end :
								      quirks->drain_end;

	return how == FAKE_LAST_ON_FRAME || how == FAKE_LAST_FRAME_OR_EPIPE;
}

/* STOPPED -> RUN once all that the driver wants was done. */
static void try_resume(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;

	if (codec->state != FAKE_CODEC_STOPPED || !codec->resumed || codec->restart_needed)
		return;
	codec->state = FAKE_CODEC_RUN;
	codec->stopped_by_change = false;
	capture_of(file)->last_dequeued = false;
	capture_of(file)->last_when_empty = false;
}

/* ---------------------------------------------------------------- decoder: frames out -- */

static unsigned int held_first(const struct fake_codec *codec)
{
	unsigned int best = 0;
	unsigned int i;

	for (i = 1; i < codec->held_count; i++) {
		const struct fake_held *a = &codec->held[i];
		const struct fake_held *b = &codec->held[best];

		if (a->epoch < b->epoch || (a->epoch == b->epoch && a->order < b->order))
			best = i;
	}
	return best;
}

static void held_output(struct fake_file *file, bool last)
{
	struct fake_codec *codec = &file->codec;
	unsigned int first = held_first(codec);
	struct fake_held held = codec->held[first];

	codec->held_count--;
	memmove(&codec->held[first], &codec->held[first + 1],
		(codec->held_count - first) * sizeof(codec->held[0]));
	if (last)
		capture_of(file)->buffers[held.index].flags |= V4L2_BUF_FLAG_LAST;
	fake_buffer_done(capture_of(file), held.index, held.error);
}

static void held_release(struct fake_file *file)
{
	unsigned int keep = file->codec.info.reorder + quirks_of(file)->delay;

	while (file->codec.held_count > keep)
		held_output(file, false);
}

/* DRAIN and CHANGE: one frame a step, then the mark. */
static bool decoder_flush(struct fake_file *file)
{
	bool last;

	if (file->codec.held_count == 0)
		return finish_without_frame(file);
	last = file->codec.held_count == 1 && frame_may_be_last(file);
	held_output(file, last);
	if (last)
		stop_complete(file);
	return true;
}

/* ---------------------------------------------------------------- decoder: one frame -- */

static bool fits(const struct fake_file *file, const struct fake_buffer *buffer)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[FAKE_CAPTURE];
	unsigned int i;

	if (buffer->num_planes != pix->num_planes)
		return false;
	for (i = 0; i < pix->num_planes; i++)
		if (buffer->planes[i].length < pix->plane_fmt[i].sizeimage)
			return false;
	return true;
}

static bool size_as_negotiated(const struct fake_file *file, const struct fake_chunk *chunk)
{
	const struct v4l2_rect *visible = &file->codec.info.visible;

	return !quirks_of(file)->no_source_change ||
	       (chunk->visible_width == visible->width && chunk->visible_height == visible->height);
}

/* Draws the frame; false if the buffer cannot take it. */
static bool draw(struct fake_file *file, struct fake_buffer *buffer, const struct fake_chunk *chunk)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[FAKE_CAPTURE];
	uint8_t *memory[VIDEO_MAX_PLANES];
	struct fake_picture picture;
	unsigned int i;

	if (!fits(file, buffer) || !size_as_negotiated(file, chunk))
		return false;
	for (i = 0; i < pix->num_planes; i++) {
		memory[i] = fake_buffer_data(buffer, i);
		memset(memory[i], FAKE_PADDING, pix->plane_fmt[i].sizeimage);
		buffer->planes[i].bytesused = pix->plane_fmt[i].sizeimage;
	}
	fake_picture_of(pix, memory, &file->codec.info.visible, &picture);
	if (!(chunk->flags & FAKE_CHUNK_CORRUPT))
		fake_draw_frame(&picture, chunk->seq);
	return true;
}

static void decode_frame(struct fake_file *file, const struct fake_buffer *source,
			 const struct fake_chunk *chunk)
{
	struct fake_codec *codec = &file->codec;
	struct fake_queue *capture = capture_of(file);
	struct fake_held *held = &codec->held[codec->held_count++];
	bool key = chunk->flags & FAKE_CHUNK_KEY;
	struct fake_buffer *buffer;

	held->index = fake_queue_take(capture, 0);
	buffer = &capture->buffers[held->index];
	set_payload(buffer, 0);
	held->error = (chunk->flags & FAKE_CHUNK_DROPPED) || !draw(file, buffer, chunk) ||
		      (chunk->flags & FAKE_CHUNK_CORRUPT);
	held->epoch = key ? ++codec->epoch : codec->epoch;
	held->order = chunk->order;
	if (chunk->flags & FAKE_CHUNK_DROPPED)
		memset(&buffer->timestamp, 0, sizeof buffer->timestamp);
	else
		buffer->timestamp = timestamp_for(file, source->timestamp);
	buffer->flags = (key ? V4L2_BUF_FLAG_KEYFRAME : V4L2_BUF_FLAG_PFRAME) |
			(source->flags & V4L2_BUF_FLAG_TIMECODE);
	buffer->timecode = source->timecode;
	codec->frames++;
	job_done(file);
}

/* ---------------------------------------------------------------- decoder: size changes -- */

static void info_from_chunk(const struct fake_chunk *chunk, struct fake_stream_info *info)
{
	info->width = chunk->width;
	info->height = chunk->height;
	info->visible.left = (int32_t)chunk->visible_left;
	info->visible.top = (int32_t)chunk->visible_top;
	info->visible.width = chunk->visible_width;
	info->visible.height = chunk->visible_height;
	info->reorder = chunk->reorder;
}

static bool info_equal(const struct fake_stream_info *a, const struct fake_stream_info *b)
{
	return a->width == b->width && a->height == b->height && a->reorder == b->reorder &&
	       memcmp(&a->visible, &b->visible, sizeof(a->visible)) == 0;
}

/* What was negotiated before the header (or before a seek) fits the stream. */
static bool info_expected(struct fake_file *file, const struct fake_stream_info *info)
{
	const struct fake_stream_info *known = &file->codec.info;

	if (!file->codec.info_known)
		return false;
	if (capture_of(file)->streaming && capture_of(file)->count <= info->reorder)
		return false;
	return (known->width == info->width && known->height == info->height) ||
	       (known->width == info->visible.width && known->height == info->visible.height);
}

/* Frames from before are still to come: RUN, HEADER -> CHANGE */
static void change_begin(struct fake_file *file, const struct fake_stream_info *info)
{
	struct fake_codec *codec = &file->codec;

	fake_format_from_stream(file, info);
	codec->state = FAKE_CODEC_CHANGE;
	if (!quirks_of(file)->source_change_late)
		send_source_change(file);
}

/* HEADER -> SETUP, RUN or CHANGE */
static void first_header(struct fake_file *file, const struct fake_stream_info *info)
{
	const struct fake_quirks *quirks = quirks_of(file);
	struct fake_codec *codec = &file->codec;
	bool expected = info_expected(file, info);
	bool running = capture_of(file)->streaming;

	if (quirks->no_source_change) {
		codec->info.reorder = info->reorder;
		if (expected)
			codec->info.visible = info->visible;
		codec->info_known = true;
		codec->info_from_client = false;
	} else if (running && !expected) {
		change_begin(file, info);
		return;
	} else {
		fake_format_from_stream(file, info);
		if (!running && !quirks->no_first_source_change &&
		    !(expected && quirks->no_source_change_if_same))
			send_source_change(file);
	}
	codec->state = capture_of(file)->started ? FAKE_CODEC_RUN : FAKE_CODEC_SETUP;
}

/* ---------------------------------------------------------------- decoder: bitstream -- */

struct cursor {
	struct fake_buffer *buffer;	/* the current OUTPUT buffer */
	const uint8_t *data;		/* from where it was not read yet */
	size_t size;
};

static bool cursor_get(struct fake_file *file, struct cursor *cursor)
{
	struct fake_queue *output = output_of(file);
	struct fake_plane *plane;

	if (!output->started || output->ready.count == 0)
		return false;
	cursor->buffer = &output->buffers[output->ready.item[0]];
	plane = &cursor->buffer->planes[0];
	cursor->data = plane->map + plane->data_offset + file->codec.offset;
	cursor->size = plane->bytesused - plane->data_offset - file->codec.offset;
	return true;
}

static void output_complete(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;
	unsigned int index = fake_queue_take(output_of(file), 0);

	fake_buffer_done(output_of(file), index, codec->bad_output);
	codec->offset = 0;
	codec->bad_output = false;
	if (codec->stop_pending && codec->stop_left)
		codec->stop_left--;
}

/* Moves behind a chunk; returns the buffer if there is no further one in it. */
static void advance(struct fake_file *file, const struct cursor *cursor, size_t next)
{
	struct fake_chunk chunk;

	file->codec.offset += next;
	if (!fake_stream_parse(cursor->data + next, cursor->size - next, &chunk, NULL))
		output_complete(file);
}

/* Reads the next chunk; false and the buffer returned if there is none. */
static bool next_chunk(struct fake_file *file, const struct cursor *cursor,
		       struct fake_chunk *chunk, size_t *next)
{
	struct fake_codec *codec = &file->codec;
	uint32_t fourcc = file->formats[FAKE_OUTPUT].pixelformat;
	const char *complaint;

	if (!fake_stream_parse(cursor->data, cursor->size, chunk, next)) {
		codec->have_headers |= fake_stream_has_headers(fourcc, cursor->data, cursor->size);
		output_complete(file);
		return false;
	}
	complaint = fake_stream_complaint(cursor->data, cursor->size);
	if (!complaint && chunk->codec != fourcc)
		complaint = "coded frame is of another codec than the format";
	if (complaint) {
		fake_violate("OUTPUT buffer %u: %s", cursor->buffer->index, complaint);
		codec->bad_output = true;
		advance(file, cursor, *next);
		return false;
	}
	codec->have_headers |= fake_stream_has_headers(fourcc, cursor->data, *next);
	return true;
}

static bool tells_size(const struct fake_codec *codec, const struct fake_chunk *chunk)
{
	return codec->have_headers && (chunk->flags & (FAKE_CHUNK_KEY | FAKE_CHUNK_HEADERS_ONLY));
}

static bool begin_drain_if_due(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;

	if (!codec->stop_pending || codec->stop_left)
		return false;
	codec->state = FAKE_CODEC_DRAIN;
	return true;
}

static bool decoder_header(struct fake_file *file)
{
	struct fake_stream_info info;
	struct fake_chunk chunk;
	struct cursor cursor;
	size_t next;

	if (begin_drain_if_due(file))
		return true;
	if (!cursor_get(file, &cursor))
		return false;
	if (!next_chunk(file, &cursor, &chunk, &next))
		return true;
	if (!tells_size(&file->codec, &chunk)) {
		advance(file, &cursor, next);
		return true;
	}
	info_from_chunk(&chunk, &info);
	first_header(file, &info);
	return true;
}

/* The chunk gives no CAPTURE buffer. */
static bool without_frame(struct fake_codec *codec, const struct fake_chunk *chunk)
{
	bool key = chunk->flags & FAKE_CHUNK_KEY;

	if (chunk->flags & FAKE_CHUNK_HEADERS_ONLY)
		return true;
	if (!codec->have_headers || (codec->need_key && !key))
		return true;
	if (chunk->flags & FAKE_CHUNK_BAD) {
		codec->bad_output = true;
		return true;
	}
	codec->need_key = false;
	return chunk->flags & FAKE_CHUNK_HIDDEN;
}

/*
 * There is a CAPTURE buffer to decode into; some hardware wants its whole set
 * (s5p_mfc_ctx_ready()).
 */
static bool may_decode(struct fake_file *file)
{
	const struct fake_queue *capture = capture_of(file);
	unsigned int needed = 1;

	if (quirks_of(file)->decodes_only_when_full)
		needed = fake_codec_min_capture(file);
	return capture->started && capture->ready.count > 0 &&
	       capture->ready.count + file->codec.held_count >= needed;
}

static bool decode_chunk(struct fake_file *file, const struct cursor *cursor,
			 const struct fake_chunk *chunk, size_t next)
{
	struct fake_codec *codec = &file->codec;

	if (!without_frame(codec, chunk)) {
		if (!may_decode(file))
			return false;
		decode_frame(file, cursor->buffer, chunk);
	}
	if ((chunk->flags & FAKE_CHUNK_EOS) && !codec->stop_pending) {
		codec->stop_pending = true;
		codec->stop_left = 1;
		codec->unannounced = true;
	}
	advance(file, cursor, next);
	if (!begin_drain_if_due(file))
		held_release(file);
	return true;
}

static bool decoder_run(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;
	struct fake_stream_info info;
	struct fake_chunk chunk;
	struct cursor cursor;
	size_t next;

	if (begin_drain_if_due(file))
		return true;
	if (!cursor_get(file, &cursor))
		return false;
	if (!next_chunk(file, &cursor, &chunk, &next))
		return true;
	if (chunk.flags & FAKE_CHUNK_FATAL) {
		fake_codec_break(file);
		return true;
	}
	info_from_chunk(&chunk, &info);
	if (tells_size(codec, &chunk) && !quirks_of(file)->no_source_change &&
	    !info_equal(&info, &codec->info)) {
		change_begin(file, &info);
		return true;
	}
	return decode_chunk(file, &cursor, &chunk, next);
}

static bool decoder_step(struct fake_file *file)
{
	switch (file->codec.state) {
	case FAKE_CODEC_HEADER:
		return decoder_header(file);
	case FAKE_CODEC_RUN:
		return decoder_run(file);
	case FAKE_CODEC_DRAIN:
	case FAKE_CODEC_CHANGE:
		return decoder_flush(file);
	case FAKE_CODEC_SETUP:
	case FAKE_CODEC_STOPPED:
	case FAKE_CODEC_DEAD:
		return false;
	}
	return false;
}

/* ---------------------------------------------------------------- encoder -- */

enum frame_type {
	FRAME_KEY,
	FRAME_P,
	FRAME_B,
};

/* OUTPUT buffers that may be looked at: those behind a STOP wait. */
static unsigned int encoder_available(struct fake_file *file)
{
	unsigned int ready = output_of(file)->ready.count;

	if (file->codec.stop_pending && ready > file->codec.stop_left)
		return file->codec.stop_left;
	return ready;
}

static bool key_due(const struct fake_file *file)
{
	const struct fake_codec *codec = &file->codec;
	int64_t gop = fake_control_get(file, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 0);

	return codec->frames == 0 || codec->force_key || (gop > 0 && codec->since_key >= gop);
}

/* Which OUTPUT buffer comes next, in coding order. False: wait for more. */
static bool encoder_pick(struct fake_file *file, unsigned int *nth, enum frame_type *type)
{
	struct fake_codec *codec = &file->codec;
	unsigned int b = (unsigned int)fake_control_get(file, V4L2_CID_MPEG_VIDEO_B_FRAMES, 0);
	unsigned int available = encoder_available(file);

	*nth = 0;
	*type = FRAME_P;
	if (available == 0 || (available <= quirks_of(file)->delay && !codec->stop_pending))
		return false;
	if (codec->b_left) {
		codec->b_left--;
		*type = FRAME_B;
		return true;
	}
	if (key_due(file)) {
		*type = FRAME_KEY;
		return true;
	}
	if (available <= b && !codec->stop_pending)
		return false;
	*nth = available > b ? b : available - 1;
	codec->b_left = *nth;
	return true;
}

static bool with_headers(const struct fake_file *file)
{
	int64_t mode = fake_control_get(file, V4L2_CID_MPEG_VIDEO_HEADER_MODE, -1);
	int64_t repeat = fake_control_get(file, V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, -1);
	int64_t prepend = fake_control_get(file, V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, -1);

	if (repeat > 0 || prepend > 0)
		return true;
	if (mode == V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE)
		return false;
	return file->codec.frames == 0 || (repeat < 0 && prepend < 0);
}

static void describe_size(const struct fake_file *file, struct fake_chunk *chunk)
{
	chunk->codec = file->formats[FAKE_CAPTURE].pixelformat;
	chunk->width = file->crop.width;
	chunk->height = file->crop.height;
}

static void describe(struct fake_file *file, struct fake_buffer *source, enum frame_type type,
		     struct fake_chunk *chunk)
{
	struct v4l2_pix_format_mplane *pix = &file->formats[FAKE_OUTPUT];
	uint8_t *memory[VIDEO_MAX_PLANES] = { NULL };
	struct fake_picture picture;
	unsigned int i;

	for (i = 0; i < source->num_planes; i++)
		memory[i] = fake_buffer_data(source, i) + source->planes[i].data_offset;
	fake_picture_of(pix, memory, &file->crop, &picture);
	memset(chunk, 0, sizeof(*chunk));
	describe_size(file, chunk);
	chunk->seq = fake_frame_seq(&picture);
	chunk->order = (int32_t)file->codec.frames;
	chunk->pad_size = file->device->encoded_size;
	if (fake_picture_damaged(&picture))
		chunk->flags |= FAKE_CHUNK_DAMAGED;
	if (type == FRAME_KEY)
		chunk->flags |= FAKE_CHUNK_KEY;
	if (type == FRAME_KEY && !with_headers(file))
		chunk->flags |= FAKE_CHUNK_NO_HEADERS;
}

static uint32_t type_flag(enum frame_type type)
{
	switch (type) {
	case FRAME_KEY:
		return V4L2_BUF_FLAG_KEYFRAME;
	case FRAME_P:
		return V4L2_BUF_FLAG_PFRAME;
	case FRAME_B:
		return V4L2_BUF_FLAG_BFRAME;
	}
	return 0;
}

/*
 * Puts coded bytes into the next CAPTURE buffer, or says with an error flag that they do not fit.
 */
static void deliver(struct fake_file *file, const uint8_t *data, size_t size, uint64_t timestamp,
		    uint32_t flags)
{
	struct fake_queue *capture = capture_of(file);
	unsigned int index = fake_queue_take(capture, 0);
	struct fake_buffer *buffer = &capture->buffers[index];
	bool too_large = size > buffer->planes[0].length;

	set_payload(buffer, 0);
	buffer->flags = flags;
	buffer->timestamp = timestamp;
	if (!too_large) {
		memcpy(fake_buffer_data(buffer, 0), data, size);
		buffer->planes[0].bytesused = (uint32_t)size;
	}
	fake_buffer_done(capture, index, too_large);
}

/* Delivers as much of the rest as the next buffer takes. */
static void deliver_piece(struct fake_file *file, uint32_t flags)
{
	struct fake_codec *codec = &file->codec;
	struct fake_queue *capture = capture_of(file);
	size_t room = capture->buffers[capture->ready.item[0]].planes[0].length;
	size_t size = codec->rest_size - codec->rest_offset;

	if (size > room)
		size = room;
	deliver(file, codec->rest + codec->rest_offset, size, codec->rest_timestamp, flags);
	codec->rest_offset += size;
	if (codec->rest_offset == codec->rest_size) {
		free(codec->rest);
		codec->rest = NULL;
	}
}

static uint8_t *make_coded(const struct fake_chunk *chunk, size_t *size)
{
	size_t cap = chunk->pad_size + 4096;
	uint8_t *data = malloc(cap);

	if (!data)
		abort();
	*size = fake_stream_frame(data, cap, chunk);
	return data;
}

/* This is the last frame of a drain, and the driver marks frames. */
static uint32_t last_flag(const struct fake_file *file)
{
	const struct fake_codec *codec = &file->codec;

	if (!codec->stop_pending || codec->stop_left > 1 || !frame_may_be_last(file))
		return 0;
	return V4L2_BUF_FLAG_LAST;
}

static void encode_frame(struct fake_file *file, unsigned int nth, enum frame_type type)
{
	struct fake_codec *codec = &file->codec;
	struct fake_queue *output = output_of(file);
	unsigned int index = fake_queue_take(output, nth);
	struct fake_buffer *source = &output->buffers[index];
	uint32_t last = last_flag(file);
	struct fake_chunk chunk;

	describe(file, source, type, &chunk);
	codec->rest = make_coded(&chunk, &codec->rest_size);
	codec->rest_offset = 0;
	codec->rest_timestamp = timestamp_for(file, source->timestamp);
	if (quirks_of(file)->fragments_oversize) {
		deliver_piece(file, type_flag(type));
		last = 0;
	} else {
		deliver(file, codec->rest, codec->rest_size, codec->rest_timestamp,
			type_flag(type) | last);
		free(codec->rest);
		codec->rest = NULL;
	}
	fake_buffer_done(output, index, false);
	codec->frames++;
	codec->since_key = type == FRAME_KEY ? 1 : codec->since_key + 1;
	if (type == FRAME_KEY)
		codec->force_key = 0;
	if (codec->stop_pending)
		codec->stop_left--;
	if (last) {
		codec->state = FAKE_CODEC_DRAIN;
		stop_complete(file);
	}
	job_done(file);
}

/* Buffers that come before the first frame. */
static bool encoder_preamble(struct fake_file *file)
{
	static const uint8_t garbage[16] = { 0xde, 0xad };
	struct fake_codec *codec = &file->codec;
	struct fake_chunk chunk = { .flags = FAKE_CHUNK_HEADERS_ONLY };
	uint8_t *data;
	size_t size;

	if (quirks_of(file)->garbage_first_output && !codec->garbage_sent) {
		deliver(file, garbage, sizeof(garbage), 0, 0);
		codec->garbage_sent = true;
		return true;
	}
	if (codec->headers_sent || fake_control_get(file, V4L2_CID_MPEG_VIDEO_HEADER_MODE, -1) !=
					   V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE)
		return false;
	describe_size(file, &chunk);
	data = make_coded(&chunk, &size);
	deliver(file, data, size, 0, 0);
	free(data);
	codec->headers_sent = true;
	return true;
}

static bool encoder_step(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;
	enum frame_type type;
	unsigned int nth;

	if (codec->state == FAKE_CODEC_DRAIN)
		return finish_without_frame(file);
	if (codec->state != FAKE_CODEC_RUN)
		return false;
	if (!codec->rest && begin_drain_if_due(file))
		return true;
	if (!output_of(file)->started || !capture_of(file)->started ||
	    capture_of(file)->ready.count == 0)
		return false;
	if (codec->rest) {
		deliver_piece(file, 0);
		return true;
	}
	if (encoder_available(file) && encoder_preamble(file))
		return true;
	if (!encoder_pick(file, &nth, &type))
		return false;
	encode_frame(file, nth, type);
	return true;
}

/* ---------------------------------------------------------------- converter -- */

static bool converter_step(struct fake_file *file)
{
	struct fake_queue *output = output_of(file);
	struct fake_queue *capture = capture_of(file);
	struct fake_buffer *source;
	struct fake_buffer *target;

	if (!output->started || !capture->started || !output->ready.count || !capture->ready.count)
		return false;
	source = &output->buffers[fake_queue_take(output, 0)];
	target = &capture->buffers[fake_queue_take(capture, 0)];
	fake_convert(file, source, target);
	target->timestamp = timestamp_for(file, source->timestamp);
	fake_buffer_done(output, source->index, false);
	fake_buffer_done(capture, target->index, file->device->flawed);
	file->device->flawed = false;
	job_done(file);
	return true;
}

bool fake_codec_step(struct fake_file *file)
{
	if (file->device->gone || file->device->stalled)
		return false;
	switch (file->model->role) {
	case FAKE_DECODER:
		return decoder_step(file);
	case FAKE_ENCODER:
		return encoder_step(file);
	case FAKE_CONVERTER:
		return converter_step(file);
	case FAKE_CAMERA:
		return fake_camera_step(file);
	case FAKE_STATELESS:
		return false;
	}
	return false;
}

/* ---------------------------------------------------------------- queues start and stop -- */

static void output_started(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;

	if (quirks_of(file)->source_change_after_seek && !capture_of(file)->streaming &&
	    codec->state != FAKE_CODEC_DEAD)
		codec->state = FAKE_CODEC_HEADER;
	codec->restart_needed = false;
	if (!quirks_of(file)->output_restart_stays_stopped && !codec->stopped_by_change)
		codec->resumed = true;
	try_resume(file);
}

static void capture_started(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;

	if (file->model->role == FAKE_ENCODER) {
		codec->frames = 0;
		codec->headers_sent = false;
		codec->garbage_sent = false;
	}
	if (codec->state == FAKE_CODEC_SETUP)
		codec->state = FAKE_CODEC_RUN;
	codec->resumed = true;
	try_resume(file);
}

void fake_codec_started(struct fake_queue *queue)
{
	if (queue->is_output)
		output_started(queue->file);
	else
		capture_started(queue->file);
}

static void drop_held(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;

	if (!quirks_of(file)->seek_drops_frames) {
		while (codec->held_count)
			held_output(file, false);
		return;
	}
	while (codec->held_count)
		fake_queue_put_back(capture_of(file), codec->held[--codec->held_count].index);
}

/* A seek. Within a drain it ends the drain, one way or the other. */
static void output_stopping(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;

	codec->offset = 0;
	codec->bad_output = false;
	codec->need_key = true;
	codec->b_left = 0;
	if (draining(codec) && quirks_of(file)->output_stop_marks_last &&
	    codec->state != FAKE_CODEC_STOPPED) {
		codec->stop_pending = true;
		codec->stop_left = 0;
		codec->state = FAKE_CODEC_DRAIN;
		return;
	}
	codec->stop_pending = false;
	if (codec->state == FAKE_CODEC_DRAIN)
		codec->state = FAKE_CODEC_RUN;
	if (codec->state != FAKE_CODEC_CHANGE)
		drop_held(file);
}

static void capture_stopping(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;
	bool by_change = codec->state == FAKE_CODEC_CHANGE ||
			 (codec->state == FAKE_CODEC_STOPPED && codec->stopped_by_change);

	codec->held_count = 0;
	free(codec->rest);
	codec->rest = NULL;
	if (!by_change || quirks_of(file)->change_ends_drain)
		codec->stop_pending = false;
	if (codec->state == FAKE_CODEC_DRAIN)
		codec->state = FAKE_CODEC_RUN;
	if (codec->state == FAKE_CODEC_CHANGE) {
		if (quirks_of(file)->source_change_late)
			send_source_change(file);
		codec->unannounced = codec->stop_pending;
		codec->state = FAKE_CODEC_SETUP;
	}
}

/* DEAD -> HEADER. CAPTURE keeps its format, so the next header may fit it. */
static void revive(struct fake_file *file)
{
	struct fake_stream_info info = file->codec.info;
	bool known = file->codec.info_known;
	bool from_client = file->codec.info_from_client;

	codec_clear(file);
	file->codec.info = info;
	file->codec.info_known = known;
	file->codec.info_from_client = from_client;
}

void fake_codec_stopping(struct fake_queue *queue)
{
	struct fake_file *file = queue->file;
	struct fake_queue *other = queue->is_output ? capture_of(file) : output_of(file);

	if (file->codec.state == FAKE_CODEC_DEAD) {
		if (!other->streaming)
			revive(file);
		return;
	}
	if (queue->is_output)
		output_stopping(file);
	else
		capture_stopping(file);
}

bool fake_codec_refuses_output(const struct fake_file *file)
{
	return quirks_of(file)->output_eio_in_drain && draining(&file->codec);
}

void fake_codec_break(struct fake_file *file)
{
	if (!output_of(file)->streaming && !capture_of(file)->streaming)
		return;
	file->codec.state = FAKE_CODEC_DEAD;
	file->codec.held_count = 0;
	output_of(file)->error = output_of(file)->streaming;
	capture_of(file)->error = capture_of(file)->streaming;
}

/* ---------------------------------------------------------------- commands -- */

/* v4l2_m2m_ioctl_try_decoder_cmd() and its twin; the numbers of START and STOP are the same. */
static int check_cmd(const struct fake_file *file, enum fake_role role, uint32_t cmd,
		     uint32_t flags, bool try)
{
	const struct fake_quirks *quirks = quirks_of(file);

	if (file->model->role != role || quirks->no_codec_cmd || (try && quirks->no_try_cmd))
		return -ENOTTY;
	if (cmd != V4L2_DEC_CMD_STOP && cmd != V4L2_DEC_CMD_START)
		return -EINVAL;
	if (cmd == V4L2_DEC_CMD_START && quirks->start == FAKE_START_EINVAL)
		return -EINVAL;
	if (flags)
		fake_violate("codec command with flags 0x%x", flags);
	return 0;
}

static int refuse_in_drain(struct fake_file *file, const char *name)
{
	if (!file->codec.unannounced)
		fake_violate("%s while the codec drains", name);
	return quirks_of(file)->no_drain_busy ? 0 : -EBUSY;
}

static int codec_stop(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;

	if (codec->state == FAKE_CODEC_DEAD)
		return -EIO;
	if (draining(codec))
		return refuse_in_drain(file, "STOP");
	if (codec->state == FAKE_CODEC_STOPPED && !codec->stopped_by_change)
		return 0;
	if (!output_of(file)->streaming || !capture_of(file)->streaming) {
		fake_violate("STOP without both queues streaming begins no drain");
		return 0;
	}
	codec->stop_pending = true;
	codec->stop_left = output_of(file)->ready.count;
	codec->unannounced = false;
	if (quirks_of(file)->eos_event_early)
		fake_event_queue(file, V4L2_EVENT_EOS, 0);
	return 0;
}

/*
 * After a change, START is for a client whose buffers still fit (dev-decoder.rst, Capture Setup 6).
 */
static bool buffers_fit(struct fake_file *file)
{
	struct fake_queue *capture = capture_of(file);
	unsigned int i;

	for (i = 0; i < capture->limit; i++)
		if (capture->buffers[i].state != FAKE_BUF_NONE && !fits(file, &capture->buffers[i]))
			return false;
	return capture->count > file->codec.info.reorder;
}

static int codec_start(struct fake_file *file)
{
	struct fake_codec *codec = &file->codec;

	if (codec->state == FAKE_CODEC_DEAD)
		return -EIO;
	if (codec->state != FAKE_CODEC_STOPPED)
		return draining(codec) ? refuse_in_drain(file, "START") : 0;
	if (quirks_of(file)->start == FAKE_START_NOOP)
		return 0;
	if (codec->stopped_by_change && !buffers_fit(file)) {
		fake_violate("START after a resolution change with buffers that do not fit");
		return 0;
	}
	capture_of(file)->last_dequeued = false;
	capture_of(file)->last_when_empty = false;
	codec->resumed = true;
	try_resume(file);
	return 0;
}

int fake_decoder_cmd(struct fake_file *file, struct v4l2_decoder_cmd *cmd, bool try)
{
	int ret = check_cmd(file, FAKE_DECODER, cmd->cmd, cmd->flags, try);

	if (ret || try)
		return ret;
	return cmd->cmd == V4L2_DEC_CMD_STOP ? codec_stop(file) : codec_start(file);
}

int fake_encoder_cmd(struct fake_file *file, struct v4l2_encoder_cmd *cmd, bool try)
{
	int ret = check_cmd(file, FAKE_ENCODER, cmd->cmd, cmd->flags, try);

	if (ret || try)
		return ret;
	return cmd->cmd == V4L2_ENC_CMD_STOP ? codec_stop(file) : codec_start(file);
}
