/* SPDX-License-Identifier: MIT */
/*
 * A program that ends with a frame in one of three ways: "keep" has a pointer to it, "lose" has
 * none, "check" has none and asks wc_leak_check(). The context is there in each. test_leaks.sh
 * builds it with LeakSanitizer and looks at what that says.
 */
#include <drm_fourcc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <webcodecs/webcodecs.h>

static struct wc_context *context;
static struct wc_video_frame *volatile kept;

__attribute__((noinline)) static struct wc_video_frame *make(void)
{
	static uint8_t pixels[64];
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_ABGR8888, .coded_width = 4, .coded_height = 4,
	};
	struct wc_video_frame *frame;

	if (wc_video_frame_new(context, pixels, sizeof pixels, &init, &frame) < 0)
		exit(2);
	return frame;
}

__attribute__((noinline)) static void make_and_maybe_keep(bool keep)
{
	struct wc_video_frame *frame = make();

	if (keep)
		kept = frame;
}

/* What is left of pointers in registers and on the stack. */
__attribute__((noinline)) static void wipe(void)
{
	volatile char stack[8192];

	for (size_t i = 0; i < sizeof stack; i++)
		stack[i] = 0;
}

static void on_log(enum wc_log_level level, const char *file, int line, const char *message,
		   void *user_data)
{
	(void)level;
	(void)file;
	(void)line;
	(void)user_data;
	fprintf(stderr, "log: %s\n", message);
}

int main(int argc, char **argv)
{
	static const char *const no_devices[] = { NULL };
	struct wc_context_options options = { .device_paths = no_devices, .log_handler = on_log };
	const char *how = argc > 1 ? argv[1] : "";

	if (wc_context_new(&options, &context) < 0)
		return 2;
	if (wc_context_set_census(context, NULL) < 0)
		fprintf(stderr, "no census\n");
	/* The frame that is lost must not be the one that was made last. */
	make_and_maybe_keep(strcmp(how, "keep") == 0);
	wc_video_frame_unref(make());
	wipe();
	if (strcmp(how, "check") == 0) {
		fprintf(stderr, "leaks: %zu\n", wc_leak_check(context, NULL));
		_Exit(0);
	}
	return 0;
}
