/* SPDX-License-Identifier: MIT */
/*
 * Software sessions, on a real loop, with the ffmpeg program as judge: it makes the streams that
 * are decoded and decodes what is encoded.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bitstream/h264.h"
#include "frame/pixel_format.h"
#include "software_rig.h"
#include "util/clock.h"

#define WIDTH 318
#define HEIGHT 238
#define PICTURES 10

static int by_timestamp(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static void check_error(const struct rig *rig, enum wc_status name, const char *part)
{
	ck_assert_msg(rig->error.name == name && strstr(rig->error.message, part), "%s: %s",
		      wc_status_name(rig->error.name), rig->error.message);
}

/* ---- decoders ---- */

struct decode_row {
	const char *file, *codec, *encoder, *arguments;
	uint32_t fourcc;
};

static const struct decode_row decode_rows[] = {
	{ "b.mp4", "avc1.64001f", "libx264", "-c:v libx264 -bf 3 -g 6", DRM_FORMAT_YUV420 },
	{ "b.ts", "avc1.64001f", "libx264", "-c:v libx264 -bf 3 -g 6", DRM_FORMAT_YUV420 },
	{ "baseline.ts", "avc1.42001f", "libx264",
	  "-c:v libx264 -profile:v baseline -slices 3", DRM_FORMAT_YUV420 },
	{ "422.mp4", "avc1.7a001f", "libx264", "-c:v libx264 -pix_fmt yuv422p",
	  DRM_FORMAT_YUV422 },
	{ "444.mp4", "avc1.f4001f", "libx264", "-c:v libx264 -pix_fmt yuv444p",
	  DRM_FORMAT_YUV444 },
	{ "10.mp4", "avc1.6e001f", "libx264", "-c:v libx264 -pix_fmt yuv420p10le",
	  DRM_FORMAT_S010 },
	{ "b-hevc.mp4", "hvc1.1.6.L93.B0", "libx265",
	  "-c:v libx265 -x265-params log-level=none:bframes=3:keyint=6", DRM_FORMAT_YUV420 },
	{ "b-hevc.ts", "hev1.1.6.L93.B0", "libx265",
	  "-c:v libx265 -x265-params log-level=none:bframes=3:keyint=6", DRM_FORMAT_YUV420 },
	{ "10-hevc.mp4", "hvc1.2.4.L93.B0", "libx265",
	  "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le", DRM_FORMAT_S010 },
	{ "vp8.mkv", "vp8", "libvpx", "-c:v libvpx -auto-alt-ref 1 -lag-in-frames 8 -b:v 500k",
	  DRM_FORMAT_YUV420 },
	{ "vp9.mkv", "vp09.00.10.08", "libvpx-vp9",
	  "-c:v libvpx-vp9 -auto-alt-ref 1 -lag-in-frames 8 -b:v 500k -cpu-used 8",
	  DRM_FORMAT_YUV420 },
	{ "10-vp9.mkv", "vp09.02.10.10", "libvpx-vp9",
	  "-c:v libvpx-vp9 -b:v 500k -cpu-used 8 -pix_fmt yuv420p10le", DRM_FORMAT_S010 },
	{ "av1.mkv", "av01.0.04M.08", "libaom-av1", "-c:v libaom-av1 -cpu-used 8 -b:v 500k",
	  DRM_FORMAT_YUV420 },
	{ "mjpeg.mkv", "mjpeg", "mjpeg", "-c:v mjpeg -pix_fmt yuvj422p", DRM_FORMAT_YUV422 },
};

#define N_DECODE_ROWS ((int)(sizeof decode_rows / sizeof *decode_rows))

static void check_pictures(const struct rig *rig, const struct media *media, uint32_t fourcc)
{
	struct media_line lines[MEDIA_MAX_UNITS];
	int64_t timestamps[MEDIA_MAX_UNITS];
	unsigned count = media_md5(media->path, lines, MEDIA_MAX_UNITS), n = 0;

	for (unsigned i = 0; i < media->count; i++)
		timestamps[n++] = media->units[i].timestamp;
	qsort(timestamps, n, sizeof *timestamps, by_timestamp);
	ck_assert_uint_eq(rig->n_outputs, count);
	for (unsigned i = 0; i < count; i++) {
		const struct rig_output *output = &rig->outputs[i];

		ck_assert_str_eq(output->md5, lines[i].md5);
		ck_assert_uint_eq(output->fourcc, fourcc);
		ck_assert_uint_eq(output->visible.width, WIDTH);
		ck_assert_uint_eq(output->visible.height, HEIGHT);
		ck_assert_uint_ge(output->coded_width, WIDTH);
		ck_assert_uint_ge(output->coded_height, HEIGHT);
		ck_assert(output->has_duration && output->duration == 40000);
		/* VP8's invisible pictures are chunks without a frame. */
		if (count == n)
			ck_assert_int_eq(output->timestamp, timestamps[i]);
		if (i)
			ck_assert_int_gt(output->timestamp, rig->outputs[i - 1].timestamp);
	}
}

static void decode_all(struct rig *rig, const struct media *media)
{
	for (unsigned i = 0; i < media->count; i++)
		ck_assert_int_eq(rig_decode(rig, &media->units[i]), 0);
	rig_drain(rig);
}

static void decode_row_with(const struct decode_row *row, bool low_latency)
{
	struct media *media = media_make(row->file, WIDTH, HEIGHT, PICTURES, row->arguments);
	struct rig *rig = rig_new();
	struct wc_session_info info;

	ck_assert_int_eq(rig_open_decoder(rig, row->codec, media, low_latency), 0);
	/* The second time goes through the codec that was drained. */
	for (int round = 0; round < 2; round++) {
		rig_clear(rig);
		decode_all(rig, media);
		ck_assert_msg(rig->n_failed == 0, "%s", rig->error.message);
		ck_assert_uint_eq(rig->n_drained, 1);
		check_pictures(rig, media, row->fourcc);
	}
	rig->session->ops->describe(rig->session, &info);
	ck_assert_int_eq(info.kind, WC_SESSION_SOFTWARE);
	ck_assert_uint_eq(info.units_in, 2 * media->count);
	ck_assert_uint_eq(info.units_out, 2 * PICTURES);
	rig_free(rig);
	media_free(media);
}

START_TEST(decodes_as_ffmpeg_does)
{
	if (media_has_encoder(decode_rows[_i].encoder))
		decode_row_with(&decode_rows[_i], false);
}
END_TEST

START_TEST(decodes_with_low_latency_as_ffmpeg_does)
{
	if (media_has_encoder(decode_rows[_i].encoder))
		decode_row_with(&decode_rows[_i], true);
}
END_TEST

/* One chunk in, one frame out, and no drain between. */
START_TEST(low_latency_gives_each_frame_at_once)
{
	struct media *media = media_make("low.mp4", WIDTH, HEIGHT, PICTURES,
					 "-c:v libx264 -tune zerolatency");
	struct rig *rig = rig_new();

	ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, true), 0);
	for (unsigned i = 0; i < media->count; i++) {
		ck_assert_int_eq(rig_decode(rig, &media->units[i]), 0);
		rig_wait(rig, i + 1);
		ck_assert_int_eq(rig->outputs[i].timestamp, media->units[i].timestamp);
	}
	rig_free(rig);
	media_free(media);
}
END_TEST

/*
 * Cut the VUI off an SPS: it is the last part, behind a flag. The right bit is the first behind
 * which an SPS of the same picture can end. Returns the new size.
 */
static size_t without_vui(const struct nal *sps, uint8_t *out)
{
	struct h264_sps before, after;

	ck_assert_int_eq(h264_sps_parse(sps->data, sps->size, &before), 0);
	ck_assert(before.has_bitstream_restriction);
	for (size_t bit = 32; bit + 2 < 8 * sps->size; bit++) {
		size_t size = (bit + 2 + 7) / 8;

		memset(out, 0, size);
		for (size_t i = 0; i < bit; i++)
			out[i / 8] |= sps->data[i / 8] & 0x80 >> i % 8;
		/* vui_parameters_present_flag is 0, then the stop bit. */
		out[(bit + 1) / 8] |= 0x80 >> (bit + 1) % 8;
		if (h264_sps_parse(out, size, &after) == 0 && !after.has_vui &&
		    after.coded_width == before.coded_width &&
		    after.coded_height == before.coded_height &&
		    after.visible.width == before.visible.width &&
		    after.visible.height == before.visible.height)
			return size;
	}
	ck_abort_msg("the VUI was not found");
}

/* The same access unit whose SPS says nothing of reordering. */
static struct media_unit mute_unit(const struct media_unit *unit)
{
	struct media_unit mute = *unit;
	struct nal_iter iter;
	struct nal nal;

