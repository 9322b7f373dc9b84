/* SPDX-License-Identifier: MIT */
/* Contexts that a device refuses, and what the rows of the quirk table are for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/quirks.h"
#include "session/rig.h"
#include "util/clock.h"

static struct rig rig;

static const struct fake_model *const models[] = {
	&fake_generic_decoder, &fake_vicodec_decoder, &fake_bcm2835_decoder, &fake_venus_decoder,
	&fake_s5p_mfc_decoder, &fake_coda_decoder,
	&fake_generic_encoder, &fake_vicodec_encoder, &fake_bcm2835_encoder, &fake_venus_encoder,
	&fake_s5p_mfc_encoder, &fake_coda_encoder,
};

#define N_MODELS ((int)(sizeof models / sizeof *models))

static int open_session(const struct fake_model *model)
{
	uint32_t fourcc = model->coded[0].fourcc;

	return model->role == FAKE_DECODER ? rig_open_decoder(&rig, fourcc, 640, 368)
					   : rig_open_encoder(&rig, fourcc, 640, 368, NULL);
}

static int feed(const struct fake_model *model, unsigned from, unsigned to)
{
	int ret = 0;

	if (model->role == FAKE_DECODER)
		return rig_feed_many(&rig, to - from, FAKE_CHUNK_KEY);
	for (unsigned i = from; i < to && ret == 0; i++)
		ret = rig_encode(&rig, i, false, true);
	return ret;
}

/* ---- refusals -------------------------------------------------------------------------------- */

struct refusal {
	enum fake_stage at;
	enum wc_stage stage;
	int sys_errno;
};

/* As the drivers do: venus, s5p-mfc, coda; bcm2835-codec; meson, sti-hva, amphion, wave5. */
static const struct refusal refusals[] = {
	{ FAKE_STAGE_OPEN, WC_STAGE_OPEN, EAGAIN }, { FAKE_STAGE_OPEN, WC_STAGE_OPEN, EBUSY },
	{ FAKE_STAGE_OPEN, WC_STAGE_OPEN, ENOSPC }, { FAKE_STAGE_OPEN, WC_STAGE_OPEN, ENOMEM },
	{ FAKE_STAGE_REQBUFS, WC_STAGE_BUFFERS, EINVAL },
	{ FAKE_STAGE_REQBUFS, WC_STAGE_BUFFERS, ENOMEM },
	{ FAKE_STAGE_STREAMON, WC_STAGE_STREAM_ON, EBUSY },
	{ FAKE_STAGE_STREAMON, WC_STAGE_STREAM_ON, ENOMEM },
	{ FAKE_STAGE_STREAMON, WC_STAGE_STREAM_ON, EINVAL },
	{ FAKE_STAGE_STREAMON, WC_STAGE_STREAM_ON, ENOENT },
	{ FAKE_STAGE_STREAMON, WC_STAGE_STREAM_ON, ESRCH },
	{ FAKE_STAGE_STREAMON, WC_STAGE_STREAM_ON, EPERM },
	{ FAKE_STAGE_STREAMON, WC_STAGE_STREAM_ON, EOPNOTSUPP },
	{ FAKE_STAGE_STREAMON, WC_STAGE_STREAM_ON, ETIME },
};

#define N_REFUSALS ((int)(sizeof refusals / sizeof *refusals))

