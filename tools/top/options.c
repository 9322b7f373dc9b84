/* SPDX-License-Identifier: MIT */
#include "top/options.h"

#include <getopt.h>
#include <stdio.h>

#include <webcodecs/version.h>

#define EXIT_USAGE 2

static const char help_text[] =
"Usage: wc-top [OPTION]...\n"
"Show who holds the hardware contexts of codec devices, and who waits for one. The display\n"
"is renewed every second; q quits.\n"
"\n"
"  --once           print a table, and end\n"
"  --json           print JSON, and end\n"
"  --directory DIR  look at the slots in this directory (default: /run/webcodecs, or\n"
"                   webcodecs in $XDG_RUNTIME_DIR)\n"
"  -h, --help       print this\n"
"      --version    print the version\n";

enum option_key {
	OPTION_DIRECTORY = 256,
	OPTION_JSON,
	OPTION_ONCE,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "directory", required_argument, NULL, OPTION_DIRECTORY },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "once", no_argument, NULL, OPTION_ONCE },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int usage_error(const char *what, const char *why)
{
	fprintf(stderr, "wc-top: %s: %s; try --help\n", what, why);
	return EXIT_USAGE;
}

/* One option. -1: go on. */
static int apply(struct top_options *options, int key, char **argv)
{
	switch (key) {
	case 'h':
		fputs(help_text, stdout);
		return 0;
	case OPTION_VERSION:
		printf("wc-top (libwebcodecs) %s\n", wc_version());
		return 0;
	case OPTION_JSON:
		options->json = true;
		return -1;
	case OPTION_ONCE:
		options->once = true;
		return -1;
	case OPTION_DIRECTORY:
		options->directory = optarg;
		return *optarg ? -1 : usage_error("--directory", "not understood");
	case '?':
		return usage_error(argv[optind - 1], "unknown option");
	default:
		return usage_error(argv[optind - 1], "a value is missing");
	}
}

int top_options_parse(struct top_options *options, int argc, char **argv)
{
	int key, status;

	*options = (struct top_options) { .once = false };
	while ((key = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		status = apply(options, key, argv);
		if (status >= 0)
			return status;
	}
	return optind < argc ? usage_error(argv[optind], "unexpected argument") : -1;
}
