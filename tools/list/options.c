/* SPDX-License-Identifier: MIT */
#include "list/options.h"

#include <getopt.h>
#include <stdio.h>

#include <webcodecs/webcodecs.h>

#include "common/codec_choice.h"
#include "common/failure.h"

#define EXIT_USAGE 2

static const char help_text[] =
"Usage: wc-list [OPTION]...\n"
"List the codec devices of this machine, and which of them, or which software, a stream\n"
"would get; or the cameras.\n"
"\n"
"  --cameras                   list cameras, with formats, sizes and rates, and nothing else\n"
"  --json                      print JSON\n"
"  --codec CODEC               ask about this codec only: h264, hevc, ..., or a codec string\n"
"  --size WxH                  size of the stream (default: 1920x1080)\n"
"  --framerate RATE            its frames a second (default: 30)\n"
"  --device PATH               look at this device node only; may be given several times\n"
"  --hardware any|prefer|no    any: devices, then software (default)\n"
"  -h, --help                  print this\n"
"      --version               print the version\n";

enum option_key {
	OPTION_CAMERAS = 256,
	OPTION_CODEC,
	OPTION_DEVICE,
	OPTION_FRAMERATE,
	OPTION_HARDWARE,
	OPTION_JSON,
	OPTION_SIZE,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "cameras", no_argument, NULL, OPTION_CAMERAS },
	{ "codec", required_argument, NULL, OPTION_CODEC },
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "framerate", required_argument, NULL, OPTION_FRAMERATE },
	{ "hardware", required_argument, NULL, OPTION_HARDWARE },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int usage_error(const char *what, const char *why)
{
	fprintf(stderr, "wc-list: %s: %s; try --help\n", what, why);
	return EXIT_USAGE;
}

static bool add_device(struct list_options *options, const char *path)
{
	if (options->n_devices == LIST_MAX_DEVICES)
		return false;
	options->devices[options->n_devices++] = path;
	return true;
}

static bool apply_value(struct list_options *options, int key, const char *value)
{
	switch (key) {
	case OPTION_CODEC:
		options->codec = value;
		return codec_choice_is_known(value);
	case OPTION_DEVICE:
		return add_device(options, value);
	case OPTION_FRAMERATE:
		return parse_rate(value, &options->framerate);
	case OPTION_HARDWARE:
		return parse_hardware(value, &options->hardware, &options->no_hardware);
	case OPTION_SIZE:
		return parse_size(value, &options->size);
	default:
		return false;
	}
}

/* One option. -1: go on. */
static int apply(struct list_options *options, int key, char **argv)
{
	switch (key) {
	case 'h':
		fputs(help_text, stdout);
		return failure_finish_stdout("wc-list");
	case OPTION_VERSION:
		printf("wc-list (libwebcodecs) %s\n", wc_version());
		return failure_finish_stdout("wc-list");
	case OPTION_CAMERAS:
		options->cameras = true;
		return -1;
	case OPTION_JSON:
		options->json = true;
		return -1;
	case '?':
		return usage_error(argv[optind - 1], "unknown option");
	case ':':
		return usage_error(argv[optind - 1], "a value is missing");
	default:
		return apply_value(options, key, optarg) ? -1 :
		       usage_error(optarg, "not understood");
	}
}

int list_options_parse(struct list_options *options, int argc, char **argv)
{
	int key, status;

	*options = (struct list_options) {
		.size = { 1920, 1080 },
		.framerate = { 30, 1 },
	};
	while ((key = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		status = apply(options, key, argv);
		if (status >= 0)
			return status;
	}
	return optind < argc ? usage_error(argv[optind], "unexpected argument") : -1;
}
