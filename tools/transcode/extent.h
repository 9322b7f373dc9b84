/* SPDX-License-Identifier: MIT */
/* How long a file says that it is: demuxers take a file that was cut for one that ends. */
#ifndef WC_TOOLS_EXTENT_H
#define WC_TOOLS_EXTENT_H

#include <stdint.h>

#include "common/reader.h"

/*
 * Bytes that the file must have for what its outermost structure promises; 0 when it promises
 * nothing. For ISO media (boxes), Matroska (segment), RIFF and MPEG transport streams (packets).
 */
uint64_t extent_of(const struct reader *reader);

#endif
