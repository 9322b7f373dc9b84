/* SPDX-License-Identifier: MIT */
/*
 * The thread of a software session, and the two queues that join it to the loop.
 *
 *     loop thread                              worker thread
 *     software_worker_put()    ---> jobs -----> ops->work, drain, restart
 *     ops->deliver, ready, ... <--- results <--- software_worker_give(), _fail()
 *
 * Both queues are bounded. A full job queue refuses; a full result queue makes the thread wait for
 * the loop, never for the application's frames.
 *
 * Each reset begins a new generation. Jobs and results of an older one are dropped: what the
 * thread was about when the reset came finds nobody who takes it.
 */
#ifndef WC_SESSION_SOFTWARE_WORKER_H
#define WC_SESSION_SOFTWARE_WORKER_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include <webcodecs/error.h>

#include "frame/video_frame.h"
#include "util/loop.h"

#define SOFTWARE_MAX_JOBS 8
#define SOFTWARE_MAX_RESULTS 8

struct software_worker;

/* A piece of input; data is the session's. */
struct software_job {
	void *data;
	struct timing timing;
	/* Encoders only. */
	bool key_frame;
	int quantizer;
	uint64_t bitrate;
	double framerate;
};

/* A piece of output; data and extra are the session's. */
struct software_result {
	void *data;
	void *extra;
};

struct software_worker_ops {
	/* In the thread. The job's data belong to the callee. */
	void (*work)(struct software_worker *worker, struct software_job *job);
	/* In the thread: give out all that is inside the codec, and be ready for more. */
	void (*drain)(struct software_worker *worker);
	/* In the thread: forget all that is inside the codec. */
	void (*restart)(struct software_worker *worker);

	/* In dispatch. The result's data belong to the callee. */
	void (*deliver)(struct software_worker *worker, struct software_result *result);
	void (*ready)(struct software_worker *worker);
	void (*drained)(struct software_worker *worker);
	void (*failed)(struct software_worker *worker, const struct wc_error *error);
	/* In dispatch, last of all, when software_worker_stop() was called inside a callback. */
	void (*finish)(struct software_worker *worker);

	/* Any thread: free what nobody will take. */
	void (*drop_job)(struct software_job *job);
	void (*drop_result)(struct software_result *result);
};

struct software_worker {
	const struct software_worker_ops *ops;
	struct loop *loop;
	struct task task, again;       /* posted by the thread; by the first for what is left */
	pthread_t thread;
	struct timer rest;             /* set while nothing is delivered */
	bool delivering, stopped;      /* loop thread only */

	pthread_mutex_t lock;          /* guards the rest */
	pthread_cond_t wake;           /* the thread has something to do, or room */
	bool asleep;                   /* the thread waits for wake */
	bool wants_room;               /* it does so because the results are full */
	bool stop, restart, drain;
	bool drained, failed;          /* to be told behind the results */
	bool want_ready;               /* a job was refused */
	bool throttled;
	bool posted;                   /* one of the tasks is on its way, or runs */
	unsigned limit;                /* jobs taken, at most SOFTWARE_MAX_JOBS */
	unsigned generation, current;  /* of the session, and of what the thread is about */
	unsigned first_job, n_jobs;
	unsigned first_result, n_results;
	int64_t last_give;             /* microseconds, see software_worker_give() */
	struct software_job jobs[SOFTWARE_MAX_JOBS];
	struct software_result results[SOFTWARE_MAX_RESULTS];
	struct wc_error error;         /* to be told, unless its name is WC_OK */
};

/*
 * Start the thread, under a name of at most 15 bytes, with all signals blocked. At most limit jobs
 * wait at a time. 0 or a negative errno with nothing left behind.
 */
int software_worker_start(struct software_worker *worker, struct loop *loop,
			  const struct software_worker_ops *ops, unsigned limit,
			  const char *name);

/*
 * End the thread, drop what is queued, call nobody any more. Waits for what the thread is about in
 * the codec library. True: the caller may free the worker; false: it is called from inside a
 * callback of the worker, ops->finish will come.
 */
bool software_worker_stop(struct software_worker *worker);

/*
 * While it is on, one job waits at a time, and the thread begins nothing before the loop has taken
 * what it made.
 */
void software_worker_throttle(struct software_worker *worker, bool on);

/*
 * Deliver nothing for so many microseconds; a reset and the end of the throttling end that. From
 * inside ops->deliver.
 */
void software_worker_rest(struct software_worker *worker, int64_t delay);

/* Whether there is room for a job. If not, ops->ready will come. */
bool software_worker_has_room(struct software_worker *worker);

/* Queue a job, for which there must be room. Its data belong to the worker from here on. */
void software_worker_put(struct software_worker *worker, const struct software_job *job);

/* Let the thread drain behind the jobs it has; ops->drained will come. */
void software_worker_drain(struct software_worker *worker);

/* Drop all work and let the thread restart. */
void software_worker_reset(struct software_worker *worker);

/* --- In the thread, from inside ops --- */

/* Send out a result, in order. Waits while the loop lags behind. A cancelled one is dropped. */
void software_worker_give(struct software_worker *worker, const struct software_result *result);

/* The session has failed. What comes later is dropped. */
void software_worker_fail(struct software_worker *worker, const struct wc_error *error);

/* Nobody wants more of the work at hand: reset, stop or failure. */
bool software_worker_is_cancelled(struct software_worker *worker);

/* --- Threads that a codec library starts --- */

/* Block all signals, so that a library's threads never run a handler of the application. */
void signals_block(sigset_t *old);
void signals_restore(const sigset_t *old);

#endif
