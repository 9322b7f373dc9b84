/* SPDX-License-Identifier: MIT */
/*
 * Encode DMA-BUFs that somebody else made and fills, as libcamera does with the buffers of a
 * FrameBufferAllocator: few buffers that go round, each handed in anew for each picture, and queued
 * again to their maker when the library is done with them. Here the maker is a dma-heap, and a
 * function that draws.
 *
 *     import_dma_buf CODEC FILE.ivf FRAMES
 */
#include <drm_fourcc.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "example.h"

#define WIDTH 640
#define HEIGHT 480
#define LUMA ((size_t)WIDTH * HEIGHT)
#define SIZE (LUMA * 3 / 2)   /* I420 */
#define BUFFERS 4

struct maker {
	int fds[BUFFERS];
	uint8_t *maps[BUFFERS];
	atomic_bool busy[BUFFERS];
};

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	(void)metadata;
	ivf_write(user_data, chunk);
	wc_encoded_video_chunk_unref(chunk);
}

/* The picture is no longer read. With libcamera: reuse the request, and queue it again. */
static void on_release(void *user_data)
{
	atomic_store((atomic_bool *)user_data, false);
}

static void make_buffers(struct maker *maker)
{
	int heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);

	for (int i = 0; i < BUFFERS; i++) {
		struct dma_heap_allocation_data data = {
			.len = SIZE, .fd_flags = O_RDWR | O_CLOEXEC,
		};

		if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
			die("/dev/dma_heap/system", "no memory");
		maker->fds[i] = (int)data.fd;
		maker->maps[i] = mmap(NULL, SIZE, PROT_WRITE, MAP_SHARED, (int)data.fd, 0);
		if (maker->maps[i] == MAP_FAILED)
			die("/dev/dma_heap/system", "cannot be mapped");
	}
	close(heap);
}

static void free_buffers(struct maker *maker)
{
	for (int i = 0; i < BUFFERS; i++) {
		munmap(maker->maps[i], SIZE);
		close(maker->fds[i]);
	}
}

static void fill(struct maker *maker, unsigned i, unsigned n)
{
	struct dma_buf_sync start = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE };
	struct dma_buf_sync end = { .flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE };

	if (ioctl(maker->fds[i], DMA_BUF_IOCTL_SYNC, &start))
		die("DMA-BUF", "cannot be written");
	memset(maker->maps[i], 16 + (int)(n * 5 % 200), LUMA);
	memset(maker->maps[i] + LUMA, 128, SIZE - LUMA);
	if (ioctl(maker->fds[i], DMA_BUF_IOCTL_SYNC, &end))
		die("DMA-BUF", "cannot be given back");
}

static void encode(struct wc_context *context, struct wc_video_encoder *encoder,
		   struct maker *maker, unsigned n)
{
	unsigned i = n % BUFFERS;
	struct wc_dma_buf picture = {
		.fourcc = DRM_FORMAT_YUV420, .width = WIDTH, .height = HEIGHT,
		.modifier = DRM_FORMAT_MOD_LINEAR,
		.object_count = 1, .objects = { { .fd = maker->fds[i] } },
		.plane_count = 3, .planes = {
			{ 0, 0, WIDTH }, { 0, LUMA, WIDTH / 2 }, { 0, LUMA * 5 / 4, WIDTH / 2 },
		},
	};
	struct wc_video_frame_init init = { .timestamp = n * INT64_C(40000) };
	struct wc_video_frame *frame;

	while (atomic_load(&maker->busy[i]))
		check(context, wc_context_dispatch(context, 100), "dispatch");
	fill(maker, i, n);
	check(context, wc_video_frame_new_dma_buf(context, &picture, &init, on_release,
						  &maker->busy[i], &frame), "import");
	atomic_store(&maker->busy[i], true);
	check(context, wc_video_encoder_encode(encoder, frame, NULL), "encode");
	wc_video_frame_unref(frame);
}

int main(int argc, char **argv)
{
	unsigned frames = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	struct wc_context *context;
	struct wc_video_encoder *encoder;
	struct wc_counters counters;
	struct maker maker = { 0 };
	bool done = false;
	FILE *file;

	if (!frames)
		die("usage", "import_dma_buf CODEC FILE.ivf FRAMES");
	file = fopen(argv[2], "wb");
	if (!file || wc_context_new(NULL, &context) < 0)
		die(argv[2], "cannot be opened");
	ivf_write_header(file, argv[1], WIDTH, HEIGHT, frames);
	make_buffers(&maker);
	check(context, wc_video_encoder_new(context, &(struct wc_video_encoder_init) {
		.output = on_chunk, .error = on_error, .user_data = file,
	}, &encoder), "encoder");
	check(context, wc_video_encoder_configure(encoder, &(struct wc_video_encoder_config) {
		.codec = argv[1], .width = WIDTH, .height = HEIGHT, .framerate = 25,
	}), "encoder");
	for (unsigned n = 0; n < frames; n++)
		encode(context, encoder, &maker, n);
	check(context, wc_video_encoder_flush(encoder, on_flushed, &done), "flush");
	while (!done)
		check(context, wc_context_dispatch(context, -1), "dispatch");
	wc_context_get_counters(context, &counters);
	printf("%u frames, %" PRIu64 " bytes copied\n", frames, counters.bytes_copied);
	wc_video_encoder_destroy(encoder);
	wc_context_unref(context);
	free_buffers(&maker);
	if (fclose(file))
		die(argv[2], "cannot be written");
	return 0;
}
