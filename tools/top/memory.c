/* SPDX-License-Identifier: MIT */
#include "top/memory.h"

#include <stdio.h>
#include <string.h>

#define PRESSURE "/proc/pressure/memory"
#define MEMINFO "/proc/meminfo"

/* One line of the kernel's Documentation/accounting/psi.rst. */
static bool read_spans(const char *line, const char *kind, double spans[MEMORY_SPANS])
{
	size_t length = strlen(kind);

	return strncmp(line, kind, length) == 0 &&
	       sscanf(line + length, " avg10=%lf avg60=%lf avg300=%lf", &spans[0], &spans[1],
		      &spans[2]) == MEMORY_SPANS;
}

static void read_pressure(struct memory *memory)
{
	FILE *file = fopen(PRESSURE, "re");
	char line[200];

	if (!file)
		return;
	while (fgets(line, sizeof line, file)) {
		memory->has_pressure |= read_spans(line, "some", memory->some);
		read_spans(line, "full", memory->full);
	}
	fclose(file);
}

static bool read_size(const char *line, const char *key, uint64_t *bytes)
{
	size_t length = strlen(key);
	unsigned long long kilobytes;

	if (strncmp(line, key, length) != 0 || line[length] != ':' ||
	    sscanf(line + length + 1, "%llu kB", &kilobytes) != 1)
		return false;
	*bytes = kilobytes * 1024;
	return true;
}

static void read_meminfo(struct memory *memory)
{
	FILE *file = fopen(MEMINFO, "re");
	char line[200];

	if (!file)
		return;
	while (fgets(line, sizeof line, file)) {
		read_size(line, "MemTotal", &memory->total);
		memory->has_available |= read_size(line, "MemAvailable", &memory->available);
		read_size(line, "CmaTotal", &memory->cma_total);
		read_size(line, "CmaFree", &memory->cma_free);
	}
	/* Kernels with CMA and no area say zero. */
	memory->has_cma = memory->cma_total > 0;
	fclose(file);
}

void memory_read(struct memory *memory)
{
	memset(memory, 0, sizeof *memory);
	read_pressure(memory);
	read_meminfo(memory);
}