	mute.data = malloc(2 * unit->size);
	mute.size = 0;
	nal_iter_init_annexb(&iter, unit->data, unit->size);
	while (nal_iter_next(&iter, &nal) > 0) {
		uint8_t *to = mute.data + mute.size + 4;
		size_t size = nal.size;

		memcpy(to - 4, "\0\0\0\1", 4);
		if (nal_type(VIDEO_CODEC_H264, &nal) == H264_NAL_SPS)
			size = without_vui(&nal, to);
		else
			memcpy(to, nal.data, size);
		mute.size += 4 + size;
	}
	return mute;
}

/* Left alone libavcodec would guess, and give out the first pictures in the wrong order. */
START_TEST(order_is_kept_without_a_word_on_reordering)
{
	struct media *media = media_make("mute.ts", WIDTH, HEIGHT, 30,
					 "-c:v libx264 -bf 3 -x264-params b-adapt=0");
	struct rig *rig = rig_new();

	ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, false), 0);
	for (unsigned i = 0; i < media->count; i++) {
		struct media_unit mute = mute_unit(&media->units[i]);

		ck_assert_int_eq(rig_decode(rig, &mute), 0);
		free(mute.data);
	}
	rig_drain(rig);
	check_pictures(rig, media, DRM_FORMAT_YUV420);
	rig_free(rig);
	media_free(media);
}
END_TEST

static struct media *plain_media(void)
{
	return media_make("plain.mp4", WIDTH, HEIGHT, 40, "-c:v libx264 -bf 2 -g 10");
}

START_TEST(a_full_session_refuses_and_calls_back)
{
	struct media *media = plain_media();
	struct rig *rig = rig_new();
	const struct timing timing = { 0, 0, false };
	struct buffer *buffer = buffer_new_plain(rig->core, media->units[0].size);
	struct session_input input = { .quantizer = -1 };
	unsigned taken = 0;

	memcpy(buffer->objects[0].map, media->units[0].data, media->units[0].size);
	input.chunk = encoded_video_chunk_new(rig->core, buffer, 0, media->units[0].size,
					      WC_CHUNK_KEY, &timing);
	buffer_unref(buffer);
	ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, false), 0);
	/* Without dispatch nothing comes out, so the queues fill at last. */
	while (rig->session->ops->submit(rig->session, &input, &rig->error) == 0)
		ck_assert_uint_lt(++taken, 1000);
	ck_assert_uint_gt(taken, 1);
	ck_assert_uint_eq(rig->n_ready, 0);
	while (!rig->n_ready)
		ck_assert_int_eq(loop_dispatch(&rig->loop, 60000), 0);
	ck_assert_int_eq(rig->session->ops->submit(rig->session, &input, &rig->error), 0);
	taken++;
	rig_drain(rig);
	ck_assert_uint_eq(rig->n_outputs, taken);
	ck_assert_uint_eq(rig->n_ready, 1);
	wc_encoded_video_chunk_unref(input.chunk);
	rig_free(rig);
	media_free(media);
}
END_TEST

START_TEST(frames_that_are_held_stop_nothing)
{
	struct media *media = plain_media();
	struct rig *rig = rig_new();
	char md5[33];

	rig->keep = true;
	ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, false), 0);
	for (int round = 0; round < 5; round++)
		decode_all(rig, media);
	ck_assert_uint_eq(rig->n_kept, 5 * media->count);
	/* They stay what they are when the decoder is gone. */
	rig_close(rig);
	strcpy(md5, rig->outputs[7].md5);
	ck_assert_str_eq(rig->outputs[7 + media->count].md5, md5);
	for (unsigned i = 0; i < rig->n_kept; i++) {
		struct wc_video_frame_mapping mapping;

		ck_assert(rig->kept[i]->buffer->read_only);
		ck_assert_int_eq(wc_video_frame_map(rig->kept[i], WC_MAP_READ, &mapping), WC_OK);
		ck_assert_int_ne(wc_video_frame_map(rig->kept[i], WC_MAP_WRITE, &mapping), WC_OK);
	}
	rig_free(rig);
	media_free(media);
}
END_TEST

/* ---- throttled decoders ---- */

#define REST 20000

static int64_t last_output;

static void throttle(struct rig *rig, bool on)
{
	rig->in_call = true;
	ck_assert_uint_eq(rig->session->ops->throttle(rig->session, on), 0);
	rig->in_call = false;
}

static void rest_after_each(struct rig *rig, const char *what)
{
	int64_t now = clock_now();

	if (strcmp(what, "output") != 0)
		return;
	if (last_output)
		ck_assert_int_ge(now - last_output, REST);
	last_output = now;
	rig->session->ops->rest(rig->session, REST);
}

static void rest_long(struct rig *rig, const char *what)
{
	if (strcmp(what, "output") == 0)
		rig->session->ops->rest(rig->session, INT64_C(3600000000));
}

START_TEST(throttled_ones_decode_as_ffmpeg_does)
{
	const struct decode_row *row = &decode_rows[_i];
	struct media *media;
	struct rig *rig;

	if (!media_has_encoder(row->encoder))
		return;
	media = media_make(row->file, WIDTH, HEIGHT, PICTURES, row->arguments);
	rig = rig_new();
	ck_assert_int_eq(rig_open_decoder(rig, row->codec, media, false), 0);
	rig->keep = true;
	for (int round = 0; round < 3; round++) {
		rig_clear(rig);
		throttle(rig, round != 1);
		last_output = 0;
		rig->hook = round == 2 ? rest_after_each : NULL;
		decode_all(rig, media);
		ck_assert_uint_eq(rig->n_drained, 1);
		check_pictures(rig, media, row->fourcc);
	}
	rig_free(rig);
	media_free(media);
}
END_TEST

/* Submit without dispatch what is taken at once or soon after; returns how many. */
static unsigned submit_at_once(struct rig *rig, const struct media *media)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < 100 && taken < media->count; i++) {
		if (!rig->session->ops->saturated(rig->session))
			ck_assert_int_eq(rig_decode(rig, &media->units[taken++]), 0);
		usleep(2000);
	}
	return taken;
}

static void open_mjpeg(struct rig **rig, struct media **media)
{
	*media = media_make("mjpeg.mkv", WIDTH, HEIGHT, PICTURES,
			    "-c:v mjpeg -pix_fmt yuvj422p");
	*rig = rig_new();
	ck_assert_int_eq(rig_open_decoder(*rig, "mjpeg", *media, false), 0);
}

/* One that waits for the application, and a chunk that waits for that. */
START_TEST(throttled_ones_work_on_one_chunk_at_a_time)
{
	struct media *media;
	struct rig *rig;
	unsigned taken;

	open_mjpeg(&rig, &media);
	throttle(rig, true);
	taken = submit_at_once(rig, media);
	ck_assert_uint_le(taken, 2);
	ck_assert_uint_le(rig->core->counters.video_frames, 1);
	rig_wait(rig, taken);
	ck_assert_uint_le(submit_at_once(rig, media), 2);
	/* There is more room at once, and whoever was refused is told. */
	throttle(rig, false);
	ck_assert_uint_gt(submit_at_once(rig, media), 2);
	rig_drain(rig);
	ck_assert_uint_gt(rig->n_ready, 0);
	rig_free(rig);
	media_free(media);
}
END_TEST

/* What was made before comes out first. */
START_TEST(throttling_loses_nothing_that_was_under_way)
{
	struct media *media;
	struct rig *rig;
	unsigned taken;

	open_mjpeg(&rig, &media);
	taken = submit_at_once(rig, media);
	throttle(rig, true);
	for (unsigned i = taken; i < media->count; i++)
		ck_assert_int_eq(rig_decode(rig, &media->units[i]), 0);
	rig_drain(rig);
	check_pictures(rig, media, DRM_FORMAT_YUV422);
	rig_free(rig);
	media_free(media);
}
END_TEST

enum end { BY_RELAXING, BY_RESET, BY_CLOSE, N_ENDS };

START_TEST(a_rest_ends_early)
{
	struct media *media;
	struct rig *rig;
	unsigned taken;

	open_mjpeg(&rig, &media);
	throttle(rig, true);
	rig->hook = rest_long;
	taken = submit_at_once(rig, media);
	rig_wait(rig, 1);
	rig->hook = NULL;
	if (_i == BY_RELAXING)
		throttle(rig, false);
	else if (_i == BY_RESET)
		rig_reset(rig);
	else
		rig_close(rig);
	if (_i != BY_CLOSE) {
		rig_clear(rig);
		rig_decode(rig, &media->units[2]);
		rig_drain(rig);
		ck_assert_uint_eq(rig->n_outputs, _i == BY_RESET ? 1 : taken);
	}
	rig_free(rig);
	media_free(media);
}
END_TEST

