/* SPDX-License-Identifier: MIT */
#include "top/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool reserve(struct lines *lines)
{
	size_t room = lines->room ? 2 * lines->room : 32;
	struct line *items;

	if (lines->count < lines->room)
		return true;
	items = reallocarray(lines->items, room, sizeof *items);
	if (!items)
		return false;
	lines->items = items;
	lines->room = room;
	return true;
}

void lines_add(struct lines *lines, enum line_style style, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		lines->failed = true;
		return;
	}
	if (!reserve(lines)) {
		free(text);
		lines->failed = true;
		return;
	}
	/* Nothing is behind the last column when that is empty. */
	while (n > 0 && text[n - 1] == ' ')
		text[--n] = '\0';
	lines->items[lines->count++] = (struct line) { text, style };
}

void lines_finish(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->items[i].text);
	free(lines->items);
	*lines = (struct lines) { .items = NULL };
}
