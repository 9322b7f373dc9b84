/* SPDX-License-Identifier: MIT */
/*
 * What happened, in order, as words: "open submit:0 out:0 flush:OK". The scripted session and the
 * callbacks of the tests write to one trace, so that a test states whole orders in one string.
 */
#ifndef WC_TESTS_API_TRACE_H
#define WC_TESTS_API_TRACE_H

#include <check.h>

/* As ck_assert(), which allocates memory even if all is well; here that would be counted. */
#define must(condition) \
	do { \
		if (!(condition)) \
			ck_abort_msg("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

struct trace {
	char text[8192];
};

__attribute__((format(printf, 2, 3)))
void trace_add(struct trace *trace, const char *format, ...);

/* Fail the test unless the trace says exactly this, and begin a new one. */
void trace_expect_at(struct trace *trace, const char *expected, const char *file, int line);
#define trace_expect(trace, expected) trace_expect_at((trace), (expected), __FILE__, __LINE__)

/* Begin a new one, whatever it says. */
void trace_clear(struct trace *trace);

#endif
