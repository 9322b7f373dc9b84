/* SPDX-License-Identifier: MIT */
/*
 * The ladder of memory pressure below a coding chain whose frames all lie in memory of one
 * allocator: pictures are drawn into frames of a pool, encoded in place, and decoded into buffers
 * that the driver imports; the last ones are kept. While it runs pressure rises to each level and
 * ends. Chunks and frames are to be those of a run in which nothing happens, and in their order.
 */
#include <drm_fourcc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <webcodecs/webcodecs.h>

#include "picture.h"
#include "player.h"
#include "tap.h"

#define WIDTH 640
#define HEIGHT 368
#define SIZE ((uint64_t)WIDTH * HEIGHT * 3 / 2)
#define STEP 40000

/* More than a throttled decoder lets the application have without waiting. */
#define KEPT 10

/* When something happens, in frames. */
#define AT_LOW 14
#define AT_MEDIUM 20
#define AT_CRITICAL 26
#define AT_END 32
#define FRAMES 48

static const struct picture picture = {
	.fourcc = DRM_FORMAT_YUV420, .width = WIDTH, .height = HEIGHT,
};

/* What came out, and what was seen on the way. */
struct run {
	struct wc_context *context;
	struct wc_video_encoder *encoder;
	struct wc_video_decoder *decoder;
	enum wc_memory_kind kind;
	uint64_t chunks[FRAMES], frames[FRAMES];
	unsigned n_in, n_chunks, n_frames, n_flushed;
	struct wc_video_frame *kept[KEPT];
	bool in_order, whole;              /* frames: so far */
	unsigned steps[WC_PRESSURE_FORCE_CLOSE + 1];
	uint64_t trimmed;                  /* bytes */
	unsigned moved;                    /* pictures that went to plain memory */
	uint64_t before, least, after;     /* bytes of the allocator's memory */
};

static void on_error(const struct wc_error *error, void *user_data)
{
	(void)user_data;
	tap_bail("a codec failed: %s", error->message);
}

static void on_flushed(enum wc_status status, void *user_data)
{
	if (status != WC_OK)
		tap_bail("a flush ended with %s", wc_status_name(status));
	++*(unsigned *)user_data;
}

static void on_pressure(struct wc_context *context, const struct wc_pressure_event *event,
			void *user_data)
{
	struct run *run = user_data;

	(void)context;
	if (event->relaxed)
		tap_bail("a step was taken back early");
	run->steps[event->step]++;
	if (event->step == WC_PRESSURE_TRIM)
		run->trimmed += event->freed;
	tap_note("frame %u: %s, %s, %llu KB freed", run->n_frames,
		 wc_pressure_level_name(event->level), wc_pressure_step_name(event->step),
		 (unsigned long long)event->freed / 1024);
}

static uint64_t bytes_now(const struct run *run, enum wc_memory_kind kind)
{
	struct wc_counters counters;

	wc_context_get_counters(run->context, &counters);
	return counters.bytes_by_kind[kind];
}

/* ---- the chain ------------------------------------------------------------------------------- */

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	const uint8_t *data = wc_encoded_video_chunk_get_data(chunk);
	size_t size = wc_encoded_video_chunk_get_size(chunk);
	struct wc_encoded_video_chunk_init init = {
		.type = wc_encoded_video_chunk_get_type(chunk),
		.timestamp = wc_encoded_video_chunk_get_timestamp(chunk),
	};
	struct wc_encoded_video_chunk *input;
	struct run *run = user_data;
	uint64_t hash = size;

	(void)metadata;
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 0x100000001b3u;
	run->in_order &= init.timestamp == (int64_t)run->n_chunks * STEP;
	run->chunks[run->n_chunks++] = hash;
	if (wc_encoded_video_chunk_new(run->context, data, size, &init, &input) < 0 ||
	    wc_video_decoder_decode(run->decoder, input) < 0)
		tap_bail("cannot decode a chunk");
	wc_encoded_video_chunk_unref(input);
	wc_encoded_video_chunk_unref(chunk);
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct run *run = user_data;
	unsigned n = run->n_frames++, at = n % KEPT;

	run->in_order &= wc_video_frame_get_timestamp(frame) == (int64_t)n * STEP;
	run->frames[n] = frame_hash(frame);
	/* What was kept is as it was, wherever it is by now. */
	run->whole &= n < KEPT || frame_hash(run->kept[at]) == run->frames[n - KEPT];
	wc_video_frame_unref(run->kept[at]);
	run->kept[at] = frame;
}

