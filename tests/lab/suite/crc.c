/* SPDX-License-Identifier: MIT */
#include "crc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static void crc_open(struct crc *crc)
{
	char path[128];
	int control;

	snprintf(path, sizeof path, "%s/control", crc->directory);
	control = open(path, O_WRONLY | O_CLOEXEC);
	if (control < 0 || write(control, "auto", 4) != 4)
		tap_bail("%s: %s", path, strerror(errno));
	close(control);
	snprintf(path, sizeof path, "%s/data", crc->directory);
	crc->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (crc->fd < 0)
		tap_bail("%s: %s", path, strerror(errno));
}

uint32_t crc_read(struct crc *crc, const struct screen *screen)
{
	uint32_t refresh = 0, sum = 0;
	uint64_t sequence, time;
	char line[64];

	if (crc->fd < 0)
		crc_open(crc);
	if (drmCrtcGetSequence(screen->fd, screen->crtc, &sequence, &time))
		tap_bail("no number of the refresh: %s", strerror(errno));
	do {
		ssize_t n = read(crc->fd, line, sizeof line - 1);

		if (n <= 0)
			tap_bail("no checksum of the screen: %s", strerror(errno));
		line[n] = '\0';
		if (sscanf(line, "%" SCNx32 " %" SCNx32, &refresh, &sum) != 2)
			tap_bail("a checksum that is none: %s", line);
	} while (refresh <= sequence);
	return sum;
}

void crc_close(struct crc *crc)
{
	if (crc->fd >= 0)
		close(crc->fd);
	crc->fd = -1;
}
