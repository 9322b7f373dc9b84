/* SPDX-License-Identifier: MIT */
/*
 * Converters on what really converts: devices, which the fake plays, and libyuv; and from one to
 * the other in the middle of a stream.
 */
#include <check.h>
#include <drm_fourcc.h>
#include <stdlib.h>
#include <string.h>
#include <webcodecs/webcodecs.h>

#include "fake/fake.h"
#include "trace.h"

#define VIM2M "/dev/fake-video0"           /* no rotation, no NV12 */
#define RGA "/dev/fake-video1"
#define CODER "/dev/fake-video2"
#define WIDTH 64
#define HEIGHT 48

static struct wc_context *context;
static struct wc_video_converter *converter;
static struct trace trace;
static struct wc_error error;
static struct wc_video_frame *last;        /* result; a reference */

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	uint32_t fourcc = wc_video_frame_get_fourcc(frame);

	(void)user_data;
	trace_add(&trace, "%lld:%.4s", (long long)wc_video_frame_get_timestamp(frame),
		  (const char *)&fourcc);
	wc_video_frame_unref(last);
	last = frame;
}

static void on_error(const struct wc_error *e, void *user_data)
{
	(void)user_data;
	error = *e;
	trace_add(&trace, "error:%s", wc_status_name(e->name));
}

static void on_flushed(enum wc_status status, void *user_data)
{
	trace_add(&trace, "flush:%s", wc_status_name(status));
	*(bool *)user_data = true;
}

static void set_up(void)
{
	static const char *const paths[] = { VIM2M, RGA, CODER, NULL };
	struct wc_context_options options = { .device_paths = paths, .slot_directory = "" };
	struct wc_video_converter_init init = { on_frame, on_error, .label = "test" };

	fake_start();
	/* Software works in a thread. */
	fake_set_hang_grace(10000);
	fake_add_device(&fake_vim2m, VIM2M);
	fake_add_device(&fake_rga, RGA);
	fake_add_device(&fake_generic_encoder_sp, CODER);
	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
	ck_assert_int_eq(wc_video_converter_new(context, &init, &converter), WC_OK);
}

static void tear_down(void)
{
	struct wc_counters counters;

	wc_video_converter_destroy(converter);
	wc_video_frame_unref(last);
	/* What a destroyed session left to do. */
	ck_assert_int_ge(wc_context_dispatch(context, 0), 0);
	ck_assert_uint_eq(wc_leak_check(context, NULL), 0);
	wc_context_get_counters(context, &counters);
	ck_assert_uint_eq(counters.hardware_contexts, 0);
	ck_assert_uint_eq(counters.video_converters, 0);
	wc_context_unref(context);
	fake_stop();
	fake_check_no_violations();
}

static void configure(const struct wc_video_converter_config *config)
{
	ck_assert_int_eq(wc_video_converter_configure(converter, config), WC_OK);
}

/* A grey picture, which every format has alike. */
static struct wc_video_frame *frame_new(uint32_t fourcc, int64_t timestamp, uint16_t rotation)
{
	static uint8_t grey[WIDTH * HEIGHT * 4];
	struct wc_video_frame_init init = {
		.fourcc = fourcc, .coded_width = WIDTH, .coded_height = HEIGHT,
		.timestamp = timestamp, .rotation = rotation,
	};
	struct wc_video_frame *frame;

	memset(grey, 128, sizeof grey);
	ck_assert_int_eq(wc_video_frame_new(context, grey, sizeof grey, &init, &frame), WC_OK);
	return frame;
}

static void convert(uint32_t fourcc, int64_t timestamp, uint16_t rotation)
{
	struct wc_video_frame *frame = frame_new(fourcc, timestamp, rotation);

	ck_assert_int_eq(wc_video_converter_convert(converter, frame), WC_OK);
	wc_video_frame_unref(frame);
}

static void flush(void)
{
	bool done = false;

	ck_assert_int_eq(wc_video_converter_flush(converter, on_flushed, &done), WC_OK);
	for (int i = 0; i < 1000 && !done; i++)
		ck_assert_int_ge(wc_context_dispatch(context, 100), 0);
	ck_assert(done);
}

static struct wc_session_info session(void)
{
	struct wc_session_info info;

	wc_video_converter_get_session_info(converter, &info);
	return info;
}

static uint64_t contexts(void)
{
	struct wc_counters counters;

	wc_context_get_counters(context, &counters);
	return counters.hardware_contexts;
}

