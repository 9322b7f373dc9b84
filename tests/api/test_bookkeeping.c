/* SPDX-License-Identifier: MIT */
/*
 * What codecs keep books of is even in the end, on every way that a codec can go: nothing is in its
 * queue, nothing is alive, no hardware context is held. On devices of the fake and in software.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <linux/videodev2.h>
#include <webcodecs/webcodecs.h>

#include "api/context.h"
#include "budget/admission.h"
#include "fake/fake.h"

#define WIDTH 320
#define HEIGHT 240
#define SIZE (WIDTH * HEIGHT * 3 / 2)
#define UNITS 12
#define MAX_CHUNKS 64
#define MAX_WAITS 20000

static const char *const paths[] = { "/dev/fake-decoder", "/dev/fake-encoder", NULL };

static struct wc_context *context;
static struct wc_video_decoder *decoder;   /* one of the two is NULL */
static struct wc_video_encoder *encoder;
static bool hardware;
static unsigned outputs, errors, flushes, dequeues;
static enum wc_status flushed;
static enum { NOWHERE, IN_OUTPUT, IN_ERROR, IN_FLUSH, IN_DEQUEUE } destroy_in;

/* Chunks of the encoder, for the decoder in software. */
static bool collect;
static struct wc_encoded_video_chunk *chunks[MAX_CHUNKS];
static unsigned n_chunks;

static void destroy(void)
{
	wc_video_decoder_destroy(decoder);
	wc_video_encoder_destroy(encoder);
	decoder = NULL;
	encoder = NULL;
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	(void)user_data;
	outputs++;
	wc_video_frame_unref(frame);
	if (destroy_in == IN_OUTPUT)
		destroy();
}

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	(void)metadata;
	(void)user_data;
	outputs++;
	if (collect && n_chunks < MAX_CHUNKS)
		chunks[n_chunks++] = chunk;
	else
		wc_encoded_video_chunk_unref(chunk);
	if (destroy_in == IN_OUTPUT)
		destroy();
}

static void on_error(const struct wc_error *error, void *user_data)
{
	(void)error;
	(void)user_data;
	errors++;
	if (destroy_in == IN_ERROR)
		destroy();
}

static void on_flushed(enum wc_status status, void *user_data)
{
	(void)user_data;
	flushes++;
	flushed = status;
	if (destroy_in == IN_FLUSH)
		destroy();
}

static void on_dequeue(void *user_data)
{
	(void)user_data;
	dequeues++;
	if (destroy_in == IN_DEQUEUE)
		destroy();
}

/* ---- one codec, whatever it is ---- */

static uint32_t queue_size(void)
{
	return decoder ? wc_video_decoder_get_queue_size(decoder) :
	       encoder ? wc_video_encoder_get_queue_size(encoder) : 0;
}

static void configure(void)
{
	enum wc_hardware_acceleration where = hardware ? WC_HARDWARE_PREFER_HARDWARE :
							 WC_HARDWARE_PREFER_SOFTWARE;
	struct wc_video_decoder_config decode = {
		.codec = hardware ? "avc1.640028" : "vp8", .hardware_acceleration = where,
	};
	struct wc_video_encoder_config encode = {
		.codec = hardware ? "avc1.420028" : "vp8", .hardware_acceleration = where,
		.width = WIDTH, .height = HEIGHT, .bitrate = 300000, .framerate = 30,
		.latency_mode = WC_LATENCY_REALTIME,
	};

	ck_assert_int_eq(decoder ? wc_video_decoder_configure(decoder, &decode) :
				   wc_video_encoder_configure(encoder, &encode), WC_OK);
}

static struct wc_encoded_video_chunk *stream_chunk(unsigned n, bool is_broken)
{
	struct fake_chunk chunk = {
		.codec = V4L2_PIX_FMT_H264, .width = WIDTH, .height = HEIGHT, .seq = n,
		.flags = n ? 0 : FAKE_CHUNK_KEY,
	};
	struct wc_encoded_video_chunk_init init = {
		.type = n ? WC_CHUNK_DELTA : WC_CHUNK_KEY, .timestamp = (int64_t)n * 33333,
	};
	static uint8_t data[1 << 20];
	struct wc_encoded_video_chunk *out;
	size_t size;

	if (!hardware && !is_broken)
		return wc_encoded_video_chunk_ref(chunks[n % n_chunks]);
	memset(data, 0xff, 100);
	size = hardware ? fake_stream_frame(data, sizeof data, &chunk) : 100;
	ck_assert_int_eq(wc_encoded_video_chunk_new(context, data, size, &init, &out), WC_OK);
	return out;
}

static void decode(unsigned n, bool is_broken)
{
	struct wc_encoded_video_chunk *chunk = stream_chunk(n, is_broken);

	ck_assert_int_eq(wc_video_decoder_decode(decoder, chunk), WC_OK);
	wc_encoded_video_chunk_unref(chunk);
}

