/* SPDX-License-Identifier: MIT */
/* Processes, besides this one, that use a device. */
#ifndef WC_TOOLS_PROBE_OTHERS_H
#define WC_TOOLS_PROBE_OTHERS_H

#include <stdint.h>

#include <webcodecs/webcodecs.h>

#define OTHERS_MAX 64

struct other {
	int32_t pid;           /* 0: somebody of whom nothing is known */
	unsigned contexts;     /* that it holds, or times that it has the node open */
	char command[32];      /* name of the process, printable ASCII; "" unknown */
};

struct others {
	unsigned count;
	struct other list[OTHERS_MAX];
};

/*
 * Add who has the node open, of the processes that we may look into, and who holds contexts of the
 * device for the library. The latter is found by a context of our own, which is one of them; with
 * none, error says who holds; NULL: not known.
 */
void others_look(struct others *others, struct wc_context *context, const char *node,
		 const struct wc_error *error);

#endif
