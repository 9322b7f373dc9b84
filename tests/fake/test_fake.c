/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "suites.h"

int main(void)
{
	SRunner *runner = srunner_create(fake_stream_suite());
	int failed;

	srunner_add_suite(runner, fake_queue_suite());
	srunner_add_suite(runner, fake_wait_suite());
	srunner_add_suite(runner, fake_codec_suite());
	srunner_add_suite(runner, fake_judge_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
