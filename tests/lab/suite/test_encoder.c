/* SPDX-License-Identifier: MIT */
/* The encoder on vicodec: which frames are key frames, what changes in mid-stream, what is kept. */
#include <drm_fourcc.h>
#include <stdlib.h>
#include <string.h>

#include "player.h"
#include "tap.h"

#define MAX_CHUNKS 128

/* An encoder in its own context, and a record of what came out of it. */
struct recorder {
	struct wc_context *context;
	struct wc_video_encoder *encoder;
	struct wc_encoded_video_chunk *chunks[MAX_CHUNKS];
	struct {
		uint32_t width, height;        /* of the decoder configuration, 0 without one */
	} configs[MAX_CHUNKS];
	unsigned n_chunks;
	enum wc_status flushes[8];
	unsigned n_flushes;
	unsigned n_errors;
	struct wc_error error;
};

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct recorder *r = user_data;
	const struct wc_video_decoder_config *config = metadata->decoder_config;

	if (r->n_chunks == MAX_CHUNKS)
		tap_bail("more than %d chunks came out", MAX_CHUNKS);
	if (config) {
		r->configs[r->n_chunks].width = config->coded_width;
		r->configs[r->n_chunks].height = config->coded_height;
	}
	r->chunks[r->n_chunks++] = chunk;
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

	if (r->n_flushes == 8)
		tap_bail("more flushes ended than were asked for");
	r->flushes[r->n_flushes++] = status;
}

static struct wc_video_encoder_config make_config(uint32_t width, uint32_t height)
{
	return (struct wc_video_encoder_config) {
		.codec = "fwht", .width = width, .height = height, .key_interval = 16,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};
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
	while (r->n_chunks)
		wc_encoded_video_chunk_unref(r->chunks[--r->n_chunks]);
}

static bool encode(struct recorder *r, const struct picture *picture, unsigned n,
		   const struct wc_video_encoder_encode_options *options)
{
	struct wc_video_frame_init init = {
		.fourcc = picture->fourcc,
		.coded_width = picture->width,
		.coded_height = picture->height,
		.timestamp = (int64_t)n * STREAM_STEP,
	};
	size_t size = picture_size(picture);
	uint8_t *data = malloc(size);
	struct wc_video_frame *frame;
	bool good;

	if (!data)
		tap_bail("no memory");
	picture_draw(picture, n, data);
	good = wc_video_frame_new(r->context, data, size, &init, &frame) == WC_OK &&
	       wc_video_encoder_encode(r->encoder, frame, options) == WC_OK;
	wc_video_frame_unref(frame);
	free(data);
	return good;
}

static bool encode_range(struct recorder *r, const struct picture *picture, unsigned first,
			 unsigned end)
{
	bool good = true;

	for (unsigned i = first; i < end; i++)
		good &= encode(r, picture, i, NULL);
	return good;
}

/* Dispatch until *count reaches n. False: after an error, or 20 seconds without any work. */
static bool wait_for(struct recorder *r, const unsigned *count, unsigned n)
{
	for (unsigned silent = 0; *count < n && silent < 20 && !r->n_errors;)
		silent = wc_context_dispatch(r->context, 1000) > 0 ? 0 : silent + 1;
	return *count >= n;
}

/* Flush, until n flushes have ended in all. */
static bool flush_to(struct recorder *r, unsigned n)
{
	if (wc_video_encoder_flush(r->encoder, on_flushed, r) < 0 ||
	    !wait_for(r, &r->n_flushes, n)) {
		tap_note("%s", r->n_errors ? r->error.message : "the flush does not end");
		return false;
	}
	return r->flushes[n - 1] == WC_OK;
}

static bool header_says_key(const struct recorder *r, unsigned n)
{
	return stream_read(wc_encoded_video_chunk_get_data(r->chunks[n]), FWHT_FLAGS) &
	       FWHT_FLAG_KEY;
}

static bool is_key(const struct recorder *r, unsigned n)
{
	return wc_encoded_video_chunk_get_type(r->chunks[n]) == WC_CHUNK_KEY;
}