static void run_open(struct run *run, enum wc_memory_kind kind, bool watched)
{
	struct wc_memory_options options = { .kind = kind };
	struct wc_video_encoder_init encoder = {
		.output = on_chunk, .error = on_error, .user_data = run,
	};
	struct wc_video_encoder_config encoded = {
		.codec = "fwht", .width = WIDTH, .height = HEIGHT, .key_interval = 12,
		.copy = WC_COPY_NEVER, .hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};
	struct wc_video_decoder_init decoder = {
		.output = on_frame, .error = on_error, .user_data = run,
	};
	struct wc_video_decoder_config decoded = {
		.codec = "fwht", .hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};

	memset(run, 0, sizeof *run);
	run->kind = kind;
	run->in_order = run->whole = true;
	if (wc_context_new(NULL, &run->context) < 0 ||
	    wc_context_set_memory(run->context, &options) < 0 ||
	    (watched && wc_context_watch_pressure(run->context, on_pressure, run) < 0) ||
	    wc_video_encoder_new(run->context, &encoder, &run->encoder) < 0 ||
	    wc_video_encoder_configure(run->encoder, &encoded) < 0 ||
	    wc_video_decoder_new(run->context, &decoder, &run->decoder) < 0 ||
	    wc_video_decoder_configure(run->decoder, &decoded) < 0)
		tap_bail("no codecs: %s", wc_context_get_error(run->context)->message);
}

static void dispatch_until(struct run *run, const unsigned *count, unsigned n)
{
	unsigned quiet = 0;

	while (*count < n && quiet < 100) {
		unsigned before = run->n_chunks + run->n_frames;

		wc_context_dispatch(run->context, 100);
		quiet = run->n_chunks + run->n_frames == before ? quiet + 1 : 0;
	}
	if (*count < n)
		tap_bail("%u instead of %u came out", *count, n);
}

/* A pool that may not grow has a frame when one comes back. */
static struct wc_video_frame *draw(struct run *run, unsigned n)
{
	struct wc_video_frame_init init = {
		.fourcc = picture.fourcc, .coded_width = WIDTH, .coded_height = HEIGHT,
		.timestamp = (int64_t)n * STEP,
	};
	struct wc_video_frame_mapping map;
	struct wc_video_frame *frame;

	if (wc_video_frame_alloc(run->context, &init, WC_MEMORY_FOR_CODEC, &frame) < 0)
		tap_bail("frame %u: %s", n, wc_context_get_error(run->context)->message);
	if (wc_video_frame_map(frame, WC_MAP_WRITE, &map) < 0)
		tap_bail("cannot map a frame");
	if (map.planes[0].stride != WIDTH)
		tap_bail("the frame has another layout");
	picture_draw(&picture, n, map.planes[0].data);
	wc_video_frame_unmap(frame);
	return frame;
}

static void feed(struct run *run, unsigned end)
{
	while (run->n_in < end) {
		struct wc_video_frame *frame = draw(run, run->n_in++);

		if (wc_video_encoder_encode(run->encoder, frame, NULL) < 0)
			tap_bail("cannot encode a frame");
		wc_video_frame_unref(frame);
		while (wc_video_encoder_get_queue_size(run->encoder) > 2)
			wc_context_dispatch(run->context, 1000);
	}
	dispatch_until(run, &run->n_chunks, end);
}

static void finish(struct run *run)
{
	for (unsigned i = 0; i < KEPT; i++)
		wc_video_frame_unref(run->kept[i]);
	wc_video_encoder_destroy(run->encoder);
	wc_video_decoder_destroy(run->decoder);
}

