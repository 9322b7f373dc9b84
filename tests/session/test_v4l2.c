/* SPDX-License-Identifier: MIT */
/* Looking at devices: what they are, what they can do, without a session on them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/fake.h"
#include <drm_fourcc.h>

#include "session/rig.h"
#include "v4l2/registry.h"

static struct rig rig;

static unsigned n_models(void)
{
	unsigned n = 0;

	while (fake_models[n])
		n++;
	return n;
}

static enum wc_device_role role_of(const struct fake_model *model)
{
	switch (model->role) {
	case FAKE_DECODER:
		return WC_DEVICE_ROLE_DECODER;
	case FAKE_ENCODER:
		return WC_DEVICE_ROLE_ENCODER;
	case FAKE_STATELESS:
		return WC_DEVICE_ROLE_STATELESS_DECODER;
	case FAKE_CONVERTER:
		return WC_DEVICE_ROLE_CONVERTER;
	case FAKE_CAMERA:
		return 0;
	}
	return 0;
}

static void expect_codecs(const struct fake_model *model, const struct v4l2_device_info *info)
{
	unsigned known = 0;

	for (const struct fake_format *f = model->coded; f && f->fourcc; f++) {
		const struct wc_device_codec *entry = device_find_codec(info, rig_codec(f->fourcc));

		if (rig_codec(f->fourcc) == VIDEO_CODEC_NONE)
			continue;
		known++;
		ck_assert_msg(entry, "%s: a codec is missing", model->name);
		if (!model->no_framesizes) {
			ck_assert_uint_eq(entry->size.min_width, model->width.min);
			ck_assert_uint_eq(entry->size.max_height, model->height.max);
		}
		ck_assert_int_eq(entry->dynamic_resolution,
				 (f->flags & V4L2_FMT_FLAG_DYN_RESOLUTION) != 0);
		ck_assert_uint_gt(entry->raw_format_count, 0);
	}
	ck_assert_uint_eq(info->device.codec_count, known);
}

/* No context is taken, and libv4l2 is not asked: its plugins may print. */
START_TEST(every_device_is_known_by_its_role)
{
	fake_start();
	for (unsigned i = 0; i < n_models(); i++) {
		const struct fake_model *model = fake_models[i];
		struct v4l2_device_info info;
		char path[32];
		int ret;

		snprintf(path, sizeof path, "/dev/fake-video%u", i);
		ck_assert_int_eq(fake_add_device(model, path), 0);
		fake_enumerating(true);
		ret = device_probe(path, &info);
		fake_enumerating(false);
		ck_assert_int_eq(ret, role_of(model) ? 0 : -ENODEV);
		ck_assert_uint_eq(fake_counter(FAKE_FD_OPEN), 0);
		ck_assert_uint_eq(fake_counter(FAKE_S_FMT) + fake_counter(FAKE_REQBUFS), 0);
		ck_assert_uint_eq(fake_open_files(path), 0);
		if (ret < 0)
			continue;
		ck_assert_msg(info.device.role == role_of(model), "%s", model->name);
		ck_assert_int_eq(info.device.multiplanar, model->mplane);
		ck_assert_str_eq(info.device.driver, model->driver);
		ck_assert_str_eq(info.device.card, model->card);
		ck_assert_str_eq(info.device.path, path);
		if (model->role == FAKE_DECODER || model->role == FAKE_ENCODER)
			expect_codecs(model, &info);
	}
	fake_stop();
	fake_check_no_violations();
}
END_TEST

static bool lists(const struct wc_device_codec *codec, uint32_t fourcc, uint64_t modifier)
{
	for (uint32_t i = 0; i < codec->raw_format_count; i++)
		if (codec->raw_formats[i] == fourcc && codec->raw_modifiers[i] == modifier)
			return true;
	return false;
}

static void probe(const struct fake_model *model, struct v4l2_device_info *info)
{
	ck_assert_int_eq(fake_add_device(model, model->name), 0);
	fake_enumerating(true);
	ck_assert_int_eq(device_probe(model->name, info), 0);
	fake_enumerating(false);
}

