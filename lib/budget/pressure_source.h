/* SPDX-License-Identifier: MIT */
/*
 * Where reports of memory pressure come from, wired into the loop of a context. All are optional;
 * one that is missing, forbidden or broken is logged (debug, info when it was wanted) and left out.
 *
 *   manager   $MEMORY_PRESSURE_WATCH: medium, the protocol knows one degree; critical if it is a
 *             pressure file whose averages say so. Where it works it stands in for the low and
 *             medium triggers below: whoever set it chose the threshold.
 *             "/dev/null" switches manager, cgroup and system off.
 *   cgroup    triggers on memory.pressure of the own control group, counters in memory.events:
 *             high is medium, max is critical (both only low while file cache makes up half of the
 *             limit), oom and oom_kill are critical
 *   system    triggers on /proc/pressure/memory; of no interest while more than half of the
 *             memory is available, as then it is the trouble of another control group
 *   sampled   by a timer, only while the owner has it on: CMA, and how near the own control group
 *             and those above it are to their limits. A limit without memory.high kills within the
 *             allocation that goes too far: nothing else warns before. A decoder fills a group in
 *             less than the timer's period, so the owner says how much it has, and a sample is
 *             taken when an eighth of what was left is gone, or PRESSURE_MIN_STEP. It judges as if
 *             what came since the last one had come twice: the next may be too late.
 *
 *   triggers  low: some 70 ms, medium: some 100 ms, critical: full 100 ms, all in 2 s, the only
 *             window that processes without CAP_SYS_RESOURCE may use (and its multiples)
 *   CMA       less than 10 % free: low (movable pages of others may sit there). An allocation that
 *             failed since the last look: medium; both: critical
 *   limits    80, 90, 97 % of memory.max: low, medium, critical; of memory.high: medium at most;
 *             file cache, which the kernel takes back by itself, does not count
 *
 * Wake-ups: one after the start; then, without pressure, none but the timer of the samples (2 s).
 * With pressure one for each trigger in 2 s, and at most two a second for memory.events. Nothing is
 * allocated after the start. Descriptors: seven at most, four when the manager's works.
 *
 * When the control group is removed from under its triggers, the process has moved: the sources of
 * its group are opened anew at the new place, once for each time they are lost.
 */
#ifndef WC_BUDGET_PRESSURE_SOURCE_H
#define WC_BUDGET_PRESSURE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "budget/pressure.h"
#include "budget/pressure_sample.h"
#include "budget/pressure_watch.h"
#include "util/log.h"
#include "util/loop.h"

#define PRESSURE_SAMPLE_PERIOD INT64_C(2000000)
#define PRESSURE_EVENTS_PERIOD INT64_C(500000)
#define PRESSURE_MAX_CMA_AREAS 16
#define PRESSURE_MIN_STEP UINT64_C(1048576)   /* bytes */

struct pressure_options {
	/* Where these trees are; NULL: /proc, /sys, /sys/fs/cgroup. Must outlive the sources. */
	const char *proc, *sys, *cgroup;
	int64_t (*now)(void);          /* NULL: clock_now() */
	/* Writes triggers to files, FIFOs and sockets; NULL: as usual. */
	ssize_t (*write)(int fd, const void *data, size_t size);
};

/* What is watched, for logs and tools. */
enum pressure_watched {
	PRESSURE_WATCHES_MANAGER = 1 << 0,
	PRESSURE_WATCHES_CGROUP = 1 << 1,          /* at least one trigger */
	PRESSURE_WATCHES_CGROUP_EVENTS = 1 << 2,
	PRESSURE_WATCHES_SYSTEM = 1 << 3,
	PRESSURE_IS_SWITCHED_OFF = 1 << 4,         /* by /dev/null */
};

struct pressure_sources;

/* One trigger of a pressure file. */
struct pressure_trigger_source {
	struct pressure_watch watch;
	struct pressure_sources *sources;
	enum wc_pressure_cause cause;
	enum wc_pressure_level level;
	const char *path;              /* of the file with averages; NULL: there are none */
};

struct pressure_sources {
	struct loop *loop;
	struct pressure *pressure;
	struct log *log;
	struct pressure_options options;
	bool switched_off;
	struct pressure_trigger_source manager;
	struct pressure_trigger_source cgroup[PRESSURE_LEVELS];   /* by level */
	struct pressure_trigger_source system[PRESSURE_LEVELS];
	struct loop_source events;     /* inotify on memory.events */
	struct sample_events counted;
	struct timer events_pause;     /* memory.events is not looked at until then */
	struct timer fall;             /* when the level may fall */
	struct timer sample;
	struct task serve;             /* a report came */
	struct task move;              /* the control group is another one */
	bool sampling;
	uint64_t has;                  /* bytes of the owner's as it told last */
	uint64_t had;                  /* the same at the last sample */
	uint64_t step;                 /* how many more lead to the next */
	bool looked;                   /* there was a look */
	unsigned n_cma_areas;
	char cma_areas[PRESSURE_MAX_CMA_AREAS][64];
	uint64_t cma_failures;         /* at the last sample */
	char cgroup_dir[1024];         /* empty: there is none */
	char cgroup_file[1048];        /* its memory.pressure */
	char system_file[256];
	char manager_file[1024];       /* $MEMORY_PRESSURE_WATCH, if it is a file */
};

/*
 * Open what there is. pressure, log (may be NULL) and loop outlive the sources; the wake of
 * pressure becomes theirs, so that the ladder is climbed in dispatch. options: NULL for the
 * defaults. Environment variables are not looked at in programs with more rights than their caller.
 * Cannot fail: without any source the calls of the owner and the application still work.
 */
void pressure_sources_start(struct pressure_sources *sources, struct loop *loop,
			    struct pressure *pressure, struct log *log,
			    const struct pressure_options *options);

/* Harmless after it was called once. */
void pressure_sources_stop(struct pressure_sources *sources);

/* Bits of enum pressure_watched. */
unsigned pressure_sources_watched(const struct pressure_sources *sources);

/* Switch the timer of the samples; on while there is something to lose: device buffers, a codec. */
void pressure_sources_set_sampling(struct pressure_sources *sources, bool on);

/*
 * The owner now has so many bytes that its control group is charged with. Takes a sample if they
 * grew much since the last look, and sampling is on. Cheap otherwise: for every frame.
 */
void pressure_sources_look(struct pressure_sources *sources, uint64_t bytes);

/*
 * Take a sample now; for an owner that is about to take much memory and cannot wait for the timer.
 * A dozen system calls, some 50 us: for every few megabytes, not for every frame.
 */
void pressure_sources_sample(struct pressure_sources *sources);

#endif
