/* SPDX-License-Identifier: MIT */
/* Which session runs a configuration. Software sessions are stand-ins here that count. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "session/rig.h"
#include "session/select.h"
#include "util/error.h"
#include "v4l2/registry.h"

static struct rig rig;
static struct device_registry *registry;
static struct session *session;
static struct wc_error error;

static void describe_software(const struct session *s, struct wc_session_info *info)
{
	(void)s;
	*info = (struct wc_session_info) { .kind = WC_SESSION_SOFTWARE, .name = "stand-in" };
}

static void destroy_software(struct session *s)
{
	(void)s;
}

static const struct session_ops software_ops = {
	.describe = describe_software, .destroy = destroy_software,
};
static struct session software = { .ops = &software_ops };   /* what the stand-ins give */
static bool software_works;
static unsigned n_software;

static int give_software(struct session **out, struct wc_error *e)
{
	n_software++;
	*out = software_works ? &software : NULL;
	return software_works ? 0 : error_set(e, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
					      "no software");
}

int software_decoder_new(const struct session_env *env, const struct decoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **out, struct wc_error *e)
{
	(void)env;
	(void)params;
	(void)sink_ops;
	(void)sink;
	return give_software(out, e);
}

int software_encoder_new(const struct session_env *env, const struct encoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **out, struct wc_error *e)
{
	(void)env;
	(void)params;
	(void)sink_ops;
	(void)sink;
	return give_software(out, e);
}

int software_converter_new(const struct session_env *env, const struct converter_params *params,
			   const struct session_sink_ops *sink_ops, void *sink,
			   struct session **out, struct wc_error *e)
{
	(void)env;
	(void)params;
	(void)sink_ops;
	(void)sink;
	return give_software(out, e);
}

bool software_decoder_probe(const struct decoder_params *params, char *name, size_t size)
{
	(void)params;
	snprintf(name, size, "stand-in");
	return software_works;
}

bool software_encoder_probe(const struct encoder_params *params, char *name, size_t size)
{
	(void)params;
	snprintf(name, size, "stand-in");
	return software_works;
}

static const struct session_sink_ops no_sink;

/* RIG_PATH is a venus decoder, then come: */
#define SECOND "/dev/fake-video1"          /* a bcm2835-codec decoder */
#define ENCODER "/dev/fake-video2"         /* a coda encoder */

static void start(bool with_software)
{
	static const char *const paths[] = { RIG_PATH, SECOND, ENCODER, NULL };

	rig_start(&rig, &fake_venus_decoder);
	fake_add_device(&fake_bcm2835_decoder, SECOND);
	fake_add_device(&fake_coda_encoder, ENCODER);
	ck_assert_int_eq(device_registry_new(rig.core, &rig.loop, paths, &registry), 0);
	software_works = with_software;
	n_software = 0;
}

static void stop(void)
{
	device_registry_free(registry);
	rig_stop(&rig);
}

/* Where the session runs: a node, "software", or the name of the error. */
static const char *where(int ret)
{
	static struct wc_session_info info;

	if (ret < 0) {
		ck_assert_int_eq(ret, error.name);
		ck_assert_ptr_null(session);
		return wc_status_name(error.name);
	}
	if (session == &software)
		return "software";
	session->ops->describe(session, &info);
	session->ops->destroy(session);
	return info.device;
}

static struct decoder_params decoder_for(const char *string, uint32_t width, uint32_t height)
{
	struct decoder_params params = {
		.coded_width = width, .coded_height = height,
	};

	ck_assert_int_eq(codec_string_parse(string, &params.codec), 0);
	return params;
}

static const char *decoder_at(const char *string, uint32_t width, uint32_t height,
			      enum wc_hardware_acceleration preference, const char *device)
{
	struct decoder_params params = decoder_for(string, width, height);
	struct session_choice choice = { registry, preference, device };