/* Two contexts, one held by us; the second of ours comes when another process has the other. */
static void refuse_second(const struct fake_model *base, const struct refusal *refusal)
{
	enum wc_device_role role = base->role == FAKE_DECODER ? WC_DEVICE_ROLE_DECODER
							      : WC_DEVICE_ROLE_ENCODER;
	struct fake_model model = *base;
	struct session *first;
	unsigned known;

	model.context_limit = 2;
	model.limit_stage = refusal->at;
	model.limit_errno = refusal->sys_errno;
	rig_start(&rig, &model);
	ck_assert_int_eq(open_session(&model), 0);
	ck_assert_int_eq(feed(&model, 0, 2), 0);
	first = rig.session;
	fake_set_foreign_contexts(RIG_PATH, 1);
	if (open_session(&model) == 0)
		ck_assert_int_lt(feed(&model, 0, 1), 0);
	ck_assert_int_eq(rig.error.name, WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(rig.error.stage, refusal->stage);
	ck_assert_int_eq(rig.error.sys_errno, refusal->sys_errno);
	ck_assert_str_eq(rig.error.device, RIG_PATH);
	ck_assert_uint_eq(rig.error.holder_count, 1);
	ck_assert_str_eq(rig.error.holders[0].label, "rig");
	ck_assert_uint_eq(rig.error.requested, 2);
	known = quirks_find(model.driver, role, 0)->contexts;
	ck_assert_uint_eq(rig.error.quota, known ? known : 1);
	/* It can be had once the other lets go. */
	rig_destroy(&rig);
	fake_set_foreign_contexts(RIG_PATH, 0);
	ck_assert_int_eq(open_session(&model), 0);
	rig_destroy(&rig);
	rig.session = first;
	rig_stop(&rig);
}

START_TEST(a_refused_context_is_a_matter_of_quota)
{
	refuse_second(&fake_generic_decoder, &refusals[_i]);
	refuse_second(&fake_generic_encoder, &refusals[_i]);
}
END_TEST

/* Each imitated driver up to its own limit, with its own errno. */
START_TEST(a_driver_gives_as_many_contexts_as_it_has)
{
	const struct fake_model *model = models[_i];
	struct session *sessions[40];
	unsigned n = 0;
	int ret = 0;

	rig_start(&rig, model);
	for (; n < ARRAY_SIZE(sessions) && ret == 0; n++) {
		ret = open_session(model);
		sessions[n] = rig.session;
	}
	if (model->context_limit) {
		ck_assert_int_eq(ret, WC_QUOTA_EXCEEDED_ERROR);
		ck_assert_int_eq(rig.error.sys_errno, model->limit_errno);
		ck_assert_uint_eq(n, model->context_limit + 1);
		ck_assert_uint_eq(rig.error.holder_count, model->context_limit);
	} else {
		ck_assert_int_eq(ret, 0);
	}
	for (unsigned i = 0; i < n; i++) {
		rig.session = sessions[i];
		rig_destroy(&rig);
	}
	ck_assert_uint_eq(fake_contexts(RIG_PATH), 0);
	rig_stop(&rig);
}
END_TEST

START_TEST(what_speaks_of_the_caller_is_no_matter_of_quota)
{
	static const int errnos[] = { ENOENT, EACCES, EPERM, ENODEV, ENXIO };

	rig_start(&rig, models[_i]);
	for (unsigned i = 0; i < sizeof errnos / sizeof *errnos; i++) {
		fake_fail(FAKE_OPEN, 1, errnos[i]);
		ck_assert_int_eq(open_session(models[_i]), WC_OPERATION_ERROR);
		ck_assert_int_eq(rig.error.stage, WC_STAGE_OPEN);
		ck_assert_int_eq(rig.error.sys_errno, errnos[i]);
		ck_assert_str_eq(rig.error.device, RIG_PATH);
	}
	rig_stop(&rig);
}
END_TEST

START_TEST(descriptors_are_no_contexts)
{
	static const int errnos[] = { EMFILE, ENFILE };

	rig_start(&rig, models[_i]);
	for (unsigned i = 0; i < 2; i++) {
		fake_fail(FAKE_OPEN, 1, errnos[i]);
		ck_assert_int_eq(open_session(models[_i]), WC_QUOTA_EXCEEDED_ERROR);
		ck_assert_int_eq(rig.error.resource, WC_RESOURCE_DESCRIPTORS);
		ck_assert_int_eq(rig.error.stage, WC_STAGE_OPEN);
		ck_assert_int_eq(rig.error.sys_errno, errnos[i]);
		ck_assert_int_eq(rig.error.quota > 0, i == 0);
		ck_assert_uint_gt(rig.error.requested, rig.error.quota);
		ck_assert_uint_eq(rig.error.holder_count, 0);
		ck_assert_str_eq(rig.error.device, RIG_PATH);
	}
	rig_stop(&rig);
}
END_TEST

/* libv4l2 has a table of sixteen; the seventeenth goes past it. */
START_TEST(seventeen_sessions_run_at_once)
{
	struct session *sessions[17];
	struct fake_model model = *models[_i];

	model.context_limit = 0;
	rig_start(&rig, &model);
	for (unsigned i = 0; i < 17; i++) {
		ck_assert_int_eq(open_session(&model), 0);
		sessions[i] = rig.session;
	}
	ck_assert_uint_eq(fake_free_slots(), 0);
	ck_assert_uint_eq(rig.core->counters.libv4l2_devices, 16);
	for (unsigned i = 0; i < 17; i++) {
		struct wc_session_info info;

		sessions[i]->ops->describe(sessions[i], &info);
		ck_assert_int_eq(info.bypasses_plugins, i == 16);
	}
	for (unsigned i = 0; i < 17; i++) {
		rig.session = sessions[i];
		rig.chunk.seq = 0;
		rig.n_frames = 0;
		rig.n_chunks = 0;
		ck_assert_int_eq(feed(&model, 0, 4), 0);
		ck_assert_int_eq(rig_drain(&rig), 0);
		ck_assert_uint_eq(rig.n_frames + rig.n_chunks, 4);
	}
	for (unsigned i = 0; i < 17; i++) {
		rig.session = sessions[i];
		rig_destroy(&rig);
	}
	ck_assert_uint_eq(rig.core->counters.libv4l2_devices, 0);
	rig_stop(&rig);
}
END_TEST

#define SMALL_RATE (40 * 23)           /* macroblocks of 640x368 */

static void refuse_for_rate(const struct fake_model *model, uint32_t limit, uint64_t requested)
{
	rig.claims[0].account->set_rate = limit;
	ck_assert_int_eq(open_session(model), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(rig.error.resource, WC_RESOURCE_PIXEL_RATE);
	ck_assert_str_eq(rig.error.device, RIG_PATH);
	ck_assert_uint_eq(rig.error.quota, limit);
	ck_assert_uint_eq(rig.error.requested, requested);
	ck_assert_uint_eq(rig.error.holder_count, 1);
}

/* The device is not opened for one that is refused. */
START_TEST(encoders_count_by_their_configuration)
{
	const struct fake_model *model = models[N_MODELS / 2 + _i];
	struct encoder_params params = { .width = 640, .height = 368, .framerate = 15 };
	struct session *first;

	rig_start(&rig, model);
	ck_assert_int_eq(open_session(model), 0);
	first = rig.session;
	ck_assert_uint_eq(account_rate(rig.claims[0].account, -1), SMALL_RATE * 30);
	fake_fail(FAKE_OPEN, 1, ENOENT);
	refuse_for_rate(model, 2 * SMALL_RATE * 30 - 1, 2 * SMALL_RATE * 30);
	if (first->ops->retune(first, &params) == 0)
		ck_assert_uint_eq(account_rate(rig.claims[0].account, -1), SMALL_RATE * 15);
	rig.claims[0].account->set_rate = 2 * SMALL_RATE * 30;
	ck_assert_int_eq(open_session(model), WC_OPERATION_ERROR);
	ck_assert_int_eq(open_session(model), 0);
	rig_destroy(&rig);
	rig.session = first;
	rig_stop(&rig);
}
END_TEST

START_TEST(decoders_count_as_the_stream_tells)
{
	const struct fake_model *model = models[_i];
	struct session *first;
	uint64_t known;

	rig_start(&rig, model);
	ck_assert_int_eq(open_session(model), 0);
	first = rig.session;
	ck_assert_uint_eq(account_rate(rig.claims[0].account, -1), 244800);
	ck_assert_int_eq(feed(model, 0, 2), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	/* Some align more than others. */
	known = account_rate(rig.claims[0].account, -1);
	ck_assert_uint_ge(known, SMALL_RATE * 30);
	ck_assert_uint_le(known, 40 * 24 * 30);
	refuse_for_rate(model, 100000, known + 100000);
	rig.session = first;
	rig_stop(&rig);
}
END_TEST

/* Somebody else in the process fills the table: that is seen by its refusal alone. */
START_TEST(places_in_libv4l2_are_shared_with_others)
{
	struct session *first;

	rig_start(&rig, models[_i]);
	fake_take_slots(15);
	ck_assert_int_eq(open_session(models[_i]), 0);
	first = rig.session;
	ck_assert_uint_eq(rig.core->counters.libv4l2_devices, 1);
	if (models[_i]->context_limit != 1) {
		ck_assert_int_eq(open_session(models[_i]), 0);
		ck_assert_uint_eq(rig.core->counters.libv4l2_devices, 1);
		rig_destroy(&rig);
		ck_assert_uint_eq(rig.core->counters.libv4l2_devices, 1);
	}
	rig.session = first;
	rig_destroy(&rig);
	ck_assert_uint_eq(rig.core->counters.libv4l2_devices, 0);
	fake_take_slots(0);
	rig_stop(&rig);
}
END_TEST

/* ---- quirks ---------------------------------------------------------------------------------- */

/*
 * How long three rounds of work and drain take on the fake clock, in microseconds; -1: it failed.
 */
static int64_t life_of(const struct fake_model *model)
{
	int64_t begin, took;
	unsigned n = 0;
	int ret;

	rig_start(&rig, model);
	begin = clock_now();
	ret = open_session(model);
	for (unsigned round = 0; round < 3 && ret == 0; round++, n += 3) {
		ret = feed(model, n, n + 3);
		if (ret == 0)
			ret = rig_drain(&rig);
	}
	if (ret == 0 && rig.n_frames + rig.n_chunks != 9)
		ret = -1;
	took = clock_now() - begin;
	fake_clear_violations();
	rig_stop(&rig);
	return ret < 0 ? -1 : took;
}

/*
 * The rows that say how a drain ends and how to go on: without them the same driver under another
 * name fails, or takes seconds until the watchdog helps.
 */
START_TEST(a_row_of_the_table_is_needed)
{
	static const struct fake_model *const needy[] = {
		&fake_vicodec_decoder, &fake_vicodec_encoder,
		&fake_bcm2835_decoder, &fake_bcm2835_encoder,
		&fake_s5p_mfc_decoder, &fake_s5p_mfc_encoder, &fake_coda_encoder,
	};
	struct fake_model nameless = *needy[_i];
	int64_t known, unknown;

	nameless.driver = "nameless";
	fake_expect_hang(true);
	known = life_of(needy[_i]);
	unknown = life_of(&nameless);
	ck_assert_msg(known >= 0, "%s fails: %s", needy[_i]->name, rig.error.message);
	ck_assert_msg(unknown < 0 || unknown > known + 1000000,
		      "%s needs no quirks: %lld and %lld microseconds", needy[_i]->name,
		      (long long)known, (long long)unknown);
}
END_TEST

/* The quota of the message is from the table, too. */
START_TEST(the_table_knows_how_many_contexts_there_are)
{
	static const struct {
		const char *driver;
		unsigned contexts;
	} rows[] = { { "qcom-venus", 16 }, { "s5p-mfc", 4 }, { "nameless", 0 } };

	for (unsigned i = 0; i < 3; i++) {
		struct fake_model model = i < 2 ? *models[3 + i] : fake_venus_decoder;

		model.driver = rows[i].driver;
		rig_start(&rig, &model);
		fake_set_foreign_contexts(RIG_PATH, model.context_limit);
		ck_assert_int_eq(open_session(&model), WC_QUOTA_EXCEEDED_ERROR);
		ck_assert_uint_eq(rig.error.quota, rows[i].contexts);
		rig_stop(&rig);
	}
}
END_TEST

/* An encoder's first buffer is rubbish: not worth a warning where it is known. */
START_TEST(known_rubbish_is_dropped_silently)
{
	struct fake_model nameless = fake_bcm2835_encoder;

	nameless.driver = "nameless";
	nameless.quirks.start = FAKE_START_RESUMES;
	for (unsigned i = 0; i < 2; i++) {
		rig_start(&rig, i ? &nameless : &fake_bcm2835_encoder);
		ck_assert_int_eq(open_session(rig.model), 0);
		ck_assert_int_eq(feed(rig.model, 0, 4), 0);
		ck_assert_int_eq(rig_drain(&rig), 0);
		ck_assert_uint_eq(rig.n_chunks, 4);
		ck_assert_uint_eq(rig.n_warnings, i);
		rig_stop(&rig);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stateful contexts");
	TCase *all = tcase_create("contexts");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, a_refused_context_is_a_matter_of_quota, 0, N_REFUSALS);
	tcase_add_loop_test(all, a_driver_gives_as_many_contexts_as_it_has, 0, N_MODELS);
	tcase_add_loop_test(all, what_speaks_of_the_caller_is_no_matter_of_quota, 0, N_MODELS);
	tcase_add_loop_test(all, descriptors_are_no_contexts, 0, N_MODELS);
	tcase_add_loop_test(all, seventeen_sessions_run_at_once, 0, N_MODELS);
	tcase_add_loop_test(all, places_in_libv4l2_are_shared_with_others, 0, N_MODELS);
	tcase_add_loop_test(all, encoders_count_by_their_configuration, 0, N_MODELS / 2);
	tcase_add_loop_test(all, decoders_count_as_the_stream_tells, 0, N_MODELS / 2);
	tcase_add_loop_test(all, a_row_of_the_table_is_needed, 0, 7);
	tcase_add_test(all, the_table_knows_how_many_contexts_there_are);
	tcase_add_test(all, known_rubbish_is_dropped_silently);
	suite_add_tcase(suite, all);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
