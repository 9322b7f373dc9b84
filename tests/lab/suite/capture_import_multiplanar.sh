#!/bin/sh
# SPDX-License-Identifier: MIT
# capture_import.sh, with the driver in the multi-planar interface of V4L2.
exec "$(dirname "$0")/capture_import.sh" --param vicodec.multiplanar=1
