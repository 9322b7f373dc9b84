/* SPDX-License-Identifier: MIT */
/*
 * Decode, and print for each frame the attributes with which a GPU imports it as a texture
 * (EGL_EXT_image_dma_buf_import and _modifiers):
 *
 *     image = eglCreateImageKHR(display, EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT, NULL, attributes);
 *     glEGLImageTargetTexture2DOES(GL_TEXTURE_EXTERNAL_OES, image);
 *
 * The descriptors may be closed as soon as there is an image. The frame stays open until the GPU
 * has drawn with it. Nothing of a GPU is needed here.
 *
 *     decode_to_egl CODEC FILE.ivf
 */
#include <inttypes.h>

#include "example.h"

/* As in EGL/egl.h and EGL/eglext.h. */
enum {
	EGL_NONE = 0x3038,
	EGL_HEIGHT = 0x3056,
	EGL_WIDTH = 0x3057,
	EGL_LINUX_DRM_FOURCC_EXT = 0x3271,
	EGL_DMA_BUF_PLANE0_FD_EXT = 0x3272,            /* then offset and pitch; 3 a plane */
	EGL_DMA_BUF_PLANE3_FD_EXT = 0x3440,
	EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT = 0x3443,   /* then the upper half; 2 a plane */
};

/* attributes: room for 6 + 10 * 4 + 1. Returns how many there are. */
static unsigned make_attributes(const struct wc_dma_buf *picture, int32_t *attributes)
{
	unsigned n = 0;

	attributes[n++] = EGL_WIDTH;
	attributes[n++] = (int32_t)picture->width;
	attributes[n++] = EGL_HEIGHT;
	attributes[n++] = (int32_t)picture->height;
	attributes[n++] = EGL_LINUX_DRM_FOURCC_EXT;
	attributes[n++] = (int32_t)picture->fourcc;
	for (uint32_t i = 0; i < picture->plane_count; i++) {
		int32_t name = i < 3 ? EGL_DMA_BUF_PLANE0_FD_EXT + 3 * (int32_t)i :
			       EGL_DMA_BUF_PLANE3_FD_EXT;
		int32_t modifier = EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT + 2 * (int32_t)i;

		attributes[n++] = name;
		attributes[n++] = picture->objects[picture->planes[i].object].fd;
		attributes[n++] = name + 1;
		attributes[n++] = (int32_t)picture->planes[i].offset;
		attributes[n++] = name + 2;
		attributes[n++] = (int32_t)picture->planes[i].stride;
		attributes[n++] = modifier;
		attributes[n++] = (int32_t)(picture->modifier & 0xffffffff);
		attributes[n++] = modifier + 1;
		attributes[n++] = (int32_t)(picture->modifier >> 32);
	}
	attributes[n++] = EGL_NONE;
	return n;
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct wc_dma_buf picture;
	int32_t attributes[47];
	unsigned n;

	(void)user_data;
	if (wc_video_frame_export_dma_buf(frame, &picture) < 0)
		die("frame", "is no DMA-BUF: upload it with glTexSubImage2D()");
	n = make_attributes(&picture, attributes);
	printf("%" PRId64 ":", wc_video_frame_get_timestamp(frame));
	for (unsigned i = 0; i + 1 < n; i += 2)
		printf(" 0x%" PRIx32 "=%" PRId32, (uint32_t)attributes[i], attributes[i + 1]);
	printf("\n");
	wc_dma_buf_finish(&picture);
	wc_video_frame_unref(frame);
}

int main(int argc, char **argv)
{
	struct wc_context *context;
	struct wc_video_decoder *decoder;
	struct wc_encoded_video_chunk *chunk;
	bool done = false;
	FILE *file;

	if (argc != 3)
		die("usage", "decode_to_egl CODEC FILE.ivf");
	file = fopen(argv[2], "rb");
	if (!file || wc_context_new(NULL, &context) < 0)
		die(argv[2], "cannot be opened");
	check(context, wc_video_decoder_new(context, &(struct wc_video_decoder_init) {
		.output = on_frame, .error = on_error,
	}, &decoder), "decoder");
	check(context, wc_video_decoder_configure(decoder, &(struct wc_video_decoder_config) {
		.codec = argv[1], .hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	}), "decoder");
	while (ivf_read(file, context, decoder, &chunk)) {
		check(context, wc_video_decoder_decode(decoder, chunk), "decode");
		wc_encoded_video_chunk_unref(chunk);
		/* Memory of the device is to be had as long as it has room. */
		while (wc_video_decoder_is_saturated(decoder))
			check(context, wc_context_dispatch(context, -1), "dispatch");
	}
	check(context, wc_video_decoder_flush(decoder, on_flushed, &done), "flush");
	while (!done)
		check(context, wc_context_dispatch(context, -1), "dispatch");
	wc_video_decoder_destroy(decoder);
	wc_context_unref(context);
	fclose(file);
	return 0;
}