	rig_enter_claim(&rig, false);
	return where(session_open_decoder(&rig.env, &choice, &params, &no_sink, &rig, &session,
					  &error));
}

static const char *encoder_at(const char *string, uint32_t width, uint32_t height,
			      enum wc_hardware_acceleration preference)
{
	struct encoder_params params = { .width = width, .height = height };
	struct session_choice choice = { registry, preference, NULL };

	rig_enter_claim(&rig, true);
	ck_assert_int_eq(codec_string_parse(string, &params.codec), 0);
	return where(session_open_encoder(&rig.env, &choice, &params, &no_sink, &rig, &session,
					  &error));
}

START_TEST(devices_come_in_order_and_before_software)
{
	start(true);
	ck_assert_str_eq(decoder_at("avc1.640028", 0, 0, WC_HARDWARE_NO_PREFERENCE, NULL),
			 RIG_PATH);
	ck_assert_str_eq(decoder_at("avc1.640028", 0, 0, WC_HARDWARE_PREFER_HARDWARE, NULL),
			 RIG_PATH);
	ck_assert_str_eq(decoder_at("mjpeg", 0, 0, WC_HARDWARE_NO_PREFERENCE, NULL), SECOND);
	ck_assert_str_eq(encoder_at("avc1.42e01e", 640, 368, WC_HARDWARE_NO_PREFERENCE), ENCODER);
	ck_assert_uint_eq(n_software, 0);
	ck_assert_str_eq(decoder_at("avc1.640028", 0, 0, WC_HARDWARE_PREFER_SOFTWARE, NULL),
			 "software");
	stop();
}
END_TEST

START_TEST(what_a_device_lacks_is_done_in_software)
{
	start(true);
	/* No device has AV1, none is that large, coda has no High profile. */
	ck_assert_str_eq(decoder_at("av01.0.04M.08", 0, 0, WC_HARDWARE_NO_PREFERENCE, NULL),
			 "software");
	ck_assert_str_eq(decoder_at("avc1.640028", 8192, 4320, WC_HARDWARE_NO_PREFERENCE, NULL),
			 "software");
	ck_assert_str_eq(encoder_at("avc1.640028", 640, 368, WC_HARDWARE_NO_PREFERENCE),
			 "software");
	ck_assert_uint_eq(n_software, 3);
	ck_assert_uint_eq(fake_counter(FAKE_FD_OPEN), 0);
	/* Unless it was excluded. */
	ck_assert_str_eq(decoder_at("av01.0.04M.08", 0, 0, WC_HARDWARE_PREFER_HARDWARE, NULL),
			 "NotSupportedError");
	ck_assert_str_eq(decoder_at("avc1.640028", 0, 0, WC_HARDWARE_PREFER_SOFTWARE, SECOND),
			 SECOND);
	ck_assert_str_eq(decoder_at("vp8", 0, 0, WC_HARDWARE_NO_PREFERENCE, SECOND),
			 "NotSupportedError");
	ck_assert_uint_eq(n_software, 3);
	stop();
}
END_TEST

