# SPDX-License-Identifier: MIT
LAB_TESTS += tests/lab/selftest
dist_check_SCRIPTS += tests/lab/selftest
EXTRA_DIST += \
	tests/lab/README.md \
	tests/lab/build \
	tests/lab/init \
	tests/lab/kernel.config \
	tests/lab/kernel.patch \
	tests/lab/packages \
	tests/lab/run