START_TEST(reset_leaves_nothing_stale)
{
	struct media *media = plain_media();
	struct rig *rig = rig_new();

	ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, false), 0);
	for (unsigned round = 0; round < 20; round++) {
		unsigned before;

		for (unsigned i = 0; i < 5 + round; i++)
			ck_assert_int_eq(rig_decode(rig, &media->units[i]), 0);
		if (round % 3 == 0)
			ck_assert_int_eq(rig->session->ops->drain(rig->session, &rig->error), 0);
		rig_reset(rig);
		before = rig->n_outputs;
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(loop_dispatch(&rig->loop, 1), 0);
		ck_assert_uint_eq(rig->n_outputs, before);
		ck_assert_uint_eq(rig->n_drained, 0);
		rig_clear(rig);
	}
	decode_all(rig, media);
	ck_assert_uint_eq(rig->n_failed, 0);
	check_pictures(rig, media, DRM_FORMAT_YUV420);
	rig_free(rig);
	media_free(media);
}
END_TEST

/* Hooks: what a sink may do. rig->after counts down the calls. */

static bool is_due(struct rig *rig, const char *what, const char *wanted)
{
	return !strcmp(what, wanted) && rig->after && --rig->after == 0;
}

static void destroy_on_output(struct rig *rig, const char *what)
{
	ck_assert_ptr_nonnull(rig->session);
	if (is_due(rig, what, "output"))
		rig_close(rig);
}

static void destroy_on_ready(struct rig *rig, const char *what)
{
	ck_assert_ptr_nonnull(rig->session);
	if (is_due(rig, what, "ready"))
		rig_close(rig);
}

static void destroy_on_drained(struct rig *rig, const char *what)
{
	ck_assert_ptr_nonnull(rig->session);
	if (is_due(rig, what, "drained"))
		rig_close(rig);
}

static void destroy_on_failed(struct rig *rig, const char *what)
{
	ck_assert_ptr_nonnull(rig->session);
	if (is_due(rig, what, "failed"))
		rig_close(rig);
}

static void reset_on_output(struct rig *rig, const char *what)
{
	ck_assert_uint_gt(rig->after, 0);
	if (!strcmp(what, "output") && rig->after == 1) {
		rig_reset(rig);
		rig->after = 0;
	} else if (!strcmp(what, "output")) {
		rig->after--;
	}
}

static void (*const destroyers[])(struct rig *rig, const char *what) = {
	destroy_on_output, destroy_on_ready, destroy_on_drained,
};

#define N_DESTROYERS ((int)(sizeof destroyers / sizeof *destroyers))

/* After it was destroyed nothing is heard any more, and nothing is left. */
START_TEST(decoder_dies_inside_its_callback)
{
	struct media *media = plain_media();

	for (unsigned after = 1; after <= 3; after++) {
		struct rig *rig = rig_new();

		rig->hook = destroyers[_i];
		rig->after = destroyers[_i] == destroy_on_drained ? 1 : after;
		ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, false), 0);
		for (int round = 0; rig->session && round < 20; round++) {
			for (unsigned i = 0; rig->session && i < media->count; i++)
				rig_decode(rig, &media->units[i]);
			if (rig->session)
				rig_drain(rig);
		}
		ck_assert_ptr_null(rig->session);
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(loop_dispatch(&rig->loop, 0), 0);
		rig_free(rig);
	}
	media_free(media);
}
END_TEST

START_TEST(decoder_is_reset_inside_its_callback)
{
	struct media *media = plain_media();
	struct rig *rig = rig_new();

	ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, false), 0);
	for (unsigned after = 1; after < 6; after++) {
		unsigned i = 0;

		rig_clear(rig);
		rig->hook = reset_on_output;
		rig->after = after;
		while (rig->after && i < media->count)
			ck_assert_int_eq(rig_decode(rig, &media->units[i++]), 0);
		if (rig->after)
			rig_wait(rig, after);
		ck_assert_uint_eq(rig->n_outputs, after);
		for (i = 0; i < 3; i++)
			ck_assert_int_eq(loop_dispatch(&rig->loop, 1), 0);
		ck_assert_uint_eq(rig->n_outputs, after);
		rig->hook = NULL;
		rig_clear(rig);
		decode_all(rig, media);
		check_pictures(rig, media, DRM_FORMAT_YUV420);
	}
	rig_free(rig);
	media_free(media);
}
END_TEST

START_TEST(destroy_does_not_wait_for_dispatch)
{
	struct media *media = plain_media();

	for (unsigned n = 0; n < 12; n++) {
		struct rig *rig = rig_new();

		ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, false), 0);
		for (unsigned i = 0; i < n; i++)
			rig_decode(rig, &media->units[i]);
		rig_free(rig);
	}
	media_free(media);
}
END_TEST

START_TEST(an_empty_chunk_is_an_error)
{
	struct media_unit empty = { .key = true };
	struct rig *rig = rig_new();

	ck_assert_int_eq(rig_open_decoder(rig, "vp8", NULL, false), 0);
	ck_assert_int_eq(rig_decode(rig, &empty), WC_ENCODING_ERROR);
	check_error(rig, WC_ENCODING_ERROR, "empty");
	rig_free(rig);
}
END_TEST

static const char *const all_codecs[] = {
	"avc1.64001f", "hvc1.1.6.L93.B0", "vp8", "vp09.00.10.08", "av01.0.04M.08", "mjpeg",
};

#define N_CODECS ((int)(sizeof all_codecs / sizeof *all_codecs))

START_TEST(garbage_is_an_error)
{
	struct rig *rig = rig_new();
	struct media_unit unit = { .data = malloc(4096), .size = 4096, .key = true };

	for (unsigned i = 0; i < unit.size; i++)
		unit.data[i] = (uint8_t)(i * 7 + i / 256 * 13 + 1);
	/* A sequence header for AV1, whose decoders pass over units that they do not know. */
	unit.data[0] = 0x0a;
	rig->hook = destroy_on_failed;
	rig->after = 1;
	ck_assert_int_eq(rig_open_decoder(rig, all_codecs[_i], NULL, _i % 2), 0);
	for (int i = 0; rig->session && !rig->n_failed && i < 20; i++)
		rig_decode(rig, &unit);
	if (!rig->n_failed)
		rig_drain(rig);
	ck_assert_uint_eq(rig->n_failed, 1);
	ck_assert_uint_eq(rig->n_outputs, 0);
	check_error(rig, WC_ENCODING_ERROR, "cannot decode");
	ck_assert_str_ne(rig->error.device, "");
	free(unit.data);
	rig_free(rig);
}
END_TEST

/* Nothing comes after the failure, and a session that failed can be destroyed any time. */
START_TEST(broken_streams_end_in_one_failure_at_most)
{
	struct media *media = plain_media();

	for (unsigned seed = 0; seed < 40; seed++) {
		struct rig *rig = rig_new();

		ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, seed % 2), 0);
		for (unsigned i = 0; i < media->count && !rig->n_failed; i++) {
			struct media_unit unit = media->units[i];
			uint8_t *copy = malloc(unit.size);

			memcpy(copy, unit.data, unit.size);
			if (i % 5 == seed % 5)
				copy[(seed * 977 + i * 131) % unit.size] ^= (uint8_t)(seed + 1);
			if (i % 7 == seed % 7)
				unit.size = unit.size * (seed % 10 + 1) / 11 + 1;
			unit.data = copy;
			rig_decode(rig, &unit);
			free(copy);
		}
		if (!rig->n_failed)
			rig_drain(rig);
		ck_assert_uint_le(rig->n_failed, 1);
		if (rig->n_failed)
			ck_assert_int_eq(rig->error.name, WC_ENCODING_ERROR);
		rig_free(rig);
	}
	media_free(media);
}
END_TEST

START_TEST(what_cannot_be_decoded_is_said_at_once)
{
	struct decoder_params params = { 0 };
	struct media broken = { .extradata = (uint8_t *)"\001nonsense", .extradata_size = 9 };
	struct rig *rig = rig_new();
	char name[32] = "";

	ck_assert_int_eq(rig_open_decoder(rig, "fwht", NULL, false), WC_NOT_SUPPORTED_ERROR);
	ck_assert_ptr_null(rig->session);
	check_error(rig, WC_NOT_SUPPORTED_ERROR, "fwht");
	ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", &broken, false),
			 WC_NOT_SUPPORTED_ERROR);
	check_error(rig, WC_NOT_SUPPORTED_ERROR, "description");

	ck_assert_int_eq(codec_string_parse("vp8", &params.codec), 0);
	ck_assert(software_decoder_probe(&params, name, sizeof name));
	ck_assert_str_eq(name, "vp8");
	ck_assert_int_eq(codec_string_parse("fwht", &params.codec), 0);
	ck_assert(!software_decoder_probe(&params, name, sizeof name));
	rig_free(rig);
}
END_TEST

