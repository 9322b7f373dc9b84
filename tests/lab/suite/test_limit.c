/* SPDX-License-Identifier: MIT */
/*
 * A device with few contexts, and an encoder with a bit rate: vicodec behind the plugin of
 * tests/lab/plugin. What is tested is the first argument.
 *
 *   refused N NAME STAGE ERRNO   N decoders work, another one is refused with an error of that
 *                                name, at that stage ("-": whatever it is); when one of the N is
 *                                closed it works
 *   many N                       N decoders at once
 *   hold N                       N decoders at once; says "holding" and waits to be killed
 *   one                          one decoder: status 3 when it is refused for quota, 1 when it
 *                                fails otherwise
 *   encoder                      the same with an encoder
 *   wait                         as one, for twenty seconds if need be
 *   budgets DEVICE               pixel rate of that decoder, memory, descriptors: what is beyond
 *                                the application's budget is refused, and the error says which
 *   bitrate                      sizes of chunks follow the bit rate
 *   keys                         two key frames are asked for
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "player.h"
#include "tap.h"

#define MAX_DECODERS 24
#define FRAMES 4
#define REFUSED 3

static struct player players[MAX_DECODERS + 1];
static struct stream stream;

/* A stream that needs no encoder: that would take a place. */
static void load(void)
{
	stream_load(&stream, "limit.fwht");
	if (stream.n < FRAMES)
		tap_bail("limit.fwht is too short");
}

/* Frames go through it. False: an error came, which is in player->error. */
static bool decodes(struct player *player)
{
	unsigned flushes = player->n_flushes;

	return player_feed(player, &stream, 0, FRAMES, 0) == WC_OK &&
	       player_flush(player) == WC_OK && player_wait_flushes(player, flushes + 1) &&
	       player->flushes[flushes].status == WC_OK && player->n_frames >= FRAMES;
}

static struct wc_context *open_some(unsigned n)
{
	struct wc_context *context;
	unsigned good = 0;

	if (wc_context_new(NULL, &context) < 0)
		tap_bail("no context");
	for (unsigned i = 0; i < n; i++) {
		player_open(&players[i], context);
		good += decodes(&players[i]);
	}
	tap_ok(good == n, "%u decoders at once", n);
	return context;
}

static void close_some(struct wc_context *context, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		player_finish(&players[i]);
	wc_context_unref(context);
}

/* ---- refusal --------------------------------------------------------------------------------- */

static bool are_holders(const struct wc_error *error, unsigned n)
{
	for (unsigned i = 0; i < n && i < WC_ERROR_MAX_HOLDERS; i++) {
		const struct wc_holder *holder = &error->holders[i];

		if (holder->pid != getpid() || strcmp(holder->role, "decoder") != 0 ||
		    strcmp(holder->codec, "fwht") != 0 || strcmp(holder->label, "suite") != 0 ||
		    holder->width != 640 || holder->idle < 0)
			return false;
	}
	return error->holder_count == n;
}

static void check_error(const struct wc_error *error, unsigned n, const char *const *wanted)
{
	char line[512];

	wc_error_format(error, line, sizeof line);
	tap_note("%s", line);
	if (strcmp(wanted[0], "-") == 0)
		return;
	tap_ok(strcmp(wc_status_name(error->name), wanted[0]) == 0, "the next one: %s", wanted[0]);
	tap_ok(strcmp(wc_stage_name(error->stage), wanted[1]) == 0, "stage %s", wanted[1]);
	tap_ok(error->sys_errno == atoi(wanted[2]), "errno %s", strerror(atoi(wanted[2])));
	if (error->name != WC_QUOTA_EXCEEDED_ERROR)
		return;
	tap_ok(error->requested == n + 1 && (error->quota == 0 || error->quota == n),
	       "%u would have been in use, of %u or of an unknown number", n + 1, n);
	tap_ok(are_holders(error, n), "the holders are those of this process");
}

static void test_refused(unsigned n, const char *const *wanted)
{
	struct wc_context *context = open_some(n);
	struct player *last = &players[n];

	player_open(last, context);
	last->errors_wanted = true;
	tap_ok(!decodes(last) && last->n_errors == 1, "one more gets an error");
	check_error(&last->error, n, wanted);
	for (unsigned i = 0; i < n; i++)
		tap_ok(decodes(&players[i]), "decoder %u goes on", i + 1);
	player_finish(last);
	player_finish(&players[0]);
	player_open(&players[0], context);
	tap_ok(decodes(&players[0]), "when one was closed, another one works");
	close_some(context, n);
}

/* ---- budgets of the application -------------------------------------------------------------- */

/* False: the decoder works, or something else is short. */
static bool is_refused(struct wc_context *context, enum wc_resource resource)
{
	static struct player player;
	bool good;

	player_open(&player, context);
	player.errors_wanted = true;
	good = !decodes(&player) && player.n_errors == 1 &&
	       player.error.name == WC_QUOTA_EXCEEDED_ERROR && player.error.resource == resource &&
	       player.error.quota > 0 && player.error.requested > player.error.quota;
	tap_note("%s", player.n_errors ? player.error.message : "no error");
	player_finish(&player);
	return good;
}

