/* SPDX-License-Identifier: MIT */
/* Results in the Test Anything Protocol, and the end of a program that cannot go on. */
#ifndef WC_SUITE_TAP_H
#define WC_SUITE_TAP_H

#include <stdbool.h>

/* One result: "ok N - text" or "not ok N - text". Returns good. */
bool tap_ok(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line that explains, "# text". */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the tests stand on is not there: say why and exit with 1. */
void tap_bail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The exit status: 0 when all was ok, and there was something. */
int tap_end(void);

#endif
