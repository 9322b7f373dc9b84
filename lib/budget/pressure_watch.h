/* SPDX-License-Identifier: MIT */
/*
 * One descriptor that becomes ready when there is memory pressure, as described in systemd's
 * "Resource Pressure Handling" and in the kernel's accounting/psi.rst. What the path is decides:
 *
 *   regular file   pressure stall information: a trigger is written, EPOLLPRI is a report, EPOLLERR
 *                  means that the source is gone (its cgroup was removed)
 *   FIFO           readable is a report; what comes is discarded. It stays when writers go.
 *   socket         AF_UNIX stream, connected; the same; gone when the peer closes
 *
 * A trigger says "ready" once, to whom polls first. An application that polls the context's epoll
 * descriptor takes that word away from the dispatch that follows (the kernel scans ready
 * descriptors for a nested poll, and psi_trigger_poll() clears the event). So a *canary* is watched
 * edge-triggered for input too, which these files always have: then each wake-up of the file is
 * seen, and what it means is read from the averages. One canary for each file is enough, since a
 * cgroup's triggers share one wait queue.
 */
#ifndef WC_BUDGET_PRESSURE_WATCH_H
#define WC_BUDGET_PRESSURE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/loop.h"

#define PRESSURE_TRIGGER_SIZE 256

struct pressure_watch {
	struct loop_source source;
	struct loop *loop;
	/*
	 * Called for each report. exact: the trigger itself fired; else only the file woke up, and
	 * the owner has to look at the averages.
	 */
	void (*report)(struct pressure_watch *watch, bool exact);
	/* Called once when the source went away; it is closed already. May open it again. */
	void (*gone)(struct pressure_watch *watch);
	bool is_file, is_fifo;
	bool fresh;                    /* a canary whose first, meaningless wake-up is to come */
	size_t written;                /* bytes of trigger */
	char trigger[PRESSURE_TRIGGER_SIZE];   /* what was written */
};

struct pressure_trigger {
	const void *data;              /* written after opening */
	size_t size;                   /* 0: nothing is written */
	/* For a regular file that refuses data with EINVAL, or without data; with its NUL. */
	const char *fallback;          /* NULL: there is none */
	bool canary;
	/* write(), or what a test puts in its place; NULL: write() */
	ssize_t (*write)(int fd, const void *data, size_t size);
};

/* Not open; the two callbacks are set by the caller. */
void pressure_watch_init(struct pressure_watch *watch);

/*
 * Open path and watch it. 0 or a negative errno with nothing left open: that of open(), connect()
 * or write(), -EPERM for a file that cannot be polled, -EINVAL for a path that is not absolute or
 * is something else, -EBUSY if a second descriptor was refused, too.
 */
int pressure_watch_open(struct pressure_watch *watch, struct loop *loop, const char *path,
			const struct pressure_trigger *trigger);

/* Harmless when it is not open. */
void pressure_watch_close(struct pressure_watch *watch);

static inline bool pressure_watch_is_open(const struct pressure_watch *watch)
{
	return watch->source.fd >= 0;
}

#endif