/* One chunk for each frame, in order, whose type is what the data say. */
static bool chunks_match(const struct recorder *r, unsigned count)
{
	for (unsigned i = 0; i < r->n_chunks; i++)
		if (wc_encoded_video_chunk_get_timestamp(r->chunks[i]) !=
		    (int64_t)i * STREAM_STEP || is_key(r, i) != header_says_key(r, i))
			return false;
	return r->n_chunks == count;
}

/* The size in the header of a chunk. */
static bool has_size(const struct recorder *r, unsigned n, uint32_t width, uint32_t height)
{
	const uint8_t *data = wc_encoded_video_chunk_get_data(r->chunks[n]);

	return stream_read(data, FWHT_WIDTH) == width && stream_read(data, FWHT_HEIGHT) == height;
}

/* Frames that a decoder makes of the chunks. */
static unsigned count_decoded(const struct recorder *r)
{
	static struct player player;
	struct stream stream = { .n = 0 };
	unsigned count;

	for (unsigned i = 0; i < r->n_chunks; i++)
		stream_add(&stream, wc_encoded_video_chunk_get_data(r->chunks[i]),
			   wc_encoded_video_chunk_get_size(r->chunks[i]));
	player_open(&player, NULL);
	if (player_feed(&player, &stream, 0, stream.n, 0) == WC_OK &&
	    player_flush(&player) == WC_OK)
		player_wait_flushes(&player, 1);
	count = player.n_frames;
	player_finish(&player);
	stream_finish(&stream);
	return count;
}

static const struct picture small = {
	.fourcc = DRM_FORMAT_YUV420, .width = 640, .height = 360,
};
static const struct picture large = {
	.fourcc = DRM_FORMAT_YUV420, .width = 1280, .height = 720,
};

/* ---- key frames ------------------------------------------------------------------------------ */

static bool is_asked(unsigned n)
{
	return n == 0 || n == 5 || n == 6 || n == 17 || n == 23;
}

/* vicodec has no control that forces a key frame. Counted from 17 the next of its own is 33. */
static void test_forced_keys(void)
{
	struct wc_video_encoder_config config = make_config(640, 360);
	struct recorder r;
	bool good = true, keys = true;

	recorder_open(&r, &config);
	for (unsigned i = 0; i < 24; i++) {
		struct wc_video_encoder_encode_options options = { .key_frame = is_asked(i) };

		good &= encode(&r, &small, i, &options);
	}
	good &= flush_to(&r, 1);
	tap_ok(good && chunks_match(&r, 24), "asking for key frames loses no frame");
	for (unsigned i = 0; i < r.n_chunks; i++)
		keys &= is_key(&r, i) == is_asked(i);
	tap_ok(keys, "those frames, and no others, are key frames that were asked for");
	tap_ok(count_decoded(&r) == 24, "all of them decode");
	recorder_finish(&r);
}

static void test_key_interval(void)
{
	struct wc_video_encoder_config config = make_config(640, 360);
	struct recorder r;
	bool good, keys = true;

	config.key_interval = 7;
	recorder_open(&r, &config);
	good = encode_range(&r, &small, 0, 22) && flush_to(&r, 1) && chunks_match(&r, 22);
	for (unsigned i = 0; i < r.n_chunks; i++)
		keys &= is_key(&r, i) == (i % 7 == 0);
	tap_ok(good && keys, "key_interval 7: every seventh frame is a key frame");
	recorder_finish(&r);
}

static void test_key_after_flush(void)
{
	struct wc_video_encoder_encode_options options = { .key_frame = true };
	struct wc_video_encoder_config config = make_config(640, 360);
	struct recorder r;
	bool good;

	recorder_open(&r, &config);
	good = encode_range(&r, &small, 0, 3) && flush_to(&r, 1) &&
	       encode(&r, &small, 3, &options) && encode_range(&r, &small, 4, 6) &&
	       flush_to(&r, 2) && flush_to(&r, 3);
	tap_ok(good && chunks_match(&r, 6) && is_key(&r, 3) && !is_key(&r, 4),
	       "a key frame is asked for right after a flush");
	recorder_finish(&r);
}

/* ---- changes in mid-stream ------------------------------------------------------------------- */

