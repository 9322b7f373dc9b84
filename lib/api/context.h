/* SPDX-License-Identifier: MIT */
/* The inside of struct wc_context, for the objects that live in one. */
#ifndef WC_API_CONTEXT_H
#define WC_API_CONTEXT_H

#include <stdatomic.h>

#include <webcodecs/context.h>
#include <webcodecs/device.h>

#include "api/census.h"
#include "api/housekeeping.h"
#include "budget/accountant.h"
#include "session/session.h"
#include "util/core.h"
#include "util/loop.h"

struct context_pressure;
struct device_registry;
struct frame_memory;

struct wc_context {
	atomic_uint refs;
	struct core *core;                 /* a reference */
	struct loop loop;
	struct accountant accountant;
	struct reclaim_traits traits;      /* of codecs without their own */
	struct context_pressure *pressure; /* NULL: memory is not watched */
	struct context_pressure *ended_pressure;   /* until end_pressure runs */
	struct task end_pressure;
	bool allow_force_close;
	bool throttled;                    /* decoders are to produce less ahead */
	struct housekeeping housekeeping;
	struct census_watch watch_open;    /* for objects that are open too long */
	struct device_registry *devices;   /* owned */
	struct frame_memory *memory;       /* owned */
	struct wc_error error;             /* of the last call that failed */
	uint64_t callbacks;                /* callbacks that ran, in all */
	void *user_data;
	wc_device_callback watch;          /* NULL: no watch */
	void *watch_user_data;
};

/* Keep the details of a failing call. Returns status, for `return context_fail(...)`. */
__attribute__((format(printf, 3, 4)))
int context_fail(struct wc_context *context, enum wc_status status, const char *format, ...);

/* The same with an error that is there already; returns its name. */
int context_fail_with(struct wc_context *context, const struct wc_error *error);

/*
 * The same for any thread: the details are kept for the thread of the context only, which may be
 * reading them.
 */
int context_fail_anywhere(struct wc_context *context, const struct wc_error *error);

/* OperationError with the cause, a positive errno. what: "make a decoder". */
int context_fail_errno(struct wc_context *context, int sys_errno, const char *what);

/* What sessions need of the context. claim: of the codec; NULL for probes. */
struct session_env context_env(struct wc_context *context, struct claim *claim);

#endif
