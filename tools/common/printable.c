/* SPDX-License-Identifier: MIT */
#include "common/printable.h"

/* Bytes of the UTF-8 sequence at text; 0 when there is none (RFC 3629, section 4). */
static size_t sequence_length(const unsigned char *text)
{
	size_t n = *text < 0x80 ? 1 : *text >= 0xc2 && *text < 0xe0 ? 2 :
		   *text >= 0xe0 && *text < 0xf0 ? 3 : *text >= 0xf0 && *text < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* What a shorter sequence could say, surrogates, and what is beyond Unicode. */
	if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f) ||
	    (*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f))
		return 0;
	return n;
}

static bool is_control(const unsigned char *text, size_t length)
{
	if (length == 1)
		return *text < ' ' || *text == 0x7f;
	return *text == 0xc2 && text[1] < 0xa0;
}

void printable(char *text, bool utf8)
{
	unsigned char *from = (unsigned char *)text, *to = from;

	while (*from) {
		size_t n = sequence_length(from);

		if (n == 0 || is_control(from, n) || (n > 1 && !utf8)) {
			*to++ = '?';
			from += n ? n : 1;
			continue;
		}
		while (n--)
			*to++ = *from++;
	}
	*to = '\0';
}

size_t printable_length(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}