START_TEST(a_device_converts)
{
	struct wc_video_frame_mapping map;

	configure(&(struct wc_video_converter_config) { .width = 32, .height = 32 });
	for (int i = 0; i < 20; i++)
		convert(DRM_FORMAT_RGB565, i, 0);
	flush();
	ck_assert_int_eq(session().kind, WC_SESSION_CONVERTER);
	ck_assert_str_eq(wc_session_kind_name(session().kind), "converter");
	ck_assert_str_eq(session().device, VIM2M);
	ck_assert_uint_eq(session().units_in, 20);
	ck_assert_uint_eq(contexts(), 1);
	ck_assert_int_eq(wc_video_frame_get_timestamp(last), 19);
	ck_assert_uint_eq(wc_video_frame_get_visible_rect(last).width, 32);
	ck_assert_uint_eq(wc_video_frame_get_display_width(last), 43);
	ck_assert_int_eq(wc_video_converter_close(converter), WC_OK);
	ck_assert_uint_eq(contexts(), 0);
	/* It outlives the converter. */
	ck_assert_int_eq(wc_video_frame_map(last, WC_MAP_READ, &map), WC_OK);
	ck_assert_uint_eq(map.planes[0].data[0], 128);
	wc_video_frame_unmap(last);
}
END_TEST

/* vim2m, libyuv, RGA, and vim2m again: order is kept, and nothing is left behind. */
START_TEST(each_kind_finds_its_place)
{
	configure(&(struct wc_video_converter_config) { .orientation = WC_ORIENTATION_UPRIGHT });
	convert(DRM_FORMAT_RGB565, 0, 0);
	convert(DRM_FORMAT_RGB565, 1, 0);
	convert(DRM_FORMAT_YUV444, 2, 0);
	flush();
	trace_expect(&trace, "0:RG16 1:RG16 2:YU24 flush:OK");
	ck_assert_int_eq(session().kind, WC_SESSION_SOFTWARE);
	ck_assert_str_eq(session().name, "libyuv");
	ck_assert_uint_eq(contexts(), 0);
	convert(DRM_FORMAT_YUV444, 3, 0);
	convert(DRM_FORMAT_RGB565, 4, 90);
	convert(DRM_FORMAT_RGB565, 5, 90);
	flush();
	trace_expect(&trace, "3:YU24 4:RG16 5:RG16 flush:OK");
	ck_assert_str_eq(session().device, RGA);
	ck_assert_uint_eq(session().units_out, 2);
	ck_assert_uint_eq(wc_video_frame_get_visible_rect(last).width, HEIGHT);
	ck_assert_uint_eq(wc_video_frame_get_rotation(last), 0);
	convert(DRM_FORMAT_RGB565, 6, 0);
	flush();
	trace_expect(&trace, "6:RG16 flush:OK");
	ck_assert_str_eq(session().device, VIM2M);
	ck_assert_uint_eq(contexts(), 1);
}
END_TEST

START_TEST(a_fallback_is_never_silent)
{
	configure(&(struct wc_video_converter_config) {
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	});
	convert(DRM_FORMAT_YUV444, 0, 0);
	flush();
	trace_expect(&trace, "error:NotSupportedError flush:NotSupportedError");
	ck_assert_str_eq(error.device, VIM2M);
	ck_assert_str_ne(error.message, "");
}
END_TEST

START_TEST(software_can_be_preferred)
{
	configure(&(struct wc_video_converter_config) {
		.fourcc = DRM_FORMAT_NV12,
		.hardware_acceleration = WC_HARDWARE_PREFER_SOFTWARE,
	});
	convert(DRM_FORMAT_XRGB8888, 0, 0);
	flush();
	trace_expect(&trace, "0:NV12 flush:OK");
	ck_assert_int_eq(session().kind, WC_SESSION_SOFTWARE);
	ck_assert_int_eq(wc_video_frame_get_color_space(last).matrix, WC_MATRIX_BT709);
}
END_TEST

/* Asking takes a context for a moment, and a device whose contexts are taken is one, too. */
START_TEST(support_is_asked_of_devices)
{
	struct wc_video_converter_config config = {
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE, .device = VIM2M,
	};
	struct wc_video_converter_source source = {
		DRM_FORMAT_RGB565, .width = WIDTH, .height = HEIGHT,
	};
	struct wc_session_info info;
	bool supported;

	ck_assert_int_eq(wc_context_set_quota(context, VIM2M, 1), WC_OK);
	ck_assert_int_eq(wc_video_converter_is_config_supported(context, &config, &source,
								&supported, &info), WC_OK);
	ck_assert(supported);
	ck_assert_int_eq(info.kind, WC_SESSION_CONVERTER);
	ck_assert_str_eq(info.device, VIM2M);
	ck_assert_uint_eq(contexts(), 0);
	configure(&config);
	convert(DRM_FORMAT_RGB565, 0, 0);
	flush();
	ck_assert_uint_eq(contexts(), 1);
	ck_assert_int_eq(wc_video_converter_is_config_supported(context, &config, &source,
								&supported, &info), WC_OK);
	ck_assert(supported);
	ck_assert_str_eq(info.device, VIM2M);
	ck_assert_uint_eq(contexts(), 1);
	config.rotation = 90;
	ck_assert_int_eq(wc_video_converter_close(converter), WC_OK);
	ck_assert_int_eq(wc_video_converter_is_config_supported(context, &config, &source,
								&supported, &info), WC_OK);
	ck_assert(!supported);
	ck_assert_int_eq(info.kind, WC_SESSION_NONE);
	config = (struct wc_video_converter_config) { .rotation = 90 };
	source.fourcc = DRM_FORMAT_YUV444;
	ck_assert_int_eq(wc_video_converter_is_config_supported(context, &config, &source,
								&supported, &info), WC_OK);
	ck_assert(supported);
	ck_assert_str_eq(info.name, "libyuv");
}
END_TEST

