/* SPDX-License-Identifier: MIT */
/*
 * Frames in memory of each kind, through the public interface, on the kernel's own exporters: what
 * is written is what a second mapping sees by way of a display's driver, and what a codec's driver
 * reads; sizes, names, limits, and ends.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <webcodecs/webcodecs.h>
#include <xf86drm.h>

#include "picture.h"
#include "raw_encoder.h"
#include "tap.h"

#define WIDTH 1280
#define HEIGHT 720
#define SIZE (WIDTH * HEIGHT * 3 / 2)
#define FRAMES 6
#define DMA_BUFS (WC_MEMORY_FOR_CODEC | WC_MEMORY_FOR_DISPLAY)

static const struct {
	const char *label;
	struct wc_memory_options options;
} kinds[] = {
	{ "dumb buffers of vgem", { .kind = WC_MEMORY_DUMB, .name = "/dev/dri/card0" } },
	{ "dumb buffers of vkms", { .kind = WC_MEMORY_DUMB, .name = "/dev/dri/card1" } },
	{ "dma-heap", { .kind = WC_MEMORY_HEAP, .name = "system" } },
	{ "udmabuf", { .kind = WC_MEMORY_UDMABUF } },
};

/* Beside these there is memory of a codec's driver (MMAP), which nobody decides on. */
static const char driver[] = "memory of a driver";

static const char *const cards[] = { "/dev/dri/card0", "/dev/dri/card1" };

static const struct picture picture = { DRM_FORMAT_NV12, WIDTH, HEIGHT, PICTURE_MIXED };

static uint8_t expected[SIZE];

static struct wc_context *make_context(const struct wc_memory_options *options)
{
	struct wc_context *context;

	if (wc_context_new(NULL, &context) < 0)
		tap_bail("no context");
	if (options && wc_context_set_memory(context, options) < 0)
		tap_bail("%s", wc_context_get_error(context)->message);
	return context;
}

static struct wc_video_frame *make_frame(struct wc_context *context, unsigned use)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_NV12, .coded_width = WIDTH, .coded_height = HEIGHT,
	};
	struct wc_video_frame *frame;

	return wc_video_frame_alloc(context, &init, use, &frame) == WC_OK ? frame : NULL;
}

static void on_encoder_error(const struct wc_error *error, void *user_data)
{
	(void)user_data;
	tap_bail("%s", error->message);
}

static void on_no_chunk(struct wc_encoded_video_chunk *chunk,
			const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	(void)metadata;
	(void)user_data;
	wc_encoded_video_chunk_unref(chunk);
	tap_bail("a chunk of nothing");
}

/* Where frames come from: a context with a decision, or an encoder's input buffers. */
struct source {
	const char *label;
	enum wc_memory_kind kind;
	struct wc_context *context;
	struct wc_video_encoder *encoder;
};

/* k: of kinds[], or one beyond them for the driver's. */
static void source_open(struct source *source, unsigned k)
{
	struct wc_video_encoder_init init = {
		.output = on_no_chunk, .error = on_encoder_error,
	};
	struct wc_video_encoder_config config = {
		.codec = "fwht", .width = WIDTH, .height = HEIGHT, .fourcc = DRM_FORMAT_NV12,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};
	bool decided = k < sizeof kinds / sizeof *kinds;

	*source = (struct source) {
		.label = decided ? kinds[k].label : driver,
		.kind = decided ? kinds[k].options.kind : WC_MEMORY_DRIVER,
		.context = make_context(decided ? &kinds[k].options : NULL),
	};
	if (decided)
		return;
	if (wc_video_encoder_new(source->context, &init, &source->encoder) < 0 ||
	    wc_video_encoder_configure(source->encoder, &config) < 0)
		tap_bail("no encoder");
	wc_context_dispatch(source->context, 1000);
}

static void source_close(struct source *source)
{
	wc_video_encoder_destroy(source->encoder);
	wc_context_unref(source->context);
}