/* What no device does though one has the codec. */
START_TEST(what_a_device_lacks_is_named)
{
	start(false);
	ck_assert_str_eq(encoder_at("avc1.42e01e", 3840, 2160, WC_HARDWARE_PREFER_HARDWARE),
			 "NotSupportedError");
	ck_assert_str_eq(error.message, "no device encodes h264 at 3840x2160: " ENCODER
			 " takes 48x16 to 1920x1088");
	ck_assert_str_eq(error.device, ENCODER);
	ck_assert_str_eq(decoder_at("avc1.640028", 8192, 4320, WC_HARDWARE_NO_PREFERENCE, NULL),
			 "NotSupportedError");
	ck_assert_ptr_nonnull(strstr(error.message, "no device decodes h264 at 8192x4320: "
				     RIG_PATH " takes 128x128 to 4096x"));
	ck_assert_str_eq(decoder_at("avc1.640028", 4096, 2160, WC_HARDWARE_NO_PREFERENCE, SECOND),
			 "NotSupportedError");
	ck_assert_ptr_nonnull(strstr(error.message, SECOND " takes 32x32 to 1920x1920"));
	ck_assert_str_eq(encoder_at("avc1.640028", 640, 368, WC_HARDWARE_PREFER_HARDWARE),
			 "NotSupportedError");
	ck_assert_str_eq(error.message, "no device encodes h264 of that profile and level: "
			 ENCODER " has others");
	ck_assert_str_eq(encoder_at("vp8", 640, 368, WC_HARDWARE_PREFER_HARDWARE),
			 "NotSupportedError");
	ck_assert_str_eq(error.message, "no encoder for vp8 in hardware");
	/* One that does not open may be the one. */
	fake_set_foreign_contexts(RIG_PATH, 16);
	ck_assert_str_eq(decoder_at("avc1.640028", 2560, 1440, WC_HARDWARE_PREFER_HARDWARE, NULL),
			 "QuotaExceededError");
	stop();
}
END_TEST

START_TEST(a_full_device_is_passed_over)
{
	start(true);
	fake_set_foreign_contexts(RIG_PATH, 16);
	ck_assert_str_eq(decoder_at("avc1.640028", 0, 0, WC_HARDWARE_PREFER_HARDWARE, NULL),
			 SECOND);
	fake_set_foreign_contexts(SECOND, 4);
	ck_assert_str_eq(decoder_at("avc1.640028", 0, 0, WC_HARDWARE_NO_PREFERENCE, NULL),
			 "software");
	/* Of all reasons that the hardware is full is the one to know. */
	software_works = false;
	ck_assert_str_eq(decoder_at("avc1.640028", 0, 0, WC_HARDWARE_NO_PREFERENCE, NULL),
			 "QuotaExceededError");
	/* venus does not even open, and a node of the fake cannot be known again by stat(). */
	ck_assert_str_eq(error.device, SECOND);
	ck_assert_str_eq(decoder_at("avc1.640028", 0, 0, WC_HARDWARE_PREFER_SOFTWARE, NULL),
			 "QuotaExceededError");
	stop();
}
END_TEST

START_TEST(a_probe_tells_what_would_be_first)
{
	struct session_choice choice = { NULL, WC_HARDWARE_NO_PREFERENCE, NULL };
	struct decoder_params params = decoder_for("avc1.42e01e", 640, 368);
	struct wc_session_info info;

	start(true);
	choice.devices = registry;
	fake_enumerating(true);
	ck_assert(session_probe_decoder(&rig.env, &choice, &params, &info));
	ck_assert_int_eq(info.kind, WC_SESSION_STATEFUL);
	ck_assert_str_eq(info.device, RIG_PATH);
	choice.preference = WC_HARDWARE_PREFER_SOFTWARE;
	ck_assert(session_probe_decoder(&rig.env, &choice, &params, &info));
	ck_assert_int_eq(info.kind, WC_SESSION_SOFTWARE);
	ck_assert_str_eq(info.name, "stand-in");
	params = decoder_for("av01.0.04M.08", 0, 0);
	choice.preference = WC_HARDWARE_PREFER_HARDWARE;
	ck_assert(!session_probe_decoder(&rig.env, &choice, &params, &info));
	ck_assert_str_eq(info.device, "");
	ck_assert_uint_eq(fake_counter(FAKE_REQBUFS), 0);
	fake_enumerating(false);
	stop();
}
END_TEST

/* "avc1.42E01E" is what pages ask for; coda's menu has Baseline, Main and High only. */
START_TEST(constrained_baseline_is_a_part_of_the_others)
{
	static const char *const paths[] = { RIG_PATH, NULL };

	rig_start(&rig, &fake_coda_decoder);
	ck_assert_int_eq(device_registry_new(rig.core, &rig.loop, paths, &registry), 0);
	software_works = false;
	ck_assert_str_eq(decoder_at("avc1.42e01e", 0, 0, WC_HARDWARE_PREFER_HARDWARE, NULL),
			 RIG_PATH);
	ck_assert_str_eq(decoder_at("avc1.6e001e", 0, 0, WC_HARDWARE_PREFER_HARDWARE, NULL),
			 "NotSupportedError");
	stop();
}
END_TEST