/* In the driver's order, with a modifier where pictures do not lie in rows. */
START_TEST(tiles_are_listed_of_decoders)
{
	const uint64_t tile = DRM_FORMAT_MOD_SAMSUNG_16_16_TILE;
	struct v4l2_device_info info;

	fake_start();
	probe(&fake_s5p_mfc_decoder, &info);
	ck_assert_uint_eq(info.device.codecs[0].raw_format_count, 3);
	ck_assert(lists(&info.device.codecs[0], DRM_FORMAT_NV12, tile));
	ck_assert(lists(&info.device.codecs[0], DRM_FORMAT_NV12, DRM_FORMAT_MOD_LINEAR));
	/* Nobody makes tiles to be encoded. */
	probe(&fake_s5p_mfc_encoder, &info);
	ck_assert(!lists(&info.device.codecs[0], DRM_FORMAT_NV12, tile));
	ck_assert(lists(&info.device.codecs[0], DRM_FORMAT_NV12, DRM_FORMAT_MOD_LINEAR));
	probe(&fake_bcm2835_decoder, &info);
	ck_assert(lists(&info.device.codecs[0], DRM_FORMAT_NV12, DRM_FORMAT_MOD_BROADCOM_SAND128));
	probe(&fake_tile_decoders[0], &info);
	ck_assert_uint_eq(info.device.codecs[0].raw_format_count, 1);
	ck_assert(lists(&info.device.codecs[0], DRM_FORMAT_NV12, DRM_FORMAT_MOD_INVALID));
	fake_stop();
	fake_check_no_violations();
}
END_TEST

START_TEST(what_is_no_device_is_an_error)
{
	char path[128];
	struct v4l2_device_info info;

	fake_start();
	ck_assert_int_eq(device_probe("/dev/fake-nothing", &info), -ENOENT);
	ck_assert_int_eq(device_probe("/dev/null", &info), -ENODEV);
	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	ck_assert_int_eq(device_probe(path, &info), -ENAMETOOLONG);
	fake_stop();
	fake_check_no_violations();
}
END_TEST

START_TEST(a_registry_of_fixed_paths)
{
	static const char *const paths[] = { "/dev/fake-gone", "/dev/fake-video1", RIG_PATH,
					     "/dev/null", NULL };
	struct device_registry *registry;

	rig_start(&rig, &fake_venus_decoder);
	fake_enumerating(true);
	ck_assert_int_eq(fake_add_device(&fake_coda_encoder, "/dev/fake-video1"), 0);
	ck_assert_int_eq(device_registry_new(rig.core, &rig.loop, paths, &registry), 0);
	ck_assert_uint_eq(device_registry_count(registry), 0);
	ck_assert_int_eq(device_registry_refresh(registry), 0);
	/* In the order given; a missing node is a warning, one that is none of ours is not. */
	ck_assert_uint_eq(device_registry_count(registry), 2);
	ck_assert_str_eq(device_registry_get(registry, 0)->device.path, "/dev/fake-video1");
	ck_assert_str_eq(device_registry_get(registry, 1)->device.path, RIG_PATH);
	ck_assert_ptr_null(device_registry_get(registry, 2));
	ck_assert_uint_eq(rig.n_warnings, 1);
	ck_assert_int_eq(device_registry_watch(registry, NULL, NULL), -EOPNOTSUPP);
	/* Fixed paths are looked at every time. */
	ck_assert_int_eq(fake_add_device(&fake_vim2m, "/dev/fake-gone"), 0);
	fake_unplug("/dev/fake-video1");
	ck_assert_int_eq(device_registry_refresh(registry), 0);
	ck_assert_uint_eq(device_registry_count(registry), 2);
	ck_assert_int_eq(device_registry_get(registry, 0)->device.role, WC_DEVICE_ROLE_CONVERTER);
	device_registry_free(registry);
	fake_enumerating(false);
	rig_stop(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("v4l2");
	TCase *looking = tcase_create("looking");
	SRunner *runner;
	int failed;

	tcase_add_test(looking, every_device_is_known_by_its_role);
	tcase_add_test(looking, tiles_are_listed_of_decoders);
	tcase_add_test(looking, what_is_no_device_is_an_error);
	tcase_add_test(looking, a_registry_of_fixed_paths);
	suite_add_tcase(suite, looking);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
