/* SPDX-License-Identifier: MIT */
/*
 * Every system call that the V4L2 layer makes fails in turn, with each errno that its kernel
 * document names. Whatever happens there is no leak, no hang, no use of the device that the kernel
 * forbids (the fake looks for all three), at most one `failed`, nothing after it, and an error that
 * names the stage rightly.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/rig.h"
#include "v4l2/registry.h"

static struct rig rig;

/* What was not borne, for the message. */
#define CONTEXT "%s: \"%s\" (%s, stage %d, %s)", fake_failure(), rig.error.message, \
	wc_status_name(rig.error.name), rig.error.stage, strerror(rig.error.sys_errno)

static void check_error(int ret)
{
	const struct wc_error *e = &rig.error;

	ck_assert_msg(e->name == (enum wc_status)ret, CONTEXT);
	ck_assert_msg(e->message[0] != '\0', CONTEXT);
	switch (ret) {
	case WC_QUOTA_EXCEEDED_ERROR:
		ck_assert_msg(e->stage == WC_STAGE_OPEN || e->stage == WC_STAGE_BUFFERS ||
			      e->stage == WC_STAGE_STREAM_ON, CONTEXT);
		ck_assert_msg(e->sys_errno != ENODEV, CONTEXT);
		ck_assert_msg((e->sys_errno == EMFILE || e->sys_errno == ENFILE) ==
			      (e->resource == WC_RESOURCE_DESCRIPTORS), CONTEXT);
		ck_assert_str_eq(e->device, RIG_PATH);
		break;
	case WC_NOT_SUPPORTED_ERROR:
		ck_assert_msg(e->stage == WC_STAGE_FORMAT && e->sys_errno != ENODEV, CONTEXT);
		break;
	case WC_ENCODING_ERROR:
		ck_assert_msg(e->stage == WC_STAGE_JOB, CONTEXT);
		break;
	case WC_OPERATION_ERROR:
		break;
	default:
		ck_abort_msg(CONTEXT);
	}
}

/* Whether to go on. All failures are checked here once. */
static bool fine(int ret)
{
	if (ret < 0)
		check_error(ret);
	return ret == 0 && rig.n_failed == 0;
}

static bool reset(void)
{
	rig.n_frames = 0;
	rig.n_chunks = 0;
	return fine(rig.session->ops->reset(rig.session, &rig.error));
}

static bool drain(void)
{
	return fine(rig_drain(&rig));
}

static bool feed(unsigned n)
{
	return fine(rig_feed_many(&rig, n, FAKE_CHUNK_KEY));
}

/*
 * The kernel says EPIPE after the last buffer only. Said before, it is a lie that cannot be seen
 * through: frames are missing, and the driver is told to go on too early.
 */
static bool is_lie(void)
{
	return strstr(fake_failure(), "VIDIOC_DQBUF gives Broken pipe");
}

/* Small pictures keep the thousands of runs short. */
static uint32_t small(uint32_t least)
{
	return least > 128 ? least : 128;
}

static void decoder_life(void)
{
	uint32_t width = small(rig.model->width.min), height = small(rig.model->height.min);

	if (!fine(rig_open_decoder(&rig, rig.model->coded[0].fourcc, width, height)) || !feed(6))
		return;
	rig.chunk.width = width + 32;
	rig.chunk.height = height + 32;
	if (!feed(3) || !drain() || !feed(2) || !reset() || !feed(3) || !drain())
		return;
	/* Nothing went wrong, or it did not matter: then nothing is missing either. */
	ck_assert_msg(rig.n_frames == 3 || is_lie(), "%u frames: %s", rig.n_frames, fake_failure());
}

static void throttle(bool on)
{
	rig.session->ops->throttle(rig.session, on);
}

static void throttled_decoder_life(void)
{
	uint32_t width = small(rig.model->width.min), height = small(rig.model->height.min);

	rig.hold = 10;
	if (!fine(rig_open_decoder(&rig, rig.model->coded[0].fourcc, width, height)) || !feed(12))
		return;
	throttle(true);
	rig_release_held(&rig);
	rig.hold = 0;
	if (!feed(8) || !drain() || !feed(2))
		return;
	throttle(false);
	if (feed(3) && drain())
		ck_assert_msg(rig.n_frames == 25 || is_lie(), "%u frames: %s", rig.n_frames,
			      fake_failure());
}

static bool encode(unsigned from, unsigned to, bool key_frame)
{
	bool ok = true;

	for (unsigned i = from; i < to && ok; i++)
		ok = fine(rig_encode(&rig, i, key_frame, true));
	return ok;
}

