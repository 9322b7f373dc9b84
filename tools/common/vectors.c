/* SPDX-License-Identifier: MIT */
#include "common/vectors.h"

#include <stdint.h>

size_t vectors_advance(struct iovec **iov, size_t *count, size_t bytes)
{
	while (*count && bytes >= (*iov)->iov_len) {
		bytes -= (*iov)->iov_len;
		++*iov;
		--*count;
	}
	if (!*count)
		return bytes;
	(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + bytes;
	(*iov)->iov_len -= bytes;
	return 0;
}
