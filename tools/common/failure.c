/* SPDX-License-Identifier: MIT */
#include "common/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int failure_set(struct failure *failure, const char *format, ...)
{
	va_list args;

	if (failure->set)
		return -1;
	failure->set = true;
	va_start(args, format);
	vsnprintf(failure->text, sizeof failure->text, format, args);
	va_end(args);
	for (char *c = failure->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return -1;
}

int failure_set_errno(struct failure *failure, const char *name, int error)
{
	return failure_set(failure, "%s: %s", name, strerror(error));
}

int failure_check_stdout(struct failure *failure)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return failure_set_errno(failure, "standard output", errno);
}

void failure_print(const struct failure *failure, const char *program)
{
	if (failure->set)
		fprintf(stderr, "%s: %s\n", program, failure->text);
}

int failure_finish_stdout(const char *program)
{
	struct failure failure = { .set = false };

	failure_check_stdout(&failure);
	failure_print(&failure, program);
	return failure.set ? EXIT_FAILURE : EXIT_SUCCESS;
}
