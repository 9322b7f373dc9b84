/* SPDX-License-Identifier: MIT */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
	unsigned count, failed;
} tap;

bool tap_ok(bool good, const char *format, ...)
{
	va_list args;

	tap.count++;
	tap.failed += !good;
	printf("%sok %u - ", good ? "" : "not ", tap.count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	return good;
}

void tap_note(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void tap_bail(const char *format, ...)
{
	va_list args;

	printf("Bail out! ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	exit(EXIT_FAILURE);
}

int tap_end(void)
{
	return tap.count && !tap.failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
