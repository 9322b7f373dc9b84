#!/bin/sh
# SPDX-License-Identifier: MIT
# camera.sh, with the camera in the multi-planar interface of V4L2.
exec "$(dirname "$0")/camera.sh" --param vivid.multiplanar=2
