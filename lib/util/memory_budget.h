/* SPDX-License-Identifier: MIT */
/*
 * How much memory and how many descriptors the buffers of a context may have: limits beside the
 * counters of its core. Nothing here waits, and what is not limited costs two atomic additions for
 * each buffer that is made. Any thread.
 *
 * Taking counts first and looks afterwards, so two that take at the same time never exceed a limit
 * together; both may be refused then. Before anybody is refused, what pools and caches keep idle is
 * freed, so no lock of theirs may be held, and none that an application's release callback may
 * want.
 */
#ifndef WC_UTIL_MEMORY_BUDGET_H
#define WC_UTIL_MEMORY_BUDGET_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/error.h>
#include <webcodecs/memory.h>

struct core;

/* In place of a kind: all kinds together. */
#define MEMORY_ALL_KINDS WC_MEMORY_KINDS

struct memory_budget {
	_Atomic uint64_t limits[WC_MEMORY_KINDS + 1];   /* bytes, by kind and of all; 0: none */
	_Atomic uint64_t descriptors;                   /* 0: none */
	pthread_mutex_t lock;                           /* guards the rest */
	void (*changed)(void *data);                    /* NULL: nobody is told */
	void *data;
};

void memory_budget_init(struct memory_budget *budget);
void memory_budget_finish(struct memory_budget *budget);

/* Bytes of a kind, or MEMORY_ALL_KINDS. 0: none. */
void memory_set_limit(struct core *core, unsigned kind, uint64_t bytes);
uint64_t memory_limit(const struct core *core, unsigned kind);
uint64_t memory_used(const struct core *core, unsigned kind);

/* Count bytes that are about to be allocated. 0, or -EDQUOT and nothing is counted. */
int memory_take(struct core *core, enum wc_memory_kind kind, uint64_t bytes);

/*
 * The same, but what is idle stays: for who holds a lock that the end of a frame may want. Whether
 * there would be room without it tells memory_fits(), without that lock.
 */
int memory_try(struct core *core, enum wc_memory_kind kind, uint64_t bytes);

/* Count what is there already, or give back: never refused. */
void memory_add(struct core *core, enum wc_memory_kind kind, uint64_t bytes);
void memory_give(struct core *core, enum wc_memory_kind kind, uint64_t bytes);

/* Whether memory_take() would succeed now; frees what is idle, too, if that may help. */
bool memory_fits(struct core *core, enum wc_memory_kind kind, uint64_t bytes);

/* QuotaExceededError for bytes that memory_take() refused; the message names the limit. */
int memory_refused(struct core *core, enum wc_memory_kind kind, uint64_t bytes,
		   enum wc_stage stage, struct wc_error *error);

/*
 * Be told, in any thread, when buffers were made while 80 % or more of a limit is in use; changed()
 * must do no more than post a task. NULL: nobody. When this returns the old one does not run.
 */
void memory_watch(struct core *core, void (*changed)(void *data), void *data);

/* The same for descriptors of devices and DMA-BUFs. */
void descriptors_set_limit(struct core *core, uint64_t descriptors);
int descriptors_take(struct core *core, unsigned n);
void descriptors_give(struct core *core, unsigned n);
bool descriptors_fit(struct core *core, unsigned n);

/*
 * QuotaExceededError for n descriptors: sys_errno is EDQUOT when descriptors_take() refused them,
 * EMFILE or ENFILE when the system did.
 */
int descriptors_refused(struct core *core, unsigned n, int sys_errno, enum wc_stage stage,
			struct wc_error *error);

/*
 * QuotaExceededError for a buffer of so many bytes with so many descriptors, whichever of them were
 * refused: sys_errno is EDQUOT, then it is looked up which, or EMFILE or ENFILE. Idle memory may
 * be freed, as by taking.
 */
int budget_refused(struct core *core, enum wc_memory_kind kind, uint64_t bytes,
		   unsigned descriptors, int sys_errno, enum wc_stage stage,
		   struct wc_error *error);

/* Whether a negative errno is one that budget_refused() tells of. */
bool budget_is_refusal(int ret);

/* What a process may have open, less a reserve for everything else; 0: no limit. */
uint64_t descriptors_default(void);

#endif