/* Memory from the session is read where it is; other memory has no room behind it. */
START_TEST(chunks_in_memory_of_the_session_are_not_copied)
{
	struct media *media = plain_media();
	struct rig *rig = rig_new();
	struct wc_session_info info;
	uint64_t bytes = 0;

	ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, false), 0);
	for (unsigned i = 0; i < media->count; i++) {
		const struct media_unit *unit = &media->units[i];
		const struct timing timing = { unit->timestamp, 40000, true };
		struct buffer *buffer = rig->session->ops->alloc_input(rig->session,
								       unit->size + i);
		struct session_input input = { .quantizer = -1 };

		ck_assert_uint_ge(buffer->objects[0].size, unit->size);
		memset(buffer->objects[0].map, 0xaa, buffer->objects[0].size);
		memcpy(buffer->objects[0].map, unit->data, unit->size);
		input.chunk = encoded_video_chunk_new(rig->core, buffer, 0, unit->size,
						      unit->key ? WC_CHUNK_KEY : WC_CHUNK_DELTA,
						      &timing);
		buffer_unref(buffer);
		while (rig->session->ops->submit(rig->session, &input, &rig->error) ==
		       SESSION_FULL)
			ck_assert_int_eq(loop_dispatch(&rig->loop, 60000), 0);
		wc_encoded_video_chunk_unref(input.chunk);
	}
	rig_drain(rig);
	check_pictures(rig, media, DRM_FORMAT_YUV420);
	rig->session->ops->describe(rig->session, &info);
	ck_assert_uint_eq(info.bytes_copied, 0);
	ck_assert_uint_eq(rig->core->counters.bytes_copied, 0);

	rig_clear(rig);
	decode_all(rig, media);
	for (unsigned i = 0; i < media->count; i++)
		bytes += media->units[i].size;
	rig->session->ops->describe(rig->session, &info);
	ck_assert_uint_eq(info.bytes_copied, bytes);
	ck_assert_uint_eq(rig->core->counters.bytes_copied, bytes);
	rig_free(rig);
	media_free(media);
}
END_TEST

START_TEST(frames_tell_aspect_crop_and_colours)
{
	struct media *media = media_make(
		"wide.mp4", 100, 62, 3,
		"-c:v libx264 -vf setsar=4/3 -color_primaries bt2020 -color_trc smpte2084 "
		"-colorspace bt2020nc -color_range pc");
	struct media *crop = media_make("crop.h264", 128, 64, 3,
					"-c:v libx264 -bsf:v h264_metadata="
					"crop_left=8:crop_right=2:crop_top=4:crop_bottom=2");
	struct rig *rig = rig_new();
	const struct rig_output *output = &rig->outputs[2];

	ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", media, false), 0);
	decode_all(rig, media);
	ck_assert_uint_eq(output->visible.width, 100);
	ck_assert_uint_eq(output->coded_width, 112);
	ck_assert_uint_eq(output->coded_height, 64);
	ck_assert_uint_eq(output->display_width, 133);
	ck_assert_uint_eq(output->display_height, 62);
	ck_assert_int_eq(output->color.primaries, WC_PRIMARIES_BT2020);
	ck_assert_int_eq(output->color.transfer, WC_TRANSFER_PQ);
	ck_assert_int_eq(output->color.matrix, WC_MATRIX_BT2020_NCL);
	ck_assert_int_eq(output->color.range, WC_COLOR_RANGE_FULL);
	rig_close(rig);
	rig_clear(rig);

	ck_assert_int_eq(rig_open_decoder(rig, "avc1.64001f", crop, false), 0);
	decode_all(rig, crop);
	ck_assert_uint_eq(output->visible.x, 8);
	ck_assert_uint_eq(output->visible.y, 4);
	ck_assert_uint_eq(output->visible.width, 118);
	ck_assert_uint_eq(output->visible.height, 58);
	ck_assert_uint_eq(output->coded_width, 128);
	ck_assert_int_eq(output->color.primaries, WC_PRIMARIES_UNSPECIFIED);
	rig_free(rig);
	media_free(crop);
	media_free(media);
}
END_TEST

/* ---- encoders ---- */

struct encode_row {
	const char *codec, *encoder, *file;
	enum wc_bitstream_format form;
	enum wc_latency_mode latency;
	uint32_t fourcc;
};

static const struct encode_row encode_rows[] = {
	{ "avc1.42001f", "libx264", "e.mkv", WC_BITSTREAM_CANONICAL, WC_LATENCY_QUALITY,
	  DRM_FORMAT_YUV420 },
	{ "avc1.64001f", "libx264", "e-rt.mkv", WC_BITSTREAM_CANONICAL, WC_LATENCY_REALTIME,
	  DRM_FORMAT_NV12 },
	{ "avc1.64001f", "libx264", "e.h264", WC_BITSTREAM_ANNEXB, WC_LATENCY_REALTIME,
	  DRM_FORMAT_YUV420 },
	{ "hvc1.1.6.L93.B0", "libx265", "e-hevc.mkv", WC_BITSTREAM_CANONICAL,
	  WC_LATENCY_REALTIME, DRM_FORMAT_YUV420 },
	{ "hvc1.1.6.L93.B0", "libx265", "e.hevc", WC_BITSTREAM_ANNEXB, WC_LATENCY_QUALITY,
	  DRM_FORMAT_NV12 },
	{ "vp8", "libvpx", "e-vp8.ivf", WC_BITSTREAM_CANONICAL, WC_LATENCY_REALTIME,
	  DRM_FORMAT_YUV420 },
	{ "vp8", "libvpx", "e-vp8-q.mkv", WC_BITSTREAM_CANONICAL, WC_LATENCY_QUALITY,
	  DRM_FORMAT_NV12 },
	{ "vp09.00.10.08", "libvpx-vp9", "e-vp9.ivf", WC_BITSTREAM_CANONICAL,
	  WC_LATENCY_REALTIME, DRM_FORMAT_YUV420 },
	{ "vp09.00.10.08", "libvpx-vp9", "e-vp9-q.mkv", WC_BITSTREAM_CANONICAL,
	  WC_LATENCY_QUALITY, DRM_FORMAT_YUV420 },
	{ "av01.0.04M.08", "libaom-av1", "e-av1.ivf", WC_BITSTREAM_CANONICAL,
	  WC_LATENCY_REALTIME, DRM_FORMAT_YUV420 },
	{ "av01.0.04M.08", "libaom-av1", "e-av1-q.ivf", WC_BITSTREAM_CANONICAL,
	  WC_LATENCY_QUALITY, DRM_FORMAT_YUV420 },
	{ "mjpeg", "mjpeg", "e-mjpeg.mkv", WC_BITSTREAM_CANONICAL, WC_LATENCY_QUALITY,
	  DRM_FORMAT_YUV420 },
};

#define N_ENCODE_ROWS ((int)(sizeof encode_rows / sizeof *encode_rows))

static const char *container_codec(const char *codec)
{
	static const char *const names[][2] = {
		{ "avc1", "h264" }, { "hvc1", "hevc" }, { "vp8", "vp8" }, { "vp09", "vp9" },
		{ "av01", "av1" }, { "mjpeg", "mjpeg" },
	};

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strncmp(codec, names[i][0], strlen(names[i][0])))
			return names[i][1];
	ck_abort();
}

static void write_outputs(const struct rig *rig, const char *path, const char *codec,
			  unsigned width, unsigned height)
{
	struct media_writer *writer = media_writer_new(
		path, container_codec(codec), width, height,
		rig->description_size ? rig->description : NULL, rig->description_size);

	for (unsigned i = 0; i < rig->n_outputs; i++)
		media_writer_add(writer, rig->outputs[i].data, rig->outputs[i].size,
				 rig->outputs[i].timestamp, rig->outputs[i].key);
	media_writer_close(writer);
}

/* A raw stream has no time. */
static bool has_time(const char *path)
{
	return strstr(path, ".mkv") || strstr(path, ".ivf");
}

