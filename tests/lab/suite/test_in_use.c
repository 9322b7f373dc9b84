/* SPDX-License-Identifier: MIT */
/*
 * A decoder on a device of two contexts loses its own while its frames are in use: one is on the
 * screen, one is mapped, and an encoder, which has the other context, is reading them. Whoever
 * comes next has a context at once, and nobody who uses a frame notices anything.
 *
 *     test_in_use CARD CRC MEMORY...
 *
 * CRC: the directory of a CRTC's checksums in debugfs. MEMORY: what the decoder writes into,
 * driver, heap, udmabuf or dumb; with each it is first closed by the application, then reclaimed
 * for a decoder of higher priority. The contexts are those of tests/lab/plugin, with ENOMEM at
 * REQBUFS when there is none left.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <libv4l2.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crc.h"
#include "player.h"
#include "tap.h"

#define WIDTH 640
#define HEIGHT 360
#define SIZE ((uint64_t)WIDTH * HEIGHT * 3 / 2)
#define FRAMES 12
#define HELD 8

static const char *card, *memory;      /* memory: the name of what is tested */
static struct stream stream, other;

/* ---- what there is in process and kernel ----------------------------------------------------- */

static unsigned count_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Of the whole guest: the last line of the list says how many. */
static unsigned count_dma_bufs(void)
{
	FILE *file = fopen("/sys/kernel/debug/dma_buf/bufinfo", "r");
	unsigned n = 0;
	char line[256];
	bool found = false;

	while (file && fgets(line, sizeof line, file))
		found |= sscanf(line, "Total %u objects", &n) == 1;
	if (!found)
		tap_bail("the kernel does not count DMA-BUFs");
	fclose(file);
	return n;
}

/* A mapping of the device would keep its context in the kernel, whoever closed it. */
static bool maps_a_device(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	bool found = false;
	char line[512];

	if (!file)
		tap_bail("no list of mappings");
	while (fgets(line, sizeof line, file))
		found |= strstr(line, "/dev/video") != NULL;
	fclose(file);
	return found;
}

/* Whether somebody who opens the device now gets a context, as those do who ask for buffers. */
static bool is_free(const char *device)
{
	struct v4l2_requestbuffers request = { .memory = V4L2_MEMORY_MMAP, .count = 1 };
	struct v4l2_capability capability = { 0 };
	int fd = v4l2_open(device, O_RDWR | O_CLOEXEC);
	bool good;

	if (fd < 0 || v4l2_ioctl(fd, VIDIOC_QUERYCAP, &capability) < 0)
		tap_bail("%s: %s", device, strerror(errno));
	request.type = capability.device_caps & V4L2_CAP_VIDEO_M2M_MPLANE ?
		       V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT;
	good = v4l2_ioctl(fd, VIDIOC_REQBUFS, &request) == 0;
	if (!good && errno != ENOMEM)
		tap_bail("%s: REQBUFS: %s", device, strerror(errno));
	v4l2_close(fd);
	return good;
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- an encoder that reads frames where they are --------------------------------------------- */

struct encoder {
	struct wc_context *context;            /* of its own: it must not protect the decoder */
	struct wc_video_encoder *encoder;
	uint8_t *chunks[HELD];
	size_t sizes[HELD];
	unsigned n_chunks;
};

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	size_t size = wc_encoded_video_chunk_get_size(chunk);
	struct encoder *e = user_data;

	(void)metadata;
	if (e->n_chunks == HELD || !(e->chunks[e->n_chunks] = malloc(size)))
		tap_bail("there is no room for a chunk");
	memcpy(e->chunks[e->n_chunks], wc_encoded_video_chunk_get_data(chunk), size);
	e->sizes[e->n_chunks++] = size;
	wc_encoded_video_chunk_unref(chunk);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	(void)user_data;
	tap_bail("the encoder: %s", error->message);
}

static void encoder_open(struct encoder *e)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = e,
	};
	struct wc_video_encoder_config config = {
		.codec = "fwht", .width = WIDTH, .height = HEIGHT, .copy = WC_COPY_NEVER,
		.key_interval = HELD / 2, .hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};

	memset(e, 0, sizeof *e);
	if (wc_context_new(NULL, &e->context) < 0 ||
	    wc_video_encoder_new(e->context, &init, &e->encoder) < 0 ||
	    wc_video_encoder_configure(e->encoder, &config) < 0)
		tap_bail("no encoder");
}

