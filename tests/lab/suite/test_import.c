/* SPDX-License-Identifier: MIT */
/*
 * DMA-BUFs of three makers, encoded by the real driver where they are: the bits of the way by
 * copies, each attached once, one error for each thing that can be wrong.
 *
 *     test_import bits heap|udmabuf|dumb
 *     test_import many FRAMES
 *     test_import errors
 *     test_import refused      with a plugin that refuses all DMA-BUFs
 */
#include <dirent.h>
#include <drm.h>
#include <drm_fourcc.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "picture.h"
#include "stream.h"
#include "tap.h"

#define WIDTH 640
#define HEIGHT 368
#define LUMA ((size_t)WIDTH * HEIGHT)
#define SIZE (LUMA * 3 / 2)
#define BUFFERS 8
#define FRAMES 40

/* Whole pages, as udmabuf wants them. */
#define ROUNDED ((SIZE + 4095) / 4096 * 4096)

static const struct picture picture = {
	.fourcc = DRM_FORMAT_YUV420, .width = WIDTH, .height = HEIGHT,
};

/* An encoder, and all that came out of it in one piece. */
struct encoder {
	struct wc_context *context;
	struct wc_video_encoder *encoder;
	uint8_t *data;
	size_t size;
	unsigned n_chunks, n_flushed;
	bool keep;                         /* the bytes */
	bool failed;
	unsigned n_errors;
	struct wc_error error;
};

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	size_t size = wc_encoded_video_chunk_get_size(chunk);
	struct encoder *e = user_data;

	(void)metadata;
	if (e->keep) {
		e->data = realloc(e->data, e->size + size);
		if (!e->data)
			tap_bail("no memory");
		memcpy(e->data + e->size, wc_encoded_video_chunk_get_data(chunk), size);
	}
	e->size += size;
	e->n_chunks++;
	wc_encoded_video_chunk_unref(chunk);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct encoder *e = user_data;

	e->error = *error;
	e->failed = true;
	e->n_errors++;
}

static void on_flushed(enum wc_status status, void *user_data)
{
	struct encoder *e = user_data;

	e->n_flushed += status == WC_OK;
}

static void encoder_open(struct encoder *e, enum wc_copy_policy copy)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = e,
	};
	struct wc_video_encoder_config config = {
		.codec = "fwht", .width = WIDTH, .height = HEIGHT, .key_interval = 16,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE, .copy = copy,
	};

	memset(e, 0, sizeof *e);
	e->keep = true;
	if (wc_context_new(NULL, &e->context) < 0 ||
	    wc_video_encoder_new(e->context, &init, &e->encoder) < 0 ||
	    wc_video_encoder_configure(e->encoder, &config) < 0)
		tap_bail("no encoder");
	wc_context_dispatch(e->context, 1000);
}

static uint64_t bytes_copied(const struct encoder *e)
{
	struct wc_counters counters;

	wc_context_get_counters(e->context, &counters);
	return counters.bytes_copied;
}

static bool flush(struct encoder *e)
{
	unsigned before = e->n_flushed;

	if (wc_video_encoder_flush(e->encoder, on_flushed, e) < 0)
		return false;
	while (e->n_flushed == before && !e->failed)
		if (wc_context_dispatch(e->context, 20000) == 0)
			return false;
	return !e->failed;
}

static void encoder_finish(struct encoder *e)
{
	wc_video_encoder_destroy(e->encoder);
	wc_context_unref(e->context);
	free(e->data);
}

/* ---- makers ---------------------------------------------------------------------------------- */

static int open_heap_as(size_t size, unsigned access)
{
	struct dma_heap_allocation_data data = { .len = size, .fd_flags = access | O_CLOEXEC };
	int heap = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);

	if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) < 0)
		tap_bail("no memory from the heap: %s", strerror(errno));
	close(heap);
	return (int)data.fd;
}

static int open_heap(size_t size)
{
	return open_heap_as(size, O_RDWR);
}

static int open_read_only(size_t size)
{
	return open_heap_as(size, O_RDONLY);
}

