/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of the objects fails once: the call says OperationError, nothing leaks, and the
 * same call works when it is made again. The allocator is wrapped by the linker (--wrap).
 */
#include <check.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

/* Allocations fail only inside the calls under test, and there the one that is due. */
static bool armed;
static unsigned due, seen;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static bool fails(void)
{
	if (!armed || seen++ != due)
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

/* Works at the second time, if not at the first. */
#define call(expression) \
	do { \
		int ret_; \
		armed = true; \
		ret_ = (expression); \
		armed = false; \
		if (ret_ == WC_OPERATION_ERROR) \
			ret_ = (expression); \
		ck_assert_int_eq(ret_, WC_OK); \
	} while (0)

static void no_frame(struct wc_video_frame *frame, void *user_data)
{
	(void)user_data;
	wc_video_frame_unref(frame);
}

static void no_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	(void)metadata;
	(void)user_data;
	wc_encoded_video_chunk_unref(chunk);
}

static void no_error(const struct wc_error *error, void *user_data)
{
	(void)error;
	(void)user_data;
}

static int releases;

static void on_release(void *user_data)
{
	(void)user_data;
	releases++;
}

static void decode_something(struct wc_context *context)
{
	struct wc_video_decoder_init init = { .output = no_frame, .error = no_error };
	struct wc_video_decoder_config config = { .codec = "mjpeg", .device = "/dev/video0" };
	struct wc_encoded_video_chunk_init chunk_init = { .type = WC_CHUNK_KEY };
	struct wc_encoded_video_chunk *copied, *allocated;
	struct wc_video_decoder *decoder;
	bool supported;

	call(wc_video_decoder_is_config_supported(context, &config, &supported, NULL));
	call(wc_video_decoder_new(context, &init, &decoder));
	call(wc_video_decoder_configure(decoder, &config));
	call(wc_encoded_video_chunk_new(context, "", 0, &chunk_init, &copied));
	call(wc_video_decoder_decode(decoder, copied));
	wc_encoded_video_chunk_unref(copied);
	call(wc_encoded_video_chunk_new(context, "abc", 3, &chunk_init, &copied));
	wc_encoded_video_chunk_unref(copied);
	call(wc_video_decoder_alloc_chunk(decoder, 3, &chunk_init, &allocated));
	wc_encoded_video_chunk_unref(allocated);
	call(wc_video_decoder_flush(decoder, NULL, NULL));
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(decoder), 1);
	wc_video_decoder_destroy(decoder);
}

static void encode_something(struct wc_context *context)
{
	static uint8_t pixels[4 * 4 * 4];
	struct wc_video_encoder_init init = { .output = no_chunk, .error = no_error };
	struct wc_video_encoder_config config = { .codec = "vp8", .width = 4, .height = 4 };
	struct wc_video_frame_init frame_init = {
		.fourcc = DRM_FORMAT_ABGR8888, .coded_width = 4, .coded_height = 4,
	};
	struct wc_video_frame *copied, *wrapped, *clone;
	struct wc_video_encoder *encoder;
	bool supported;

	releases = 0;
	call(wc_video_encoder_is_config_supported(context, &config, &supported, NULL));
	call(wc_video_encoder_new(context, &init, &encoder));
	call(wc_video_encoder_configure(encoder, &config));
	call(wc_video_frame_new(context, pixels, sizeof pixels, &frame_init, &copied));
	call(wc_video_frame_new_wrapped(context, pixels, sizeof pixels, &frame_init, on_release,
					NULL, &wrapped));
	ck_assert_int_eq(releases, 0);
	call(wc_video_frame_clone(wrapped, &clone));
	call(wc_video_encoder_encode(encoder, copied, NULL));
	call(wc_video_encoder_encode(encoder, wrapped, NULL));
	call(wc_video_encoder_flush(encoder, NULL, NULL));
	ck_assert_uint_eq(wc_video_encoder_get_queue_size(encoder), 2);
	wc_video_frame_unref(copied);
	wc_video_frame_unref(wrapped);
	wc_video_frame_unref(clone);
	wc_video_encoder_destroy(encoder);
	ck_assert_int_eq(releases, 1);
}

static void convert_something(struct wc_context *context)
{
	static const uint8_t pixels[4 * 4 * 4];
	struct wc_video_converter_init init = { .output = no_frame, .error = no_error };
	struct wc_video_converter_config config = { .rotation = 90, .device = "/dev/video0" };
	struct wc_video_converter_source source = {
		.fourcc = DRM_FORMAT_ABGR8888, .width = 4, .height = 4,
	};
	struct wc_video_frame_init frame_init = {
		.fourcc = DRM_FORMAT_ABGR8888, .coded_width = 4, .coded_height = 4,
	};
	struct wc_video_converter *converter;
	struct wc_video_frame *frame;
	bool supported;

	call(wc_video_converter_is_config_supported(context, &config, &source, &supported, NULL));
	call(wc_video_converter_new(context, &init, &converter));
	call(wc_video_converter_configure(converter, &config));
	call(wc_video_frame_new(context, pixels, sizeof pixels, &frame_init, &frame));
	call(wc_video_converter_convert(converter, frame));
	call(wc_video_converter_convert(converter, frame));
	call(wc_video_converter_flush(converter, NULL, NULL));
	ck_assert_uint_eq(wc_video_converter_get_queue_size(converter), 2);
	wc_video_frame_unref(frame);
	wc_video_converter_destroy(converter);
}

#ifdef WITHOUT_CENSUS
#define count_everything(context) ((void)(context))
#else
/* More than the first block of the census has, and the first length of a list. */
#define MANY 66

static void count_everything(struct wc_context *context)
{
	static const uint8_t pixels[4 * 4 * 4];
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_ABGR8888, .coded_width = 4, .coded_height = 4,
	};
	struct wc_census_options options = { .sample_every = 1 };
	struct wc_video_frame *frames[MANY];
	struct wc_census *census;

	call(wc_context_set_census(context, &options));
	for (int i = 0; i < MANY; i++)
		call(wc_video_frame_new(context, pixels, sizeof pixels, &init, &frames[i]));
	call(wc_census_new(context, NULL, &census));
	ck_assert_uint_eq(wc_census_get_count(census), MANY);
	wc_census_destroy(census);
	for (int i = 0; i < MANY; i++)
		wc_video_frame_unref(frames[i]);
}
#endif

static void run_all(void)
{
	static const char *const no_devices[] = { NULL };
	struct wc_context_options options = { .device_paths = no_devices };
	struct wc_device_list *list;
	struct wc_context *context;
	struct wc_counters counters;

	call(wc_context_new(&options, &context));
	call(wc_device_list_new(context, &list));
	wc_device_list_destroy(list);
	decode_something(context);
	encode_something(context);
	convert_something(context);
	count_everything(context);
	wc_context_get_counters(context, &counters);
	ck_assert_uint_eq(counters.video_frames, 0);
	ck_assert_uint_eq(counters.video_chunks, 0);
	ck_assert_uint_eq(counters.buffers, 0);
	wc_context_unref(context);
}

START_TEST(each_allocation_may_fail)
{
	struct script script = { .trace = NULL };

	script_use(&script);
	due = 0;
	do {
		seen = 0;
		run_all();
	} while (seen > due++);
	script_use(NULL);
	/* Context, core, loop's registry, codecs, configurations, messages, frames, chunks. */
	ck_assert_uint_gt(due, 20);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("no_memory");
	TCase *tc = tcase_create("no_memory");

	tcase_add_test(tc, each_allocation_may_fail);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return app_main(suite());
}
