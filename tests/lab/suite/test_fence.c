/* SPDX-License-Identifier: MIT */
/*
 * Fences of real devices: vgem leaves them on its dumb buffers, and takes them back when it is
 * told. An encoder must not read a picture before, and a decoder not write into one that is still
 * read.
 */
#include <drm.h>
#include <drm_fourcc.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "picture.h"
#include "player.h"
#include "stream.h"
#include "tap.h"

#define WIDTH 640
#define HEIGHT 368
#define LUMA ((size_t)WIDTH * HEIGHT)
#define SIZE (LUMA * 3 / 2)

static const struct picture picture = {
	.fourcc = DRM_FORMAT_YUV420, .width = WIDTH, .height = HEIGHT,
};

/* ---- vgem ------------------------------------------------------------------------------------ */

/* Of the kernel's include/uapi/drm/vgem_drm.h, which is not packaged everywhere. */
struct vgem_attach {
	uint32_t handle, flags, out_fence, pad;
};
struct vgem_signal {
	uint32_t fence, flags;
};
#define VGEM_WRITE 1
#define VGEM_ATTACH DRM_IOWR(DRM_COMMAND_BASE + 1, struct vgem_attach)
#define VGEM_SIGNAL DRM_IOW(DRM_COMMAND_BASE + 2, struct vgem_signal)

struct drawing {
	int card;
	uint32_t handle;
	int fd;                            /* the DMA-BUF */
	uint8_t *map;
	uint32_t fence;                    /* of vgem, 0: none */
};

static int open_vgem(void)
{
	for (unsigned i = 0; i < 8; i++) {
		char path[32], name[16] = "";
		struct drm_version version = { .name = name, .name_len = sizeof name - 1 };
		int card;

		snprintf(path, sizeof path, "/dev/dri/card%u", i);
		card = open(path, O_RDWR | O_CLOEXEC);
		if (card >= 0 && ioctl(card, DRM_IOCTL_VERSION, &version) == 0 &&
		    strcmp(name, "vgem") == 0)
			return card;
		if (card >= 0)
			close(card);
	}
	tap_bail("there is no vgem");
}

static void drawing_open(struct drawing *d)
{
	struct drm_mode_create_dumb dumb = {
		.width = WIDTH, .height = HEIGHT * 3 / 2, .bpp = 8,
	};
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };

	d->card = open_vgem();
	d->fence = 0;
	if (ioctl(d->card, DRM_IOCTL_MODE_CREATE_DUMB, &dumb) < 0)
		tap_bail("no dumb buffer: %s", strerror(errno));
	d->handle = prime.handle = dumb.handle;
	if (ioctl(d->card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) < 0)
		tap_bail("no PRIME: %s", strerror(errno));
	d->fd = prime.fd;
	d->map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
	if (d->map == MAP_FAILED)
		tap_bail("no mapping: %s", strerror(errno));
}

static void drawing_close(struct drawing *d)
{
	munmap(d->map, SIZE);
	close(d->fd);
	close(d->card);
}

static void begin(struct drawing *d)
{
	struct vgem_attach attach = { .handle = d->handle, .flags = VGEM_WRITE };

	if (ioctl(d->card, VGEM_ATTACH, &attach) < 0)
		tap_bail("no fence: %s", strerror(errno));
	d->fence = attach.out_fence;
}

static bool end(struct drawing *d)
{
	struct vgem_signal signal = { .fence = d->fence };

	return ioctl(d->card, VGEM_SIGNAL, &signal) == 0;
}

/* The fences of vgem's buffer now, as somebody who takes them explicitly. */
static int sync_file_of(const struct drawing *d)
{
	struct dma_buf_export_sync_file arg = { .flags = DMA_BUF_SYNC_READ, .fd = -1 };

	if (ioctl(d->fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg) < 0)
		tap_bail("no sync file: %s", strerror(errno));
	return arg.fd;
}

