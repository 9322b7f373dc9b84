# SPDX-License-Identifier: MIT
WC_TOOLS_TESTS = \
	tests/tools/test_list.sh \
	tests/tools/test_transcode_audio.sh \
	tests/tools/test_transcode_formats.sh \
	tests/tools/test_transcode_input.sh \
	tests/tools/test_transcode_output.sh \
	tests/tools/test_transcode_signal.sh
TESTS += $(WC_TOOLS_TESTS)
LAB_TESTS += tests/tools/test_transcode_devices.sh
dist_check_SCRIPTS += $(WC_TOOLS_TESTS) tests/tools/test_transcode_devices.sh
EXTRA_DIST += tests/tools/common.sh tests/tools/media.sh
SLOW_TESTS += tests/tools/test_transcode_input.sh
