/* SPDX-License-Identifier: MIT */
/* What all fuzz targets have in common. */
#ifndef WC_TESTS_FUZZ_FUZZ_H
#define WC_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* An invariant. Unlike assert() it stays with NDEBUG, and the fuzzer sees where it failed. */
#define require(condition) \
	do { \
		if (!(condition)) \
			__builtin_trap(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