static void judge(const struct rig *rig, const char *path, unsigned width, unsigned height)
{
	struct media_line lines[RIG_MAX];
	unsigned count = media_probe(path, lines, RIG_MAX);

	ck_assert_uint_eq(count, rig->n_outputs);
	for (unsigned i = 0; i < count; i++) {
		ck_assert_uint_eq(lines[i].width, width);
		ck_assert_uint_eq(lines[i].height, height);
		ck_assert_msg(lines[i].key == rig->outputs[i].key, "picture %u", i);
		if (has_time(path))
			ck_assert_double_eq_tol(lines[i].time,
						(double)rig->outputs[i].timestamp / 1e6, 0.001);
	}
}

/* What ffmpeg sees must look like what was painted. */
static void compare_first(struct rig *rig, const char *path, unsigned width, unsigned height)
{
	size_t size = (size_t)width * height * 3 / 2;
	struct wc_video_frame *frame = rig_frame(rig, DRM_FORMAT_YUV420, width, height, 0);
	uint8_t *data = malloc(size);
	uint64_t difference = 0;

	media_first_picture(path, data, size);
	for (size_t i = 0; i < size; i++)
		difference += (uint64_t)abs(data[i] - frame->buffer->objects[0].map[i]);
	ck_assert_msg(difference < 8 * size, "mean difference %.1f",
		      (double)difference / (double)size);
	free(data);
	wc_video_frame_unref(frame);
}

static struct wc_video_frame *painted(struct rig *rig, uint32_t fourcc, unsigned number)
{
	struct wc_video_frame *frame = rig_frame(rig, fourcc, 320, 240, number);
	struct wc_video_frame *i420;

	if (fourcc != DRM_FORMAT_NV12)
		return frame;
	/* The pattern is defined on planes: the same picture with U and V in turn. */
	i420 = rig_frame(rig, DRM_FORMAT_YUV420, 320, 240, number);
	for (unsigned y = 0; y < 120; y++) {
		for (unsigned x = 0; x < 160; x++) {
			uint8_t *to = video_frame_plane(frame, 1) + y * 320 + 2 * x;

			to[0] = video_frame_plane(i420, 1)[y * 160 + x];
			to[1] = video_frame_plane(i420, 2)[y * 160 + x];
		}
	}
	wc_video_frame_unref(i420);
	return frame;
}

static struct encoder_params usual_params(const struct encode_row *row)
{
	return (struct encoder_params) {
		.width = 320,
		.height = 240,
		.bitrate = 1000000,
		.framerate = 25,
		.latency_mode = row->latency,
		.bitstream_format = row->form,
	};
}

static void encode_some(struct rig *rig, uint32_t fourcc, unsigned first, unsigned count,
			unsigned key)
{
	for (unsigned i = first; i < first + count; i++)
		ck_assert_int_eq(rig_encode(rig, painted(rig, fourcc, i), i == key, -1), 0);
}

START_TEST(ffmpeg_decodes_what_is_encoded)
{
	const struct encode_row *row = &encode_rows[_i];
	struct encoder_params params = usual_params(row);
	const char *path = media_path(row->file);
	struct rig *rig = rig_new();

	if (media_has_encoder(row->encoder)) {
		ck_assert_int_eq(rig_open_encoder(rig, row->codec, &params), 0);
		encode_some(rig, row->fourcc, 0, 20, 7);
		rig_drain(rig);
		ck_assert_msg(rig->n_failed == 0, "%s", rig->error.message);
		ck_assert_uint_eq(rig->n_outputs, 20);
		for (unsigned i = 0; i < 20; i++) {
			ck_assert_int_eq(rig->outputs[i].timestamp, 40000 * (int)i);
			ck_assert(rig->outputs[i].has_duration);
			ck_assert_uint_eq(rig->outputs[i].duration, 40000);
			if (i == 0 || i == 7)
				ck_assert_msg(rig->outputs[i].key, "%u is no key chunk", i);
		}
		ck_assert_int_eq(rig->description_size != 0,
				 row->form == WC_BITSTREAM_CANONICAL &&
				 (row->codec[0] == 'h' || !strncmp(row->codec, "avc", 3)));
		write_outputs(rig, path, row->codec, 320, 240);
		judge(rig, path, 320, 240);
		compare_first(rig, path, 320, 240);
	}
	rig_free(rig);
}
END_TEST

/* After a drain, and after a reset in the middle, the stream goes on and stays whole. */
START_TEST(encoders_go_on_after_drain_and_reset)
{
	const struct encode_row *row = &encode_rows[_i];
	struct encoder_params params = usual_params(row);
	const char *path = media_path("again.mkv");
	struct rig *rig = rig_new();

	if (!strncmp(row->codec, "av01", 4) || row->form == WC_BITSTREAM_ANNEXB)
		path = media_path(strrchr(row->file, '.'));
	if (media_has_encoder(row->encoder)) {
		ck_assert_int_eq(rig_open_encoder(rig, row->codec, &params), 0);
		encode_some(rig, row->fourcc, 100, 5, 0);
		rig_reset(rig);
		rig_clear(rig);
		encode_some(rig, row->fourcc, 0, 5, 1000);
		rig_drain(rig);
		ck_assert_uint_eq(rig->n_outputs, 5);
		ck_assert(rig->outputs[0].key);
		encode_some(rig, row->fourcc, 5, 5, 1000);
		rig_drain(rig);
		rig_drain(rig);
		ck_assert_uint_eq(rig->n_drained, 3);
		ck_assert_uint_eq(rig->n_outputs, 10);
		write_outputs(rig, path, row->codec, 320, 240);
		judge(rig, path, 320, 240);
		compare_first(rig, path, 320, 240);
	}
	rig_free(rig);
}
END_TEST

START_TEST(encoder_dies_inside_its_callback)
{
	for (unsigned after = 1; after <= 3; after++) {
		struct encoder_params params = usual_params(&encode_rows[0]);
		struct rig *rig = rig_new();

		rig->hook = destroyers[_i];
		rig->after = destroyers[_i] == destroy_on_drained ? 1 : after;
		ck_assert_int_eq(rig_open_encoder(rig, "avc1.42001f", &params), 0);
		for (int round = 0; rig->session && round < 10; round++) {
			for (unsigned i = 0; rig->session && i < 40; i++)
				rig_encode(rig, painted(rig, DRM_FORMAT_YUV420, i), false, -1);
			if (rig->session)
				rig_drain(rig);
		}
		ck_assert_ptr_null(rig->session);
		rig_free(rig);
	}
}
END_TEST

/* Much that no prediction can foresee. */
static struct wc_video_frame *noisy(struct rig *rig, unsigned number)
{
	struct wc_video_frame *frame = rig_frame(rig, DRM_FORMAT_YUV420, 320, 240, number);
	uint8_t *data = video_frame_plane(frame, 0);
	uint32_t state = (number + 1) * 2654435761u;

	for (unsigned i = 0; i < 320 * 240; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		data[i] = (uint8_t)(96 + state % 64);
	}
	return frame;
}

static size_t mean_size(const struct rig *rig, unsigned from, unsigned to)
{
	size_t size = 0;

	for (unsigned i = from; i < to; i++)
		size += rig->outputs[i].size;
	return size / (to - from);
}

START_TEST(bitrate_changes_without_a_break)
{
	struct encoder_params params = usual_params(&encode_rows[1]);
	struct rig *rig = rig_new();

	params.bitrate = 2000000;
	params.bitrate_mode = WC_BITRATE_CONSTANT;
	ck_assert_int_eq(rig_open_encoder(rig, "avc1.64001f", &params), 0);
	encode_some(rig, DRM_FORMAT_YUV420, 0, 60, 1000);
	params.bitrate = 200000;
	ck_assert_int_eq(rig->session->ops->retune(rig->session, &params), 0);
	encode_some(rig, DRM_FORMAT_YUV420, 60, 60, 1000);
	rig_drain(rig);
	ck_assert_uint_eq(rig->n_outputs, 120);
	for (unsigned i = 1; i < 120; i++)
		ck_assert(!rig->outputs[i].key);
	ck_assert_uint_lt(3 * mean_size(rig, 90, 120), mean_size(rig, 20, 60));
	rig_free(rig);
}
END_TEST

