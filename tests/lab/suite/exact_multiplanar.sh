#!/bin/sh
# SPDX-License-Identifier: MIT
# exact.sh, with the driver in the multi-planar interface of V4L2.
exec "$(dirname "$0")/exact.sh" --param vicodec.multiplanar=1