static void encode(unsigned n)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_YUV420, .coded_width = WIDTH, .coded_height = HEIGHT,
		.timestamp = (int64_t)n * 33333,
	};
	static uint8_t picture[SIZE];
	struct wc_video_frame *frame;

	memset(picture, (int)n * 10, SIZE);
	ck_assert_int_eq(wc_video_frame_new(context, picture, SIZE, &init, &frame), WC_OK);
	ck_assert_int_eq(wc_video_encoder_encode(encoder, frame, NULL), WC_OK);
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
}

static void work(void)
{
	for (unsigned n = 0; n < UNITS; n++)
		if (decoder)
			decode(n, false);
		else
			encode(n);
}

static void flush(void)
{
	ck_assert_int_eq(decoder ? wc_video_decoder_flush(decoder, on_flushed, NULL) :
				   wc_video_encoder_flush(encoder, on_flushed, NULL), WC_OK);
}

static void reset(void)
{
	ck_assert_int_eq(decoder ? wc_video_decoder_reset(decoder) :
				   wc_video_encoder_reset(encoder), WC_OK);
	ck_assert_uint_eq(queue_size(), 0);
}

static void close_codec(void)
{
	ck_assert_int_eq(decoder ? wc_video_decoder_close(decoder) :
				   wc_video_encoder_close(encoder), WC_OK);
	ck_assert_uint_eq(queue_size(), 0);
}

static bool is_open(void)
{
	return decoder ? wc_video_decoder_get_state(decoder) != WC_CODEC_CLOSED :
	       encoder && wc_video_encoder_get_state(encoder) != WC_CODEC_CLOSED;
}

/* Until so many of something came. */
static void await(const unsigned *count, unsigned wanted)
{
	for (unsigned i = 0; *count < wanted; i++) {
		ck_assert_msg(i < MAX_WAITS, "it does not come");
		ck_assert_int_ge(wc_context_dispatch(context, 1000), 0);
	}
}

/* ---- the ways ---- */

static void nothing(void)
{
}

static void only_configure(void)
{
	configure();
}

static void close_what_waits(void)
{
	configure();
	work();
	ck_assert_uint_eq(queue_size(), UNITS);
	close_codec();
}

static void reset_what_waits(void)
{
	configure();
	work();
	reset();
}

static void destroy_what_waits(void)
{
	configure();
	work();
	flush();
	destroy();
}

static void flush_all(void)
{
	configure();
	work();
	flush();
	await(&flushes, 1);
	ck_assert_int_eq(flushed, WC_OK);
	ck_assert_uint_eq(outputs, UNITS);
	ck_assert_uint_eq(queue_size(), 0);
	ck_assert_uint_gt(dequeues, 0);
}

static void close_in_the_midst(void)
{
	configure();
	work();
	flush();
	await(&outputs, 2);
	close_codec();
	await(&flushes, 1);
	ck_assert_int_eq(flushed, WC_ABORT_ERROR);
}

static void reset_in_the_midst_and_go_on(void)
{
	configure();
	work();
	flush();
	await(&outputs, 2);
	reset();
	await(&flushes, 1);
	ck_assert_int_eq(flushed, WC_ABORT_ERROR);
	outputs = flushes = 0;
	flush_all();
}

static void configure_again(void)
{
	configure();
	work();
	configure();
	work();
	flush();
	await(&flushes, 1);
	ck_assert_uint_eq(outputs, 2 * UNITS);
	ck_assert_uint_eq(queue_size(), 0);
}

static void break_down(void)
{
	configure();
	work();
	await(&outputs, 1);
	if (hardware)
		fake_fail_from(FAKE_DQBUF, 1, EIO);
	else if (decoder)
		decode(UNITS, true);
	flush();
	/* Nothing that an encoder in software is given makes it fail. */
	if (encoder && !hardware)
		return;
	await(&errors, 1);
	fake_fail_none();
	ck_assert_uint_eq(queue_size(), 0);
	/* A codec that was destroyed tells nobody. */
	if (destroy_in == IN_ERROR)
		return;
	await(&flushes, 1);
	ck_assert_int_ne(flushed, WC_OK);
}

/* For memory, which codecs in software have, too. */
static void be_reclaimed(void)
{
	int64_t bytes;

	configure();
	work();
	flush();
	await(&flushes, 1);
	/* A second at a time: a tick that comes late would let all begin anew. */
	for (int i = 0; i < 30; i++) {
		fake_advance_time(1000000);
		ck_assert_int_ge(wc_context_dispatch(context, 0), 0);
	}
	bytes = admission_reclaim_for_memory(&context->accountant);
	ck_assert_int_ge(bytes, 0);
	ck_assert_uint_eq(errors, 1);
}

static void destroy_in_output(void)
{
	destroy_in = IN_OUTPUT;
	configure();
	work();
	flush();
	await(&outputs, 1);
}

static void destroy_in_flush(void)
{
	destroy_in = IN_FLUSH;
	configure();
	work();
	flush();
	await(&flushes, 1);
}

static void destroy_in_dequeue(void)
{
	destroy_in = IN_DEQUEUE;
	configure();
	work();
	await(&dequeues, 1);
}

static void destroy_in_error(void)
{
	destroy_in = IN_ERROR;
	break_down();
}

