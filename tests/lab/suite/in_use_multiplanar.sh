#!/bin/sh
# SPDX-License-Identifier: MIT
# in_use.sh, with the driver in the multi-planar interface of V4L2.
exec "$(dirname "$0")/in_use.sh" --param vicodec.multiplanar=1
