/* SPDX-License-Identifier: MIT */
/* The suites of test_fake. */
#ifndef WC_FAKE_SUITES_H
#define WC_FAKE_SUITES_H

#include <check.h>

Suite *fake_codec_suite(void);		/* each model decodes or encodes, and its quirks */
Suite *fake_judge_suite(void);		/* violations, failures, leaks */
Suite *fake_queue_suite(void);		/* formats, controls, buffers, context limits */
Suite *fake_stream_suite(void);		/* coded chunks and raw pictures */
Suite *fake_wait_suite(void);		/* poll, time, hangs, unplug, stall */

#endif