/* ---- pressure -------------------------------------------------------------------------------- */

/* The ladder is climbed inside dispatch. */
static void press(struct run *run, enum wc_pressure_level level)
{
	uint64_t plain = bytes_now(run, WC_MEMORY_PLAIN), left;

	if (wc_context_note_pressure(run->context, level, 0) < 0)
		tap_bail("pressure is not taken note of");
	wc_context_dispatch(run->context, 100);
	run->moved += (unsigned)((bytes_now(run, WC_MEMORY_PLAIN) - plain) / SIZE);
	left = bytes_now(run, run->kind);
	if (left < run->least)
		run->least = left;
}

static void run_through(struct run *run, bool pressed)
{
	feed(run, AT_LOW);
	dispatch_until(run, &run->n_frames, AT_LOW);
	run->least = run->before = bytes_now(run, run->kind);
	if (pressed)
		press(run, WC_PRESSURE_LOW);
	feed(run, AT_MEDIUM);
	if (pressed)
		press(run, WC_PRESSURE_MEDIUM);
	feed(run, AT_CRITICAL);
	if (pressed)
		press(run, WC_PRESSURE_CRITICAL);
	feed(run, AT_END);
	/* The end of the watch takes all steps back, as the fall of the level does after 45 s. */
	if (pressed)
		wc_context_watch_pressure(run->context, NULL, NULL);
	feed(run, FRAMES);
	wc_video_decoder_flush(run->decoder, on_flushed, &run->n_flushed);
	dispatch_until(run, &run->n_flushed, 1);
	run->after = bytes_now(run, run->kind);
	finish(run);
}

static void test(const char *memory, enum wc_memory_kind kind, const struct run *calm)
{
	static struct run pressed;

	run_open(&pressed, kind, true);
	run_through(&pressed, true);
	tap_ok(pressed.steps[WC_PRESSURE_TRIM] == 3 && pressed.trimmed >= SIZE,
	       "%s: pools were trimmed, by %llu KB", memory,
	       (unsigned long long)pressed.trimmed / 1024);
	tap_ok(pressed.steps[WC_PRESSURE_STOP_GROWING] && pressed.steps[WC_PRESSURE_THROTTLE] &&
	       pressed.steps[WC_PRESSURE_SPILL] == 2 && pressed.steps[WC_PRESSURE_RECLAIM] &&
	       pressed.moved >= KEPT, "%s: %u frames moved to plain memory", memory,
	       pressed.moved);
	tap_ok(pressed.least + 2 * SIZE <= pressed.before,
	       "%s: of %llu KB there were %llu left", memory,
	       (unsigned long long)pressed.before / 1024,
	       (unsigned long long)pressed.least / 1024);
	tap_ok(pressed.after >= pressed.before, "%s: at the end there are %llu again", memory,
	       (unsigned long long)pressed.after / 1024);
	tap_ok(pressed.n_chunks == FRAMES && pressed.n_frames == FRAMES && pressed.in_order,
	       "%s: no frame is lost, all are in order", memory);
	tap_ok(memcmp(pressed.chunks, calm->chunks, sizeof calm->chunks) == 0 &&
	       memcmp(pressed.frames, calm->frames, sizeof calm->frames) == 0,
	       "%s: chunks and frames are those without pressure", memory);
	tap_ok(pressed.whole, "%s: kept frames are whole, wherever they are", memory);
	tap_ok(wc_leak_check(pressed.context, NULL) == 0, "%s: nothing is left", memory);
	wc_context_unref(pressed.context);
}

int main(void)
{
	static struct run calm;

	run_open(&calm, WC_MEMORY_HEAP, false);
	run_through(&calm, false);
	wc_context_unref(calm.context);
	if (calm.n_frames != FRAMES || !calm.in_order || !calm.whole)
		tap_bail("without pressure %u frames came out", calm.n_frames);
	test("heap", WC_MEMORY_HEAP, &calm);
	test("udmabuf", WC_MEMORY_UDMABUF, &calm);
	return tap_end();
}
