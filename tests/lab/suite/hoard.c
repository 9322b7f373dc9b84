/* SPDX-License-Identifier: MIT */
/*
 * An application that keeps every frame of a decoder, in a control group that has not the memory
 * for them: real pictures of a software decoder, which the group is charged with. Beside it there
 * are things that may go: a cache of frames, and a decoder in the background that does nothing.
 *
 *   hoard on|off     with the ladder, force close allowed, or without anybody who watches memory
 *
 * Each step of the ladder is printed as it is taken ("step trim"), each level ("level low"), at the
 * end what came out ("decoded N, closed N"). 77 without a software codec. The group is the guest's.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <webcodecs/webcodecs.h>

#include "picture.h"
#include "tap.h"

#define GROUP "/sys/fs/cgroup/hoard"
#define LIMIT "100663296"

#define CODEC "vp8"
#define WIDTH 640
#define HEIGHT 360
#define STEP 40000

/* A film of so many pictures is shown again and again: 205 MB, more than twice the limit. */
#define PICTURES 30
#define ROUNDS 20
#define FRAMES (PICTURES * ROUNDS)

#define CACHED 12

static const struct picture picture = {
	.fourcc = DRM_FORMAT_YUV420, .width = WIDTH, .height = HEIGHT,
};

static struct {
	struct wc_encoded_video_chunk_init init;
	uint8_t *data;
	size_t size;
} film[PICTURES];
static unsigned n_film;

static struct wc_context *context;
static struct wc_frame_cache *cache;
static struct wc_video_frame *frames[FRAMES];
static unsigned n_frames;
static bool flushed;
static bool reclaimed;

static void put(const char *name, const char *value)
{
	char path[100];
	int fd;

	snprintf(path, sizeof path, GROUP "/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		tap_bail("%s: %s", path, strerror(errno));
	close(fd);
}

static void enter_group(void)
{
	char pid[20];

	if (mkdir(GROUP, 0755) < 0 && errno != EEXIST)
		tap_bail(GROUP ": %s", strerror(errno));
	put("memory.max", LIMIT);
	snprintf(pid, sizeof pid, "%d", getpid());
	put("cgroup.procs", pid);
}

static void on_flushed(enum wc_status status, void *user_data)
{
	(void)user_data;
	if (status != WC_OK)
		tap_bail("a flush ended with %s", wc_status_name(status));
	flushed = true;
}

static void on_error(const struct wc_error *error, void *user_data)
{
	if (!user_data || error->name != WC_QUOTA_EXCEEDED_ERROR)
		tap_bail("a codec failed: %s", error->message);
	*(bool *)user_data = true;
}

/* ---- the film, made outside of the group ----------------------------------------------------- */

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	size_t size = wc_encoded_video_chunk_get_size(chunk);
	unsigned n = n_film++;

	(void)metadata;
	(void)user_data;
	film[n].init.type = wc_encoded_video_chunk_get_type(chunk);
	film[n].size = size;
	film[n].data = malloc(size);
	if (!film[n].data)
		tap_bail("no memory");
	memcpy(film[n].data, wc_encoded_video_chunk_get_data(chunk), size);
	wc_encoded_video_chunk_unref(chunk);
}

static void encode_picture(struct wc_video_encoder *encoder, unsigned n, uint8_t *data)
{
	struct wc_video_frame_init init = {
		.fourcc = picture.fourcc, .coded_width = WIDTH, .coded_height = HEIGHT,
		.timestamp = (int64_t)n * STEP,
	};
	struct wc_video_frame *frame;

	picture_draw(&picture, n, data);
	if (wc_video_frame_new(context, data, picture_size(&picture), &init, &frame) < 0 ||
	    wc_video_encoder_encode(encoder, frame, NULL) < 0)
		tap_bail("cannot encode a frame");
	wc_video_frame_unref(frame);
	while (wc_video_encoder_get_queue_size(encoder) > 2)
		wc_context_dispatch(context, -1);
}

static void make_film(void)
{
	struct wc_video_encoder_init init = { .output = on_chunk, .error = on_error };
	struct wc_video_encoder_config config = {
		.codec = CODEC, .width = WIDTH, .height = HEIGHT, .key_interval = PICTURES,
		.hardware_acceleration = WC_HARDWARE_PREFER_SOFTWARE,
		.latency_mode = WC_LATENCY_REALTIME,
	};
	struct wc_video_encoder *encoder;
	uint8_t *data = malloc(picture_size(&picture));
	bool supported;

	if (!data || wc_video_encoder_is_config_supported(context, &config, &supported, NULL) < 0)
		tap_bail("no memory");
	if (!supported)
		exit(77);
	if (wc_video_encoder_new(context, &init, &encoder) < 0 ||
	    wc_video_encoder_configure(encoder, &config) < 0)
		tap_bail("no encoder");
	for (unsigned i = 0; i < PICTURES; i++)
		encode_picture(encoder, i, data);
	flushed = false;
	wc_video_encoder_flush(encoder, on_flushed, NULL);
	while (!flushed)
		wc_context_dispatch(context, -1);
	wc_video_encoder_destroy(encoder);
	free(data);
	if (n_film != PICTURES)
		tap_bail("%d frames gave %u chunks", PICTURES, n_film);
}

