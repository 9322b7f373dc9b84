/* SPDX-License-Identifier: MIT */
/* pattern FORMAT WIDTH HEIGHT FRAMES [plain|noise]: pictures without header on standard output. */
#include <drm_fourcc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

static uint32_t find_fourcc(const char *name)
{
	if (strcmp(name, "i420") == 0)
		return DRM_FORMAT_YUV420;
	if (strcmp(name, "nv12") == 0)
		return DRM_FORMAT_NV12;
	return strcmp(name, "rgb24") == 0 ? DRM_FORMAT_BGR888 : 0;
}

static enum picture_style find_style(const char *name)
{
	return strcmp(name, "noise") == 0 ? PICTURE_NOISE : PICTURE_PLAIN;
}

static int write_frames(const struct picture *picture, unsigned frames)
{
	size_t size = picture_size(picture);
	uint8_t *data = malloc(size);
	unsigned n = 0;

	for (; data && n < frames; n++) {
		picture_draw(picture, n, data);
		if (fwrite(data, 1, size, stdout) != size)
			break;
	}
	free(data);
	return n == frames && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct picture picture = { .style = argc > 5 ? find_style(argv[5]) : PICTURE_MIXED };

	if (argc < 5 || !find_fourcc(argv[1])) {
		fputs("usage: pattern i420|nv12|rgb24 WIDTH HEIGHT FRAMES [plain|noise]\n", stderr);
		return EXIT_FAILURE;
	}
	picture.fourcc = find_fourcc(argv[1]);
	picture.width = (uint32_t)strtoul(argv[2], NULL, 10);
	picture.height = (uint32_t)strtoul(argv[3], NULL, 10);
	return write_frames(&picture, (unsigned)strtoul(argv[4], NULL, 10));
}