/* Half as many frames a second: twice the bytes for each. */
START_TEST(framerate_changes_without_a_break)
{
	struct encoder_params params = usual_params(&encode_rows[1]);
	struct rig *rig = rig_new();

	params.bitrate = 800000;
	params.bitrate_mode = WC_BITRATE_CONSTANT;
	ck_assert_int_eq(rig_open_encoder(rig, "avc1.64001f", &params), 0);
	for (unsigned i = 0; i < 60; i++)
		ck_assert_int_eq(rig_encode(rig, noisy(rig, i), false, -1), 0);
	params.framerate = 12.5;
	ck_assert_int_eq(rig->session->ops->retune(rig->session, &params), 0);
	for (unsigned i = 60; i < 120; i++)
		ck_assert_int_eq(rig_encode(rig, noisy(rig, 2 * i), false, -1), 0);
	rig_drain(rig);
	ck_assert_uint_eq(rig->n_outputs, 120);
	for (unsigned i = 1; i < 120; i++)
		ck_assert(!rig->outputs[i].key);
	ck_assert_uint_gt(10 * mean_size(rig, 80, 120), 17 * mean_size(rig, 20, 60));
	ck_assert_uint_lt(10 * mean_size(rig, 80, 120), 23 * mean_size(rig, 20, 60));
	rig_free(rig);
}
END_TEST

START_TEST(each_frame_has_its_quantizer)
{
	struct encoder_params params = usual_params(&encode_rows[_i]);
	struct rig *rig = rig_new();

	params.bitrate_mode = WC_BITRATE_QUANTIZER;
	ck_assert_int_eq(rig_open_encoder(rig, "avc1.64001f", &params), 0);
	for (unsigned i = 0; i < 60; i++)
		ck_assert_int_eq(rig_encode(rig, noisy(rig, i), false, i < 30 ? 15 : 45), 0);
	rig_drain(rig);
	ck_assert_uint_eq(rig->n_outputs, 60);
	for (unsigned i = 1; i < 60; i++)
		ck_assert(!rig->outputs[i].key);
	/* At once: for the frame that it came with. */
	ck_assert_uint_lt(3 * mean_size(rig, 30, 31), mean_size(rig, 29, 30));
	ck_assert_uint_lt(3 * mean_size(rig, 30, 60), mean_size(rig, 1, 30));
	rig_close(rig);
	rig_clear(rig);

	ck_assert_int_eq(rig_open_encoder(rig, "mjpeg", &params), 0);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(rig_encode(rig, noisy(rig, i), false, i < 5 ? 2 : 20), 0);
	rig_drain(rig);
	ck_assert_uint_eq(rig->n_outputs, 10);
	ck_assert_uint_lt(3 * mean_size(rig, 5, 10), mean_size(rig, 0, 5));
	rig_close(rig);

	ck_assert_int_eq(rig_open_encoder(rig, "vp8", &params), WC_NOT_SUPPORTED_ERROR);
	check_error(rig, WC_NOT_SUPPORTED_ERROR, "quantizer");
	rig_free(rig);
}
END_TEST

/* What the stream claims is what was asked for, in byte 1 and 3 of the record. */
START_TEST(profile_and_level_are_those_of_the_codec_string)
{
	static const char *const codecs[] = { "avc1.42c015", "avc1.4d401e", "avc1.640028",
					      "avc1.6e001f", "avc1.7a0033" };
	static const uint32_t fourccs[] = { DRM_FORMAT_YUV420, DRM_FORMAT_NV12, DRM_FORMAT_YUV420,
					    DRM_FORMAT_S010, DRM_FORMAT_YUV422 };
	struct encoder_params params = usual_params(&encode_rows[0]);
	struct rig *rig = rig_new();
	struct codec_string codec;

	ck_assert_int_eq(codec_string_parse(codecs[_i], &codec), 0);
	ck_assert_int_eq(rig_open_encoder(rig, codecs[_i], &params), 0);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(rig_encode(rig, rig_frame(rig, fourccs[_i], 320, 240, i), false,
					    -1), 0);
	rig_drain(rig);
	ck_assert_uint_eq(rig->n_outputs, 5);
	ck_assert_uint_gt(rig->description_size, 4);
	ck_assert_int_eq(rig->description[1], codec.profile);
	ck_assert_int_eq(rig->description[3], codec.level);
	rig_free(rig);
}
END_TEST

/* Frames of the session, and others of the right form, are read where they are. */
START_TEST(frames_in_the_right_form_are_not_copied)
{
	struct encoder_params params = usual_params(&encode_rows[0]);
	struct rig *rig = rig_new();
	struct wc_session_info info;
	const struct timing timing = { 5, 0, false };

	params.fourcc = DRM_FORMAT_NV12;
	ck_assert_int_eq(rig_open_encoder(rig, "avc1.42001f", &params), 0);
	for (unsigned i = 0; i < 30; i++) {
		struct wc_video_frame *frame = rig->session->ops->alloc_frame(
			rig->session, &timing, &rig->error);

		ck_assert_ptr_nonnull(frame);
		ck_assert(frame->writable && frame->format.fourcc == DRM_FORMAT_NV12);
		ck_assert_uint_eq(frame->visible.width, 320);
		rig_paint(frame, i);
		ck_assert_int_eq(rig_encode(rig, frame, false, -1), 0);
	}
	rig_drain(rig);
	ck_assert_uint_eq(rig->n_outputs, 30);
	/* Time that stands still is the application's affair. */
	for (unsigned i = 0; i < 30; i++)
		ck_assert_int_eq(rig->outputs[i].timestamp, 5);
	rig->session->ops->describe(rig->session, &info);
	/* Key chunks get another form, pictures are untouched. */
	ck_assert_uint_lt(info.bytes_copied, 320 * 240);
	rig_free(rig);
}
END_TEST

/* The same picture in tiles of 32x32 bytes (pixfmt-yuv-planar.rst), in that fourcc and modifier. */
static struct wc_video_frame *in_tiles(struct rig *rig, struct wc_video_frame *rows,
				       enum tiling tiling)
{
	struct frame_format format = {
		.fourcc = DRM_FORMAT_NV12, .modifier = DRM_FORMAT_MOD_ALLWINNER_TILED,
		.tiling = tiling, .width = 320, .height = 240, .n_planes = 2,
		.planes = { { 0, 0, 320 }, { 0, 320 * 256, 320 } },
	};
	struct buffer *buffer = buffer_new_plain(rig->core, 320 * (256 + 128));
	struct wc_video_frame *frame = video_frame_new(rig->core, buffer, &format, &rows->visible,
						       &rows->timing);

	for (unsigned p = 0; p < 2; p++)
		for (size_t y = 0; y < (p ? 120 : 240); y++)
			for (size_t x = 0; x < 320; x++)
				video_frame_plane(frame, p)[(y / 32 * 10 + x / 32) * 1024 +
							    y % 32 * 32 + x % 32] =
					video_frame_plane(rows, p)[y * 320 + x];
	frame->color_space = rows->color_space;
	buffer_unref(buffer);
	wc_video_frame_unref(rows);
	return frame;
}

static struct rig *encode_nv12(enum tiling tiling, bool tiled)
{
	struct encoder_params params = usual_params(&encode_rows[0]);
	struct rig *rig = rig_new();

	params.fourcc = DRM_FORMAT_NV12;
	ck_assert_int_eq(rig_open_encoder(rig, "mjpeg", &params), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct wc_video_frame *frame = painted(rig, DRM_FORMAT_NV12, i);

		if (tiled)
			frame = in_tiles(rig, frame, tiling);
		ck_assert_int_eq(rig_encode(rig, frame, false, -1), 0);
	}
	rig_drain(rig);
	return rig;
}

START_TEST(tiles_are_encoded_as_rows_are)
{
	struct rig *rows = encode_nv12(TILING_LINEAR, false);
	struct rig *tiles = encode_nv12(TILING_32X32, true);

	ck_assert_msg(tiles->n_failed == 0, "%s", tiles->error.message);
	ck_assert_uint_eq(tiles->n_outputs, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(tiles->outputs[i].size, rows->outputs[i].size);
		ck_assert_mem_eq(tiles->outputs[i].data, rows->outputs[i].data,
				 rows->outputs[i].size);
	}
	rig_free(rows);
	rig_free(tiles);
}
END_TEST

/* The same bytes with a layout that nobody knows are one error, and no picture of noise. */
START_TEST(what_does_not_lie_in_rows_is_not_read_as_rows)
{
	struct rig *rig = encode_nv12(TILING_OPAQUE, true);

	ck_assert_uint_eq(rig->n_outputs, 0);
	ck_assert_uint_eq(rig->n_failed, 1);
	ck_assert_int_eq(rig->error.name, WC_ENCODING_ERROR);
	rig_free(rig);
}
END_TEST

static struct wc_video_frame *alloc_frame(struct rig *rig)
{
	const struct timing timing = { 5, 0, false };
	struct wc_video_frame *frame;

	frame = rig->session->ops->alloc_frame(rig->session, &timing, &rig->error);
	ck_assert_ptr_nonnull(frame);
	return frame;
}