static bool is_signalled(int sync_file)
{
	struct pollfd fd = { .fd = sync_file, .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static struct wc_dma_buf describe(int fd)
{
	return (struct wc_dma_buf) {
		.fourcc = DRM_FORMAT_YUV420, .width = WIDTH, .height = HEIGHT,
		.object_count = 1, .plane_count = 3, .objects[0].fd = fd,
		.planes = {
			{ 0, 0, WIDTH }, { 0, LUMA, WIDTH / 2 },
			{ 0, LUMA * 5 / 4, WIDTH / 2 },
		},
	};
}

/* ---- encoders -------------------------------------------------------------------------------- */

struct encoder {
	struct wc_context *context;
	struct wc_video_encoder *encoder;
	uint8_t data[SIZE];
	size_t size;
	unsigned n_chunks, n_flushed, n_errors;
	enum wc_status flushed;
};

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct encoder *e = user_data;

	(void)metadata;
	e->size = wc_encoded_video_chunk_get_size(chunk);
	memcpy(e->data, wc_encoded_video_chunk_get_data(chunk), e->size);
	e->n_chunks++;
	wc_encoded_video_chunk_unref(chunk);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct encoder *e = user_data;

	tap_note("%s", error->message);
	e->n_errors++;
}

static void on_flushed(enum wc_status status, void *user_data)
{
	struct encoder *e = user_data;

	e->n_flushed++;
	e->flushed = status;
}

static void encoder_open(struct encoder *e)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = e,
	};
	struct wc_video_encoder_config config = {
		.codec = "fwht", .width = WIDTH, .height = HEIGHT,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE, .copy = WC_COPY_NEVER,
	};

	memset(e, 0, sizeof *e);
	if (wc_context_new(NULL, &e->context) < 0 ||
	    wc_video_encoder_new(e->context, &init, &e->encoder) < 0 ||
	    wc_video_encoder_configure(e->encoder, &config) < 0)
		tap_bail("no encoder");
	wc_context_dispatch(e->context, 1000);
}

static void encoder_finish(struct encoder *e)
{
	wc_video_encoder_destroy(e->encoder);
	wc_context_unref(e->context);
}

static uint64_t fence_waits(struct wc_context *context)
{
	struct wc_counters counters;

	wc_context_get_counters(context, &counters);
	return counters.fence_waits;
}

static bool encode(struct encoder *e, const struct wc_dma_buf *dma_buf)
{
	struct wc_video_frame *frame;
	bool good = wc_video_frame_new_dma_buf(e->context, dma_buf, NULL, NULL, NULL,
					       &frame) == WC_OK &&
		    wc_video_encoder_encode(e->encoder, frame, NULL) == WC_OK;

	wc_video_frame_unref(frame);
	return good;
}

static bool flush(struct encoder *e)
{
	unsigned before = e->n_flushed;

	if (wc_video_encoder_flush(e->encoder, on_flushed, e) < 0)
		return false;
	for (unsigned i = 0; i < 100 && e->n_flushed == before; i++)
		wc_context_dispatch(e->context, 50);
	return e->n_flushed > before && e->flushed == WC_OK;
}

/* Some rounds in which an encoder would encode what it has. */
static void run(struct wc_context *context)
{
	for (unsigned i = 0; i < 10; i++)
		wc_context_dispatch(context, 20);
}

/* What comes of picture n, which nobody else is writing. */
static size_t encode_alone(struct drawing *d, unsigned n, uint8_t *data)
{
	struct wc_dma_buf dma_buf = describe(d->fd);
	struct encoder e;

	encoder_open(&e);
	picture_draw(&picture, n, d->map);
	if (!tap_ok(encode(&e, &dma_buf) && flush(&e) && e.n_chunks == 1 &&
		    fence_waits(e.context) == 0, "a finished picture is not waited for"))
		tap_bail("nothing to compare with");
	memcpy(data, e.data, e.size);
	encoder_finish(&e);
	return e.size;
}

static uint8_t wanted[SIZE];

static void test_late_picture(bool explicitly)
{
	struct drawing d, fences;
	struct wc_dma_buf dma_buf;
	struct encoder e;
	size_t size;

	drawing_open(&d);
	drawing_open(&fences);
	size = encode_alone(&d, 7, wanted);
	encoder_open(&e);
	dma_buf = describe(d.fd);
	picture_draw(&picture, 3, d.map);
	begin(explicitly ? &fences : &d);
	if (explicitly) {
		dma_buf.acquire_fence = sync_file_of(&fences);
		dma_buf.has_acquire_fence = true;
		dma_buf.no_implicit_fences = true;
	}
	tap_ok(encode(&e, &dma_buf), "a picture is encoded before it is finished, with %s fence",
	       explicitly ? "an acquire" : "an implicit");
	if (explicitly)
		close(dma_buf.acquire_fence);
	run(e.context);
	tap_ok(e.n_chunks == 0 && fence_waits(e.context) == 1, "nothing comes of it yet");
	picture_draw(&picture, 7, d.map);
	tap_ok(end(explicitly ? &fences : &d) && flush(&e) && e.n_chunks == 1 && !e.n_errors,
	       "it comes when the fence is signalled");
	tap_ok(e.size == size && memcmp(e.data, wanted, size) == 0, "and is the finished one");
	encoder_finish(&e);
	drawing_close(&fences);
	drawing_close(&d);
}