/* The only context of a device goes to who needs it, if its holder is in the background. */
START_TEST(converters_are_reclaimed)
{
	struct wc_video_converter_init init = { on_frame, on_error, .label = "other" };
	struct wc_video_converter_config config = { .device = VIM2M };
	struct wc_reclaim_traits traits = { .background = true };
	struct wc_video_converter *first = converter;

	ck_assert_int_eq(wc_context_set_quota(context, VIM2M, 1), WC_OK);
	ck_assert_int_eq(wc_video_converter_set_reclaim_traits(converter, &traits), WC_OK);
	configure(&config);
	convert(DRM_FORMAT_RGB565, 0, 0);
	flush();
	trace_expect(&trace, "0:RG16 flush:OK");
	ck_assert_int_eq(wc_video_converter_new(context, &init, &converter), WC_OK);
	configure(&config);
	convert(DRM_FORMAT_RGB565, 1, 0);
	flush();
	trace_expect(&trace, "error:QuotaExceededError 1:RG16 flush:OK");
	ck_assert_int_eq(wc_video_converter_get_state(first), WC_CODEC_CLOSED);
	wc_video_converter_destroy(first);
}
END_TEST

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	(void)metadata;
	trace_add(&trace, "%lld", (long long)wc_encoded_video_chunk_get_timestamp(chunk));
	++*(unsigned *)user_data;
	wc_encoded_video_chunk_unref(chunk);
}

static void encode(struct wc_video_encoder *encoder, int64_t timestamp)
{
	struct wc_video_frame *frame = frame_new(DRM_FORMAT_NV12, timestamp, 0);

	ck_assert_int_eq(wc_video_encoder_encode(encoder, frame, NULL), WC_OK);
	wc_video_frame_unref(frame);
}

static void on_pressure(struct wc_context *c, const struct wc_pressure_event *event,
			void *user_data)
{
	(void)c;
	(void)event;
	(void)user_data;
}

/* What looks at all codecs of a context finds a converter among their claims that is no codec. */
START_TEST(an_encoder_has_a_converter)
{
	struct wc_reclaim_traits traits = { .background = true, .priority = 3 };
	struct wc_census_options census = { .open_limit = 1000000 };
	unsigned n = 0;
	struct wc_video_encoder_init init = { on_chunk, on_error, .user_data = &n };
	struct wc_video_encoder_config config = { .codec = "vp8", .width = 48, .height = 48 };
	struct wc_video_encoder *encoder;
	struct wc_session_info info;

	ck_assert_int_eq(wc_video_encoder_new(context, &init, &encoder), WC_OK);
	ck_assert_int_eq(wc_video_encoder_configure(encoder, &config), WC_OK);
	encode(encoder, 0);
	while (n < 1)
		ck_assert_int_ge(wc_context_dispatch(context, 100), 0);
	wc_video_encoder_get_session_info(encoder, &info);
	ck_assert_str_eq(info.device, CODER);
	ck_assert_str_eq(info.converter, RGA);
	ck_assert_uint_eq(contexts(), 2);
	ck_assert_int_eq(wc_context_set_reclaim_traits(context, &traits), WC_OK);
	ck_assert_int_eq(wc_context_watch_pressure(context, on_pressure, NULL), WC_OK);
	ck_assert_int_eq(wc_context_note_pressure(context, WC_PRESSURE_MEDIUM, 0), WC_OK);
	ck_assert_int_eq(wc_context_set_census(context, &census), WC_OK);
	fake_advance_time(2000000);
	ck_assert_int_ge(wc_context_dispatch(context, 0), 0);
	encode(encoder, 1);
	while (n < 2)
		ck_assert_int_ge(wc_context_dispatch(context, 100), 0);
	wc_context_watch_pressure(context, NULL, NULL);
	wc_video_encoder_destroy(encoder);
	ck_assert_uint_eq(contexts(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("converting");
	TCase *all = tcase_create("converting");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_test(all, a_device_converts);
	tcase_add_test(all, each_kind_finds_its_place);
	tcase_add_test(all, a_fallback_is_never_silent);
	tcase_add_test(all, software_can_be_preferred);
	tcase_add_test(all, support_is_asked_of_devices);
	tcase_add_test(all, converters_are_reclaimed);
	tcase_add_test(all, an_encoder_has_a_converter);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
