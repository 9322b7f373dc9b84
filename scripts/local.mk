# SPDX-License-Identifier: MIT
EXTRA_DIST += \
	.ci/run \
	scripts/compile-arm \
	scripts/configure-tree \
	scripts/count \
	scripts/demo \
	scripts/install-packages \
	scripts/packages \
	scripts/test