/* ---- decoders -------------------------------------------------------------------------------- */

static struct wc_video_decoder *new_decoder(wc_video_frame_callback output, void *user_data)
{
	struct wc_video_decoder_init init = {
		.output = output, .error = on_error, .user_data = user_data,
	};
	struct wc_video_decoder_config config = {
		.codec = CODEC, .hardware_acceleration = WC_HARDWARE_PREFER_SOFTWARE,
	};
	struct wc_video_decoder *decoder;

	if (wc_video_decoder_new(context, &init, &decoder) < 0 ||
	    wc_video_decoder_configure(decoder, &config) < 0)
		tap_bail("no decoder");
	return decoder;
}

static void show(struct wc_video_decoder *decoder, unsigned n)
{
	struct wc_encoded_video_chunk *chunk;

	film[n % PICTURES].init.timestamp = (int64_t)n * STEP;
	if (wc_encoded_video_chunk_new(context, film[n % PICTURES].data, film[n % PICTURES].size,
				       &film[n % PICTURES].init, &chunk) < 0 ||
	    wc_video_decoder_decode(decoder, chunk) < 0)
		tap_bail("cannot decode a chunk");
	wc_encoded_video_chunk_unref(chunk);
	while (wc_video_decoder_get_queue_size(decoder) > 2)
		wc_context_dispatch(context, -1);
}

static void show_all(struct wc_video_decoder *decoder, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		show(decoder, i);
	flushed = false;
	wc_video_decoder_flush(decoder, on_flushed, NULL);
	while (!flushed)
		wc_context_dispatch(context, -1);
}

static void on_idle_frame(struct wc_video_frame *frame, void *user_data)
{
	(void)user_data;
	wc_frame_cache_put(cache, wc_video_frame_get_timestamp(frame), frame);
	wc_video_frame_unref(frame);
}

/* A decoder of which nothing is wanted any more, and a cache with what it made. */
static struct wc_video_decoder *make_idle_decoder(void)
{
	struct wc_reclaim_traits traits = { .background = true };
	struct wc_frame_cache_options options = { .max_frames = CACHED };
	struct wc_video_decoder *decoder;

	if (wc_frame_cache_new(context, &options, &cache) < 0)
		tap_bail("no cache");
	decoder = new_decoder(on_idle_frame, &reclaimed);
	show_all(decoder, CACHED);
	wc_video_decoder_set_reclaim_traits(decoder, &traits);
	return decoder;
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	(void)user_data;
	if (n_frames == FRAMES || wc_video_frame_get_timestamp(frame) != (int64_t)n_frames * STEP)
		tap_bail("frame %u has the time %lld", n_frames,
			 (long long)wc_video_frame_get_timestamp(frame));
	frames[n_frames++] = frame;
}

static void on_pressure(struct wc_context *c, const struct wc_pressure_event *event,
			void *user_data)
{
	(void)c;
	(void)user_data;
	if (event->step == WC_PRESSURE_NO_STEP)
		printf("level %s\n", wc_pressure_level_name(event->level));
	else
		printf("step %s\nfreed %llu KB with %u frames\n",
		       wc_pressure_step_name(event->step),
		       (unsigned long long)event->freed / 1024, n_frames);
}

int main(int argc, char **argv)
{
	bool on = argc == 2 && strcmp(argv[1], "on") == 0;
	struct wc_video_decoder *idle, *decoder;
	unsigned closed = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc != 2 || (!on && strcmp(argv[1], "off") != 0) || !getenv("WC_LAB"))
		tap_bail("usage, in the lab: hoard on|off");
	if (wc_context_new(NULL, &context) < 0)
		tap_bail("no context");
	make_film();
	enter_group();
	if (on && (wc_context_watch_pressure(context, on_pressure, NULL) < 0 ||
		   wc_context_allow_force_close(context, true) < 0))
		tap_bail("memory is not watched");
	idle = make_idle_decoder();
	decoder = new_decoder(on_frame, NULL);
	show_all(decoder, FRAMES);
	for (unsigned i = 0; i < n_frames; i++) {
		closed += wc_video_frame_is_closed(frames[i]);
		wc_video_frame_unref(frames[i]);
	}
	printf("decoded %u, closed %s\nreclaimed %s\n", n_frames, closed ? "some" : "none",
	       reclaimed ? "yes" : "no");
	wc_video_decoder_destroy(decoder);
	wc_video_decoder_destroy(idle);
	wc_frame_cache_destroy(cache);
	for (unsigned i = 0; i < PICTURES; i++)
		free(film[i].data);
	wc_context_unref(context);
	return 0;
}
