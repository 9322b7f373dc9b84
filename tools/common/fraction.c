/* SPDX-License-Identifier: MIT */
#include "common/fraction.h"

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

struct fraction fraction_reduce(uint64_t num, uint64_t den)
{
	uint64_t divisor = common_divisor(num, den);

	if (!num || !den || num / divisor > INT32_MAX || den / divisor > INT32_MAX)
		return (struct fraction) { 0, 0 };
	return (struct fraction) { (uint32_t)(num / divisor), (uint32_t)(den / divisor) };
}
