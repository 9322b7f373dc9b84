/* SPDX-License-Identifier: MIT */
#include "transcode/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <webcodecs/webcodecs.h>

#include "common/codec_choice.h"
#include "common/failure.h"
#include "common/fourcc.h"

#define EXIT_USAGE 2

enum option_key {
	OPTION_ANNEXB = 256,
	OPTION_BITRATE,
	OPTION_CAMERA,
	OPTION_CODEC,
	OPTION_DEVICE,
	OPTION_DISPLAY,
	OPTION_DISPLAY_COPIES,
	OPTION_DURATION,
	OPTION_FRAMERATE,
	OPTION_FRAMES,
	OPTION_HARDWARE,
	OPTION_HELP,
	OPTION_INPUT_FORMAT,
	OPTION_INPUT_PIXEL_FORMAT,
	OPTION_INPUT_SIZE,
	OPTION_KEY_INTERVAL,
	OPTION_MD5,
	OPTION_NO_AUDIO,
	OPTION_OUTPUT_FORMAT,
	OPTION_PIXEL_FORMAT,
	OPTION_QUIET,
	OPTION_RAW,
	OPTION_SIZE,
	OPTION_VERBOSE,
	OPTION_VERSION,
};

/* What is only turned into something else when all options were seen. */
struct pending {
	const char *input_format;
	const char *output_format;
	bool raw;
};

static const char help_text[] =
"Usage: wc-transcode INPUT [OUTPUT] [OPTION]...\n"
"       wc-transcode --camera DEVICE [OUTPUT] [OPTION]...\n"
"Decode INPUT, encode it again, and write it to OUTPUT, through libwebcodecs.\n"
"\n"
"The extension of OUTPUT says what is written:\n"
"  .mp4 .mov .mkv .webm .ts .avi     a container, with the audio of INPUT\n"
"  .h264 .h265 .mjpeg .fwht .ivf     an elementary stream\n"
"  .y4m .yuv .nv12 .rgb .raw         pictures; nothing is encoded\n"
"INPUT may be any of these; of .yuv .nv12 .rgb .raw nothing is decoded. '-' is standard\n"
"input or output.\n"
"\n"
"Input:\n"
"  --input-format EXT          what INPUT is, when its name does not tell\n"
"  --input-size WxH            size of pictures without header (default: --size)\n"
"  --input-pixel-format FMT    their format: i420, nv12, rgb24, ... (default: by name, or i420)\n"
"  --framerate RATE            frames a second where INPUT has no times (default: 25)\n"
"  --frames N                  stop after N frames\n"
"  --camera DEVICE             frames of a camera; --input-size (or --size), --framerate and\n"
"                              --input-pixel-format say which\n"
"  --duration SECONDS          stop the camera after that time (default: SIGINT stops it)\n"
"Output:\n"
"  --output-format EXT         what OUTPUT is to be, when its name does not tell\n"
"  --codec CODEC               h264, hevc, vp8, vp9, av1, mjpeg, fwht, or a codec string\n"
"  --size WxH                  size of the encoded picture\n"
"  --bitrate BITS              bits a second; k and M are understood\n"
"  --key-interval N            frames from one key frame to the next\n"
"  --annexb                    make Annex B chunks for containers too\n"
"  --no-audio                  leave audio out\n"
"  --raw                       write pictures without header, as if OUTPUT were .raw\n"
"  --pixel-format FMT          convert pictures that are written\n"
"  --md5                       print 'N timestamp WxH format md5' for each decoded frame\n"
"  --display[=CARD]            show pictures on a screen instead of OUTPUT, each when it is due\n"
"  --display-copies            show copies of them, even where the display could read frames\n"
"Codecs:\n"
"  --device PATH               use only this device node; may be given several times\n"
"  --hardware any|prefer|no    any: devices, then software (default)\n"
"Other:\n"
"  -q, --quiet                 print nothing but failures\n"
"  -v, --verbose               print the log of the library\n"
"  -h, --help                  print this\n"
"      --version               print the version\n";