/* Neither waits for the fence, which vgem would signal itself after 10 s. */
static void test_giving_up(void)
{
	struct wc_dma_buf dma_buf;
	struct drawing d;
	struct encoder e;

	drawing_open(&d);
	dma_buf = describe(d.fd);
	encoder_open(&e);
	begin(&d);
	tap_ok(encode(&e, &dma_buf) && wc_video_encoder_flush(e.encoder, on_flushed, &e) == WC_OK,
	       "a flush behind a picture that is not finished");
	run(e.context);
	tap_ok(e.n_flushed == 0 && wc_video_encoder_reset(e.encoder) == WC_OK, "reset");
	run(e.context);
	tap_ok(e.n_flushed == 1 && e.flushed == WC_ABORT_ERROR && e.n_chunks == 0,
	       "ends both at once");
	encoder_finish(&e);
	tap_ok(end(&d), "and the fence is still there");
	drawing_close(&d);
}

/* ---- decoders -------------------------------------------------------------------------------- */

/* The first frame is read by a device after it was closed. */
static struct drawing reader;
static int fence_fd;
static bool imported;
static struct wc_dma_buf watched;
static uint8_t *seen;

static void on_frame(struct player *player, struct wc_video_frame *frame)
{
	if (player->n_frames > 1)
		return;
	imported = wc_video_frame_export_dma_buf(frame, &watched) == WC_OK &&
		   wc_video_frame_import_sync_file(frame, WC_MAP_READ, fence_fd) == WC_OK;
	if (!imported)
		return;
	seen = mmap(NULL, watched.objects[0].size, PROT_READ, MAP_SHARED, watched.objects[0].fd,
		    0);
	if (seen == MAP_FAILED)
		tap_bail("no mapping: %s", strerror(errno));
	memcpy(wanted, seen, SIZE);
}

static void test_release_fence(void)
{
	struct stream *stream = calloc(1, sizeof *stream);
	struct player *player = calloc(1, sizeof *player);
	bool after;

	if (!stream || !player)
		tap_bail("no memory");
	stream_encode(stream, &picture, 60, 10);
	drawing_open(&reader);
	begin(&reader);
	fence_fd = sync_file_of(&reader);
	player_open(player, NULL);
	player->on_frame = on_frame;
	player_feed(player, stream, 0, stream->n, 0);
	for (unsigned i = 0; i < 1000 && player->n_frames < 50; i++)
		wc_context_dispatch(player->context, 50);
	if (!imported)
		tap_bail("no release fence on %u frames", player->n_frames);
	after = is_signalled(fence_fd);
	tap_ok(imported && player->n_frames >= 50 && !after,
	       "a frame that a device reads is closed, and %u more are decoded",
	       player->n_frames - 1);
	tap_ok(memcmp(wanted, seen, SIZE) == 0, "none into the same memory");
	tap_ok(fence_waits(player->context) == 1, "one buffer waits");
	tap_ok(end(&reader) && is_signalled(fence_fd), "the device is done");
	player_finish(player);
	munmap(seen, watched.objects[0].size);
	wc_dma_buf_finish(&watched);
	close(fence_fd);
	drawing_close(&reader);
	stream_finish(stream);
	free(player);
	free(stream);
}

/* A frame in vgem's memory, both directions. */
static void test_sync_files(void)
{
	struct wc_video_frame *frame;
	struct wc_dma_buf dma_buf;
	struct wc_context *context;
	struct drawing d, other;
	int pending, merged;

	drawing_open(&d);
	drawing_open(&other);
	dma_buf = describe(d.fd);
	if (wc_context_new(NULL, &context) < 0 ||
	    wc_video_frame_new_dma_buf(context, &dma_buf, NULL, NULL, NULL, &frame) != WC_OK)
		tap_bail("no frame");
	tap_ok(wc_video_frame_export_sync_file(frame, WC_MAP_READ, &merged) == WC_OK &&
	       is_signalled(merged), "nobody writes: the sync file is signalled");
	close(merged);
	begin(&other);
	pending = sync_file_of(&other);
	tap_ok(wc_video_frame_import_sync_file(frame, WC_MAP_READ, pending) == WC_OK,
	       "a release fence is imported");
	tap_ok(wc_video_frame_export_sync_file(frame, WC_MAP_READ, &merged) == WC_OK &&
	       is_signalled(merged), "who reads does not wait for it");
	close(merged);
	tap_ok(wc_video_frame_export_sync_file(frame, WC_MAP_WRITE, &merged) == WC_OK &&
	       !is_signalled(merged) && end(&other) && is_signalled(merged),
	       "who writes does, until it is signalled");
	close(merged);
	tap_ok(wc_video_frame_import_sync_file(frame, WC_MAP_READ, d.fd) == WC_TYPE_ERROR,
	       "what is no sync file is refused");
	close(pending);
	wc_video_frame_unref(frame);
	wc_context_unref(context);
	drawing_close(&other);
	drawing_close(&d);
}

int main(void)
{
	test_late_picture(false);
	test_late_picture(true);
	test_giving_up();
	test_sync_files();
	test_release_fence();
	return tap_end();
}
