/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

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
	/*
	 * They compute and keep nothing: a process each costs sanitizers more than all the rest.
	 * What Check does about a test that hangs, an alarm does for all of them.
	 */
	srunner_set_fork_status(runner, CK_NOFORK);
	alarm(300);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
