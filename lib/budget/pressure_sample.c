/* SPDX-License-Identifier: MIT */
#include "budget/pressure_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int sample_read(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t used = 0;
	ssize_t n = 0;
	int ret;

	buffer[0] = '\0';
	if (fd < 0)
		return -errno;
	while (used + 1 < size && (n = read(fd, buffer + used, size - 1 - used)) > 0)
		used += (size_t)n;
	ret = n < 0 ? -errno : (int)used;
	buffer[used] = '\0';
	close(fd);
	return ret;
}

/* Decimal digits at text; false without any, or when they are too many. */
static bool parse_number(const char *text, uint64_t *value)
{
	uint64_t n = 0;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = n;
	return true;
}

int sample_number(const char *dir, const char *name, uint64_t *value)
{
	char path[1200], text[64];
	int ret;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
		return -ENAMETOOLONG;
	ret = sample_read(path, text, sizeof text);
	if (ret < 0)
		return ret;
	if (strcmp(text, "max\n") == 0) {
		*value = PRESSURE_UNLIMITED;
		return 0;
	}
	return parse_number(text, value) ? 0 : -EBADMSG;
}

bool sample_find(const char *text, const char *key, uint64_t *value)
{
	size_t length = strlen(key);

	while (text) {
		if (strncmp(text, key, length) == 0 && text[length] == ' ')
			return parse_number(text + length + strspn(text + length, " "), value);
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return false;
}

/* "some avg10=12.34 ..." */
static bool parse_average(const char *text, const char *key, unsigned *hundredths)
{
	const char *at = strstr(text, key);
	unsigned whole, part;

	if (!at || sscanf(at + strlen(key), " avg10=%3u.%2u", &whole, &part) != 2)
		return false;
	*hundredths = whole * 100 + part;
	return true;
}

int sample_stalls(const char *path, struct sample_stalls *stalls)
{
	char text[512];
	int ret = sample_read(path, text, sizeof text);

	if (ret < 0)
		return ret;
	return parse_average(text, "some", &stalls->some) &&
	       parse_average(text, "full", &stalls->full) ? 0 : -EBADMSG;
}

static uint64_t find_kib(const char *text, const char *key)
{
	uint64_t value;

	return sample_find(text, key, &value) && value <= UINT64_MAX / 1024 ? value * 1024 : 0;
}

int sample_memory(const char *proc, struct sample_memory *memory)
{
	char path[256], text[4096];
	int ret;

	memset(memory, 0, sizeof *memory);
	if ((size_t)snprintf(path, sizeof path, "%s/meminfo", proc) >= sizeof path)
		return -ENAMETOOLONG;
	ret = sample_read(path, text, sizeof text);
	if (ret < 0)
		return ret;
	memory->total = find_kib(text, "MemTotal:");
	memory->available = find_kib(text, "MemAvailable:");
	memory->cma_total = find_kib(text, "CmaTotal:");
	memory->cma_free = find_kib(text, "CmaFree:");
	return 0;
}

/* The line of version 2 is "0::/path"; those of version 1 have a number and controllers. */
static int find_cgroup(char *text, char **path)
{
	char *line = text;

	while (line && strncmp(line, "0::/", 4) != 0) {
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	if (!line)
		return -ENOENT;
	*path = line + 3;
	line = strchr(*path, '\n');
	/* A line that was cut would name another group. */
	if (!line)
		return -ENAMETOOLONG;
	*line = '\0';
	/* Outside of what the namespace shows. */
	return strstr(*path, "/..") ? -ENOENT : 0;
}

int sample_own_cgroup(const char *proc, const char *root, char *dir, size_t size)
{
	char text[4096], *path = NULL;
	int ret;

	if ((size_t)snprintf(dir, size, "%s/self/cgroup", proc) >= size)
		return -ENAMETOOLONG;
	ret = sample_read(dir, text, sizeof text);
	if (ret < 0)
		return ret;
	ret = find_cgroup(text, &path);
	if (ret < 0)
		return ret;
	/* Beside version 1, version 2 is mounted below. */
	if ((size_t)snprintf(dir, size, "%s/cgroup.controllers", root) >= size)
		return -ENAMETOOLONG;
	ret = snprintf(dir, size, "%s%s%s", root, access(dir, F_OK) == 0 ? "" : "/unified",
		       strcmp(path, "/") == 0 ? "" : path);
	return (size_t)ret < size ? 0 : -ENAMETOOLONG;
}

static uint64_t file_cache(const char *dir)
{
	char path[1200], text[4096];
	uint64_t active = 0, inactive = 0;

	if ((size_t)snprintf(path, sizeof path, "%s/memory.stat", dir) >= sizeof path ||
	    sample_read(path, text, sizeof text) < 0)
		return 0;
	sample_find(text, "active_file", &active);
	sample_find(text, "inactive_file", &inactive);
	return inactive > UINT64_MAX - active ? 0 : active + inactive;
}

int sample_cgroup(const char *dir, struct sample_cgroup *group)
{
	uint64_t cache;
	int ret = sample_number(dir, "memory.max", &group->max);

	if (ret < 0)
		return ret;
	if (sample_number(dir, "memory.high", &group->high) < 0)
		group->high = PRESSURE_UNLIMITED;
	ret = sample_number(dir, "memory.current", &group->used);
	if (ret < 0)
		return ret;
	/* Dear to read, and of no interest before. */
	if (group->used < group->max / 2 && group->used < group->high / 2)
		return 0;
	cache = file_cache(dir);
	group->used = cache < group->used ? group->used - cache : 0;
	return 0;
}

int sample_events(const char *path, struct sample_events *events)
{
	char text[512];
	int ret = sample_read(path, text, sizeof text);

	memset(events, 0, sizeof *events);
	if (ret < 0)
		return ret;
	sample_find(text, "high", &events->high);
	sample_find(text, "oom", &events->oom);
	sample_find(text, "oom_kill", &events->oom_kill);
	return sample_find(text, "max", &events->max) ? 0 : -EBADMSG;
}