static void (*const ways[])(void) = {
	nothing, only_configure, close_what_waits, reset_what_waits, destroy_what_waits, flush_all,
	close_in_the_midst, reset_in_the_midst_and_go_on, configure_again, break_down, be_reclaimed,
	destroy_in_output, destroy_in_flush, destroy_in_dequeue, destroy_in_error,
};

#define N_WAYS ((int)(sizeof ways / sizeof *ways))

/* ---- the books ---- */

static void begin(void)
{
	struct wc_context_options options = { .device_paths = paths, .slot_directory = "" };

	fake_start();
	/* Software works in a thread. */
	fake_set_hang_grace(10000);
	ck_assert_int_eq(fake_add_device(&fake_bcm2835_decoder, paths[0]), 0);
	ck_assert_int_eq(fake_add_device(&fake_bcm2835_encoder, paths[1]), 0);
	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
}

static void check_books(void)
{
	struct wc_counters counters;

	/* What a destroyed session left to do. */
	ck_assert_int_ge(wc_context_dispatch(context, 0), 0);
	wc_context_get_counters(context, &counters);
	ck_assert_uint_eq(counters.video_frames, 0);
	ck_assert_uint_eq(counters.video_chunks, 0);
	ck_assert_uint_eq(counters.video_decoders, 0);
	ck_assert_uint_eq(counters.video_encoders, 0);
	ck_assert_uint_eq(counters.hardware_contexts, 0);
	ck_assert_uint_eq(counters.buffers, 0);
	ck_assert_uint_eq(counters.buffer_bytes, 0);
	for (unsigned i = 0; i < WC_MEMORY_KINDS; i++)
		ck_assert_uint_eq(counters.bytes_by_kind[i], 0);
	ck_assert_int_eq(counters.external_bytes, 0);
	ck_assert_uint_eq(wc_leak_check(context, NULL), 0);
	wc_context_unref(context);
	fake_stop();
	fake_check_no_violations();
}

static void new_decoder(void)
{
	struct wc_video_decoder_init init = {
		.output = on_frame, .error = on_error, .dequeue = on_dequeue,
	};

	ck_assert_int_eq(wc_video_decoder_new(context, &init, &decoder), WC_OK);
}

static void new_encoder(void)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .dequeue = on_dequeue,
	};

	ck_assert_int_eq(wc_video_encoder_new(context, &init, &encoder), WC_OK);
}

/* Also what a closed codec still holds: nothing but itself. */
static void check_closed(void)
{
	struct wc_counters counters;

	if (is_open())
		close_codec();
	ck_assert_int_ge(wc_context_dispatch(context, 0), 0);
	wc_context_get_counters(context, &counters);
	ck_assert_uint_eq(counters.hardware_contexts, 0);
	ck_assert_uint_eq(counters.video_frames, 0);
	ck_assert_uint_eq(counters.video_chunks, n_chunks);
}

static void finish(void)
{
	check_closed();
	destroy();
	for (unsigned i = 0; i < n_chunks; i++)
		wc_encoded_video_chunk_unref(chunks[i]);
	n_chunks = 0;
	check_books();
}

START_TEST(decoders_of_devices)
{
	hardware = true;
	begin();
	new_decoder();
	ways[_i]();
	finish();
}
END_TEST

START_TEST(encoders_of_devices)
{
	hardware = true;
	begin();
	new_encoder();
	ways[_i]();
	finish();
}
END_TEST

START_TEST(encoders_in_software)
{
	begin();
	new_encoder();
	ways[_i]();
	finish();
}
END_TEST

START_TEST(decoders_in_software)
{
	begin();
	collect = true;
	new_encoder();
	flush_all();
	destroy();
	collect = false;
	outputs = flushes = dequeues = 0;
	new_decoder();
	ways[_i]();
	finish();
}
END_TEST

/* Whether libavcodec is there, and has what these tests use. */
static bool has_software(void)
{
	struct wc_video_encoder_config config = {
		.codec = "vp8", .width = WIDTH, .height = HEIGHT,
		.hardware_acceleration = WC_HARDWARE_PREFER_SOFTWARE,
	};
	static const char *const no_devices[] = { NULL };
	struct wc_context_options options = { .device_paths = no_devices };
	bool supported = false;

	fake_start();
	if (wc_context_new(&options, &context) == WC_OK) {
		wc_video_encoder_is_config_supported(context, &config, &supported, NULL);
		wc_context_unref(context);
	}
	fake_stop();
	return supported;
}

int main(void)
{
	Suite *suite = suite_create("bookkeeping");
	TCase *all = tcase_create("bookkeeping");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(all, decoders_of_devices, 0, N_WAYS);
	tcase_add_loop_test(all, encoders_of_devices, 0, N_WAYS);
	if (has_software()) {
		tcase_add_loop_test(all, encoders_in_software, 0, N_WAYS);
		tcase_add_loop_test(all, decoders_in_software, 0, N_WAYS);
	} else {
		puts("software is left out: libavcodec has no encoder for VP8");
	}
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
