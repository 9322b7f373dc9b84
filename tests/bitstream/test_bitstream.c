/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "suites.h"

int main(void)
{
	SRunner *runner = srunner_create(bits_suite());
	int failed;

	srunner_add_suite(runner, codec_string_suite());
	srunner_add_suite(runner, nal_suite());
	srunner_add_suite(runner, nal_framing_suite());
	srunner_add_suite(runner, avcc_suite());
	srunner_add_suite(runner, hvcc_suite());
	srunner_add_suite(runner, h264_suite());
	srunner_add_suite(runner, hevc_suite());
	srunner_add_suite(runner, vp8_suite());
	srunner_add_suite(runner, vp9_suite());
	srunner_add_suite(runner, av1_suite());
	srunner_add_suite(runner, mjpeg_suite());
	srunner_add_suite(runner, fwht_suite());
	srunner_add_suite(runner, chunk_info_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