static int open_udmabuf(size_t size)
{
	int memory = memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd;
	struct udmabuf_create create = {
		.memfd = (uint32_t)memory, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size,
	};

	if (memory < 0 || device < 0 || ftruncate(memory, (off_t)size) < 0 ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		tap_bail("no udmabuf: %s", strerror(errno));
	fd = ioctl(device, UDMABUF_CREATE, &create);
	if (fd < 0)
		tap_bail("no udmabuf: %s", strerror(errno));
	close(memory);
	close(device);
	return fd;
}

/* A display whose rows are what they are: one byte a pixel, as high as the picture needs it. */
static int open_dumb(size_t size)
{
	struct drm_mode_create_dumb dumb = {
		.width = WIDTH, .height = (uint32_t)((size + WIDTH - 1) / WIDTH), .bpp = 8,
	};
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };
	struct drm_gem_close gone = { 0 };
	char path[32];

	for (unsigned i = 0; i < 8; i++) {
		int card;

		snprintf(path, sizeof path, "/dev/dri/card%u", i);
		card = open(path, O_RDWR | O_CLOEXEC);
		if (card < 0)
			continue;
		if (ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &dumb) == 0) {
			gone.handle = prime.handle = dumb.handle;
			if (ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) < 0)
				tap_bail("no PRIME: %s", strerror(errno));
			ioctl(card, DRM_IOCTL_GEM_CLOSE, &gone);
			close(card);
			return prime.fd;
		}
		close(card);
	}
	tap_bail("no display makes dumb buffers");
}

static int (*maker(const char *name))(size_t size)
{
	if (strcmp(name, "heap") == 0)
		return open_heap;
	return strcmp(name, "udmabuf") == 0 ? open_udmabuf : open_dumb;
}

/* ---- frames ---------------------------------------------------------------------------------- */

struct camera {
	int fds[BUFFERS];
	bool busy[BUFFERS];
};

static void camera_open(struct camera *camera, int (*make)(size_t size))
{
	memset(camera, 0, sizeof *camera);
	for (unsigned i = 0; i < BUFFERS; i++)
		camera->fds[i] = make(ROUNDED);
}

static void camera_close(struct camera *camera)
{
	for (unsigned i = 0; i < BUFFERS; i++)
		close(camera->fds[i]);
}

static void on_release(void *user_data)
{
	*(bool *)user_data = false;
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

/* The picture is drawn through the library: its rows are tight, so all planes are one piece. */
static bool draw(struct wc_video_frame *frame, unsigned n)
{
	struct wc_video_frame_mapping mapping;

	if (wc_video_frame_map(frame, WC_MAP_WRITE, &mapping) != WC_OK)
		return false;
	picture_draw(&picture, n, mapping.planes[0].data);
	wc_video_frame_unmap(frame);
	return true;
}

static bool encode_import(struct encoder *e, struct camera *camera, unsigned n, bool drawn)
{
	struct wc_video_frame_init init = { .timestamp = (int64_t)n * STREAM_STEP };
	struct wc_dma_buf dma_buf = describe(camera->fds[n % BUFFERS]);
	bool *busy = &camera->busy[n % BUFFERS];
	struct wc_video_frame *frame;
	bool good;

	while (*busy && !e->failed)
		if (wc_context_dispatch(e->context, 20000) == 0)
			return false;
	if (wc_video_frame_new_dma_buf(e->context, &dma_buf, &init, on_release, busy,
				       &frame) != WC_OK)
		return false;
	*busy = true;
	good = (!drawn || draw(frame, n)) &&
	       wc_video_encoder_encode(e->encoder, frame, NULL) == WC_OK;
	wc_video_frame_unref(frame);
	return good && !e->failed;
}

static bool encode_plain(struct encoder *e, unsigned n)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_YUV420, .coded_width = WIDTH, .coded_height = HEIGHT,
		.timestamp = (int64_t)n * STREAM_STEP,
	};
	uint8_t *data = malloc(SIZE);
	struct wc_video_frame *frame;
	bool good;

	if (!data)
		tap_bail("no memory");
	picture_draw(&picture, n, data);
	good = wc_video_frame_new(e->context, data, SIZE, &init, &frame) == WC_OK &&
	       wc_video_encoder_encode(e->encoder, frame, NULL) == WC_OK;
	wc_video_frame_unref(frame);
	free(data);
	return good;
}

