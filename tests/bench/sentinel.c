/* SPDX-License-Identifier: MIT */
/*
 * Four ways to use frames, 10,000 of 640x480 each: after the first 500 the resident memory stays
 * where it is, and in the end descriptors and counters are where they began. The encoder is in
 * software, so that no lab is needed.
 *
 *   frames only           a frame is made, referred to and closed; nothing encodes it
 *   encode without flush  the encoder is destroyed with what it has
 *   periodic flush        every hundred frames
 *   final flush           one, after the last frame
 *
 * Each is a process of its own: what another one left behind would hide growth.
 *
 * usage: [FRAMES]
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <webcodecs/webcodecs.h>

#include "bench.h"

#define WIDTH 640
#define HEIGHT 480
#define SIZE (WIDTH * HEIGHT * 3 / 2)

#define FRAME_TIME 33333
#define FRAMES 10000
#define WARM 500
#define LIMIT (1024L * 1024)

/*
 * Frames that the encoder has at most. With as many as it takes, their number, and with it the
 * memory, would go up long after the warm-up, whenever the machine is busy with something else.
 */
#define MAX_WAITING 2

/* Frames between two looks at the memory. */
#define STEP 100

#define SKIP 77

/* These keep memory that was freed for a while. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_SANITIZER true
#else
#define HAS_SANITIZER false
#endif

struct scenario {
	const char *name;
	bool encode;
	unsigned flush_every;          /* frames; 0: never */
	bool final_flush;
};

static const struct scenario scenarios[] = {
	{ "frames only", false, 0, false },
	{ "encode without flush", true, 0, false },
	{ "periodic flush", true, 100, false },
	{ "final flush", true, 0, true },
};

struct sentinel {
	const struct scenario *scenario;
	unsigned frames;
	struct wc_context *context;
	struct wc_video_encoder *encoder;
	struct wc_counters start;
	uint8_t *picture;
	unsigned encoded, chunks;
	unsigned flushes_wanted, flushes;
	long warm_bytes, most_bytes;   /* most that was resident in the warm-up, and after it */
	bool failed;
};

static void check(struct sentinel *s, int status, const char *what)
{
	char text[512];

	if (status >= 0)
		return;
	wc_error_format(wc_context_get_error(s->context), text, sizeof text);
	die("%s: %s: %s", s->scenario->name, what, text);
}

static void verdict(struct sentinel *s, bool good, const char *what, long value, long wanted)
{
	printf("%s - %s: %s: %ld, wanted %ld\n", good ? "ok" : "not ok", s->scenario->name, what,
	       value, wanted);
	s->failed |= !good;
}

static void equal(struct sentinel *s, const char *what, uint64_t value, uint64_t wanted)
{
	verdict(s, value == wanted, what, (long)value, (long)wanted);
}

/* ---- the encoder ----------------------------------------------------------------------------- */

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct sentinel *s = user_data;

	(void)metadata;
	wc_encoded_video_chunk_unref(chunk);
	s->chunks++;
}

static void on_error(const struct wc_error *error, void *user_data)
{
	char text[512];

	(void)user_data;
	wc_error_format(error, text, sizeof text);
	die("%s", text);
}

static void on_flushed(enum wc_status status, void *user_data)
{
	struct sentinel *s = user_data;

	if (status != WC_OK)
		die("a flush ended with %s", wc_status_name(status));
	s->flushes++;
}

/* The one that is there; the fastest settings. False: there is none. */
static bool choose_codec(struct sentinel *s, struct wc_video_encoder_config *config)
{
	static const char *const codecs[] = { "avc1.42001f", "vp8" };
	bool supported = false;

	for (unsigned i = 0; i < sizeof codecs / sizeof *codecs && !supported; i++) {
		config->codec = codecs[i];
		check(s, wc_video_encoder_is_config_supported(s->context, config, &supported,
							      NULL), "ask for an encoder");
	}
	return supported;
}

static void open_encoder(struct sentinel *s)
{
	struct wc_video_encoder_init init = { on_chunk, on_error, NULL, s, NULL, { 0 } };
	struct wc_video_encoder_config config = {
		.width = WIDTH, .height = HEIGHT, .bitrate = 500000, .framerate = 30,
		.hardware_acceleration = WC_HARDWARE_PREFER_SOFTWARE,
		.latency_mode = WC_LATENCY_REALTIME, .bitstream_format = WC_BITSTREAM_ANNEXB,
	};

	if (!choose_codec(s, &config)) {
		printf("%s: no encoder in software\n", s->scenario->name);
		exit(SKIP);
	}
	check(s, wc_video_encoder_new(s->context, &init, &s->encoder), "new encoder");
	check(s, wc_video_encoder_configure(s->encoder, &config), "configure");
}

static void dispatch(struct sentinel *s)
{
	check(s, wc_context_dispatch(s->context, -1), "dispatch");
}

static void flush(struct sentinel *s)
{
	check(s, wc_video_encoder_flush(s->encoder, on_flushed, s), "flush");
	s->flushes_wanted++;
	while (s->flushes < s->flushes_wanted)
		dispatch(s);
}

/* ---- the frames ------------------------------------------------------------------------------ */

