/* SPDX-License-Identifier: MIT */
#include "budget/base64.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters of which the last pad are '='; the 24 bits, or -1. */
static int32_t group(const char *text, int pad)
{
	int32_t bits = 0;

	for (int i = 0; i < 4; i++) {
		int value = i < 4 - pad ? digit(text[i]) : 0;

		if (value < 0)
			return -1;
		bits = bits << 6 | value;
	}
	/* Bits that no byte takes must be zero, or two texts would mean the same. */
	return pad > 0 && (bits & (pad == 1 ? 0xff : 0xffff)) ? -1 : bits;
}

int base64_decode(const char *text, unsigned char *out, size_t size)
{
	size_t length = strlen(text), n = 0;

	if (length % 4 != 0 || length > INT_MAX)
		return -EINVAL;
	for (size_t at = 0; at < length; at += 4) {
		int pad = 0;
		int32_t bits;

		if (at + 4 == length && text[at + 3] == '=')
			pad = text[at + 2] == '=' ? 2 : 1;
		bits = group(text + at, pad);
		if (bits < 0)
			return -EINVAL;
		for (int i = 0; i < 3 - pad; i++) {
			if (n == size)
				return -ENOSPC;
			out[n++] = (unsigned char)(bits >> (16 - 8 * i));
		}
	}
	return (int)n;
}
