/* SPDX-License-Identifier: MIT */
/*
 * From a camera through encoder and decoder onto a display: once with DMA-BUFs all the way, then
 * once more with copies, from the pictures that the camera gave the first time.
 *
 *     test_pipeline same CAMERA CARD CRC      CRC: the directory of a CRTC's checksums in debugfs
 *     test_pipeline pressed CAMERA CARD CRC   the same, while memory pressure comes and goes
 *     test_pipeline encode CAMERA FRAMES      camera to encoder, with marks for strace
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <webcodecs/webcodecs.h>

#include "crc.h"
#include "tap.h"
#include "transcode/framebuffers.h"
#include "transcode/screen.h"

/* The format that vivid, vicodec and vkms share, in a size that vivid and vicodec do. */
#define FOURCC DRM_FORMAT_XRGB8888
#define WIDTH 640
#define HEIGHT 360
#define ROW ((size_t)WIDTH * 4)
#define PICTURE (ROW * HEIGHT)

#define FRAMES 30

/* Of frames that the encoder has not taken yet: more are not given to it. */
#define QUEUE 2

/* Decoded frames that the application keeps: the oldest goes when another one comes. */
#define KEPT 4

/* Frames from which on nothing new is made. */
#define WARM 100

/* What became of one captured picture. */
struct record {
	uint8_t *captured;
	uint8_t *chunk;
	size_t chunk_size;
	uint8_t *decoded;
	uint32_t crc;                      /* of the whole screen */
};

struct pipeline {
	struct record *records;
	const struct record *source;       /* of pictures; NULL: the camera */
	struct wc_context *context;
	struct wc_camera *camera;
	struct wc_video_encoder *encoder;
	struct wc_video_decoder *decoder;
	struct screen screen;
	struct framebuffers framebuffers;
	struct failure failure;
	struct crc crc;
	struct wc_video_frame *shown;      /* on the screen, in place */
	struct wc_video_frame *kept[KEPT];
	bool pressed;
	bool kept_whole;                   /* all that were kept, so far */
	unsigned steps[WC_PRESSURE_FORCE_CLOSE + 1];
	unsigned n_in, n_chunks, n_frames, n_flushed, to_capture;
};

static void bail(const struct pipeline *p, const char *what)
{
	tap_bail("%s: %s%s", what, wc_context_get_error(p->context)->message, p->failure.text);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	(void)user_data;
	tap_bail("%s", error->message);
}

static void on_flushed(enum wc_status status, void *user_data)
{
	unsigned *n = user_data;

	if (status != WC_OK)
		tap_bail("a flush ended with %s", wc_status_name(status));
	++*n;
}

static uint64_t bytes_copied(const struct pipeline *p)
{
	struct wc_counters counters;

	wc_context_get_counters(p->context, &counters);
	return counters.bytes_copied;
}

static void *keep(const void *data, size_t size)
{
	void *copy = malloc(size);

	if (!copy)
		tap_bail("no memory");
	return memcpy(copy, data, size);
}

/* The picture without what is between rows, read where it is: the library copies nothing. */
static uint8_t *keep_picture(struct wc_video_frame *frame)
{
	struct wc_video_frame_mapping map;
	uint8_t *copy = malloc(PICTURE);

	if (!copy || wc_video_frame_get_fourcc(frame) != FOURCC ||
	    wc_video_frame_map(frame, WC_MAP_READ, &map) < 0)
		tap_bail("a frame that cannot be looked at");
	for (uint32_t y = 0; y < HEIGHT; y++)
		memcpy(copy + y * ROW, map.planes[0].data + y * map.planes[0].stride, ROW);
	wc_video_frame_unmap(frame);
	return copy;
}

/* ---- what is on the screen ------------------------------------------------------------------- */

/* Show it, and return the checksum of the screen. What was on it is released at the flip. */
static uint32_t show(struct pipeline *p, struct wc_video_frame *frame)
{
	struct screen_view view;
	bool copied;
	uint32_t id = framebuffers_get(&p->framebuffers, frame, &view, &copied);

	if (!id || screen_show(&p->screen, id, &view) || screen_wait(&p->screen))
		bail(p, "the display");
	wc_video_frame_unref(p->shown);
	p->shown = copied ? NULL : wc_video_frame_ref(frame);
	return crc_read(&p->crc, &p->screen);
}

/* ---- the way through ------------------------------------------------------------------------- */

static void encode(struct pipeline *p, struct wc_video_frame *frame)
{
	p->n_in++;
	if (wc_video_encoder_encode(p->encoder, frame, NULL) < 0)
		bail(p, "encode");
	wc_video_frame_unref(frame);
}

