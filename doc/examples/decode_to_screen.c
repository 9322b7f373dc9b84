/* SPDX-License-Identifier: MIT */
/*
 * Decode onto a KMS plane: each frame is shown where the decoder wrote it, with an atomic commit,
 * and given back at the flip that takes it off the screen. The display paces the decoder.
 *
 *     decode_to_screen CODEC FILE.ivf CARD
 */
#include "display.h"

struct player {
	struct display display;
	struct wc_video_frame *shown;      /* on the screen */
	uint32_t shown_fb;
	bool flipping;
	unsigned count;
};

/* A player of long films keeps framebuffers by buffer, as tools/transcode/framebuffers.c does. */
static uint32_t import(const struct display *display, struct wc_video_frame *frame)
{
	uint32_t handles[4] = { 0 }, pitches[4] = { 0 }, offsets[4] = { 0 }, id = 0;
	uint64_t modifiers[4] = { 0 };
	struct wc_dma_buf picture;

	if (wc_video_frame_export_dma_buf(frame, &picture) < 0)
		die("frame", "is no DMA-BUF");
	for (uint32_t i = 0; i < picture.plane_count; i++) {
		if (drmPrimeFDToHandle(display->fd, picture.objects[picture.planes[i].object].fd,
				       &handles[i]))
			die("display", "does not import the frame");
		pitches[i] = (uint32_t)picture.planes[i].stride;
		offsets[i] = (uint32_t)picture.planes[i].offset;
		modifiers[i] = picture.modifier;
	}
	/* What is not linear must not be shown as if it were; old drivers know only linear. */
	if (drmModeAddFB2WithModifiers(display->fd, picture.width, picture.height, picture.fourcc,
				       handles, pitches, offsets, modifiers, &id,
				       picture.modifier ? DRM_MODE_FB_MODIFIERS : 0))
		die("display", "does not show this format");
	/* The framebuffer keeps the memory; planes in one DMA-BUF have one handle. */
	for (uint32_t i = 0; i < picture.plane_count; i++)
		if (!i || handles[i] != handles[i - 1])
			drmIoctl(display->fd, DRM_IOCTL_GEM_CLOSE,
				 &(struct drm_gem_close) { .handle = handles[i] });
	wc_dma_buf_finish(&picture);
	return id;
}

static void on_flip(int fd, unsigned sequence, unsigned seconds, unsigned microseconds,
		    void *player)
{
	(void)fd, (void)sequence, (void)seconds, (void)microseconds;
	((struct player *)player)->flipping = false;
}

/* Put a framebuffer on the plane, pixel for pixel, and wait until it is there. */
static void flip(struct player *p, uint32_t fb, const struct wc_rect *visible)
{
	const struct display *d = &p->display;
	uint64_t width = visible->width < d->mode.hdisplay ? visible->width : d->mode.hdisplay;
	uint64_t height = visible->height < d->mode.vdisplay ? visible->height : d->mode.vdisplay;
	const struct { const char *name; uint64_t value; } plane[] = {
		{ "FB_ID", fb }, { "CRTC_ID", d->crtc },
		{ "SRC_X", (uint64_t)visible->x << 16 }, { "SRC_Y", (uint64_t)visible->y << 16 },
		{ "SRC_W", width << 16 }, { "SRC_H", height << 16 },
		{ "CRTC_X", 0 }, { "CRTC_Y", 0 }, { "CRTC_W", width }, { "CRTC_H", height },
	};
	drmEventContext events = { .version = 2, .page_flip_handler = on_flip };
	drmModeAtomicReq *request = drmModeAtomicAlloc();

	display_set(d, request, d->connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", d->crtc);
	display_set(d, request, d->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", d->mode_blob);
	display_set(d, request, d->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 1);
	for (unsigned i = 0; i < sizeof plane / sizeof *plane; i++)
		display_set(d, request, d->plane, DRM_MODE_OBJECT_PLANE, plane[i].name,
			    plane[i].value);
	if (drmModeAtomicCommit(d->fd, request, DRM_MODE_PAGE_FLIP_EVENT |
				DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_ATOMIC_ALLOW_MODESET, p))
		die("display", "does not show the frame");
	drmModeAtomicFree(request);
	p->flipping = true;
	while (p->flipping)
		if (drmHandleEvent(d->fd, &events))
			die("display", "has no events");
}

/* After the flip the display does not read the frame before any more: the decoder may have it. */
static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct wc_rect visible = wc_video_frame_get_visible_rect(frame);
	struct player *p = user_data;
	uint32_t fb = import(&p->display, frame);

	flip(p, fb, &visible);
	if (p->shown)
		drmModeRmFB(p->display.fd, p->shown_fb);
	wc_video_frame_unref(p->shown);
	p->shown = frame;
	p->shown_fb = fb;
	p->count++;
}

int main(int argc, char **argv)
{
	FILE *file;
	struct player p = { .count = 0 };
	struct wc_context *context;
	struct wc_video_decoder *decoder;
	struct wc_encoded_video_chunk *chunk;
	bool done = false;

	if (argc != 4)
		die("usage", "decode_to_screen CODEC FILE.ivf CARD");
	file = fopen(argv[2], "rb");
	if (!file || wc_context_new(NULL, &context) < 0)
		die(argv[2], "cannot be opened");
	display_open(&p.display, argv[3]);
	check(context, wc_video_decoder_new(context, &(struct wc_video_decoder_init) {
		.output = on_frame, .error = on_error, .user_data = &p,
	}, &decoder), "decoder");
	/* All planes of all displays have this format; devices that decode to it do. */
	check(context, wc_video_decoder_configure(decoder, &(struct wc_video_decoder_config) {
		.codec = argv[1], .fourcc = DRM_FORMAT_XRGB8888,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	}), "decoder");
	while (ivf_read(file, context, decoder, &chunk)) {
		check(context, wc_video_decoder_decode(decoder, chunk), "decode");
		wc_encoded_video_chunk_unref(chunk);
		while (wc_video_decoder_is_saturated(decoder))
			check(context, wc_context_dispatch(context, -1), "dispatch");
	}
	check(context, wc_video_decoder_flush(decoder, on_flushed, &done), "flush");
	while (!done)
		check(context, wc_context_dispatch(context, -1), "dispatch");
	printf("%u frames shown\n", p.count);
	wc_video_decoder_destroy(decoder);
	close(p.display.fd);                       /* turns the plane off; the frame may go then */
	wc_video_frame_unref(p.shown);
	wc_context_unref(context);
	fclose(file);
	return 0;
}
