/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PACKET_HEADER 8

/* Of alloc_count.c, when that is preloaded. */
extern unsigned long bench_allocations(void) __attribute__((weak));

void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void die_errno(const char *what)
{
	die("%s: %s", what, strerror(errno));
}

/* ---- clips ----------------------------------------------------------------------------------- */

static size_t read_file(const char *path, uint8_t **data)
{
	FILE *file = fopen(path, "rb");
	long size = -1;

	if (!file)
		die_errno(path);
	if (fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (size <= 0 || fseek(file, 0, SEEK_SET) != 0)
		die("%s is empty or no plain file", path);
	*data = malloc((size_t)size);
	if (!*data || fread(*data, 1, (size_t)size, file) != (size_t)size)
		die("cannot read %s", path);
	fclose(file);
	return (size_t)size;
}

static void add_item(struct clip *clip, size_t offset, size_t size)
{
	clip->items = realloc(clip->items, (clip->n_items + 1) * sizeof *clip->items);
	if (!clip->items)
		die("no memory");
	clip->items[clip->n_items++] = (struct clip_item) { offset, size };
}

size_t picture_size(unsigned width, unsigned height)
{
	size_t chroma = (size_t)((width + 1) / 2) * ((height + 1) / 2);

	return (size_t)width * height + 2 * chroma;
}

void clip_load_pictures(struct clip *clip, const char *path, unsigned width, unsigned height)
{
	size_t step = picture_size(width, height);
	size_t size = read_file(path, &clip->data);

	clip->fd = -1;
	for (size_t at = 0; at + step <= size; at += step)
		add_item(clip, at, step);
	if (!clip->n_items)
		die("%s has no picture of %ux%u", path, width, height);
}

void clip_load_packets(struct clip *clip, const char *path)
{
	size_t size = read_file(path, &clip->data);
	size_t at = 0;

	clip->fd = -1;
	while (at + PACKET_HEADER <= size) {
		const uint8_t *p = clip->data + at;
		size_t length = (size_t)p[4] << 24 | (size_t)p[5] << 16 | (size_t)p[6] << 8 | p[7];

		at += PACKET_HEADER;
		if (memcmp(p, "rdhV", 4) || length > size - at)
			die("%s is no file of packets", path);
		add_item(clip, at, length);
		at += length;
	}
	if (!clip->n_items)
		die("%s has no packet", path);
}

void clip_forget(struct clip *clip, const char *path)
{
	size_t most = 0;

	for (unsigned i = 0; i < clip->n_items; i++)
		if (clip->items[i].size > most)
			most = clip->items[i].size;
	free(clip->data);
	clip->data = malloc(most);
	clip->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!clip->data || clip->fd < 0)
		die_errno(path);
}

void clip_free(struct clip *clip)
{
	if (clip->fd >= 0)
		close(clip->fd);
	free(clip->data);
	free(clip->items);
}

const uint8_t *clip_get(struct clip *clip, uint64_t n, size_t *size)
{
	const struct clip_item *item = &clip->items[n % clip->n_items];

	*size = item->size;
	if (clip->fd < 0)
		return clip->data + item->offset;
	if (pread(clip->fd, clip->data, item->size, (off_t)item->offset) != (ssize_t)item->size)
		die_errno("read the input");
	return clip->data;
}

static void write_plane(uint8_t *to, size_t stride, const uint8_t *from, size_t width, size_t rows)
{
	if (stride == width) {
		memcpy(to, from, width * rows);
		return;
	}
	for (size_t y = 0; y < rows; y++)
		memcpy(to + y * stride, from + y * width, width);
}

void picture_write(const struct picture_planes *to, const uint8_t *from, unsigned width,
		   unsigned height)
{
	size_t half_width = (width + 1) / 2, half_height = (height + 1) / 2;

	write_plane(to->data[0], to->stride[0], from, width, height);
	from += (size_t)width * height;
	write_plane(to->data[1], to->stride[1], from, half_width, half_height);
	from += half_width * half_height;
	write_plane(to->data[2], to->stride[2], from, half_width, half_height);
}

/* ---- options --------------------------------------------------------------------------------- */

static _Noreturn void usage(void)
{
	die("usage: [-d DEVICE] [-m] [-o PACKETS] [-q] [-r] [-w WARM] encode|decode CODEC WIDTH "
	    "HEIGHT FRAMES INPUT\n"
	    "  -d  a device, else software     -m  write a line before and after what is measured\n"
	    "  -o  keep an encoder's packets   -q  an encoder that takes its time\n"
	    "  -r  read the input each time    -w  outputs before what is measured");
}

static unsigned read_number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value > 1000000)
		die("'%s' is no number", text);
	return (unsigned)value;
}

