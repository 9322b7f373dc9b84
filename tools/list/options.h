/* SPDX-License-Identifier: MIT */
/* The command line of wc-list. */
#ifndef WC_TOOLS_LIST_OPTIONS_H
#define WC_TOOLS_LIST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/parse.h"

#define LIST_MAX_DEVICES 64

/* Strings are those of the command line. */
struct list_options {
	bool json;
	bool cameras;                  /* these instead of codecs */
	const char *codec;             /* only this one; NULL: all */
	struct size size;              /* of the streams that are asked about */
	struct fraction framerate;
	int hardware;                  /* enum wc_hardware_acceleration */
	bool no_hardware;
	const char *devices[LIST_MAX_DEVICES + 1];   /* ends with NULL */
	size_t n_devices;
};

/*
 * Read the command line. -1: go on; else the exit status: 0 after --help and --version, 2 when it
 * is wrong, with the one line printed.
 */
int list_options_parse(struct list_options *options, int argc, char **argv);

#endif