static void on_captured(struct wc_video_frame *frame, void *user_data)
{
	struct pipeline *p = user_data;

	if (p->n_in == p->to_capture || wc_video_encoder_get_queue_size(p->encoder) > QUEUE) {
		wc_video_frame_unref(frame);
		return;
	}
	if (p->records)
		p->records[p->n_in].captured = keep_picture(frame);
	encode(p, frame);
}

/* A chunk of the decoder, which reads it in place, with the data written by the application. */
static void decode(struct pipeline *p, struct wc_encoded_video_chunk *chunk)
{
	struct wc_encoded_video_chunk_init init = {
		.type = wc_encoded_video_chunk_get_type(chunk),
		.timestamp = wc_encoded_video_chunk_get_timestamp(chunk),
	};
	size_t size = wc_encoded_video_chunk_get_size(chunk), room;
	const uint8_t *data = wc_encoded_video_chunk_get_data(chunk);
	struct wc_encoded_video_chunk *input;
	uint8_t *to;

	if (p->source) {
		if (wc_encoded_video_chunk_new(p->context, data, size, &init, &input) < 0)
			bail(p, "a chunk");
	} else {
		if (wc_video_decoder_alloc_chunk(p->decoder, size, &init, &input) < 0)
			bail(p, "a chunk");
		to = wc_encoded_video_chunk_get_writable(input, &room);
		memcpy(to, data, size);
		wc_encoded_video_chunk_set_size(input, size);
	}
	if (wc_video_decoder_decode(p->decoder, input) < 0)
		bail(p, "decode");
	wc_encoded_video_chunk_unref(input);
}

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct pipeline *p = user_data;

	(void)metadata;
	if (p->records) {
		struct record *record = &p->records[p->n_chunks];

		record->chunk_size = wc_encoded_video_chunk_get_size(chunk);
		record->chunk = keep(wc_encoded_video_chunk_get_data(chunk), record->chunk_size);
		decode(p, chunk);
	}
	p->n_chunks++;
	wc_encoded_video_chunk_unref(chunk);
}

static void on_pressure(struct wc_context *context, const struct wc_pressure_event *event,
			void *user_data)
{
	struct pipeline *p = user_data;

	(void)context;
	p->steps[event->step]++;
	tap_note("frame %u: %s, %s", p->n_frames, wc_pressure_level_name(event->level),
		 wc_pressure_step_name(event->step));
}

/* Pressure of each level; the end of the watch takes the steps back, as time does. */
static void press(struct pipeline *p)
{
	int ret = 0;

	if (p->n_frames == FRAMES / 5)
		ret = wc_context_note_pressure(p->context, WC_PRESSURE_LOW, 0);
	else if (p->n_frames == FRAMES * 2 / 5)
		ret = wc_context_note_pressure(p->context, WC_PRESSURE_MEDIUM, 0);
	else if (p->n_frames == FRAMES * 3 / 5)
		ret = wc_context_note_pressure(p->context, WC_PRESSURE_CRITICAL, 0);
	else if (p->n_frames == FRAMES * 4 / 5)
		ret = wc_context_watch_pressure(p->context, NULL, NULL);
	if (ret < 0)
		bail(p, "pressure");
}

/* Another one goes, and is looked at once more. The display has its memory, so it cannot move. */
static void keep_frame(struct pipeline *p, struct wc_video_frame *frame, unsigned n)
{
	struct wc_video_frame **place = &p->kept[n % KEPT];
	uint8_t *copy;

	if (*place) {
		copy = keep_picture(*place);
		p->kept_whole &= memcmp(copy, p->records[n - KEPT].decoded, PICTURE) == 0;
		free(copy);
	}
	wc_video_frame_unref(*place);
	*place = frame;
}

static void on_decoded(struct wc_video_frame *frame, void *user_data)
{
	struct pipeline *p = user_data;
	unsigned n = p->n_frames++;

	p->records[n].decoded = keep_picture(frame);
	p->records[n].crc = show(p, frame);
	if (!p->pressed) {
		wc_video_frame_unref(frame);
		return;
	}
	keep_frame(p, frame, n);
	press(p);
}

static void open_camera(struct pipeline *p, const char *device, double framerate)
{
	struct wc_camera_init init = {
		.frame = on_captured, .error = on_error, .user_data = p, .device = device,
		.width = WIDTH, .height = HEIGHT, .fourcc = FOURCC, .framerate = framerate,
		.exact = true,
	};

	if (wc_camera_new(p->context, &init, &p->camera) < 0)
		bail(p, "the camera");
}

static void open_encoder(struct pipeline *p)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = p,
	};
	struct wc_video_encoder_config config = {
		.codec = "fwht", .width = WIDTH, .height = HEIGHT, .fourcc = FOURCC,
		.key_interval = 10, .hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
		.copy = p->source ? WC_COPY_ALLOWED : WC_COPY_NEVER,
	};

	if (wc_video_encoder_new(p->context, &init, &p->encoder) < 0 ||
	    wc_video_encoder_configure(p->encoder, &config) < 0)
		bail(p, "the encoder");
}

