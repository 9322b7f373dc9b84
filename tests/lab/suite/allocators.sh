#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Memory of each kind on the kernel's exporters: dumb buffers of vgem and vkms, the system heap,
# udmabuf. First the allocators by themselves, then frames that displays and codecs share.

# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter '' "$@"

CK_DEFAULT_TIMEOUT=60
export CK_DEFAULT_TIMEOUT
check 'all allocators pass the same suite' "$top_builddir/tests/frame/test_allocators"
note check.log 1
timeout 120 test_memory
status=$?
[ $status -eq 0 ] || failed=$((failed + 1))
[ $status -lt 2 ] || result 1 "test_memory ended with $status"
finish
