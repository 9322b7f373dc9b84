/* SPDX-License-Identifier: MIT */
#include "probe/options.h"

#include <getopt.h>
#include <stdio.h>

#include <webcodecs/budget.h>
#include <webcodecs/version.h>

#include "common/codec_choice.h"

#define EXIT_USAGE 2

static const char help_text[] =
"Usage: wc-probe [OPTION]... DEVICE\n"
"Measure how many contexts a codec device gives, by taking them until it refuses, twice.\n"
"\n"
"  --codec CODEC    h264, hevc, ..., or a codec string (default: the first of the device)\n"
"  --size WxH       size of the pictures (default: 1280x720)\n"
"  --max N          stop at so many contexts (default: 32)\n"
"  -h, --help       print this\n"
"      --version    print the version\n";

enum option_key {
	OPTION_CODEC = 256,
	OPTION_MAX,
	OPTION_SIZE,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "codec", required_argument, NULL, OPTION_CODEC },
	{ "help", no_argument, NULL, 'h' },
	{ "max", required_argument, NULL, OPTION_MAX },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int usage_error(const char *what, const char *why)
{
	fprintf(stderr, "wc-probe: %s: %s; try --help\n", what, why);
	return EXIT_USAGE;
}

static bool apply_max(struct probe_options *options, const char *value)
{
	uint64_t count;

	if (!parse_count(value, WC_MAX_CONTEXTS, &count))
		return false;
	options->max = (unsigned)count;
	return true;
}

static bool apply_value(struct probe_options *options, int key, const char *value)
{
	switch (key) {
	case OPTION_CODEC:
		options->codec = value;
		return codec_choice_is_known(value);
	case OPTION_MAX:
		return apply_max(options, value);
	case OPTION_SIZE:
		return parse_size(value, &options->size);
	default:
		return false;
	}
}

/* One option. -1: go on. */
static int apply(struct probe_options *options, int key, char **argv)
{
	switch (key) {
	case 'h':
		fputs(help_text, stdout);
		return 0;
	case OPTION_VERSION:
		printf("wc-probe (libwebcodecs) %s\n", wc_version());
		return 0;
	case '?':
		return usage_error(argv[optind - 1], "unknown option");
	case ':':
		return usage_error(argv[optind - 1], "a value is missing");
	default:
		return apply_value(options, key, optarg) ? -1 :
		       usage_error(optarg, "not understood");
	}
}

int probe_options_parse(struct probe_options *options, int argc, char **argv)
{
	int key, status;

	*options = (struct probe_options) { .size = { 1280, 720 }, .max = 32 };
	while ((key = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		status = apply(options, key, argv);
		if (status >= 0)
			return status;
	}
	if (optind == argc)
		return usage_error("DEVICE", "is missing");
	options->device = argv[optind++];
	return optind < argc ? usage_error(argv[optind], "unexpected argument") : -1;
}
