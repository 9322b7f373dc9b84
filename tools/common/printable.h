/* SPDX-License-Identifier: MIT */
/* Text of strangers, made fit for terminals and for JSON. */
#ifndef WC_TOOLS_PRINTABLE_H
#define WC_TOOLS_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Put a question mark in place of each control character, of ASCII or beyond, and of each byte that
 * is no UTF-8. Without utf8, as for a terminal that does not take it, in place of each byte that is
 * not ASCII.
 */
void printable(char *text, bool utf8);

/* Characters of a text in UTF-8: columns, but for wide ones. */
size_t printable_length(const char *text);

#endif