static const struct option long_options[] = {
	{ "annexb", no_argument, NULL, OPTION_ANNEXB },
	{ "bitrate", required_argument, NULL, OPTION_BITRATE },
	{ "camera", required_argument, NULL, OPTION_CAMERA },
	{ "codec", required_argument, NULL, OPTION_CODEC },
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "display", optional_argument, NULL, OPTION_DISPLAY },
	{ "display-copies", no_argument, NULL, OPTION_DISPLAY_COPIES },
	{ "duration", required_argument, NULL, OPTION_DURATION },
	{ "framerate", required_argument, NULL, OPTION_FRAMERATE },
	{ "frames", required_argument, NULL, OPTION_FRAMES },
	{ "hardware", required_argument, NULL, OPTION_HARDWARE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "input-format", required_argument, NULL, OPTION_INPUT_FORMAT },
	{ "input-pixel-format", required_argument, NULL, OPTION_INPUT_PIXEL_FORMAT },
	{ "input-size", required_argument, NULL, OPTION_INPUT_SIZE },
	{ "key-interval", required_argument, NULL, OPTION_KEY_INTERVAL },
	{ "md5", no_argument, NULL, OPTION_MD5 },
	{ "no-audio", no_argument, NULL, OPTION_NO_AUDIO },
	{ "output-format", required_argument, NULL, OPTION_OUTPUT_FORMAT },
	{ "pixel-format", required_argument, NULL, OPTION_PIXEL_FORMAT },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "raw", no_argument, NULL, OPTION_RAW },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int usage_error(const char *format, ...)
{
	va_list args;

	fputs("wc-transcode: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; try --help\n", stderr);
	return EXIT_USAGE;
}

static const char *option_name(int number)
{
	for (const struct option *o = long_options; o->name; o++)
		if (o->val == number)
			return o->name;
	return "";
}

/* Options without a value. -1: go on. */
static int apply_flag(struct options *options, struct pending *pending, int number)
{
	switch (number) {
	case OPTION_ANNEXB:
		options->annexb = true;
		return -1;
	case OPTION_DISPLAY:
		options->displays = true;
		return -1;
	case OPTION_DISPLAY_COPIES:
		options->display_copies = true;
		return -1;
	case OPTION_MD5:
		options->md5 = true;
		return -1;
	case OPTION_NO_AUDIO:
		options->audio = false;
		return -1;
	case OPTION_RAW:
		pending->raw = true;
		return -1;
	case 'q':
	case OPTION_QUIET:
		options->quiet = true;
		return -1;
	case 'v':
	case OPTION_VERBOSE:
		options->verbose = true;
		return -1;
	case 'h':
	case OPTION_HELP:
		fputs(help_text, stdout);
		return failure_finish_stdout("wc-transcode");
	case OPTION_VERSION:
		printf("wc-transcode (libwebcodecs) %s\n", wc_version());
		return failure_finish_stdout("wc-transcode");
	default:
		return EXIT_USAGE;
	}
}

static bool add_device(struct options *options, const char *path)
{
	if (options->n_devices == OPTIONS_MAX_DEVICES)
		return false;
	options->devices[options->n_devices++] = path;
	return true;
}

static bool set_key_interval(struct options *options, const char *value)
{
	uint64_t frames;

	if (!parse_count(value, UINT32_MAX, &frames))
		return false;
	options->key_interval = (uint32_t)frames;
	return true;
}

/* Options with a value: whether it is a good one. */
static bool apply_value(struct options *options, struct pending *pending, int number,
			const char *value)
{
	switch (number) {
	case OPTION_BITRATE:
		return parse_bitrate(value, &options->bitrate);
	case OPTION_CAMERA:
		options->camera = value;
		return *value;
	case OPTION_CODEC:
		options->codec = value;
		return codec_choice_is_known(value);
	case OPTION_DEVICE:
		return add_device(options, value);
	case OPTION_DISPLAY:
		options->display = value;
		options->displays = true;
		return *value;
	case OPTION_DURATION:
		return parse_duration(value, &options->duration);
	case OPTION_FRAMERATE:
		return parse_rate(value, &options->framerate);
	case OPTION_FRAMES:
		return parse_count(value, UINT64_MAX - 1, &options->frames);
	case OPTION_HARDWARE:
		return parse_hardware(value, &options->hardware, &options->no_hardware);
	case OPTION_INPUT_FORMAT:
		pending->input_format = value;
		return file_type_find(value, "");
	case OPTION_INPUT_PIXEL_FORMAT:
		return (options->input_fourcc = fourcc_from_name(value));
	case OPTION_INPUT_SIZE:
		return parse_size(value, &options->input_size);
	case OPTION_KEY_INTERVAL:
		return set_key_interval(options, value);
	case OPTION_OUTPUT_FORMAT:
		pending->output_format = value;
		return file_type_find(value, "");
	case OPTION_PIXEL_FORMAT:
		return (options->fourcc = fourcc_from_name(value));
	case OPTION_SIZE:
		return parse_size(value, &options->size);
	default:
		return false;
	}
}

