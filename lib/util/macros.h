/* SPDX-License-Identifier: MIT */
/* What the language lacks. */
#ifndef WC_UTIL_MACROS_H
#define WC_UTIL_MACROS_H

#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#endif