/* Converters: RIG_PATH is vim2m, SECOND is rga, which also turns and has NV12. */

static void start_converters(bool with_software)
{
	static const char *const paths[] = { RIG_PATH, SECOND, ENCODER, NULL };

	rig_start(&rig, &fake_vim2m);
	fake_add_device(&fake_rga, SECOND);
	fake_add_device(&fake_coda_encoder, ENCODER);
	ck_assert_int_eq(device_registry_new(rig.core, &rig.loop, paths, &registry), 0);
	software_works = with_software;
	n_software = 0;
}

static struct converter_params converter_for(uint32_t fourcc, uint16_t rotation)
{
	bool turned = rotation % 180 != 0;
	struct converter_params params = {
		.source = { .fourcc = fourcc, .width = 64, .height = 48 },
		.result = { .fourcc = fourcc, .width = turned ? 48 : 64,
			    .height = turned ? 64 : 48 },
		.rotation = rotation,
	};

	return params;
}

static const char *converter_at(uint32_t fourcc, uint16_t rotation,
				enum wc_hardware_acceleration preference, const char *device)
{
	struct converter_params params = converter_for(fourcc, rotation);
	struct session_choice choice = { registry, preference, device };

	rig_enter_claim(&rig, false);
	return where(session_open_converter(&rig.env, &choice, &params, &no_sink, &rig, &session,
					    &error));
}

START_TEST(converters_are_tried_in_order)
{
	start_converters(true);
	ck_assert_str_eq(converter_at(DRM_FORMAT_RGB565, 0, WC_HARDWARE_NO_PREFERENCE, NULL),
			 RIG_PATH);
	ck_assert_str_eq(converter_at(DRM_FORMAT_RGB565, 90, WC_HARDWARE_NO_PREFERENCE, NULL),
			 SECOND);
	ck_assert_str_eq(converter_at(DRM_FORMAT_NV12, 0, WC_HARDWARE_PREFER_HARDWARE, NULL),
			 SECOND);
	ck_assert_str_eq(converter_at(DRM_FORMAT_RGB565, 0, WC_HARDWARE_PREFER_SOFTWARE, SECOND),
			 SECOND);
	ck_assert_uint_eq(n_software, 0);
	ck_assert_str_eq(converter_at(DRM_FORMAT_NV24, 0, WC_HARDWARE_NO_PREFERENCE, NULL),
			 "software");
	ck_assert_str_eq(converter_at(DRM_FORMAT_NV12, 0, WC_HARDWARE_PREFER_SOFTWARE, NULL),
			 "software");
	ck_assert_uint_eq(n_software, 2);
	stop();
}
END_TEST

/* Not that there was nothing, but what the first device said of it. */
START_TEST(what_no_converter_does_has_a_reason)
{
	start_converters(true);
	ck_assert_str_eq(converter_at(DRM_FORMAT_NV24, 0, WC_HARDWARE_PREFER_HARDWARE, NULL),
			 "NotSupportedError");
	ck_assert_str_eq(error.device, RIG_PATH);
	ck_assert_str_eq(converter_at(DRM_FORMAT_RGB565, 90, WC_HARDWARE_NO_PREFERENCE, RIG_PATH),
			 "NotSupportedError");
	ck_assert_str_eq(error.device, RIG_PATH);
	ck_assert_ptr_nonnull(strstr(error.message, "turn"));
	/* An encoder is none. */
	ck_assert_str_eq(converter_at(DRM_FORMAT_NV12, 0, WC_HARDWARE_NO_PREFERENCE, ENCODER),
			 "NotSupportedError");
	ck_assert_ptr_nonnull(strstr(error.message, "no converter for NV12 64x48 to NV12 64x48"));
	ck_assert_uint_eq(n_software, 0);
	software_works = false;
	ck_assert_str_eq(converter_at(DRM_FORMAT_NV24, 0, WC_HARDWARE_NO_PREFERENCE, NULL),
			 "NotSupportedError");
	ck_assert_str_eq(error.device, RIG_PATH);
	stop();
}
END_TEST