static void encoder_life(void)
{
	struct encoder_params params = { .bitrate = 1000000, .framerate = 30, .key_interval = 12,
					 .bitstream_format = WC_BITSTREAM_ANNEXB };
	int ret;

	ret = rig_open_encoder(&rig, rig.model->coded[0].fourcc, small(rig.model->width.min),
			       small(rig.model->height.min), &params);
	if (!fine(ret))
		return;
	if (!encode(0, 6, false) || !encode(6, 7, true) || !drain() || !encode(7, 9, false))
		return;
	params.bitrate = 500000;
	ret = rig.session->ops->retune(rig.session, &params);
	ck_assert_msg(ret == 0 || ret == -ENOTSUP, CONTEXT);
	if (!encode(9, 11, false) || !drain())
		return;
	ck_assert_msg(rig.n_chunks == 11 || is_lie(), "%u chunks: %s", rig.n_chunks,
		      fake_failure());
}

static void run(const struct fake_model *model, void (*life)(void))
{
	if (!rig_start_core(&rig, model))
		return;
	/* An absent rectangle is an ordinary answer, even of a driver that does have it. */
	rig.no_rectangle = strstr(fake_failure(), "VIDIOC_G_SELECTION");
	if (rig_probe(&rig) == 0)
		life();
	ck_assert_msg(rig.n_failed <= 1, CONTEXT);
	ck_assert_msg(rig.after_failed == 0, CONTEXT);
	rig_stop_core(&rig);
	if (is_lie())
		fake_clear_violations();
}

static void decoder_scenario(void *model)
{
	run(model, decoder_life);
}

static void throttled_decoder_scenario(void *model)
{
	run(model, throttled_decoder_life);
}

static void encoder_scenario(void *model)
{
	run(model, encoder_life);
}

/* Looking at devices: a node that fails is left out, the others stay. */
static void probe_scenario(void *unused)
{
	static const char *const paths[] = { RIG_PATH, "/dev/fake-video1", "/dev/fake-video2",
					     NULL };
	struct device_registry *registry;
	size_t n;

	(void)unused;
	if (!rig_start_core(&rig, &fake_venus_decoder))
		return;
	ck_assert_int_eq(fake_add_device(&fake_bcm2835_encoder, paths[1]), 0);
	ck_assert_int_eq(fake_add_device(&fake_hantro_decoder, paths[2]), 0);
	fake_enumerating(true);
	ck_assert_int_eq(device_registry_new(rig.core, &rig.loop, paths, &registry), 0);
	ck_assert_int_eq(device_registry_refresh(registry), 0);
	n = device_registry_count(registry);
	ck_assert_msg(n == 3 || n == 2, "%zu devices: %s", n, fake_failure());
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(device_registry_describe(registry, i), 0);
	device_registry_free(registry);
	fake_enumerating(false);
	rig_stop_core(&rig);
}

static const struct fake_model *const decoders[] = {
	&fake_generic_decoder, &fake_generic_decoder_sp, &fake_vicodec_decoder,
	&fake_bcm2835_decoder, &fake_venus_decoder, &fake_s5p_mfc_decoder, &fake_coda_decoder,
};

static const struct fake_model *const encoders[] = {
	&fake_generic_encoder, &fake_generic_encoder_sp, &fake_vicodec_encoder,
	&fake_bcm2835_encoder, &fake_venus_encoder, &fake_s5p_mfc_encoder, &fake_coda_encoder,
};

START_TEST(a_decoder_bears_every_failure)
{
	struct fake_model model = *decoders[_i];

	ck_assert_uint_gt(fake_for_each_failure(decoder_scenario, &model), 500);
}
END_TEST

START_TEST(a_throttled_decoder_bears_every_failure)
{
	struct fake_model model = *decoders[_i];

	ck_assert_uint_gt(fake_for_each_failure(throttled_decoder_scenario, &model), 500);
}
END_TEST

START_TEST(an_encoder_bears_every_failure)
{
	struct fake_model model = *encoders[_i];

	ck_assert_uint_gt(fake_for_each_failure(encoder_scenario, &model), 500);
}
END_TEST

START_TEST(looking_at_devices_bears_every_failure)
{
	ck_assert_uint_gt(fake_for_each_failure(probe_scenario, NULL), 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stateful failures");
	TCase *all = tcase_create("every call");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 600);
	tcase_add_loop_test(all, a_decoder_bears_every_failure, 0, 7);
	tcase_add_loop_test(all, a_throttled_decoder_bears_every_failure, 0, 7);
	tcase_add_loop_test(all, an_encoder_bears_every_failure, 0, 7);
	tcase_add_test(all, looking_at_devices_bears_every_failure);
	suite_add_tcase(suite, all);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