static int apply(struct options *options, struct pending *pending, int number, char **argv)
{
	if (number == '?')
		return usage_error("%s: unknown option", argv[optind - 1]);
	if (number == ':')
		return usage_error("%s: a value is missing", argv[optind - 1]);
	if (!optarg)
		return apply_flag(options, pending, number);
	if (!apply_value(options, pending, number, optarg))
		return usage_error("--%s %s: not understood", option_name(number), optarg);
	return -1;
}

static int find_files(struct options *options, int argc, char **argv)
{
	int at = optind;

	if (!options->camera && at == argc)
		return usage_error("no INPUT");
	if (!options->camera)
		options->input = argv[at++];
	options->output = at < argc ? argv[at++] : NULL;
	if (at < argc && options->camera)
		return usage_error("%s: one OUTPUT only, and no INPUT but the camera", argv[at]);
	if (at < argc)
		return usage_error("%s: one INPUT and one OUTPUT only", argv[at]);
	if (options->displays && options->output)
		return usage_error("%s: with --display nothing is written", options->output);
	if (options->displays)
		options->output = "display";
	if (options->md5 && options->output && !strcmp(options->output, "-"))
		options->output = NULL;
	if (!options->output && !options->md5)
		return usage_error("no OUTPUT");
	return -1;
}

static int find_types(struct options *options, const struct pending *pending)
{
	if (options->input)
		options->input_type = file_type_find(pending->input_format, options->input);
	else if (pending->input_format)
		return usage_error("--input-format is for files, not for a camera");
	if (options->displays) {
		options->output_type = file_type_display();
		return pending->raw || pending->output_format ?
		       usage_error("--display writes nothing, in no format") : -1;
	}
	if (options->display_copies)
		return usage_error("--display-copies is for --display");
	if (!options->output)
		return pending->raw || pending->output_format ?
		       usage_error("no OUTPUT to write to") : -1;
	options->output_type = file_type_find(pending->raw ? "raw" : pending->output_format,
					      options->output);
	if (options->output_type)
		return -1;
	if (!strcmp(options->output, "-"))
		return usage_error("-: --output-format is needed");
	return usage_error("%s: unknown extension, see --output-format", options->output);
}

/* Headerless input: its size and format come from the options or not at all. */
static int check_raw_input(struct options *options)
{
	if (!options->input_size.width)
		options->input_size = options->size;
	if (!options->input_size.width)
		return usage_error("%s: pictures without header need --input-size",
				   options->input);
	if (!options->input_fourcc)
		options->input_fourcc = options->input_type->fourcc;
	if (!options->input_fourcc)
		options->input_fourcc = fourcc_from_name("i420");
	return -1;
}

static int check(struct options *options)
{
	bool raw = options->input_type && options->input_type->kind == FILE_RAW;
	bool pictures = !options->output_type || file_type_is_pictures(options->output_type);

	if (options->duration != INT64_MAX && !options->camera)
		return usage_error("--duration is for a camera; see --frames");
	if (!raw && !options->camera && (options->input_size.width || options->input_fourcc))
		return usage_error(
			"--input-size and --input-pixel-format are for pictures without header");
	if (options->fourcc && !pictures)
		return usage_error("--pixel-format is for pictures; %s gets chunks",
				   options->output);
	if (pictures && (options->codec || options->bitrate || options->key_interval))
		return usage_error("--codec, --bitrate, --key-interval: nothing is encoded here");
	if (pictures && options->size.width && !raw && !options->camera)
		return usage_error("--size is for encoding; pictures are written as they are");
	if (options->camera && !options->input_size.width)
		options->input_size = options->size;
	return raw ? check_raw_input(options) : -1;
}

int options_parse(struct options *options, int argc, char **argv)
{
	struct pending pending = { NULL, NULL, false };
	int number, status;

	*options = (struct options) {
		.frames = UINT64_MAX, .duration = INT64_MAX, .audio = true,
	};
	while ((number = getopt_long(argc, argv, ":qvh", long_options, NULL)) != -1) {
		status = apply(options, &pending, number, argv);
		if (status >= 0)
			return status;
	}
	status = find_files(options, argc, argv);
	if (status < 0)
		status = find_types(options, &pending);
	if (status < 0)
		status = check(options);
	return status;
}