static void encode(struct encoder *e, const struct player *player, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		if (wc_video_encoder_encode(e->encoder, player->held[i], NULL) < 0)
			tap_bail("cannot encode a frame");
}

static bool wait_for_chunks(struct encoder *e, unsigned n)
{
	for (unsigned i = 0; i < 100 && e->n_chunks < n; i++)
		wc_context_dispatch(e->context, 100);
	return e->n_chunks == n;
}

static bool same_chunks(const struct encoder *a, const struct encoder *b)
{
	for (unsigned i = 0; i < HELD; i++)
		if (a->n_chunks != HELD || b->n_chunks != HELD || a->sizes[i] != b->sizes[i] ||
		    memcmp(a->chunks[i], b->chunks[i], a->sizes[i]) != 0)
			return false;
	return true;
}

static void encoder_close(struct encoder *e)
{
	wc_video_encoder_destroy(e->encoder);
	wc_context_unref(e->context);
}

static void encoder_forget(struct encoder *e)
{
	for (unsigned i = 0; i < e->n_chunks; i++)
		free(e->chunks[i]);
}

/* ---- a display, which shows the memory as it is at each refresh ------------------------------ */

struct display {
	struct screen screen;
	struct failure failure;
	struct crc crc;
	uint32_t framebuffers[2], sums[2];
};

/* The luma of a frame as a framebuffer of four bytes a pixel: what it means does not matter. */
static uint32_t add_framebuffer(int fd, struct wc_video_frame *frame)
{
	uint32_t handles[4] = { 0 }, pitches[4] = { 0 }, offsets[4] = { 0 }, id = 0;
	struct drm_gem_close end = { 0 };
	struct wc_dma_buf dma_buf;

	if (wc_video_frame_export_dma_buf(frame, &dma_buf) < 0 ||
	    drmPrimeFDToHandle(fd, dma_buf.objects[0].fd, &handles[0]) < 0)
		tap_bail("the display does not import: %s", strerror(errno));
	pitches[0] = dma_buf.planes[0].stride;
	if (drmModeAddFB2(fd, WIDTH / 4, HEIGHT, DRM_FORMAT_XRGB8888, handles, pitches, offsets,
			  &id, 0) < 0)
		tap_bail("no framebuffer: %s", strerror(errno));
	end.handle = handles[0];
	drmIoctl(fd, DRM_IOCTL_GEM_CLOSE, &end);
	wc_dma_buf_finish(&dma_buf);
	return id;
}

/* Two frames, one after the other: the second one stays, and looks different. */
static void display_open(struct display *d, const char *crc, const struct player *player)
{
	const struct screen_view view = {
		.visible = { .width = WIDTH / 4, .height = HEIGHT },
		.display_width = WIDTH / 4, .display_height = HEIGHT,
	};

	memset(d, 0, sizeof *d);
	d->crc = (struct crc) { .directory = crc, .fd = -1 };
	if (screen_open(&d->screen, card, &d->failure))
		tap_bail("the display: %s", d->failure.text);
	for (unsigned i = 0; i < 2; i++) {
		d->framebuffers[i] = add_framebuffer(d->screen.fd, player->held[i]);
		if (screen_show(&d->screen, d->framebuffers[i], &view) ||
		    screen_wait(&d->screen))
			tap_bail("the display: %s", d->failure.text);
		d->sums[i] = crc_read(&d->crc, &d->screen);
	}
}

static void display_close(struct display *d)
{
	crc_close(&d->crc);
	screen_restore(&d->screen);
	for (unsigned i = 0; i < 2; i++)
		drmModeRmFB(d->screen.fd, d->framebuffers[i]);
	screen_close(&d->screen);
}

/* ---------------------------------------------------------------------------------------------- */