/* A bar that moves over grey: little to encode, but something in each frame. */
static struct wc_video_frame *new_frame(struct sentinel *s, unsigned n)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_YUV420, .coded_width = WIDTH, .coded_height = HEIGHT,
		.timestamp = (int64_t)n * FRAME_TIME,
	};
	uint8_t *row = s->picture + (size_t)(n % HEIGHT) * WIDTH;
	struct wc_video_frame *frame;

	memset(row, 16 + (int)(n % 200), WIDTH);
	check(s, wc_video_frame_new(s->context, s->picture, SIZE, &init, &frame), "make a frame");
	memset(row, 128, WIDTH);
	return frame;
}

static void refer_and_close(struct wc_video_frame *frame)
{
	struct wc_video_frame *other = wc_video_frame_ref(frame);

	wc_video_frame_close(frame);
	wc_video_frame_unref(other);
	wc_video_frame_unref(frame);
}

static void encode(struct sentinel *s, struct wc_video_frame *frame)
{
	check(s, wc_video_encoder_encode(s->encoder, frame, NULL), "encode");
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
	s->encoded++;
	while (s->encoded - s->chunks >= MAX_WAITING)
		dispatch(s);
}

/* The most of the warm-up, for a frame more or less is there from one moment to the next. */
static void look_at_memory(struct sentinel *s, unsigned n)
{
	long *most = n <= WARM ? &s->warm_bytes : &s->most_bytes;
	long now;

	if (n > WARM && n % STEP)
		return;
	now = resident_bytes();
	if (now > *most)
		*most = now;
}

static void run(struct sentinel *s)
{
	const struct scenario *scenario = s->scenario;

	for (unsigned n = 1; n <= s->frames; n++) {
		struct wc_video_frame *frame = new_frame(s, n);

		if (scenario->encode)
			encode(s, frame);
		else
			refer_and_close(frame);
		if (scenario->flush_every && n % scenario->flush_every == 0)
			flush(s);
		look_at_memory(s, n);
	}
	if (scenario->final_flush)
		flush(s);
	verdict(s, s->most_bytes && s->most_bytes - s->warm_bytes < LIMIT,
		"growth of resident memory, bytes", s->most_bytes - s->warm_bytes, LIMIT);
}

/* ---- what is left ---------------------------------------------------------------------------- */

static void check_counters(struct sentinel *s)
{
	struct wc_counters now;

	wc_context_get_counters(s->context, &now);
	equal(s, "frames left", now.video_frames, s->start.video_frames);
	equal(s, "chunks left", now.video_chunks, s->start.video_chunks);
	equal(s, "encoders left", now.video_encoders, s->start.video_encoders);
	equal(s, "buffers left", now.buffers, s->start.buffers);
	equal(s, "bytes of buffers left", now.buffer_bytes, s->start.buffer_bytes);
	equal(s, "frames dropped open", now.dropped_unclosed, s->start.dropped_unclosed);
}

/* A flush gives out all; without one some are on their way. */
static void check_chunks(struct sentinel *s)
{
	const struct scenario *scenario = s->scenario;

	if (scenario->final_flush || scenario->flush_every)
		equal(s, "chunks", s->chunks, s->frames);
	else
		verdict(s, s->chunks <= s->frames && s->chunks > s->frames - MAX_WAITING,
			"chunks", s->chunks, s->frames);
}

static int measure(const struct scenario *scenario, unsigned frames)
{
	struct sentinel s = { .scenario = scenario, .frames = frames };
	long descriptors = open_descriptors();

	s.picture = malloc(SIZE);
	if (!s.picture || wc_context_new(NULL, &s.context) < 0)
		die("cannot make a context");
	memset(s.picture, 128, SIZE);
	wc_context_get_counters(s.context, &s.start);
	if (scenario->encode)
		open_encoder(&s);
	run(&s);
	if (scenario->encode)
		check_chunks(&s);
	wc_video_encoder_destroy(s.encoder);
	check_counters(&s);
	wc_context_unref(s.context);
	equal(&s, "descriptors", (uint64_t)open_descriptors(), (uint64_t)descriptors);
	free(s.picture);
	return s.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * The allocator learns from the first frame that is freed to put all others onto its heap, see
 * mallopt(3), where small things between them may keep it from giving their memory back.
 * mallinfo2() over 10,000 frames told that what is in use does not grow with them: it goes up and
 * down by whole pictures that are under way, and by 50 KiB in all, less and less. What is free on
 * the heap was 1 to 2 MiB, resident all the same; in a few runs on a busy machine 2 MiB more were
 * resident.
 * With a limit of our own each frame has pages of its own, and what is resident is what is in use.
 */
static void keep_frames_off_the_heap(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
}

/* Returns its exit status. */
static int measure_alone(const struct scenario *scenario, unsigned frames)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		exit(measure(scenario, frames));
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die_errno(scenario->name);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	unsigned frames = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : FRAMES;
	bool skipped = false, failed = false;

	if (argc > 2 || frames <= WARM)
		die("usage: [FRAMES], more than %d", WARM);
	if (HAS_SANITIZER) {
		puts("memory of sanitizers goes up and down");
		return SKIP;
	}
	keep_frames_off_the_heap();
	for (unsigned i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
		int status = measure_alone(&scenarios[i], frames);

		skipped |= status == SKIP;
		failed |= status != EXIT_SUCCESS && status != SKIP;
	}
	if (failed)
		return EXIT_FAILURE;
	return skipped ? SKIP : EXIT_SUCCESS;
}