static struct wc_video_frame *source_frame(struct source *source, unsigned use)
{
	struct wc_video_frame *frame;

	if (!source->encoder)
		return make_frame(source->context, use);
	return wc_video_encoder_alloc_frame(source->encoder, 0, &frame) == WC_OK ? frame : NULL;
}

/* Draw picture n; its rows are as long as they need to be with all drivers of the lab. */
static void draw(struct wc_video_frame *frame, unsigned n)
{
	struct wc_video_frame_mapping mapping;

	if (wc_video_frame_map(frame, WC_MAP_WRITE, &mapping) < 0)
		tap_bail("cannot map");
	if (mapping.planes[0].stride != WIDTH ||
	    mapping.planes[1].data != mapping.planes[0].data + WIDTH * HEIGHT)
		tap_bail("the frame has another layout");
	picture_draw(&picture, n, mapping.planes[0].data);
	wc_video_frame_unmap(frame);
}

static unsigned count_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* What a DMA-BUF shows when it has been into the driver of a card and out again. */
static bool same_through(const char *card, int dma_buf)
{
	int fd = open(card, O_RDWR | O_CLOEXEC);
	struct drm_gem_close end = { 0 };
	int again = -1;
	uint8_t *map = MAP_FAILED;
	bool same;

	if (fd < 0 || drmPrimeFDToHandle(fd, dma_buf, &end.handle) < 0 ||
	    drmPrimeHandleToFD(fd, end.handle, DRM_CLOEXEC | DRM_RDWR, &again) < 0)
		tap_note("%s: %s", card, strerror(errno));
	else
		map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, again, 0);
	same = map != MAP_FAILED && memcmp(map, expected, SIZE) == 0;
	if (map != MAP_FAILED)
		munmap(map, SIZE);
	if (end.handle)
		drmIoctl(fd, DRM_IOCTL_GEM_CLOSE, &end);
	if (again >= 0)
		close(again);
	close(fd);
	return same;
}

/* Whether debugfs lists a buffer with that inode, with our name. */
static bool has_name(int dma_buf)
{
	FILE *file = fopen("/sys/kernel/debug/dma_buf/bufinfo", "r");
	char line[256], inode[32];
	bool found = false;
	struct stat st;

	if (!file || fstat(dma_buf, &st) < 0)
		tap_bail("no census of DMA-BUFs");
	snprintf(inode, sizeof inode, "%08lu", (unsigned long)st.st_ino);
	while (fgets(line, sizeof line, file))
		found = found ||
			(strstr(line, inode) && strstr(line, "webcodecs NV12 1280x720\n"));
	fclose(file);
	return found;
}

/*
 * What is told is what there is. V4L2 tells no more than the picture needs, without the last page.
 */
static bool has_size(const struct source *source, const struct wc_dma_buf *dma_buf)
{
	uint64_t size = dma_buf->objects[0].size, bytes;
	uint64_t real = (uint64_t)lseek(dma_buf->objects[0].fd, 0, SEEK_END);
	struct wc_counters counters;

	wc_context_get_counters(source->context, &counters);
	bytes = counters.bytes_by_kind[source->kind];
	if (source->encoder)
		return real >= size && real < size + 4096 && bytes >= size;
	return real == size && bytes == size;
}

static void test_sharing(unsigned k)
{
	struct source source;
	struct wc_video_frame *frame;
	struct wc_dma_buf dma_buf;

	source_open(&source, k);
	frame = source_frame(&source, WC_MEMORY_FOR_CODEC);
	if (!frame || wc_video_frame_export_dma_buf(frame, &dma_buf) < 0)
		tap_bail("%s: %s", source.label, wc_context_get_error(source.context)->message);
	tap_ok(dma_buf.object_count == 1 && dma_buf.objects[0].size >= SIZE &&
	       has_size(&source, &dma_buf),
	       "%s: the size is that of the DMA-BUF", source.label);
	tap_ok(has_name(dma_buf.objects[0].fd), "%s: the kernel knows whose it is",
	       source.label);
	draw(frame, 3);
	picture_draw(&picture, 3, expected);
	for (unsigned i = 0; i < 2; i++)
		tap_ok(same_through(cards[i], dma_buf.objects[0].fd),
		       "%s: the picture is there by way of %s", source.label, cards[i]);
	wc_video_frame_unref(frame);
	wc_dma_buf_finish(&dma_buf);
	source_close(&source);
}

