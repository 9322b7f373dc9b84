/* SPDX-License-Identifier: MIT */
/*
 * webcodecs_id NODE: prints what a V4L2 node is, as properties for udev's IMPORT{program}. The
 * rules beside this file call it and say what becomes of the properties:
 *
 *     ID_WEBCODECS_ROLE         decoder, encoder, stateless-decoder, stateless-encoder, converter;
 *                               none: it is no memory-to-memory device, and no other line follows
 *     ID_WEBCODECS_CODECS       coded formats, with commas; none: none that the library knows
 *     ID_WEBCODECS_MULTIPLANAR  1: the node has the multi-planar API only, else 0
 *     ID_WEBCODECS_DRIVER, ID_WEBCODECS_CARD, ID_WEBCODECS_BUS
 *                               what VIDIOC_QUERYCAP tells
 *
 * A node that cannot be asked gets no property, and the exit status is 1: the library then asks
 * itself, when it needs to know. Only questions are asked here, no context is configured.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "v4l2/probe.h"

/*
 * Rules split words at blanks and quotes, and udev reads escapes and quotes in values: of what a
 * driver calls itself only characters pass that mean nothing to anybody.
 */
static char harmless(char c)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789 #+-.,:=@_/()[]";

	return strchr(allowed, c) ? c : '_';
}

static void print_text(const char *name, const char *text)
{
	size_t length;

	text += strspn(text, " ");
	length = strlen(text);
	while (length && text[length - 1] == ' ')
		length--;
	printf("%s=", name);
	for (size_t i = 0; i < length; i++)
		putchar(harmless(text[i]));
	putchar('\n');
}

static void print_codecs(const struct wc_device *device)
{
	printf("ID_WEBCODECS_CODECS=%s", device->codec_count ? "" : "none");
	for (uint32_t i = 0; i < device->codec_count; i++)
		printf("%s%s", i ? "," : "", device->codecs[i].codec);
	putchar('\n');
}

static void print_device(const struct wc_device *device)
{
	printf("ID_WEBCODECS_ROLE=%s\n", wc_device_role_name(device->role));
	print_codecs(device);
	printf("ID_WEBCODECS_MULTIPLANAR=%d\n", device->multiplanar);
	print_text("ID_WEBCODECS_DRIVER", device->driver);
	print_text("ID_WEBCODECS_CARD", device->card);
	print_text("ID_WEBCODECS_BUS", device->bus);
}

int main(int argc, char **argv)
{
	struct v4l2_device_info info;
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: webcodecs_id NODE\n");
		return 2;
	}
	ret = device_probe(argv[1], &info);
	if (ret < 0 && ret != -ENODEV) {
		fprintf(stderr, "webcodecs_id: %s: %s\n", argv[1], strerror(-ret));
		return 1;
	}
	if (ret < 0)
		puts("ID_WEBCODECS_ROLE=none");
	else
		print_device(&info.device);
	return fflush(stdout) == 0 ? 0 : 1;
}