static void test_rate_change(void)
{
	struct wc_video_encoder_config config = make_config(640, 360);
	struct recorder r;
	bool good;

	config.bitrate = 1000000;
	config.framerate = 25;
	recorder_open(&r, &config);
	good = encode_range(&r, &small, 0, 5);
	config.bitrate = 3000000;
	good &= wc_video_encoder_configure(r.encoder, &config) == WC_OK &&
		encode_range(&r, &small, 5, 10);
	config.framerate = 50;
	good &= wc_video_encoder_configure(r.encoder, &config) == WC_OK &&
		encode_range(&r, &small, 10, 15) && flush_to(&r, 1);
	tap_ok(good && chunks_match(&r, 15),
	       "a device without bit rate control: a new bit rate is no error and loses no frame");
	tap_ok(count_decoded(&r) == 15, "and the stream decodes");
	recorder_finish(&r);
}

static void test_size_change(void)
{
	struct wc_video_encoder_config config = make_config(640, 360);
	struct recorder r;
	bool good;

	recorder_open(&r, &config);
	good = encode_range(&r, &small, 0, 5);
	config.width = 1280;
	config.height = 720;
	good &= wc_video_encoder_configure(r.encoder, &config) == WC_OK &&
		encode_range(&r, &large, 5, 9);
	config.width = 642;
	config.height = 362;
	good &= wc_video_encoder_configure(r.encoder, &config) == WC_OK &&
		encode_range(&r, &large, 9, 12) && flush_to(&r, 1);
	tap_ok(good && chunks_match(&r, 12), "two new sizes in mid-stream lose no frame");
	tap_ok(r.n_chunks == 12 && has_size(&r, 4, 640, 360) && has_size(&r, 5, 1280, 720) &&
	       has_size(&r, 8, 1280, 720) && has_size(&r, 9, 642, 362),
	       "each frame has the size that was configured for it");
	tap_ok(is_key(&r, 5) && is_key(&r, 9), "the first of a size is a key frame");
	tap_ok(r.configs[0].width == 640 && r.configs[5].width == 1280 &&
	       r.configs[5].height == 720 && r.configs[9].width == 642 && r.configs[1].width == 0,
	       "and comes with a new decoder configuration");
	tap_ok(count_decoded(&r) == 12, "the whole stream decodes");
	recorder_finish(&r);
}

static void test_scaling(void)
{
	struct wc_video_encoder_config config = make_config(640, 360);
	struct recorder r;

	recorder_open(&r, &config);
	tap_ok(encode_range(&r, &large, 0, 4) && encode_range(&r, &small, 4, 6) &&
	       flush_to(&r, 1) && chunks_match(&r, 6) && has_size(&r, 0, 640, 360) &&
	       has_size(&r, 5, 640, 360), "frames of other sizes are scaled to the configured one");
	recorder_finish(&r);
}

static void test_quantizer(void)
{
	struct wc_video_encoder_config config = make_config(640, 360);
	struct recorder r;
	bool good = true;

	config.bitrate_mode = WC_BITRATE_QUANTIZER;
	recorder_open(&r, &config);
	for (unsigned i = 0; i < 4; i++) {
		struct wc_video_encoder_encode_options options = {
			.key_frame = true, .has_quantizer = true, .quantizer = i % 2 ? 31 : 1,
		};

		good &= encode(&r, &small, i, &options) && flush_to(&r, i + 1);
	}
	tap_ok(good && chunks_match(&r, 4) &&
	       wc_encoded_video_chunk_get_size(r.chunks[0]) >
	       wc_encoded_video_chunk_get_size(r.chunks[1]) &&
	       wc_encoded_video_chunk_get_size(r.chunks[2]) >
	       wc_encoded_video_chunk_get_size(r.chunks[3]),
	       "a quantizer with each frame: the coarse ones are smaller");
	recorder_finish(&r);
}

/* ---- memory and the end ---------------------------------------------------------------------- */