static void read_option(struct loop_options *options, int option, const char *value)
{
	switch (option) {
	case 'd':
		options->device = value;
		break;
	case 'm':
		options->mark = true;
		break;
	case 'o':
		options->packets = value;
		break;
	case 'q':
		options->quality = true;
		break;
	case 'r':
		options->reread = true;
		break;
	case 'w':
		options->warm = read_number(value);
		break;
	default:
		usage();
	}
}

void loop_options_read(struct loop_options *options, int argc, char **argv)
{
	int option;

	memset(options, 0, sizeof *options);
	while ((option = getopt(argc, argv, "d:mo:qrw:")) != -1)
		read_option(options, option, optarg);
	if (argc - optind != 6)
		usage();
	argv += optind;
	if (strcmp(argv[0], "encode") && strcmp(argv[0], "decode"))
		usage();
	options->encode = !strcmp(argv[0], "encode");
	options->codec = argv[1];
	options->width = read_number(argv[2]);
	options->height = read_number(argv[3]);
	options->frames = read_number(argv[4]);
	if (options->encode)
		clip_load_pictures(&options->clip, argv[5], options->width, options->height);
	else
		clip_load_packets(&options->clip, argv[5]);
	if (options->reread)
		clip_forget(&options->clip, argv[5]);
}

const char *loop_codec_string(const struct loop_options *options)
{
	return strcmp(options->codec, "h264") ? options->codec : "avc1.42c01f";
}

/* ---- the meter ------------------------------------------------------------------------------- */

/* A line of its own in the log of strace. */
static void mark(const struct meter *meter, const char *line)
{
	if (meter->options->mark && write(STDERR_FILENO, line, strlen(line)) < 0)
		die_errno("standard error");
}

static void begin(struct meter *meter)
{
	mark(meter, "steady state begins\n");
	meter->bytes = 0;
	if (meter->counts_allocations)
		meter->allocations = bench_allocations();
	clock_gettime(CLOCK_MONOTONIC, &meter->begin);
}

static void finish(struct meter *meter)
{
	clock_gettime(CLOCK_MONOTONIC, &meter->end);
	if (meter->counts_allocations)
		meter->allocations = bench_allocations() - meter->allocations;
	mark(meter, "steady state ends\n");
}

void meter_init(struct meter *meter, const struct loop_options *options)
{
	memset(meter, 0, sizeof *meter);
	meter->options = options;
	meter->counts_allocations = bench_allocations != NULL;
	/* The clip alone needs heap memory. */
	if (meter->counts_allocations && bench_allocations() == 0)
		die("the counter of allocations does not count");
	if (options->packets && !(meter->packets = fopen(options->packets, "wb")))
		die_errno(options->packets);
	if (options->warm == 0)
		begin(meter);
}

bool meter_done(const struct meter *meter)
{
	return meter->outputs >= meter->options->warm + meter->options->frames;
}

void meter_output(struct meter *meter, size_t bytes)
{
	if (meter_done(meter))
		return;
	meter->bytes += bytes;
	meter->outputs++;
	if (meter->outputs == meter->options->warm)
		begin(meter);
	else if (meter_done(meter))
		finish(meter);
}

void meter_packet(struct meter *meter, const void *data, size_t size)
{
	const uint8_t header[PACKET_HEADER] = {
		'r', 'd', 'h', 'V', (uint8_t)(size >> 24), (uint8_t)(size >> 16),
		(uint8_t)(size >> 8), (uint8_t)size,
	};

	if (meter->packets && !meter_done(meter) &&
	    (fwrite(header, sizeof header, 1, meter->packets) != 1 ||
	     fwrite(data, size, 1, meter->packets) != 1))
		die_errno(meter->options->packets);
	meter_output(meter, size);
}

void meter_finish(struct meter *meter, const char *more)
{
	double seconds = (double)(meter->end.tv_sec - meter->begin.tv_sec) +
			 (double)(meter->end.tv_nsec - meter->begin.tv_nsec) / 1e9;

	printf("frames=%u seconds=%.6f bytes=%llu", meter->options->frames, seconds,
	       (unsigned long long)meter->bytes);
	if (meter->counts_allocations)
		printf(" allocations=%lu", meter->allocations);
	printf("%s\n", more);
	if (meter->packets && fclose(meter->packets) != 0)
		die_errno(meter->options->packets);
}

long resident_bytes(void)
{
	long total, resident = -1;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%ld %ld", &total, &resident) != 2)
		die("/proc/self/statm cannot be read");
	fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

/* The one that counts is counted, too. */
long open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	long n = 0;

	if (!dir)
		die_errno("/proc/self/fd");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
