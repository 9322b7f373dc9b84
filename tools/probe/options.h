/* SPDX-License-Identifier: MIT */
/* The command line of wc-probe. */
#ifndef WC_TOOLS_PROBE_OPTIONS_H
#define WC_TOOLS_PROBE_OPTIONS_H

#include "common/parse.h"

/* Strings are those of the command line. */
struct probe_options {
	const char *device;   /* node */
	const char *codec;    /* short name or codec string; NULL: the first of the device */
	struct size size;
	unsigned max;         /* contexts to try */
};

/*
 * Read the command line. -1: go on; else the exit status: 0 after --help and --version, 2 when it
 * is wrong, with the one line printed.
 */
int probe_options_parse(struct probe_options *options, int argc, char **argv);

#endif
