/* SPDX-License-Identifier: MIT */
/*
 * Broken chunks, given to the device as they are. Whatever it makes of them: the frames before them
 * come out whole, then the flush ends or one error closes the decoder, and nothing is left behind.
 * test_bad_chunks [N]: one in N cases only.
 */
#include <drm_fourcc.h>
#include <stdlib.h>
#include <string.h>

#include "player.h"
#include "tap.h"

#define FRAMES 6
#define KEYS 3

static struct stream stream;
static uint64_t wanted[FRAMES];        /* hashes of its frames */
static struct wc_context *context;
static struct player player;
static uint32_t random_state = 1;
static unsigned step = 1;              /* from a case to the next that is tried */

/* What the cases of one kind came to. */
struct tally {
	unsigned seen, cases, refused, errors, flushed, bad;
};

static uint8_t random_byte(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint8_t)(random_state >> 24);
}

static void prepare(void)
{
	struct picture picture = {
		.fourcc = DRM_FORMAT_YUV420, .width = 640, .height = 360,
		.style = PICTURE_PLAIN,
	};

	stream_encode(&stream, &picture, FRAMES, KEYS);
	if (wc_context_new(NULL, &context) < 0)
		tap_bail("no context");
	player_open(&player, context);
	if (player_feed(&player, &stream, 0, FRAMES, 0) < 0 || player_flush(&player) < 0 ||
	    !player_wait_flushes(&player, 1) || player.n_frames != FRAMES)
		tap_bail("the stream does not decode");
	for (unsigned i = 0; i < FRAMES; i++)
		wanted[i] = player.frames[i].hash;
	player_finish(&player);
}

/* Whether the frames before chunk n came out, whole. */
static bool is_whole_before(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (i >= player.n_frames || player.frames[i].hash != wanted[i])
			return false;
	return true;
}

static bool is_named(enum wc_status name)
{
	return name == WC_ENCODING_ERROR || name == WC_OPERATION_ERROR;
}

/* Decode the stream with data in the place of chunk n. */
static void play_with(struct tally *tally, unsigned n, const uint8_t *data, size_t size)
{
	struct stream_chunk good = stream.chunks[n];
	bool ended, refused;

	if (tally->seen++ % step)
		return;
	stream.chunks[n].data = (uint8_t *)data;
	stream.chunks[n].size = size;
	player_open(&player, context);
	player.errors_wanted = true;
	refused = player_feed(&player, &stream, 0, FRAMES, 0) < 0;
	ended = player_flush(&player) == WC_OK && player_wait_flushes(&player, 1);
	stream.chunks[n] = good;
	tally->cases++;
	tally->refused += refused;
	tally->errors += player.n_errors;
	tally->flushed += ended && player.flushes[0].status == WC_OK;
	if (!is_whole_before(n) || player.n_errors > 1 || player.n_flushes != 1 ||
	    (player.n_errors == 0) != (player.flushes[0].status == WC_OK) ||
	    (player.n_errors && (!is_named(player.error.name) || !player.error.message[0]))) {
		tally->bad++;
		tap_note("chunk %u with %zu bytes: %u frames, %u flushes, %u errors: %s", n, size,
			 player.n_frames, player.n_flushes, player.n_errors, player.error.message);
	}
	player_finish(&player);
}

static void report(const struct tally *tally, const char *what)
{
	tap_ok(tally->cases && !tally->bad,
	       "%s: %u cases, %u with an error, %u flushed, %u with a chunk refused by the call",
	       what, tally->cases, tally->errors, tally->flushed, tally->refused);
}

static uint8_t *copy_of(unsigned n)
{
	uint8_t *copy = malloc(stream.chunks[n].size);

	if (!copy)
		tap_bail("no memory");
	memcpy(copy, stream.chunks[n].data, stream.chunks[n].size);
	return copy;
}

/* At every byte of the header and near the end, and at some places between. */
static void test_truncated(unsigned n, size_t places, const char *what)
{
	struct tally tally = { 0 };
	size_t size = stream.chunks[n].size, edge = FWHT_HEADER + 4;

	for (size_t at = 1; at < size; at += at < edge || size - at < 20 ? 1 : size / places + 1)
		play_with(&tally, n, stream.chunks[n].data, at);
	report(&tally, what);
}

/* Not given to the device at all. */
static void test_empty(void)
{
	static const uint8_t nothing[1];
	struct tally tally = { 0 };

	play_with(&tally, 0, nothing, 0);
	report(&tally, "an empty chunk");
}

