/* SPDX-License-Identifier: MIT */
/* The command line of wc-top. */
#ifndef WC_TOOLS_TOP_OPTIONS_H
#define WC_TOOLS_TOP_OPTIONS_H

#include <stdbool.h>

struct top_options {
	bool once, json;
	const char *directory;   /* of slots, from the command line; NULL: where they belong */
};

/*
 * Read the command line. -1: go on; else the exit status: 0 after --help and --version, 2 when it
 * is wrong, with the one line printed.
 */
int top_options_parse(struct top_options *options, int argc, char **argv);

#endif
