/* SPDX-License-Identifier: MIT */
/* The command line of wc-transcode. */
#ifndef WC_TOOLS_OPTIONS_H
#define WC_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/parse.h"
#include "transcode/file_type.h"

#define OPTIONS_MAX_DEVICES 16

/* Strings are those of the command line. */
struct options {
	const char *input;                     /* NULL: a camera */
	const char *camera;                    /* device node; NULL: none */
	const char *output;                    /* NULL: none */
	const struct file_type *input_type;    /* NULL: look at the content */
	const struct file_type *output_type;   /* NULL: no output but what md5 prints */
	struct size input_size;                /* of headerless pictures, or of a camera's */
	uint32_t input_fourcc;
	const char *codec;                     /* NULL: what the output type is for */
	struct size size;                      /* of the encoded picture; 0: as the input */
	uint64_t bitrate;
	struct fraction framerate;
	uint32_t key_interval;
	uint32_t fourcc;                       /* of pictures written, 0: as decoded */
	uint64_t frames;                       /* UINT64_MAX: all */
	int64_t duration;                      /* of what a camera sees, microseconds */
	int hardware;                          /* enum wc_hardware_acceleration */
	bool no_hardware;
	const char *devices[OPTIONS_MAX_DEVICES + 1];   /* ends with NULL */
	size_t n_devices;
	const char *display;                   /* node of the card to show pictures on; NULL: any */
	bool displays;                         /* pictures are shown, there is no output file */
	bool display_copies;                   /* copies of them */
	bool md5;
	bool annexb;
	bool audio;
	bool quiet;
	bool verbose;
};

/*
 * Read the command line. -1: go on; else the exit status: 0 after --help and --version, 2 when it
 * is wrong, with the one line printed.
 */
int options_parse(struct options *options, int argc, char **argv);

#endif