/* ---- a codec reads it ---- */

struct chunks {
	uint8_t *data[FRAMES];
	size_t sizes[FRAMES];
};

static void keep_chunk(struct chunks *chunks, unsigned n, const uint8_t *data, size_t size)
{
	chunks->data[n] = malloc(size);
	chunks->sizes[n] = size;
	if (!size || !chunks->data[n])
		tap_bail("no chunk");
	memcpy(chunks->data[n], data, size);
}

static void encode_copies(struct chunks *chunks)
{
	struct raw_encoder encoder;

	raw_encoder_open(&encoder, WIDTH, HEIGHT, false);
	for (unsigned n = 0; n < FRAMES; n++) {
		const uint8_t *data;
		size_t size;

		picture_draw(&picture, n, expected);
		if (raw_encoder_encode(&encoder, -1, 0, expected, &data, &size) < 0)
			tap_bail("the encoder refuses its own buffer");
		keep_chunk(chunks, n, data, size);
	}
	raw_encoder_close(&encoder);
}

/* Two frames in turn, each at its own index. */
static void test_encoding(unsigned k, const struct chunks *chunks)
{
	struct source source;
	struct wc_video_frame *frames[RAW_BUFFERS];
	struct wc_dma_buf dma_bufs[RAW_BUFFERS];
	struct raw_encoder encoder;
	bool same = true;
	int ret = 0;

	source_open(&source, k);
	for (unsigned i = 0; i < RAW_BUFFERS; i++) {
		frames[i] = source_frame(&source, WC_MEMORY_FOR_CODEC);
		if (!frames[i] || wc_video_frame_export_dma_buf(frames[i], &dma_bufs[i]) < 0)
			tap_bail("%s: no frame", source.label);
	}
	raw_encoder_open(&encoder, WIDTH, HEIGHT, true);
	for (unsigned n = 0; n < FRAMES && ret == 0; n++) {
		const uint8_t *data = NULL;
		size_t size = 0;

		draw(frames[n % RAW_BUFFERS], n);
		ret = raw_encoder_encode(&encoder, dma_bufs[n % RAW_BUFFERS].objects[0].fd,
					 dma_bufs[n % RAW_BUFFERS].objects[0].size, NULL, &data,
					 &size);
		same = same && ret == 0 && size == chunks->sizes[n] &&
		       memcmp(data, chunks->data[n], size) == 0;
	}
	if (ret < 0)
		tap_note("QBUF: %s", strerror(-ret));
	tap_ok(same, "%s: vicodec imports them, and its chunks are those of copies",
	       source.label);
	raw_encoder_close(&encoder);
	for (unsigned i = 0; i < RAW_BUFFERS; i++) {
		wc_dma_buf_finish(&dma_bufs[i]);
		wc_video_frame_unref(frames[i]);
	}
	source_close(&source);
}

/* ---- the library's encoder reads it, by whatever way ---- */

/* Chunks one after the other. */
struct coded {
	uint8_t data[FRAMES * SIZE];
	size_t size;
	unsigned n_chunks;
	bool ended, failed;
};

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct coded *coded = user_data;
	size_t size = wc_encoded_video_chunk_get_size(chunk);

	(void)metadata;
	if (coded->size + size > sizeof coded->data)
		tap_bail("more came out than went in");
	memcpy(coded->data + coded->size, wc_encoded_video_chunk_get_data(chunk), size);
	coded->size += size;
	coded->n_chunks++;
	wc_encoded_video_chunk_unref(chunk);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	if (error->name != WC_NOT_SUPPORTED_ERROR)
		tap_bail("%s", error->message);
	((struct coded *)user_data)->failed = true;
}

