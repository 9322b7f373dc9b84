/* SPDX-License-Identifier: MIT */
/* Fractions of whole numbers: frame rates, units of time, aspect ratios. */
#ifndef WC_TOOLS_FRACTION_H
#define WC_TOOLS_FRACTION_H

#include <stdint.h>

/* A positive fraction; num 0 when it is not known. */
struct fraction {
	uint32_t num, den;
};

/* In lowest terms; 0 / 0 when that is none, or has more than 31 bits. */
struct fraction fraction_reduce(uint64_t num, uint64_t den);

#endif
