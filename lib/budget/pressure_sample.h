/* SPDX-License-Identifier: MIT */
/*
 * Numbers about memory out of the kernel's text files. Nothing is allocated and nothing stays
 * open. Text that is not as the kernel documents it counts as a number that is missing.
 */
#ifndef WC_BUDGET_PRESSURE_SAMPLE_H
#define WC_BUDGET_PRESSURE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRESSURE_UNLIMITED UINT64_MAX

/*
 * Read a file whole into buffer, NUL-terminated; what does not fit is cut. Returns bytes or a
 * negative errno.
 */
int sample_read(const char *path, char *buffer, size_t size);

/* Read the file DIR/NAME as one number; "max" is PRESSURE_UNLIMITED. 0 or a negative errno. */
int sample_number(const char *dir, const char *name, uint64_t *value);

/*
 * The number behind a key at the beginning of a line: "CmaFree:   123 kB", "oom_kill 3". False when
 * there is none.
 */
bool sample_find(const char *text, const char *key, uint64_t *value);

/*
 * The averages of the last 10 s of a pressure file, in hundredths of a percent. 0 or a negative
 * errno.
 */
struct sample_stalls {
	unsigned some, full;
};
int sample_stalls(const char *path, struct sample_stalls *stalls);

/* /proc/meminfo; bytes. What the kernel does not tell is 0. 0 or a negative errno. */
struct sample_memory {
	uint64_t total, available, cma_total, cma_free;
};
int sample_memory(const char *proc, struct sample_memory *memory);

/*
 * The directory of the own control group (version 2) below root, from PROC/self/cgroup. 0;
 * -ENOENT when there is none, -ENAMETOOLONG, or what reading said.
 */
int sample_own_cgroup(const char *proc, const char *root, char *dir, size_t size);

/*
 * A control group: bytes that only killing or swapping gives back (all without the file cache), and
 * its two limits. 0 or a negative errno.
 */
struct sample_cgroup {
	uint64_t used, high, max;
};
int sample_cgroup(const char *dir, struct sample_cgroup *group);

/* memory.events of a control group: how often a limit was reached. 0 or a negative errno. */
struct sample_events {
	uint64_t high, max, oom, oom_kill;
};
int sample_events(const char *path, struct sample_events *events);

#endif