static bool same_bits(const struct encoder *a, const struct encoder *b)
{
	return a->size == b->size && a->size && memcmp(a->data, b->data, a->size) == 0;
}

static void test_bits(const char *name)
{
	struct encoder by_copy, in_place;
	struct camera camera;
	bool good = true;

	encoder_open(&by_copy, WC_COPY_ALLOWED);
	for (unsigned i = 0; i < FRAMES; i++)
		good &= encode_plain(&by_copy, i);
	tap_ok(good && flush(&by_copy) && bytes_copied(&by_copy) >= FRAMES * SIZE,
	       "%u frames in plain memory are copied", FRAMES);
	camera_open(&camera, maker(name));
	encoder_open(&in_place, WC_COPY_NEVER);
	good = true;
	for (unsigned i = 0; i < FRAMES && good; i++)
		good = encode_import(&in_place, &camera, i, true);
	if (!tap_ok(good && flush(&in_place), "as many in DMA-BUFs (%s) are encoded", name))
		tap_note("%s", in_place.error.message);
	tap_ok(bytes_copied(&in_place) == 0, "and 0 bytes are copied");
	tap_ok(same_bits(&by_copy, &in_place), "both streams are the same to the bit");
	camera_close(&camera);
	encoder_finish(&in_place);
	encoder_finish(&by_copy);
}