static enum wc_memory_kind kind_of(const char *name)
{
	for (unsigned kind = 0; kind < WC_MEMORY_KINDS; kind++)
		if (strcmp(wc_memory_kind_name((enum wc_memory_kind)kind), name) == 0)
			return (enum wc_memory_kind)kind;
	tap_bail("there is no memory of the name %s", name);
}

/* Whose decoders write into that kind of memory. */
static struct wc_context *make_context(enum wc_memory_kind kind)
{
	struct wc_memory_options options = {
		.kind = kind, .name = kind == WC_MEMORY_DUMB ? card : NULL,
	};
	struct wc_context *context;

	if (wc_context_new(NULL, &context) < 0)
		tap_bail("no context");
	if (kind != WC_MEMORY_DRIVER && wc_context_set_memory(context, &options) < 0)
		tap_bail("%s", wc_context_get_error(context)->message);
	return context;
}

static bool feed(struct player *player, const struct stream *from)
{
	return player_feed(player, from, 0, from->n, 0) == WC_OK &&
	       player_flush(player) == WC_OK && player_wait_flushes(player, 1) &&
	       player->n_frames == from->n;
}

static bool held_are_whole(const struct player *player)
{
	for (unsigned i = 0; i < player->n_held; i++)
		if (frame_hash(player->held[i]) != player->frames[i].hash)
			return false;
	return player->n_held == HELD;
}

/* Bytes of the first plane by an old mapping. */
static bool mapping_is_whole(const struct wc_video_frame_mapping *map, const uint8_t *before)
{
	return memcmp(map->planes[0].data, before, map->planes[0].stride * HEIGHT) == 0;
}

static const char *device_of(const struct player *player)
{
	static struct wc_session_info info;

	wc_video_decoder_get_session_info(player->decoder, &info);
	return info.device;
}

/* Another decoder asks, and works. The first one hears of it while frames are being encoded. */
static void take_context(struct player *second, struct player *first, struct encoder *e)
{
	struct wc_reclaim_traits behind = { .background = true }, front = { .priority = 1 };
	int64_t start = now();
	unsigned coded = HELD;

	wc_video_decoder_set_reclaim_traits(first->decoder, &behind);
	player_open(second, first->context);
	wc_video_decoder_set_reclaim_traits(second->decoder, &front);
	if (player_feed(second, &other, 0, other.n, 0) < 0 || player_flush(second) < 0)
		tap_bail("the second decoder: %s", second->error.message);
	while (second->n_frames < other.n && !second->n_errors && now() < start + 10000000) {
		wc_context_dispatch(second->context, 100);
		if (first->n_errors && coded == HELD)
			coded = e->n_chunks;
		wc_context_dispatch(e->context, 0);
	}
	tap_ok(second->n_frames == other.n && !second->n_errors,
	       "%s: another decoder works, without waiting for a context", memory);
	if (second->n_errors)
		tap_note("%s", second->error.message);
	tap_note("after %u ms", (unsigned)((now() - start) / 1000));
	tap_ok(first->n_errors == 1 && first->error.name == WC_QUOTA_EXCEEDED_ERROR &&
	       wc_video_decoder_get_state(first->decoder) == WC_CODEC_CLOSED,
	       "%s: the first was closed for it, with QuotaExceededError", memory);
	tap_ok(coded < HELD, "%s: when %u of %u frames were encoded", memory, coded, HELD);
}

/* The application does it: the context is free when the call returns. */
static void close_it(struct player *second, struct player *first, const struct encoder *e,
		     const char *device)
{
	wc_video_decoder_close(first->decoder);
	tap_ok(is_free(device) && e->n_chunks < HELD,
	       "%s: it is closed: whoever opens the device has a context at once", memory);
	player_open(second, first->context);
	tap_ok(feed(second, &other), "%s: and so has another decoder", memory);
}

