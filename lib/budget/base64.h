/* SPDX-License-Identifier: MIT */
/* Base64 of RFC 4648, section 4. */
#ifndef WC_BUDGET_BASE64_H
#define WC_BUDGET_BASE64_H

#include <stddef.h>

/*
 * Decode text into out of size bytes. Returns the number of bytes, or -EINVAL for text that is no
 * padded Base64 (no blanks, no line breaks), or -ENOSPC.
 */
int base64_decode(const char *text, unsigned char *out, size_t size);

#endif
