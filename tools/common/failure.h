/* SPDX-License-Identifier: MIT */
/* The one failure that a tool reports: the first, as one line. */
#ifndef WC_TOOLS_FAILURE_H
#define WC_TOOLS_FAILURE_H

#include <stdbool.h>

struct failure {
	bool set;
	char text[512];
};

/*
 * Keep a message, unless one is kept already: what goes wrong first is the cause, the rest are
 * consequences. Control characters, line breaks too, become spaces. Always returns -1.
 */
int failure_set(struct failure *failure, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "NAME: text of the system error". Returns -1. */
int failure_set_errno(struct failure *failure, const char *name, int error);

/* What stdio still holds for stdout may be what fails. 0, or -1 with the failure set. */
int failure_check_stdout(struct failure *failure);

/* Print it on stderr as "PROGRAM: message"; nothing when there is none. */
void failure_print(const struct failure *failure, const char *program);

/* For a program that has printed a text and ends: the exit status, with the failure printed. */
int failure_finish_stdout(const char *program);

#endif