/* However large they are. */
START_TEST(frames_of_an_encoder_are_used_again)
{
	struct encoder_params params = usual_params(&encode_rows[0]);
	struct wc_video_frame *frames[3];
	struct rig *rig = rig_new();
	uint64_t buffers = 0;

	params.width = 2048;
	params.height = 1536;
	ck_assert_int_eq(rig_open_encoder(rig, "avc1.420033", &params), 0);
	for (int turn = 0; turn < 4; turn++) {
		for (int i = 0; i < 3; i++)
			frames[i] = alloc_frame(rig);
		for (int i = 0; i < 3; i++)
			wc_video_frame_unref(frames[i]);
		if (turn == 0)
			buffers = rig->core->counters.buffers;
		ck_assert_uint_eq(rig->core->counters.buffers, buffers);
		ck_assert_uint_ge(shrinker_list_idle(&rig->core->shrinkers),
				  3 * 2048 * 1536 * 3 / 2);
	}
	rig_free(rig);
}
END_TEST

START_TEST(other_sizes_and_formats_are_converted)
{
	static const uint32_t fourccs[] = { DRM_FORMAT_YUV420, DRM_FORMAT_NV12,
					    DRM_FORMAT_YUYV, DRM_FORMAT_ABGR8888 };
	const char *path = media_path("scaled.mkv");
	struct encoder_params params = usual_params(&encode_rows[5]);
	struct rig *rig = rig_new();
	struct wc_session_info info;

	ck_assert_int_eq(rig_open_encoder(rig, "vp8", &params), 0);
	for (unsigned i = 0; i < 12; i++)
		ck_assert_int_eq(rig_encode(rig, rig_frame(rig, fourccs[i % 4], 300 + 40 * (i / 4),
							   200 + 30 * i, i), false, -1), 0);
	rig_drain(rig);
	ck_assert_msg(rig->n_failed == 0, "%s", rig->error.message);
	ck_assert_uint_eq(rig->n_outputs, 12);
	rig->session->ops->describe(rig->session, &info);
	ck_assert_uint_eq(info.bytes_copied, 12 * 320 * 240 * 3 / 2);
	write_outputs(rig, path, "vp8", 320, 240);
	judge(rig, path, 320, 240);
	rig_free(rig);
}
END_TEST

START_TEST(colours_of_frames_are_told)
{
	static const struct wc_video_color_space colors[2] = {
		{ WC_PRIMARIES_BT709, WC_TRANSFER_BT709, WC_MATRIX_BT709, WC_COLOR_RANGE_LIMITED },
		{ WC_PRIMARIES_SMPTE170M, WC_TRANSFER_SMPTE170M, WC_MATRIX_SMPTE170M,
		  WC_COLOR_RANGE_FULL },
	};
	const char *path = media_path("colour.mkv");
	struct encoder_params params = usual_params(&encode_rows[1]);
	struct rig *rig = rig_new();
	char text[128];

	ck_assert_int_eq(rig_open_encoder(rig, "avc1.64001f", &params), 0);
	for (unsigned i = 0; i < 10; i++) {
		struct wc_video_frame *frame = painted(rig, DRM_FORMAT_YUV420, i);

		frame->color_space = colors[i / 5];
		ck_assert_int_eq(rig_encode(rig, frame, false, -1), 0);
	}
	rig_drain(rig);
	ck_assert_uint_eq(rig->n_outputs, 10);
	ck_assert_uint_eq(rig->n_descriptions, 2);
	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(rig->outputs[i].color.matrix, colors[i / 5].matrix);
		ck_assert_int_eq(rig->outputs[i].color.range, colors[i / 5].range);
		ck_assert_int_eq(rig->outputs[i].key, i % 5 == 0);
	}
	rig_close(rig);
	rig_clear(rig);

	ck_assert_int_eq(rig_open_encoder(rig, "avc1.64001f", &params), 0);
	for (unsigned i = 0; i < 5; i++) {
		struct wc_video_frame *frame = painted(rig, DRM_FORMAT_YUV420, i);

		frame->color_space = colors[1];
		ck_assert_int_eq(rig_encode(rig, frame, false, -1), 0);
	}
	rig_drain(rig);
	write_outputs(rig, path, "avc1", 320, 240);
	media_stream_entries(path, "color_range,color_space,color_transfer,color_primaries", text,
			     sizeof text);
	ck_assert_str_eq(text, "pc,smpte170m,smpte170m,smpte170m");
	rig_free(rig);
}
END_TEST

START_TEST(what_cannot_be_encoded_is_said_at_once)
{
	struct encoder_params params = usual_params(&encode_rows[0]);
	struct rig *rig = rig_new();
	char name[32] = "";

	ck_assert_int_eq(rig_open_encoder(rig, "fwht", &params), WC_NOT_SUPPORTED_ERROR);
	check_error(rig, WC_NOT_SUPPORTED_ERROR, "fwht");
	ck_assert(!software_encoder_probe(&params, name, sizeof name));
	params.width = 1920;
	params.height = 1080;
	ck_assert_int_eq(rig_open_encoder(rig, "avc1.42001f", &params), WC_NOT_SUPPORTED_ERROR);
	check_error(rig, WC_NOT_SUPPORTED_ERROR, "level");
	ck_assert(!software_encoder_probe(&params, name, sizeof name));
	params.width = 319;
	params.height = 239;
	ck_assert_int_eq(rig_open_encoder(rig, "avc1.42001f", &params), WC_NOT_SUPPORTED_ERROR);
	check_error(rig, WC_NOT_SUPPORTED_ERROR, "libx264");
	params.fourcc = DRM_FORMAT_P010;
	params.width = 320;
	params.height = 240;
	ck_assert_int_eq(rig_open_encoder(rig, "avc1.42001f", &params), 0);
	ck_assert(software_encoder_probe(&params, name, sizeof name));
	ck_assert_str_eq(name, "libx264");
	rig_free(rig);
}
END_TEST

START_TEST(a_frame_that_cannot_be_read_is_an_error)
{
	struct encoder_params params = usual_params(&encode_rows[0]);
	struct rig *rig = rig_new();
	struct wc_video_frame *frame = painted(rig, DRM_FORMAT_YUV420, 0);
	uint8_t *map = frame->buffer->objects[0].map;

	ck_assert_int_eq(rig_open_encoder(rig, "avc1.42001f", &params), 0);
	rig->hook = destroy_on_failed;
	rig->after = 1;
	frame->buffer->objects[0].map = NULL;
	wc_video_frame_ref(frame);
	ck_assert_int_eq(rig_encode(rig, frame, false, -1), 0);
	while (!rig->n_failed)
		ck_assert_int_eq(loop_dispatch(&rig->loop, 60000), 0);
	check_error(rig, WC_ENCODING_ERROR, "cannot read the picture");
	ck_assert_uint_eq(rig->n_failed, 1);
	frame->buffer->objects[0].map = map;
	wc_video_frame_unref(frame);
	rig_free(rig);
}
END_TEST

/* ---- both ---- */

/* What goes to the standard error output while a session lives, codec libraries included. */
static size_t printed_by_session(void (*use)(struct rig *rig))
{
	FILE *capture = tmpfile();
	struct rig *rig = rig_new();
	int saved = dup(STDERR_FILENO);
	long size;

	ck_assert_ptr_nonnull(capture);
	fflush(stderr);
	dup2(fileno(capture), STDERR_FILENO);
	use(rig);
	rig_free(rig);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	fseek(capture, 0, SEEK_END);
	size = ftell(capture);
	fclose(capture);
	return (size_t)size;
}

static int chosen;

static void use_decoder(struct rig *rig)
{
	const struct decode_row *row = &decode_rows[chosen];
	struct media *media = media_make(row->file, WIDTH, HEIGHT, PICTURES, row->arguments);
	struct media_unit bad = { media->units[0].data + 3, media->units[0].size - 3, 0, true };

	ck_assert_int_eq(rig_open_decoder(rig, row->codec, media, false), 0);
	decode_all(rig, media);
	rig_decode(rig, &bad);
	media_free(media);
}

static void use_encoder(struct rig *rig)
{
	const struct encode_row *row = &encode_rows[chosen];
	struct encoder_params params = usual_params(row);

	ck_assert_int_eq(rig_open_encoder(rig, row->codec, &params), 0);
	encode_some(rig, row->fourcc, 0, 5, 1000);
	rig_drain(rig);
}

START_TEST(decoders_print_nothing)
{
	chosen = _i;
	if (media_has_encoder(decode_rows[_i].encoder))
		ck_assert_uint_eq(printed_by_session(use_decoder), 0);
}
END_TEST

START_TEST(encoders_print_nothing)
{
	chosen = _i;
	if (media_has_encoder(encode_rows[_i].encoder))
		ck_assert_uint_eq(printed_by_session(use_encoder), 0);
}
END_TEST

