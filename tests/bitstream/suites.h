/* SPDX-License-Identifier: MIT */
/* The suites of test_bitstream, one for each file of lib/bitstream/ with logic. */
#ifndef WC_TESTS_BITSTREAM_SUITES_H
#define WC_TESTS_BITSTREAM_SUITES_H

#include <check.h>

Suite *av1_suite(void);
Suite *avcc_suite(void);
Suite *bits_suite(void);
Suite *codec_string_suite(void);
Suite *chunk_info_suite(void);
Suite *fwht_suite(void);
Suite *h264_suite(void);
Suite *hevc_suite(void);
Suite *hvcc_suite(void);
Suite *mjpeg_suite(void);
Suite *nal_suite(void);
Suite *nal_framing_suite(void);
Suite *vp8_suite(void);
Suite *vp9_suite(void);

#endif
