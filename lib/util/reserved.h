/* SPDX-License-Identifier: MIT */
/* Reserved fields of public structs: whoever sets one means a later version of the library. */
#ifndef WC_UTIL_RESERVED_H
#define WC_UTIL_RESERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macros.h"

static inline bool any_set(const uint64_t *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fields[i])
			return true;
	return false;
}

/* Whether a reserved field of the struct that s points to is not zero. */
#define HAS_RESERVED(s) any_set((s)->reserved, ARRAY_SIZE((s)->reserved))

#endif
