/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void trace_add(struct trace *trace, const char *format, ...)
{
	size_t length = strlen(trace->text);
	va_list args;
	int n;

	if (length > 0)
		trace->text[length++] = ' ';
	va_start(args, format);
	n = vsnprintf(trace->text + length, sizeof trace->text - length, format, args);
	va_end(args);
	must(n >= 0 && (size_t)n < sizeof trace->text - length);
}

void trace_expect_at(struct trace *trace, const char *expected, const char *file, int line)
{
	if (strcmp(trace->text, expected) != 0)
		ck_abort_msg("%s:%d:\n     got: %s\nexpected: %s", file, line, trace->text,
			     expected);
	trace_clear(trace);
}

void trace_clear(struct trace *trace)
{
	trace->text[0] = '\0';
}