static void test_header_bytes(unsigned n, const char *what)
{
	static const uint8_t values[] = { 0x01, 0xff };
	struct tally tally = { 0 };
	uint8_t *copy = copy_of(n);

	for (size_t at = 0; at < FWHT_HEADER; at++) {
		for (size_t i = 0; i < sizeof values; i++) {
			copy[at] = values[i];
			if (copy[at] != stream.chunks[n].data[at])
				play_with(&tally, n, copy, stream.chunks[n].size);
		}
		copy[at] = stream.chunks[n].data[at];
	}
	free(copy);
	report(&tally, what);
}

static void test_payload(unsigned n, const char *what)
{
	size_t size = stream.chunks[n].size;
	struct tally tally = { 0 };
	uint8_t *copy = copy_of(n);

	memset(copy + FWHT_HEADER, 0xff, size - FWHT_HEADER);
	play_with(&tally, n, copy, size);
	memset(copy + FWHT_HEADER, 0, size - FWHT_HEADER);
	play_with(&tally, n, copy, size);
	for (int i = 0; i < 20; i++) {
		for (size_t at = FWHT_HEADER; at < size; at++)
			copy[at] = random_byte();
		play_with(&tally, n, copy, size);
	}
	free(copy);
	report(&tally, what);
}

static void test_rubbish(unsigned n, const char *what)
{
	static const size_t sizes[] = { 1, 2, 43, 44, 45, 100, 1000, 20000, 300000 };
	struct tally tally = { 0 };
	uint8_t *data = calloc(1, 300000);

	if (!data)
		tap_bail("no memory");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		play_with(&tally, n, data, sizes[i]);
	for (size_t i = 0; i < 300000; i++)
		data[i] = random_byte();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		play_with(&tally, n, data, sizes[i]);
	free(data);
	report(&tally, what);
}

/* Larger than the driver's own size of an input buffer, which is four bytes a pixel. */
static void test_large(unsigned n, const char *what)
{
	static const size_t sizes[] = { 4 << 20, 5000001, 16 << 20 };
	struct tally tally = { 0 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		uint8_t *data = malloc(sizes[i]);

		if (!data)
			tap_bail("no memory");
		for (size_t at = 0; at < sizes[i]; at++)
			data[at] = random_byte();
		memcpy(data, stream.chunks[n].data, FWHT_HEADER);
		/* As the header promises, and much more than it promises. */
		play_with(&tally, n, data, sizes[i]);
		stream_write(data, FWHT_SIZE, (uint32_t)(sizes[i] - FWHT_HEADER));
		play_with(&tally, n, data, sizes[i]);
		free(data);
	}
	report(&tally, what);
}

static void test_nothing_left(void)
{
	struct wc_counters counters;

	wc_context_get_counters(context, &counters);
	tap_ok(counters.hardware_contexts == 0 && counters.video_decoders == 0 &&
	       counters.video_frames == 0 && counters.video_chunks == 0 && counters.buffers == 0,
	       "nothing is left behind");
	player_open(&player, context);
	tap_ok(player_feed(&player, &stream, 0, FRAMES, 0) == WC_OK &&
		       player_flush(&player) == WC_OK && player_wait_flushes(&player, 1) &&
		       is_whole_before(FRAMES),
	       "and the device still decodes");
	player_finish(&player);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		step = (unsigned)strtoul(argv[1], NULL, 10);
	if (!step)
		tap_bail("usage: test_bad_chunks [N]");
	prepare();
	test_truncated(0, 10, "the first chunk cut short");
	test_truncated(1, 100, "a delta chunk cut short");
	test_truncated(FRAMES - 1, 60, "the last chunk cut short");
	test_empty();
	test_header_bytes(0, "bytes of the first header changed");
	test_header_bytes(KEYS, "bytes of a header in mid-stream changed");
	test_payload(0, "payload of the first chunk changed");
	test_payload(1, "payload of a delta chunk changed");
	test_rubbish(0, "zero and random bytes as the first chunk");
	test_rubbish(1, "zero and random bytes in mid-stream");
	test_large(0, "chunks larger than input buffers, the first");
	test_large(KEYS, "chunks larger than input buffers, in mid-stream");
	test_nothing_left();
	wc_context_unref(context);
	stream_finish(&stream);
	return tap_end();
}