static bool works(struct wc_context *context)
{
	static struct player player;
	bool good;

	player_open(&player, context);
	good = decodes(&player);
	player_finish(&player);
	return good;
}

static void test_budgets(const char *device)
{
	/* For one of 640x360 at 30 frames a second, and for one that has not told its size yet. */
	const uint32_t rate = 40 * 23 * 30, unknown = 244800;
	struct wc_context *context = open_some(1);

	tap_ok(wc_context_set_rate_quota(context, device, rate) == WC_OK, "a pixel rate for one");
	tap_ok(is_refused(context, WC_RESOURCE_PIXEL_RATE), "another one: the pixel rate is short");
	tap_ok(decodes(&players[0]), "the first goes on");
	tap_ok(wc_context_set_rate_quota(context, device, rate + unknown) == WC_OK &&
	       works(context), "with enough for another one there are two");
	wc_context_set_rate_quota(context, device, 0);
	tap_ok(wc_context_set_memory_budget(context, WC_MEMORY_DRIVER, 1) == WC_OK &&
	       is_refused(context, WC_RESOURCE_MEMORY), "no memory of the driver: memory is short");
	tap_ok(wc_context_set_memory_budget(context, WC_MEMORY_DRIVER, 0) == WC_OK &&
	       works(context), "without a limit it works");
	wc_context_set_descriptor_budget(context, 1);
	tap_ok(is_refused(context, WC_RESOURCE_DESCRIPTORS), "descriptors are short");
	wc_context_set_descriptor_budget(context, 0);
	tap_ok(works(context) && decodes(&players[0]), "with the default both work");
	close_some(context, 1);
}

static int test_one(uint64_t context_wait)
{
	struct player *player = &players[0];
	bool good;

	player_open_waiting(player, NULL, context_wait);
	player->errors_wanted = true;
	good = decodes(player);
	if (!good)
		tap_note("%s", player->error.message);
	player_finish(player);
	if (good)
		return EXIT_SUCCESS;
	return player->error.name == WC_QUOTA_EXCEEDED_ERROR ? REFUSED : EXIT_FAILURE;
}

/* ---- the encoder ----------------------------------------------------------------------------- */

struct recorder {
	struct wc_context *context;
	struct wc_video_encoder *encoder;
	size_t sizes[STREAM_MAX];
	bool keys[STREAM_MAX];
	unsigned n_chunks;
	bool flushed;
	unsigned n_errors;
	struct wc_error error;
};

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct recorder *r = user_data;

	(void)metadata;
	if (r->n_chunks == STREAM_MAX)
		tap_bail("more than %d chunks came out", STREAM_MAX);
	r->keys[r->n_chunks] = wc_encoded_video_chunk_get_type(chunk) == WC_CHUNK_KEY;
	r->sizes[r->n_chunks++] = wc_encoded_video_chunk_get_size(chunk);
	wc_encoded_video_chunk_unref(chunk);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct recorder *r = user_data;

	r->error = *error;
	r->n_errors++;
}

static void on_flushed(enum wc_status status, void *user_data)
{
	struct recorder *r = user_data;

	r->flushed = status == WC_OK;
}

static void recorder_open(struct recorder *r, const struct wc_video_encoder_config *config)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = r,
	};

	memset(r, 0, sizeof *r);
	if (wc_context_new(NULL, &r->context) < 0 ||
	    wc_video_encoder_new(r->context, &init, &r->encoder) < 0 ||
	    wc_video_encoder_configure(r->encoder, config) < 0)
		tap_bail("no encoder");
}

static void recorder_finish(struct recorder *r)
{
	wc_video_encoder_destroy(r->encoder);
	wc_context_unref(r->context);
}

static bool encode(struct recorder *r, unsigned n, bool key)
{
	struct wc_video_encoder_encode_options options = { .key_frame = key };
	static const struct picture picture = {
		.fourcc = DRM_FORMAT_YUV420, .width = 640, .height = 360,
	};
	struct wc_video_frame_init init = {
		.fourcc = picture.fourcc, .coded_width = picture.width,
		.coded_height = picture.height, .timestamp = (int64_t)n * STREAM_STEP,
	};
	size_t size = picture_size(&picture);
	uint8_t *data = malloc(size);
	struct wc_video_frame *frame;
	bool good;

	if (!data)
		tap_bail("no memory");
	picture_draw(&picture, n, data);
	good = wc_video_frame_new(r->context, data, size, &init, &frame) == WC_OK &&
	       wc_video_encoder_encode(r->encoder, frame, &options) == WC_OK;
	wc_video_frame_unref(frame);
	free(data);
	return good;
}