static void on_flushed(enum wc_status status, void *user_data)
{
	((struct coded *)user_data)->ended = status == WC_OK;
}

/* False: this build has no such encoder. */
static bool encode_frames(const struct wc_memory_options *options,
			  const struct wc_video_encoder_config *config, struct coded *coded)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = coded,
	};
	struct wc_context *context = make_context(options);
	struct wc_video_encoder *encoder;

	coded->failed = false;
	coded->size = coded->n_chunks = 0;
	coded->ended = false;
	if (wc_video_encoder_new(context, &init, &encoder) < 0 ||
	    wc_video_encoder_configure(encoder, config) < 0)
		tap_bail("no encoder");
	for (unsigned n = 0; n < FRAMES && !coded->failed; n++) {
		struct wc_video_frame *frame = make_frame(context, WC_MEMORY_FOR_CODEC);

		draw(frame, n);
		if (wc_video_encoder_encode(encoder, frame, NULL) < 0)
			tap_bail("cannot encode");
		wc_video_frame_unref(frame);
	}
	wc_video_encoder_flush(encoder, on_flushed, coded);
	for (unsigned i = 0; i < 1000 && !coded->ended && !coded->failed; i++)
		wc_context_dispatch(context, 1000);
	wc_video_encoder_destroy(encoder);
	wc_context_unref(context);
	return !coded->failed;
}

static void test_library_encoder(const struct wc_video_encoder_config *config)
{
	static const struct wc_memory_options plain = { .kind = WC_MEMORY_PLAIN };
	static struct coded of_plain, coded;

	if (!encode_frames(&plain, config, &of_plain)) {
		tap_note("%s: this build has no encoder for it", config->codec);
		return;
	}
	for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
		tap_ok(encode_frames(&kinds[k].options, config, &coded) && coded.ended &&
		       coded.n_chunks == FRAMES && coded.size == of_plain.size &&
		       memcmp(coded.data, of_plain.data, coded.size) == 0,
		       "%s: chunks of %s are those of plain memory", kinds[k].label,
		       config->codec);
}

/* The driver's, which gets a copy or reads in place, and one that reads in a thread of its own. */
static void test_library_encoders(void)
{
	static const struct wc_video_encoder_config configs[] = {
		{ .codec = "fwht", .width = WIDTH, .height = HEIGHT,
		  .hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE },
		{ .codec = "vp8", .width = WIDTH, .height = HEIGHT, .bitrate = 2000000,
		  .hardware_acceleration = WC_HARDWARE_PREFER_SOFTWARE },
	};

	for (unsigned i = 0; i < sizeof configs / sizeof *configs; i++)
		test_library_encoder(&configs[i]);
}

/* ---- limits and ends ---- */

static void test_outlives(unsigned k)
{
	unsigned before = count_descriptors();
	uint8_t *out = malloc(SIZE);
	struct wc_video_frame *frame;
	struct source source;

	source_open(&source, k);
	frame = source_frame(&source, DMA_BUFS);
	source_close(&source);
	draw(frame, 1);
	picture_draw(&picture, 1, expected);
	tap_ok(out && wc_video_frame_copy_to(frame, NULL, out, SIZE, NULL) == WC_OK &&
	       memcmp(out, expected, SIZE) == 0, "%s: frames outlive the context",
	       source.label);
	wc_video_frame_unref(frame);
	free(out);
	tap_ok(count_descriptors() == before, "%s: no descriptor is left", source.label);
}