/* Chunks of an encoder have room behind them, so a decoder can read them where they are. */
START_TEST(chunks_can_be_decoded_without_a_copy)
{
	const struct encode_row *row = &encode_rows[_i];
	struct encoder_params params = usual_params(row);
	struct rig *rig = rig_new();

	if (media_has_encoder(row->encoder)) {
		ck_assert_int_eq(rig_open_encoder(rig, row->codec, &params), 0);
		encode_some(rig, row->fourcc, 0, 10, 4);
		rig_drain(rig);
		ck_assert_uint_eq(rig->n_outputs, 10);
		for (unsigned i = 0; i < 10; i++)
			ck_assert(rig->outputs[i].padded);
	}
	rig_free(rig);
}
END_TEST

/* The mask in a line of /proc: bit n - 1 stands for signal n. */
static unsigned check_thread(const char *path)
{
	/* The kernel never blocks KILL and STOP, the C library keeps 32 and 33 for itself. */
	const uint64_t exempt = UINT64_C(1) << (SIGKILL - 1) | UINT64_C(1) << (SIGSTOP - 1) |
				UINT64_C(3) << 31;
	unsigned long long mask = 0;
	FILE *file = fopen(path, "r");
	char line[256];

	if (!file)
		return 0;
	while (fgets(line, sizeof line, file))
		sscanf(line, "SigBlk: %llx", &mask);
	fclose(file);
	ck_assert_msg((mask | exempt) == UINT64_MAX, "%s: %llx", path, mask);
	return 1;
}

static unsigned check_other_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	unsigned count = 0;
	char path[300];

	ck_assert_ptr_nonnull(tasks);
	while ((entry = readdir(tasks))) {
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
		count += check_thread(path);
	}
	closedir(tasks);
	return count;
}

/* No handler of the application may run in a thread that it does not know of. */
START_TEST(threads_take_no_signals)
{
	const struct encode_row *row = &encode_rows[_i];
	struct encoder_params params = usual_params(row);
	struct media *media = plain_media();
	struct rig *encoder = rig_new(), *decoder = rig_new();

	if (media_has_encoder(row->encoder)) {
		ck_assert_int_eq(rig_open_encoder(encoder, row->codec, &params), 0);
		encode_some(encoder, row->fourcc, 0, 6, 1000);
	}
	ck_assert_int_eq(rig_open_decoder(decoder, "avc1.64001f", media, false), 0);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(rig_decode(decoder, &media->units[i]), 0);
	ck_assert_uint_ge(check_other_threads(), 2);
	rig_free(decoder);
	rig_free(encoder);
	media_free(media);
}
END_TEST

static void add_decoder_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, decodes_as_ffmpeg_does, 0, N_DECODE_ROWS);
	tcase_add_loop_test(tcase, decodes_with_low_latency_as_ffmpeg_does, 0, N_DECODE_ROWS);
	tcase_add_loop_test(tcase, decoders_print_nothing, 0, N_DECODE_ROWS);
	tcase_add_loop_test(tcase, garbage_is_an_error, 0, N_CODECS);
	tcase_add_test(tcase, an_empty_chunk_is_an_error);
	tcase_add_test(tcase, what_cannot_be_decoded_is_said_at_once);
	if (!media_has_encoder("libx264"))
		return;
	tcase_add_test(tcase, low_latency_gives_each_frame_at_once);
	tcase_add_test(tcase, order_is_kept_without_a_word_on_reordering);
	tcase_add_test(tcase, a_full_session_refuses_and_calls_back);
	tcase_add_test(tcase, frames_that_are_held_stop_nothing);
	tcase_add_loop_test(tcase, throttled_ones_decode_as_ffmpeg_does, 0, N_DECODE_ROWS);
	tcase_add_test(tcase, throttled_ones_work_on_one_chunk_at_a_time);
	tcase_add_test(tcase, throttling_loses_nothing_that_was_under_way);
	tcase_add_loop_test(tcase, a_rest_ends_early, 0, N_ENDS);
	tcase_add_test(tcase, reset_leaves_nothing_stale);
	tcase_add_loop_test(tcase, decoder_dies_inside_its_callback, 0, N_DESTROYERS);
	tcase_add_test(tcase, decoder_is_reset_inside_its_callback);
	tcase_add_test(tcase, destroy_does_not_wait_for_dispatch);
	tcase_add_test(tcase, broken_streams_end_in_one_failure_at_most);
	tcase_add_test(tcase, chunks_in_memory_of_the_session_are_not_copied);
	tcase_add_test(tcase, frames_tell_aspect_crop_and_colours);
}

static void add_encoder_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, ffmpeg_decodes_what_is_encoded, 0, N_ENCODE_ROWS);
	tcase_add_loop_test(tcase, encoders_go_on_after_drain_and_reset, 0, N_ENCODE_ROWS);
	tcase_add_loop_test(tcase, encoders_print_nothing, 0, N_ENCODE_ROWS);
	tcase_add_loop_test(tcase, chunks_can_be_decoded_without_a_copy, 0, N_ENCODE_ROWS);
	if (media_has_encoder("libvpx"))
		tcase_add_test(tcase, other_sizes_and_formats_are_converted);
	if (!media_has_encoder("libx264"))
		return;
	tcase_add_test(tcase, frames_of_an_encoder_are_used_again);
	tcase_add_loop_test(tcase, encoder_dies_inside_its_callback, 0, N_DESTROYERS);
	tcase_add_test(tcase, bitrate_changes_without_a_break);
	tcase_add_test(tcase, framerate_changes_without_a_break);
	tcase_add_loop_test(tcase, each_frame_has_its_quantizer, 0, 2);
	tcase_add_loop_test(tcase, profile_and_level_are_those_of_the_codec_string, 0, 5);
	tcase_add_test(tcase, frames_in_the_right_form_are_not_copied);
	tcase_add_test(tcase, tiles_are_encoded_as_rows_are);
	tcase_add_test(tcase, what_does_not_lie_in_rows_is_not_read_as_rows);
	tcase_add_test(tcase, colours_of_frames_are_told);
	tcase_add_loop_test(tcase, threads_take_no_signals, 0, N_ENCODE_ROWS);
	tcase_add_test(tcase, what_cannot_be_encoded_is_said_at_once);
	tcase_add_test(tcase, a_frame_that_cannot_be_read_is_an_error);
}

/* x265 forgets some of its memory with each encoder, x264 with each one that it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libx264.so\nleak:libx265.so\n";
}

/*
 * The codec libraries are not instrumented, so what orders their threads cannot be seen: neither
 * inside them nor where a thread of theirs gives our memory back.
 */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:libavcodec.so\ncalled_from_lib:libavutil.so\n"
	       "called_from_lib:libavformat.so\ncalled_from_lib:libdav1d.so\n"
	       "called_from_lib:libx264.so\ncalled_from_lib:libx265.so\n"
	       "called_from_lib:libvpx.so\ncalled_from_lib:libaom.so\n"
	       "race:release_chunk\nrace:release_frame\nrace:release_buffer\n";
}

/* What cannot be tried here is said, not passed over. */
static void say_skipped(void)
{
	unsigned skipped = 0;

	for (int i = 0; i < N_DECODE_ROWS; i++) {
		if (media_has_encoder(decode_rows[i].encoder))
			continue;
		printf("skipped: decoding %s, for want of the encoder %s\n", decode_rows[i].codec,
		       decode_rows[i].encoder);
		skipped++;
	}
	for (int i = 0; i < N_ENCODE_ROWS; i++) {
		if (media_has_encoder(encode_rows[i].encoder))
			continue;
		printf("skipped: encoding %s, for want of %s\n", encode_rows[i].codec,
		       encode_rows[i].encoder);
		skipped++;
	}
	if (skipped)
		printf("skipped: %u of %d streams\n", skipped, N_DECODE_ROWS + N_ENCODE_ROWS);
}

int main(void)
{
	Suite *suite = suite_create("software");
	TCase *decoders = tcase_create("decoders"), *encoders = tcase_create("encoders");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (!media_has_tools()) {
		printf("skipped: ffmpeg and ffprobe are missing\n");
		return 77;
	}
	if (!media_begin()) {
		perror("a directory for streams");
		return EXIT_FAILURE;
	}
	say_skipped();
	suite_add_tcase(suite, decoders);
	suite_add_tcase(suite, encoders);
	tcase_set_timeout(decoders, 300);
	tcase_set_timeout(encoders, 300);
	add_decoder_tests(decoders);
	add_encoder_tests(encoders);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