/* Encode frames, and wait for all that came before. Bit n of keys: ask for frame n as key frame. */
static bool encode_some(struct recorder *r, unsigned first, unsigned end, uint32_t keys)
{
	bool good = true;

	r->flushed = false;
	for (unsigned i = first; i < end; i++)
		good &= encode(r, i, (keys >> i) & 1);
	good = good && wc_video_encoder_flush(r->encoder, on_flushed, r) == WC_OK;
	for (int i = 0; i < 200 && good && !r->flushed && !r->n_errors; i++)
		wc_context_dispatch(r->context, 100);
	return good && r->flushed;
}

static size_t sum(const struct recorder *r, unsigned first, unsigned end)
{
	size_t total = 0;

	for (unsigned i = first; i < end; i++)
		total += r->sizes[i];
	return total;
}

static const struct wc_video_encoder_config usual = {
	.codec = "fwht", .width = 640, .height = 360, .key_interval = 16, .framerate = 25,
	.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
};

/* The same frames, so that it is only the bit rate that makes the difference. */
static void test_bitrates(void)
{
	static const uint64_t bitrates[] = { 2000000, 6000000, 30000000 };
	struct wc_video_encoder_config config = usual;
	static struct recorder r;
	size_t sizes[3];

	for (unsigned i = 0; i < 3; i++) {
		config.bitrate = bitrates[i];
		recorder_open(&r, &config);
		tap_ok(encode_some(&r, 0, 25, 0) && r.n_chunks == 25,
		       "25 frames, one second, at %u kbit/s", (unsigned)(bitrates[i] / 1000));
		if (r.n_errors)
			tap_note("%s", r.error.message);
		sizes[i] = sum(&r, 0, 25);
		tap_note("%u kbit", (unsigned)(sizes[i] * 8 / 1000));
		recorder_finish(&r);
	}
	tap_ok(sizes[0] * 11 < sizes[1] * 10 && sizes[1] * 11 < sizes[2] * 10,
	       "each has a tenth more bytes than the one before, or still more");
}

static void test_retune(void)
{
	struct wc_video_encoder_config config = usual;
	static struct recorder r;
	bool good;

	config.bitrate = 30000000;
	recorder_open(&r, &config);
	good = encode_some(&r, 0, 8, 0);
	config.bitrate = 2000000;
	good &= wc_video_encoder_configure(r.encoder, &config) == WC_OK &&
		encode_some(&r, 0, 8, 0);
	config.bitrate = 30000000;
	good &= wc_video_encoder_configure(r.encoder, &config) == WC_OK &&
		encode_some(&r, 0, 8, 0);
	tap_ok(good && r.n_chunks == 24, "two new bit rates in mid-stream lose no frame");
	tap_note("%zu, %zu, %zu bytes", sum(&r, 0, 8), sum(&r, 8, 16), sum(&r, 16, 24));
	tap_ok(sum(&r, 8, 16) * 3 < sum(&r, 0, 8) * 2 && sum(&r, 8, 16) * 3 < sum(&r, 16, 24) * 2,
	       "the frames of the low one have less than two thirds of the bytes");
	recorder_finish(&r);
}

static void test_keys(void)
{
	static struct recorder r;
	uint32_t keys = 0;

	recorder_open(&r, &usual);
	tap_ok(encode_some(&r, 0, 12, 1u << 5 | 1u << 6) && r.n_chunks == 12, "12 frames");
	for (unsigned i = 0; i < r.n_chunks; i++)
		keys |= (uint32_t)r.keys[i] << i;
	tap_ok(keys == (1u | 1u << 5 | 1u << 6), "key frames: the first and those asked for");
	recorder_finish(&r);
}

static int test_encoder(void)
{
	static struct recorder r;
	bool good;

	recorder_open(&r, &usual);
	good = encode_some(&r, 0, 2, 0);
	if (!good)
		tap_note("%s", r.error.message);
	recorder_finish(&r);
	if (good)
		return EXIT_SUCCESS;
	return r.error.name == WC_QUOTA_EXCEEDED_ERROR ? REFUSED : EXIT_FAILURE;
}

/* ---------------------------------------------------------------------------------------------- */

static void hold(unsigned n)
{
	open_some(n);
	puts("holding");
	fflush(stdout);
	pause();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 0;

	if (strcmp(what, "encoder") == 0)
		return test_encoder();
	if (strcmp(what, "bitrate") == 0) {
		test_bitrates();
		test_retune();
		return tap_end();
	}
	if (strcmp(what, "keys") == 0) {
		test_keys();
		return tap_end();
	}
	load();
	if (n > MAX_DECODERS)
		tap_bail("that many are not provided for");
	if (strcmp(what, "one") == 0)
		return test_one(0);
	if (strcmp(what, "wait") == 0)
		return test_one(20000000);
	if (strcmp(what, "hold") == 0)
		hold(n);
	else if (strcmp(what, "many") == 0)
		close_some(open_some(n), n);
	else if (strcmp(what, "refused") == 0 && argc == 6)
		test_refused(n, (const char *const *)argv + 3);
	else if (strcmp(what, "budgets") == 0 && argc == 3)
		test_budgets(argv[2]);
	else
		tap_bail("what is to be tested?");
	stream_finish(&stream);
	return tap_end();
}