static void test_many(unsigned frames)
{
	struct camera camera;
	struct encoder e;
	bool good = true;

	camera_open(&camera, open_heap);
	encoder_open(&e, WC_COPY_NEVER);
	e.keep = false;
	for (unsigned i = 0; i < frames && good; i++)
		good = encode_import(&e, &camera, i, false);
	if (!tap_ok(good && flush(&e) && e.n_chunks == frames && bytes_copied(&e) == 0,
		    "%u imports of %u DMA-BUFs are encoded, 0 bytes copied", frames, BUFFERS))
		tap_note("%u chunks: %s", e.n_chunks, e.error.message);
	encoder_finish(&e);
	camera_close(&camera);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static void refused(struct wc_context *context, const struct wc_dma_buf *dma_buf,
		    enum wc_status status, const char *words)
{
	unsigned before = count_descriptors();
	struct wc_video_frame *frame;
	int ret = wc_video_frame_new_dma_buf(context, dma_buf, NULL, NULL, NULL, &frame);
	const struct wc_error *error = wc_context_get_error(context);

	tap_ok(ret == (int)status && !frame && strstr(error->message, words) &&
	       count_descriptors() == before, "%s: %s", wc_status_name(status), error->message);
}

static void test_refused_imports(void)
{
	int heap = open_heap(ROUNDED), small = open_heap(SIZE - 4096);
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct wc_dma_buf dma_buf;
	struct wc_context *context;

	if (wc_context_new(NULL, &context) < 0)
		tap_bail("no context");
	dma_buf = describe(small);
	refused(context, &dma_buf, WC_TYPE_ERROR, "too small");
	dma_buf = describe(heap);
	dma_buf.modifier = DRM_FORMAT_MOD_INVALID;
	refused(context, &dma_buf, WC_NOT_SUPPORTED_ERROR, "modifier");
	dma_buf = describe(file);
	refused(context, &dma_buf, WC_TYPE_ERROR, "no DMA-BUF");
	dma_buf = describe(heap);
	close(heap);
	refused(context, &dma_buf, WC_TYPE_ERROR, "closed");
	close(small);
	close(file);
	wc_context_unref(context);
}

/* What is a frame, and cannot be read in place. */
static void unfit(int (*make)(size_t size), void (*spoil)(struct wc_dma_buf *dma_buf),
		  const char *words)
{
	unsigned before = count_descriptors();
	int fd = make(2 * ROUNDED);
	struct wc_dma_buf dma_buf = describe(fd);
	struct wc_video_frame *frame;
	struct encoder e;
	bool good;

	encoder_open(&e, WC_COPY_NEVER);
	if (spoil)
		spoil(&dma_buf);
	good = wc_video_frame_new_dma_buf(e.context, &dma_buf, NULL, NULL, NULL, &frame) == WC_OK &&
	       wc_video_encoder_encode(e.encoder, frame, NULL) == WC_OK;
	for (unsigned i = 0; i < 10 && !e.failed; i++)
		wc_context_dispatch(e.context, 1000);
	wc_video_frame_unref(frame);
	close(fd);
	encoder_finish(&e);
	tap_ok(good && e.n_errors == 1 && e.error.name == WC_NOT_SUPPORTED_ERROR &&
	       strstr(e.error.message, words) && count_descriptors() == before,
	       "%s", e.error.message);
}

static void gap(struct wc_dma_buf *d)
{
	d->planes[1].offset += 65536;
	d->planes[2].offset += 65536;
}

static void tiled(struct wc_dma_buf *d)
{
	d->modifier = DRM_FORMAT_MOD_ARM_16X16_BLOCK_U_INTERLEAVED;
}

/*
 * The way of the library goes on with copies where they are allowed, and says how much it copied.
 */
static void test_copies_instead(void)
{
	struct encoder by_copy, instead;
	struct camera camera;
	bool good = true;

	encoder_open(&by_copy, WC_COPY_ALLOWED);
	for (unsigned i = 0; i < BUFFERS; i++)
		good &= encode_plain(&by_copy, i);
	good &= flush(&by_copy);
	camera_open(&camera, open_heap);
	encoder_open(&instead, WC_COPY_ALLOWED);
	for (unsigned i = 0; i < BUFFERS && good; i++)
		good = encode_import(&instead, &camera, i, true);
	tap_ok(good && flush(&instead) && bytes_copied(&instead) >= BUFFERS * SIZE &&
	       same_bits(&by_copy, &instead),
	       "where copies are allowed there are copies, counted, and the bits are the same");
	encoder_finish(&instead);
	encoder_finish(&by_copy);
	camera_close(&camera);
}

/* The plugin refuses for the exporters: those of the kernel let themselves be attached. */
static void test_refusing_exporters(void)
{
	unfit(open_heap, NULL, "does not take the DMA-BUF (Bad address)");
	unfit(open_dumb, NULL, "does not take the DMA-BUF (Bad address)");
	test_copies_instead();
}

/* What the kernel does not let the CPU write is no frame to draw into, and stays one to encode. */
static void test_read_only(void)
{
	unsigned before = count_descriptors();
	int fd = open_read_only(ROUNDED);
	struct wc_dma_buf dma_buf = describe(fd);
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame *frame;
	struct encoder e;
	int status;

	encoder_open(&e, WC_COPY_NEVER);
	if (wc_video_frame_new_dma_buf(e.context, &dma_buf, NULL, NULL, NULL, &frame) < 0)
		tap_bail("no frame: %s", wc_context_get_error(e.context)->message);
	close(fd);
	status = wc_video_frame_map(frame, WC_MAP_WRITE, &mapping);
	tap_ok(status == WC_TYPE_ERROR &&
	       wc_video_frame_map(frame, WC_MAP_READ, &mapping) == WC_OK,
	       "%s: a DMA-BUF that is read only cannot be written, but read",
	       wc_status_name((enum wc_status)status));
	wc_video_frame_unmap(frame);
	tap_ok(wc_video_encoder_encode(e.encoder, frame, NULL) == WC_OK && flush(&e) &&
	       e.n_chunks == 1 && bytes_copied(&e) == 0, "and encoded in place");
	wc_video_frame_unref(frame);
	encoder_finish(&e);
	tap_ok(count_descriptors() == before, "and nothing of it is left");
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "bits") == 0) {
		test_bits(argv[2]);
	} else if (argc == 3 && strcmp(argv[1], "many") == 0) {
		test_many((unsigned)atoi(argv[2]));
	} else if (argc == 2 && strcmp(argv[1], "errors") == 0) {
		test_refused_imports();
		unfit(open_heap, gap, "plane 1 is at byte");
		unfit(open_heap, tiled, "modifier");
		test_read_only();
	} else if (argc == 2 && strcmp(argv[1], "refused") == 0) {
		test_refusing_exporters();
	} else {
		tap_bail("usage: test_import bits MAKER | many FRAMES | errors | refused");
	}
	return tap_end();
}
