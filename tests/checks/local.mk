# SPDX-License-Identifier: MIT
# Checks of the source and of what was built and would be installed. Each is a script that can be
# run by hand, from the build directory.
WC_CHECKS = \
	tests/checks/docs \
	tests/checks/functions \
	tests/checks/headers \
	tests/checks/install \
	tests/checks/layers \
	tests/checks/symbols \
	tests/checks/text
CHECK_TESTS += $(WC_CHECKS)
dist_check_SCRIPTS += $(WC_CHECKS)
EXTRA_DIST += tests/checks/strip-comments