static void test_no_copy(void)
{
	struct wc_video_encoder_config config = make_config(640, 368);
	struct wc_video_frame_mapping map;
	struct wc_counters counters;
	struct wc_video_frame *frame;
	struct recorder r;
	bool good = true;

	config.fourcc = DRM_FORMAT_YUV420;
	recorder_open(&r, &config);
	wc_context_dispatch(r.context, 1000);
	for (unsigned i = 0; i < 20; i++) {
		while (wc_video_encoder_is_saturated(r.encoder))
			wc_context_dispatch(r.context, 1000);
		good &= wc_video_encoder_alloc_frame(r.encoder, (int64_t)i * STREAM_STEP,
						     &frame) == WC_OK &&
			wc_video_frame_map(frame, WC_MAP_WRITE, &map) == WC_OK;
		if (!good)
			break;
		memset(map.planes[0].data, (int)(10 * i),
		       map.planes[0].stride * map.planes[0].rows);
		wc_video_frame_unmap(frame);
		good &= wc_video_encoder_encode(r.encoder, frame, NULL) == WC_OK;
		wc_video_frame_unref(frame);
	}
	good &= flush_to(&r, 1) && chunks_match(&r, 20);
	wc_context_get_counters(r.context, &counters);
	tap_ok(good, "20 frames are drawn into the device's buffers");
	/* Chunks are held, all 20: what the device has no more buffers for is copied. */
	if (!tap_ok(counters.bytes_copied < 640 * 368, "and no picture is copied"))
		tap_note("%llu bytes", (unsigned long long)counters.bytes_copied);
	recorder_finish(&r);
}

static void test_reset(void)
{
	struct wc_video_encoder_config config = make_config(640, 360);
	struct recorder r;
	unsigned before;
	bool good;

	recorder_open(&r, &config);
	good = encode_range(&r, &small, 0, 10) &&
	       wc_video_encoder_flush(r.encoder, on_flushed, &r) == WC_OK &&
	       wait_for(&r, &r.n_chunks, 3) && wc_video_encoder_reset(r.encoder) == WC_OK;
	before = r.n_chunks;
	good &= wc_video_encoder_configure(r.encoder, &config) == WC_OK &&
		encode_range(&r, &small, 40, 44) && flush_to(&r, 2);
	tap_ok(good && r.flushes[0] == WC_ABORT_ERROR, "reset in mid-stream, and on from there");
	tap_ok(r.n_chunks == before + 4 && is_key(&r, before) && r.configs[before].width == 640 &&
	       wc_encoded_video_chunk_get_timestamp(r.chunks[before]) == 40 * STREAM_STEP,
	       "the first chunk after it is of the first frame, a key frame with a configuration");
	recorder_finish(&r);
}

static void test_chunks_outlive(void)
{
	struct wc_video_encoder_config config = make_config(640, 360);
	uint32_t sizes[40];
	struct recorder r;
	bool good;

	recorder_open(&r, &config);
	good = encode_range(&r, &small, 0, 40) && flush_to(&r, 1) && r.n_chunks == 40;
	for (unsigned i = 0; i < r.n_chunks; i++)
		sizes[i] = (uint32_t)wc_encoded_video_chunk_get_size(r.chunks[i]);
	wc_video_encoder_destroy(r.encoder);
	wc_context_unref(r.context);
	r.encoder = NULL;
	r.context = NULL;
	for (unsigned i = 0; i < r.n_chunks; i++)
		good &= stream_read(wc_encoded_video_chunk_get_data(r.chunks[i]), FWHT_SIZE) +
			FWHT_HEADER == sizes[i];
	tap_ok(good && chunks_match(&r, 40),
	       "40 chunks are held, and readable when all else is gone");
	tap_ok(count_decoded(&r) == 40, "they still decode");
	recorder_finish(&r);
}

static void test_refused_size(uint32_t width, uint32_t height)
{
	struct wc_video_encoder_config config = make_config(width, height);
	struct recorder r;

	recorder_open(&r, &config);
	wait_for(&r, &r.n_errors, 1);
	tap_ok(r.n_errors == 1 && r.error.name == WC_NOT_SUPPORTED_ERROR && r.error.message[0],
	       "%ux%u: NotSupportedError: %s", width, height, r.error.message);
	recorder_finish(&r);
}

int main(void)
{
	test_forced_keys();
	test_key_interval();
	test_key_after_flush();
	test_rate_change();
	test_size_change();
	test_scaling();
	test_quantizer();
	test_no_copy();
	test_reset();
	test_chunks_outlive();
	test_refused_size(320, 240);
	test_refused_size(8192, 4320);
	return tap_end();
}