static void test_use(bool reclaim, struct player *first, struct display *display,
		     const struct encoder *reference)
{
	struct wc_video_frame_mapping map;
	char device[64];
	struct encoder e;
	static struct player second;
	uint8_t *before;

	snprintf(device, sizeof device, "%s", device_of(first));
	if (wc_video_frame_map(first->held[0], WC_MAP_READ, &map) < 0)
		tap_bail("cannot map a frame");
	before = malloc(map.planes[0].stride * HEIGHT);
	if (!before)
		tap_bail("no memory");
	memcpy(before, map.planes[0].data, map.planes[0].stride * HEIGHT);
	encoder_open(&e);
	encode(&e, first, 0, 1);
	if (!wait_for_chunks(&e, 1))
		tap_bail("nothing is encoded");
	tap_ok(!is_free(device), "%s: decoder and encoder have the two contexts", memory);

	/* From here to the end of the decoder nothing is dispatched, so these are not all done. */
	encode(&e, first, 1, HELD);
	if (reclaim)
		take_context(&second, first, &e);
	else
		close_it(&second, first, &e, device);
	tap_ok(crc_read(&display->crc, &display->screen) == display->sums[1],
	       "%s: the screen shows what it showed", memory);
	tap_ok(mapping_is_whole(&map, before), "%s: what is mapped is what it was", memory);
	tap_ok(wait_for_chunks(&e, HELD) && same_chunks(&e, reference),
	       "%s: all chunks are those that came out while the decoder lived", memory);
	player_finish(&second);
	tap_ok(is_free(device) && !maps_a_device(),
	       "%s: after the other decoder its context is free, with all frames in use", memory);
	tap_ok(held_are_whole(first) &&
	       crc_read(&display->crc, &display->screen) == display->sums[1],
	       "%s: and they are whole", memory);
	wc_video_frame_unmap(first->held[0]);
	encoder_close(&e);
	encoder_forget(&e);
	free(before);
}

/* Chunks of the same frames, while nothing happens to their decoder. */
static void encode_reference(struct encoder *e, const struct player *player)
{
	encoder_open(e);
	encode(e, player, 0, HELD);
	if (!wait_for_chunks(e, HELD))
		tap_bail("nothing is encoded");
	encoder_close(e);
}

static void test(enum wc_memory_kind kind, bool reclaim, const char *crc)
{
	unsigned descriptors = count_descriptors(), dma_bufs = count_dma_bufs();
	struct wc_context *context = make_context(kind);
	static struct player first;
	struct wc_counters counters;
	struct encoder reference;
	struct display display;

	player_open(&first, context);
	first.errors_wanted = true;
	first.to_hold = HELD;
	if (!feed(&first, &stream))
		tap_bail("the stream does not decode");
	encode_reference(&reference, &first);
	display_open(&display, crc, &first);
	wc_context_get_counters(context, &counters);
	tap_ok(display.sums[0] != display.sums[1] && counters.bytes_by_kind[kind] >= HELD * SIZE,
	       "%s: frames are there, and look different", memory);
	test_use(reclaim, &first, &display, &reference);
	encoder_forget(&reference);
	display_close(&display);
	player_finish(&first);
	wc_context_get_counters(context, &counters);
	tap_ok(wc_leak_check(context, NULL) == 0 && counters.hardware_contexts == 0 &&
	       counters.descriptors == 0 && counters.buffers == 0,
	       "%s: all is given back", memory);
	if (counters.descriptors || counters.buffers)
		tap_note("%llu descriptors, %llu buffers", (unsigned long long)counters.descriptors,
			 (unsigned long long)counters.buffers);
	wc_context_unref(context);
	tap_ok(count_descriptors() == descriptors && count_dma_bufs() == dma_bufs,
	       "%s: so it is in the kernel", memory);
}

int main(int argc, char **argv)
{
	struct picture picture = { .fourcc = DRM_FORMAT_YUV420, .width = WIDTH, .height = HEIGHT };

	if (argc < 4)
		tap_bail("usage: test_in_use CARD CRC driver|heap|udmabuf|dumb...");
	card = argv[1];
	stream_encode(&stream, &picture, FRAMES, 10);
	picture.style = PICTURE_PLAIN;
	stream_encode(&other, &picture, FRAMES, 10);
	for (int i = 3; i < argc; i++) {
		enum wc_memory_kind kind = kind_of(argv[i]);

		memory = argv[i];
		test(kind, false, argv[2]);
		test(kind, true, argv[2]);
	}
	stream_finish(&stream);
	stream_finish(&other);
	return tap_end();
}
