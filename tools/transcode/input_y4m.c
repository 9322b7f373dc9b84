/* SPDX-License-Identifier: MIT */
/*
 * YUV4MPEG2 as the mjpegtools define it: a header line of words, then for each picture a line that
 * begins with FRAME, and planes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/interrupt.h"
#include "frame/pixel_format.h"
#include "transcode/input.h"
#include "transcode/picture.h"
#include "transcode/y4m.h"

/* The longest line that is read. */
#define MAX_LINE 1024

struct input_y4m {
	struct input base;
	struct picture picture;
};

/* One line without its end. Long lines and such with NUL bytes are no Y4M. */
static enum reader_result read_line(struct reader *reader, char line[MAX_LINE])
{
	for (size_t i = 0; i < MAX_LINE; i++) {
		const uint8_t *next;
		ssize_t have = reader_peek(reader, 1, &next);

		if (have < 0)
			return READER_FAILED;
		if (!have)
			return i ? READER_SHORT : READER_END;
		line[i] = (char)*next;
		reader_skip(reader, 1);
		if (line[i] == '\n') {
			line[i] = '\0';
			return READER_WHOLE;
		}
		if (!line[i])
			break;
	}
	line[0] = '\0';
	return READER_WHOLE;
}

static bool parse_ratio(const char *text, struct fraction *ratio)
{
	unsigned num, den;
	char end;

	if (sscanf(text, "%9u:%9u%c", &num, &den, &end) != 2)
		return false;
	*ratio = (struct fraction) { num, den };
	if (!num || !den)
		*ratio = (struct fraction) { 0, 0 };
	return true;
}

static bool parse_side(const char *text, uint32_t *side)
{
	uint64_t value;

	if (!parse_count(text, PARSE_MAX_SIDE, &value))
		return false;
	*side = (uint32_t)value;
	return true;
}

/* Words that are not known are passed over, as the format asks. */
static bool parse_word(const char *word, struct track *track, struct fraction *aspect)
{
	switch (*word) {
	case 'W':
		return parse_side(word + 1, &track->width);
	case 'H':
		return parse_side(word + 1, &track->height);
	case 'F':
		return parse_ratio(word + 1, &track->rate);
	case 'A':
		return parse_ratio(word + 1, aspect);
	case 'C':
		return (track->fourcc = y4m_fourcc(word + 1));
	case 'I':
		/* Interlaced pictures would be encoded as if they were not. */
		return !strcmp(word, "Ip") || !strcmp(word, "I?");
	case 'X':
		if (!strcmp(word, "XCOLORRANGE=FULL"))
			track->color_space.range = WC_COLOR_RANGE_FULL;
		if (!strcmp(word, "XCOLORRANGE=LIMITED"))
			track->color_space.range = WC_COLOR_RANGE_LIMITED;
		return true;
	default:
		return true;
	}
}

/* From the aspect of a pixel to that of the picture. */
static void apply_aspect(struct track *track, const struct fraction *aspect)
{
	uint64_t width = (uint64_t)track->width * aspect->num;
	uint64_t height = (uint64_t)track->height * aspect->den;

	if (aspect->num == aspect->den || width > UINT32_MAX || height > UINT32_MAX)
		return;
	track->aspect = (struct size) { (uint32_t)width, (uint32_t)height };
}

static int parse_header(struct reader *reader, struct track *track)
{
	struct fraction aspect = { 0, 0 };
	char line[MAX_LINE];
	char *word, *rest = line;

	*track = (struct track) { .fourcc = DRM_FORMAT_YUV420 };
	if (read_line(reader, line) != READER_WHOLE)
		return failure_set(reader->failure, "%s: the file is cut short in its header",
				   reader->name);
	strsep(&rest, " ");
	while ((word = strsep(&rest, " ")))
		if (!parse_word(word, track, &aspect))
			return failure_set(reader->failure,
					   "%s: '%s' in the header is not understood", reader->name,
					   word);
	if (!track->width || !track->height)
		return failure_set(reader->failure, "%s: the header has no size", reader->name);
	apply_aspect(track, &aspect);
	return 0;
}

static enum input_result input_y4m_read_frame(struct input *input, struct wc_video_frame *frame)
{
	struct input_y4m *y4m = (struct input_y4m *)input;
	char line[MAX_LINE];
	enum input_result result = input_from_reader(input, read_line(input->reader, line));
	int status;

	if (result != INPUT_GOT)
		return result;
	if (strcmp(line, "FRAME") && strncmp(line, "FRAME ", 6)) {
		failure_set(input->failure, "%s: frame %llu has no frame header",
			    input->reader->name, (unsigned long long)input->count);
		return INPUT_FAILED;
	}
	status = picture_map_write(&y4m->picture, frame);
	if (status < 0)
		return input_fail_status(input, status);
	result = input_from_reader(input, reader_fetch(input->reader, y4m->picture.iov,
						       y4m->picture.count));
	picture_unmap(&y4m->picture);
	if (result == INPUT_GOT)
		input->count++;
	return result == INPUT_END && !interrupt_signal() ?
	       input_from_reader(input, READER_SHORT) : result;
}

static void input_y4m_destroy(struct input *input)
{
	struct input_y4m *y4m = (struct input_y4m *)input;

	picture_finish(&y4m->picture);
	free(y4m);
}

static const struct input_ops input_y4m_ops = {
	.read_frame = input_y4m_read_frame,
	.destroy = input_y4m_destroy,
};

static uint64_t count_frames(const struct reader *reader, const struct track *track)
{
	struct wc_plane_layout planes[WC_MAX_PLANES];
	size_t size = pixel_format_layout(pixel_format_find(track->fourcc), track->width,
					  track->height, planes);

	return size && reader->seekable ? reader->size / (size + strlen("FRAME\n")) : 0;
}

int input_y4m_open(const struct options *options, struct reader *reader, struct input **input)
{
	struct track track;
	struct input_y4m *y4m;

	(void)options;
	if (parse_header(reader, &track))
		return -1;
	track.frames = count_frames(reader, &track);
	y4m = calloc(1, sizeof *y4m);
	if (!y4m)
		return failure_set_errno(reader->failure, reader->name, ENOMEM);
	y4m->base = (struct input) {
		.ops = &input_y4m_ops,
		.reader = reader,
		.failure = reader->failure,
		.track = track,
	};
	*input = &y4m->base;
	return 0;
}