START_TEST(a_probe_of_converters_leaves_nothing)
{
	struct session_choice choice = { NULL, WC_HARDWARE_NO_PREFERENCE, NULL };
	struct converter_params params = converter_for(DRM_FORMAT_NV12, 270);
	struct wc_session_info info;

	start_converters(true);
	choice.devices = registry;
	rig_enter_claim(&rig, false);
	ck_assert(session_probe_converter(&rig.env, &choice, &params, &info));
	ck_assert_int_eq(info.kind, WC_SESSION_CONVERTER);
	ck_assert_str_eq(info.device, SECOND);
	ck_assert_uint_eq(fake_open_files(RIG_PATH) + fake_open_files(SECOND), 0);
	ck_assert_uint_eq(atomic_load(&rig.core->counters.hardware_contexts), 0);
	choice.preference = WC_HARDWARE_PREFER_SOFTWARE;
	ck_assert(session_probe_converter(&rig.env, &choice, &params, &info));
	ck_assert_int_eq(info.kind, WC_SESSION_SOFTWARE);
	choice.preference = WC_HARDWARE_PREFER_HARDWARE;
	params = converter_for(DRM_FORMAT_NV24, 0);
	ck_assert(!session_probe_converter(&rig.env, &choice, &params, &info));
	ck_assert_int_eq(info.kind, WC_SESSION_NONE);
	ck_assert_str_eq(info.device, "");
	stop();
}
END_TEST

static void keep_line(enum wc_log_level level, const char *file, int line, const char *message,
		      void *user_data)
{
	(void)level;
	(void)file;
	(void)line;
	snprintf(user_data, 128, "%s", message);
}

START_TEST(the_log_tells_what_was_opened)
{
	char line[128] = "";

	start(true);
	log_set_handler(&rig.core->log, keep_line, WC_LOG_INFO, line);
	decoder_at("vp8", 0, 0, WC_HARDWARE_PREFER_HARDWARE, NULL);
	ck_assert_str_eq(line, "vp8 decoder: stateful session, " RIG_PATH);
	decoder_at("vp8", 0, 0, WC_HARDWARE_PREFER_SOFTWARE, NULL);
	ck_assert_str_eq(line, "vp8 decoder: software session, stand-in");
	stop();
	start_converters(true);
	log_set_handler(&rig.core->log, keep_line, WC_LOG_INFO, line);
	converter_at(DRM_FORMAT_NV12, 90, WC_HARDWARE_PREFER_HARDWARE, NULL);
	ck_assert_str_eq(line, "NV12 64x48 to NV12 48x64 converter: converter session, " SECOND);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("select");
	TCase *all = tcase_create("select");
	SRunner *runner;
	int failed;

	tcase_add_test(all, devices_come_in_order_and_before_software);
	tcase_add_test(all, what_a_device_lacks_is_done_in_software);
	tcase_add_test(all, what_a_device_lacks_is_named);
	tcase_add_test(all, a_full_device_is_passed_over);
	tcase_add_test(all, a_probe_tells_what_would_be_first);
	tcase_add_test(all, constrained_baseline_is_a_part_of_the_others);
	tcase_add_test(all, converters_are_tried_in_order);
	tcase_add_test(all, what_no_converter_does_has_a_reason);
	tcase_add_test(all, a_probe_of_converters_leaves_nothing);
	tcase_add_test(all, the_log_tells_what_was_opened);
	suite_add_tcase(suite, all);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
