/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEFAULT_CONTEXTS 4
#define CONTEXTS_FILE "/run/webcodecs-lab/contexts"
#define PLACES_FILE "/run/webcodecs-lab/places"

/* Of video4linux. */
#define VIDEO_MAJOR 81

static void give_up(const char *what, const char *value)
{
	fprintf(stderr, "tests/lab/plugin: %s: '%s'\n", what, value);
	abort();
}

static unsigned long parse_number(const char *text, const char *what)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || (*end && *end != '\n') || value > 1024)
		give_up(what, text);
	return value;
}

static enum place_stage parse_stage(const char *text, size_t length)
{
	static const char *const names[] = {
		[PLACE_OPEN] = "open", [PLACE_ATTACH] = "attach", [PLACE_FORMAT] = "format",
		[PLACE_BUFFERS] = "buffers", [PLACE_STREAM_ON] = "stream-on",
		[PLACE_QBUF] = "qbuf",
	};

	for (int stage = PLACE_OPEN; stage <= PLACE_QBUF; stage++)
		if (strlen(names[stage]) == length && strncmp(names[stage], text, length) == 0)
			return (enum place_stage)stage;
	give_up("no such stage", text);
	return PLACE_OPEN;
}

/* What drivers say when they have no context left, and some that they should not say. */
static int parse_errno(const char *text)
{
	static const struct {
		const char *name;
		int value;
	} names[] = {
		{ "EBUSY", EBUSY }, { "EAGAIN", EAGAIN }, { "ENOSPC", ENOSPC },
		{ "EINVAL", EINVAL }, { "ENOMEM", ENOMEM }, { "ESRCH", ESRCH },
		{ "EPERM", EPERM }, { "ETIME", ETIME }, { "EIO", EIO }, { "ENODEV", ENODEV },
		{ "ETIMEDOUT", ETIMEDOUT },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].name, text) == 0)
			return names[i].value;
	return (int)parse_number(text, "no such errno");
}

static unsigned read_contexts(void)
{
	const char *text = getenv("WC_LAB_CONTEXTS");
	char line[32] = "";
	FILE *file;

	if (text)
		return (unsigned)parse_number(text, "WC_LAB_CONTEXTS is no number");
	file = fopen(CONTEXTS_FILE, "re");
	if (!file)
		return DEFAULT_CONTEXTS;
	if (!fgets(line, sizeof line, file))
		line[0] = '\0';
	fclose(file);
	return (unsigned)parse_number(line, CONTEXTS_FILE " has no number");
}

void place_settings_read(struct place_settings *settings)
{
	const char *refuse = getenv("WC_LAB_REFUSE");
	const char *colon = refuse ? strchr(refuse, ':') : NULL;

	if (refuse && !colon)
		give_up("WC_LAB_REFUSE is not STAGE:ERRNO", refuse);
	settings->contexts = read_contexts();
	settings->stage = refuse ? parse_stage(refuse, (size_t)(colon - refuse)) : PLACE_BUFFERS;
	settings->refusal = refuse ? parse_errno(colon + 1) : EBUSY;
}

int place_take(const struct place_settings *settings)
{
	int fd = open(PLACES_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0) {
		/* Not the errno of a refusal for what is a mistake of the set-up. */
		perror("tests/lab/plugin: " PLACES_FILE);
		abort();
	}
	for (unsigned i = 0; i < settings->contexts; i++) {
		struct flock lock = {
			.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)i, .l_len = 1,
		};

		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return fd;
	}
	close(fd);
	errno = settings->refusal;
	return -1;
}

bool place_is_vicodec(int fd)
{
	struct v4l2_capability cap = { 0 };
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
	       major(status.st_rdev) == VIDEO_MAJOR && ioctl(fd, VIDIOC_QUERYCAP, &cap) == 0 &&
	       strcmp((const char *)cap.driver, "vicodec") == 0;
}