/* Frames until there is no descriptor left; one that is given back serves the next. */
static void test_descriptors(unsigned k)
{
	struct wc_context *context = make_context(&kinds[k].options);
	struct wc_video_frame *frames[64], *more;
	struct rlimit old, few = { 40, 0 };
	const struct wc_error *error;
	unsigned n = 0;

	frames[n++] = make_frame(context, DMA_BUFS);
	getrlimit(RLIMIT_NOFILE, &old);
	few.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	while (n < 64 && (frames[n] = make_frame(context, DMA_BUFS)))
		n++;
	error = wc_context_get_error(context);
	tap_ok(n < 64 && error->name == WC_QUOTA_EXCEEDED_ERROR &&
	       error->sys_errno == EMFILE,
	       "%s: after %u frames there are no more descriptors", kinds[k].label, n);
	wc_video_frame_unref(frames[--n]);
	more = make_frame(context, DMA_BUFS);
	tap_ok(more, "%s: one that came back serves the next", kinds[k].label);
	wc_video_frame_unref(more);
	while (n > 0)
		wc_video_frame_unref(frames[--n]);
	setrlimit(RLIMIT_NOFILE, &old);
	wc_context_unref(context);
}

/* udmabuf has 64 MB at a time; the reason says that it was asked. */
static void test_too_large(void)
{
	struct wc_memory_options options = { .kind = WC_MEMORY_UDMABUF };
	struct wc_context *context = make_context(&options);
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_XRGB8888, .coded_width = 5120, .coded_height = 4096,
	};
	struct wc_video_frame *frame;

	tap_ok(wc_video_frame_alloc(context, &init, DMA_BUFS, &frame) == WC_NOT_SUPPORTED_ERROR &&
	       wc_context_get_error(context)->sys_errno == EINVAL &&
	       strstr(wc_context_get_error(context)->message, "udmabuf: errno 22"),
	       "udmabuf: a frame that is too large is refused, and said to be");
	wc_context_unref(context);
}

static void test_choice(void)
{
	static const struct {
		unsigned use;
		enum wc_memory_kind kind;
		const char *name;
	} rows[] = {
		{ WC_MEMORY_FOR_CPU, WC_MEMORY_PLAIN, "" },
		{ WC_MEMORY_FOR_CODEC, WC_MEMORY_HEAP, "system" },
		{ WC_MEMORY_FOR_CODEC | WC_MEMORY_FOR_CPU, WC_MEMORY_HEAP, "system" },
		{ WC_MEMORY_FOR_DISPLAY, WC_MEMORY_DUMB, "/dev/dri/card1" },
	};
	struct wc_context *context = make_context(NULL);

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wc_memory_choice choice;

		tap_ok(wc_context_get_memory_choice(context, rows[i].use, &choice) == WC_OK &&
		       choice.kind == rows[i].kind && strcmp(choice.name, rows[i].name) == 0,
		       "use %u", rows[i].use);
		tap_note("%s", choice.reason);
	}
	wc_context_unref(context);
}

/* Whoever draws on the display later is not in the way of who allocated before. */
static void test_master(void)
{
	struct wc_memory_options options = { .kind = WC_MEMORY_DUMB, .name = cards[1] };
	struct wc_context *context = make_context(&options);
	struct wc_video_frame *frame = make_frame(context, DMA_BUFS);
	int fd = open(cards[1], O_RDWR | O_CLOEXEC);

	tap_ok(frame && fd >= 0 && drmIsMaster(fd), "a display's user becomes its master");
	close(fd);
	wc_video_frame_unref(frame);
	wc_context_unref(context);
}

int main(void)
{
	struct chunks chunks;

	encode_copies(&chunks);
	for (unsigned k = 0; k < sizeof kinds / sizeof *kinds + 1; k++) {
		test_sharing(k);
		test_encoding(k, &chunks);
		test_outlives(k);
		/* A driver makes its buffers at the start, and not one for each frame. */
		if (k < sizeof kinds / sizeof *kinds)
			test_descriptors(k);
	}
	test_library_encoders();
	test_too_large();
	test_choice();
	test_master();
	for (unsigned n = 0; n < FRAMES; n++)
		free(chunks.data[n]);
	return tap_end();
}