static void open_decoder(struct pipeline *p)
{
	struct wc_video_decoder_init init = {
		.output = on_decoded, .error = on_error, .user_data = p,
	};
	struct wc_video_decoder_config config = {
		.codec = "fwht", .fourcc = FOURCC,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};

	if (wc_video_decoder_new(p->context, &init, &p->decoder) < 0 ||
	    wc_video_decoder_configure(p->decoder, &config) < 0)
		bail(p, "the decoder");
}

static void pipeline_open(struct pipeline *p, struct record *records, const struct record *source,
			  char **argv)
{
	*p = (struct pipeline) {
		.records = records, .source = source, .to_capture = FRAMES,
		.crc = { .directory = argv[2], .fd = -1 },
	};
	if (wc_context_new(NULL, &p->context) < 0)
		tap_bail("no context");
	if (screen_open(&p->screen, argv[1], &p->failure))
		bail(p, "the display");
	framebuffers_init(&p->framebuffers, &p->screen, source, &p->failure);
	open_encoder(p);
	open_decoder(p);
	/* Slow enough for a display of 60 refreshes a second, each of which is waited for. */
	if (!source)
		open_camera(p, argv[0], 10);
}

static void pipeline_close(struct pipeline *p)
{
	wc_camera_destroy(p->camera);
	wc_video_encoder_destroy(p->encoder);
	wc_video_decoder_destroy(p->decoder);
	crc_close(&p->crc);
	screen_restore(&p->screen);
	framebuffers_finish(&p->framebuffers);
	screen_close(&p->screen);
	wc_video_frame_unref(p->shown);
	for (unsigned i = 0; i < KEPT; i++)
		wc_video_frame_unref(p->kept[i]);
	wc_context_unref(p->context);
}

/* Until *n is wanted; a second without anything is the end. */
static void wait_for(struct pipeline *p, const unsigned *n, unsigned wanted, const char *what)
{
	unsigned before = *n, quiet = 0;

	while (*n < wanted && quiet < 100) {
		wc_context_dispatch(p->context, 100);
		quiet = *n == before ? quiet + 1 : 0;
		before = *n;
	}
	if (*n < wanted)
		tap_bail("%u %s instead of %u", *n, what, wanted);
}

static void feed_copies(struct pipeline *p)
{
	struct wc_video_frame_init init = {
		.fourcc = FOURCC, .coded_width = WIDTH, .coded_height = HEIGHT,
	};
	struct wc_video_frame *frame;

	while (p->n_in < FRAMES) {
		init.timestamp = p->n_in * 100000;
		if (wc_video_frame_new(p->context, p->source[p->n_in].captured, PICTURE, &init,
				       &frame) < 0)
			bail(p, "a frame");
		encode(p, frame);
	}
}

static void pipeline_run(struct pipeline *p)
{
	if (p->source)
		feed_copies(p);
	else if (wc_camera_start(p->camera) < 0)
		bail(p, "the camera");
	wait_for(p, &p->n_in, FRAMES, "pictures captured");
	if (wc_video_encoder_flush(p->encoder, on_flushed, &p->n_flushed) < 0)
		bail(p, "flush the encoder");
	wait_for(p, &p->n_flushed, 1, "flushes");
	if (wc_video_decoder_flush(p->decoder, on_flushed, &p->n_flushed) < 0)
		bail(p, "flush the decoder");
	wait_for(p, &p->n_flushed, 2, "flushes");
}

/* ---- results --------------------------------------------------------------------------------- */

static unsigned count_same_chunks(const struct record *a, const struct record *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FRAMES; i++)
		n += a[i].chunk_size == b[i].chunk_size &&
		     memcmp(a[i].chunk, b[i].chunk, a[i].chunk_size) == 0;
	return n;
}

static unsigned count_same_pictures(const struct record *a, const struct record *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FRAMES; i++)
		n += memcmp(a[i].decoded, b[i].decoded, PICTURE) == 0;
	return n;
}

static unsigned count_same_screens(const struct record *a, const struct record *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FRAMES; i++)
		n += a[i].crc == b[i].crc;
	return n;
}

/* Pictures that are all alike would be the same in any order, and empty ones in any case. */
static unsigned count_distinct(const struct record *a)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FRAMES; i++) {
		unsigned k = 0;

		while (k < i && a[k].crc != a[i].crc)
			k++;
		n += k == i;
	}
	return n;
}

