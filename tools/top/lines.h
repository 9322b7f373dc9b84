/* SPDX-License-Identifier: MIT */
/* Lines of text, for a terminal or a file. */
#ifndef WC_TOOLS_TOP_LINES_H
#define WC_TOOLS_TOP_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum line_style {
	LINE_PLAIN,
	LINE_DEVICE,
	LINE_HEADING,
	LINE_ALARM,          /* somebody or something is not as it should be */
};

struct line {
	char *text;
	enum line_style style;
};

/* All zero is empty. */
struct lines {
	struct line *items;
	size_t count, room;
	size_t n_fixed;      /* at the top, which do not scroll */
	bool failed;         /* memory was short: lines are missing */
};

void lines_add(struct lines *lines, enum line_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void lines_finish(struct lines *lines);

#endif