/* The mean difference of a sample from what the camera saw: coding loses a little. */
static double difference(const struct record *a)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < FRAMES; i++)
		for (size_t k = 0; k < PICTURE; k++)
			if (k % 4 != 3)
				sum += (uint64_t)abs(a[i].captured[k] - a[i].decoded[k]);
	return (double)sum / (FRAMES * (PICTURE / 4 * 3));
}

static void forget(struct record *records)
{
	for (unsigned i = 0; i < FRAMES; i++) {
		free(records[i].captured);
		free(records[i].chunk);
		free(records[i].decoded);
	}
}

static void check_copies(const struct pipeline *p)
{
	if (p->pressed) {
		tap_ok(p->steps[WC_PRESSURE_TRIM] == 3 && p->steps[WC_PRESSURE_THROTTLE] == 2 &&
		       p->steps[WC_PRESSURE_SPILL] == 2 && p->steps[WC_PRESSURE_RECLAIM] == 1,
		       "each step of the ladder was taken");
		tap_ok(p->kept_whole, "what was kept is whole");
	} else {
		tap_ok(bytes_copied(p) == 0, "%u frames, %" PRIu64 " bytes copied", p->n_frames,
		       bytes_copied(p));
	}
	tap_ok(p->n_frames == FRAMES && p->framebuffers.imported == FRAMES &&
	       p->framebuffers.copied == 0, "%" PRIu64 " shown in place, %" PRIu64 " as copies",
	       p->framebuffers.imported, p->framebuffers.copied);
}

static void run_in_place(struct record *records, bool pressed, char **argv)
{
	struct pipeline p;

	pipeline_open(&p, records, NULL, argv);
	p.pressed = p.kept_whole = pressed;
	if (pressed && wc_context_watch_pressure(p.context, on_pressure, &p) < 0)
		bail(&p, "pressure");
	pipeline_run(&p);
	check_copies(&p);
	pipeline_close(&p);
}

static void test_same(bool pressed, char **argv)
{
	struct record in_place[FRAMES] = { 0 }, copies[FRAMES] = { 0 };
	struct pipeline p;

	run_in_place(in_place, pressed, argv);
	pipeline_open(&p, copies, in_place, argv);
	pipeline_run(&p);
	tap_ok(bytes_copied(&p) >= FRAMES * PICTURE && p.framebuffers.copied == FRAMES,
	       "with copies: %" PRIu64 " bytes, %" PRIu64 " shown", bytes_copied(&p),
	       p.framebuffers.copied);
	pipeline_close(&p);

	tap_ok(count_same_chunks(in_place, copies) == FRAMES, "%u chunks are the same",
	       count_same_chunks(in_place, copies));
	tap_ok(count_same_pictures(in_place, copies) == FRAMES, "%u decoded frames are the same",
	       count_same_pictures(in_place, copies));
	tap_ok(count_same_screens(in_place, copies) == FRAMES, "%u screens are the same",
	       count_same_screens(in_place, copies));
	tap_ok(count_distinct(in_place) == FRAMES, "%u screens are different from each other",
	       count_distinct(in_place));
	tap_ok(difference(in_place) < 8, "%.2f off what the camera saw", difference(in_place));
	forget(in_place);
	forget(copies);
}

/* ---- camera to encoder ----------------------------------------------------------------------- */

static void mark(const char *line)
{
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		tap_bail("standard error: %s", strerror(errno));
}

static void test_encode(const char *device, unsigned frames)
{
	struct pipeline p = { .to_capture = WARM + frames };
	struct wc_camera_info info;

	if (wc_context_new(NULL, &p.context) < 0)
		tap_bail("no context");
	open_encoder(&p);
	open_camera(&p, device, 30);
	if (wc_camera_start(p.camera) < 0)
		bail(&p, "the camera");
	wait_for(&p, &p.n_chunks, WARM, "chunks");
	mark("steady state begins\n");
	wait_for(&p, &p.n_chunks, WARM + frames, "chunks");
	mark("steady state ends\n");
	wc_camera_get_info(p.camera, &info);
	tap_ok(bytes_copied(&p) == 0, "%u frames encoded, %" PRIu64 " bytes copied, %" PRIu64
	       " lost", p.n_chunks, bytes_copied(&p), info.lost);
	wc_camera_destroy(p.camera);
	wc_video_encoder_destroy(p.encoder);
	wc_context_unref(p.context);
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "same") == 0)
		test_same(false, argv + 2);
	else if (argc == 5 && strcmp(argv[1], "pressed") == 0)
		test_same(true, argv + 2);
	else if (argc == 4 && strcmp(argv[1], "encode") == 0)
		test_encode(argv[2], (unsigned)atoi(argv[3]));
	else
		tap_bail("usage: test_pipeline same|pressed CAMERA CARD CRC | "
			 "encode CAMERA FRAMES");
	return tap_end();
}
