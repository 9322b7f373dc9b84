/* SPDX-License-Identifier: MIT */
#include "session/software_worker.h"

#include <assert.h>
#include <signal.h>
#include <string.h>

#include "util/clock.h"

/*
 * A wake-up of the loop costs some microseconds. When results follow each other faster than
 * QUICK, up to BATCH of them share one; so no result waits longer than BATCH times QUICK while
 * the work goes on as it did.
 */
#define QUICK 500
#define BATCH 4

/* Pieces of news that are handed on before the loop looks at its other sources. */
#define SHARE SOFTWARE_MAX_RESULTS

void signals_block(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
}

void signals_restore(const sigset_t *old)
{
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

/* --- All of these with the lock held --- */

static void wake_thread(struct software_worker *worker)
{
	if (worker->asleep)
		pthread_cond_signal(&worker->wake);
}

static void post(struct software_worker *worker)
{
	if (worker->posted)
		return;
	worker->posted = true;
	loop_post_remote(worker->loop, &worker->task);
}

static void sleep_thread(struct software_worker *worker)
{
	worker->asleep = true;
	pthread_cond_wait(&worker->wake, &worker->lock);
	worker->asleep = false;
}

static bool is_cancelled(const struct software_worker *worker)
{
	return worker->stop || worker->failed || worker->current != worker->generation;
}

static unsigned job_limit(const struct software_worker *worker)
{
	return worker->throttled ? 1 : worker->limit;
}

static unsigned result_limit(const struct software_worker *worker)
{
	return worker->throttled ? 1 : SOFTWARE_MAX_RESULTS;
}

static bool has_news(const struct software_worker *worker)
{
	return worker->n_results || worker->drained || worker->error.name != WC_OK;
}

/* Somebody was refused a job and may come again. */
static bool is_ready(const struct software_worker *worker)
{
	return worker->want_ready && worker->n_jobs <= job_limit(worker) / 2;
}

/* Sleep until the loop took results, or has other news. */
static void wait_for_room(struct software_worker *worker)
{
	post(worker);
	worker->wants_room = true;
	sleep_thread(worker);
	worker->wants_room = false;
}

static bool take_job(struct software_worker *worker, struct software_job *job)
{
	if (!worker->n_jobs)
		return false;
	*job = worker->jobs[worker->first_job];
	worker->first_job = (worker->first_job + 1) % SOFTWARE_MAX_JOBS;
	worker->n_jobs--;
	return true;
}

static bool take_result(struct software_worker *worker, struct software_result *result)
{
	if (!worker->n_results)
		return false;
	*result = worker->results[worker->first_result];
	worker->first_result = (worker->first_result + 1) % SOFTWARE_MAX_RESULTS;
	worker->n_results--;
	return true;
}

/* What was queued, to be dropped without the lock: that may run a function of the application. */
struct leftovers {
	struct software_job jobs[SOFTWARE_MAX_JOBS];
	struct software_result results[SOFTWARE_MAX_RESULTS];
	unsigned n_jobs, n_results;
};

static void take_all(struct software_worker *worker, struct leftovers *leftovers)
{
	leftovers->n_jobs = 0;
	leftovers->n_results = 0;
	while (take_job(worker, &leftovers->jobs[leftovers->n_jobs]))
		leftovers->n_jobs++;
	while (take_result(worker, &leftovers->results[leftovers->n_results]))
		leftovers->n_results++;
}

/* Without the lock. */
static void drop_all(const struct software_worker_ops *ops, struct leftovers *leftovers)
{
	for (unsigned i = 0; i < leftovers->n_jobs; i++)
		ops->drop_job(&leftovers->jobs[i]);
	for (unsigned i = 0; i < leftovers->n_results; i++)
		ops->drop_result(&leftovers->results[i]);
}

/* --- The thread --- */

enum errand { ERRAND_STOP, ERRAND_RESTART, ERRAND_WORK, ERRAND_DRAIN };

/*
 * What to do next; with the lock held. Whoever was refused is told when half the room is free, so
 * that it fills the queue again in one go.
 */
static enum errand next_errand(struct software_worker *worker, struct software_job *job)
{
	for (;;) {
		if (worker->stop)
			return ERRAND_STOP;
		if (worker->restart) {
			worker->restart = false;
			worker->current = worker->generation;
			return ERRAND_RESTART;
		}
		if (worker->throttled && worker->n_results) {
			wait_for_room(worker);
			continue;
		}
		if (take_job(worker, job)) {
			if (is_ready(worker))
				post(worker);
			return ERRAND_WORK;
		}
		if (worker->drain) {
			worker->drain = false;
			return ERRAND_DRAIN;
		}
		if (has_news(worker))
			post(worker);
		sleep_thread(worker);
	}
}

static void do_work(struct software_worker *worker, struct software_job *job)
{
	bool failed = worker->failed;

	pthread_mutex_unlock(&worker->lock);
	if (failed)
		worker->ops->drop_job(job);
	else
		worker->ops->work(worker, job);
	pthread_mutex_lock(&worker->lock);
}

static void do_drain(struct software_worker *worker)
{
	bool failed = worker->failed;

	pthread_mutex_unlock(&worker->lock);
	if (!failed)
		worker->ops->drain(worker);
	pthread_mutex_lock(&worker->lock);
	if (is_cancelled(worker))
		return;
	worker->drained = true;
	post(worker);
}

static void do_restart(struct software_worker *worker)
{
	pthread_mutex_unlock(&worker->lock);
	worker->ops->restart(worker);
	pthread_mutex_lock(&worker->lock);
}

static void *run(void *arg)
{
	struct software_worker *worker = arg;
	struct software_job job;
	enum errand errand;

	pthread_mutex_lock(&worker->lock);
	while ((errand = next_errand(worker, &job)) != ERRAND_STOP) {
		if (errand == ERRAND_WORK)
			do_work(worker, &job);
		else if (errand == ERRAND_DRAIN)
			do_drain(worker);
		else
			do_restart(worker);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

void software_worker_give(struct software_worker *worker, const struct software_result *result)
{
	struct software_result stale = *result;
	int64_t now = clock_now();

	pthread_mutex_lock(&worker->lock);
	while (worker->n_results >= result_limit(worker) && !is_cancelled(worker))
		wait_for_room(worker);
	if (!is_cancelled(worker)) {
		unsigned last = (worker->first_result + worker->n_results) %
				SOFTWARE_MAX_RESULTS;

		worker->results[last] = *result;
		worker->n_results++;
		if (worker->n_results >= BATCH || now - worker->last_give > QUICK)
			post(worker);
		stale.data = NULL;
	}
	worker->last_give = now;
	pthread_mutex_unlock(&worker->lock);
	if (stale.data)
		worker->ops->drop_result(&stale);
}

void software_worker_fail(struct software_worker *worker, const struct wc_error *error)
{
	pthread_mutex_lock(&worker->lock);
	if (!is_cancelled(worker)) {
		worker->error = *error;
		worker->failed = true;
		post(worker);
	}
	pthread_mutex_unlock(&worker->lock);
}

bool software_worker_is_cancelled(struct software_worker *worker)
{
	bool cancelled;

	pthread_mutex_lock(&worker->lock);
	cancelled = is_cancelled(worker);
	pthread_mutex_unlock(&worker->lock);
	return cancelled;
}

/* --- The loop --- */

enum news { NOTHING, RESULT, DRAINED, FAILED, READY };

static enum news take_news(struct software_worker *worker, struct software_result *result,
			   struct wc_error *error)
{
	enum news news = NOTHING;

	pthread_mutex_lock(&worker->lock);
	if (take_result(worker, result)) {
		news = RESULT;
		/* Half of the room, so that the thread is not woken for each. */
		if (worker->wants_room && worker->n_results <= result_limit(worker) / 2)
			wake_thread(worker);
	} else if (worker->error.name != WC_OK) {
		news = FAILED;
		*error = worker->error;
		worker->error.name = WC_OK;
	} else if (worker->failed) {
		news = NOTHING;
	} else if (worker->drained) {
		news = DRAINED;
		worker->drained = false;
	} else if (is_ready(worker)) {
		news = READY;
		worker->want_ready = false;
	}
	/* From here on the thread has to post; until then the task comes again by itself. */
	worker->posted = news != NOTHING;
	pthread_mutex_unlock(&worker->lock);
	return news;
}

/* Hand on one piece of news. False: there is none. The sink may have stopped the worker after. */
static bool deliver_one(struct software_worker *worker)
{
	struct software_result result;
	struct wc_error error;

	switch (take_news(worker, &result, &error)) {
	case RESULT:
		worker->ops->deliver(worker, &result);
		return true;
	case DRAINED:
		worker->ops->drained(worker);
		return true;
	case FAILED:
		worker->ops->failed(worker, &error);
		return true;
	case READY:
		worker->ops->ready(worker);
		return true;
	case NOTHING:
		break;
	}
	return false;
}

static bool is_resting(const struct software_worker *worker)
{
	return !list_empty(&worker->rest.link);
}

/* A share of the news; the loop has other things to do than to race with the thread. */
static void deliver(struct software_worker *worker)
{
	bool more = true;

	worker->delivering = true;
	for (int i = 0; i < SHARE && more && !worker->stopped && !is_resting(worker); i++)
		more = deliver_one(worker);
	worker->delivering = false;
	if (worker->stopped)
		worker->ops->finish(worker);
	else if (more && !is_resting(worker))
		loop_post(worker->loop, &worker->again);
}

static void on_task(struct task *task)
{
	deliver(container_of(task, struct software_worker, task));
}

static void on_again(struct task *task)
{
	deliver(container_of(task, struct software_worker, again));
}

static void on_rested(struct timer *timer)
{
	deliver(container_of(timer, struct software_worker, rest));
}

static int start_thread(struct software_worker *worker, const char *name)
{
	sigset_t old;
	int ret;

	signals_block(&old);
	ret = pthread_create(&worker->thread, NULL, run, worker);
	signals_restore(&old);
	if (ret == 0)
		pthread_setname_np(worker->thread, name);
	return -ret;
}

int software_worker_start(struct software_worker *worker, struct loop *loop,
			  const struct software_worker_ops *ops, unsigned limit,
			  const char *name)
{
	int ret;

	memset(worker, 0, sizeof *worker);
	worker->ops = ops;
	worker->loop = loop;
	worker->limit = limit;
	task_init(&worker->task, on_task);
	task_init(&worker->again, on_again);
	timer_init(&worker->rest, on_rested);
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->wake, NULL);
	ret = start_thread(worker, name);
	if (ret < 0) {
		pthread_cond_destroy(&worker->wake);
		pthread_mutex_destroy(&worker->lock);
	}
	return ret;
}

bool software_worker_stop(struct software_worker *worker)
{
	struct leftovers leftovers;

	pthread_mutex_lock(&worker->lock);
	worker->stop = true;
	wake_thread(worker);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);

	loop_cancel_remote(worker->loop, &worker->task);
	task_cancel(&worker->again);
	timer_cancel(&worker->rest);
	worker->stopped = true;
	take_all(worker, &leftovers);
	pthread_cond_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->lock);
	drop_all(worker->ops, &leftovers);
	return !worker->delivering;
}

/* Without a timer there is no rest. */
void software_worker_rest(struct software_worker *worker, int64_t delay)
{
	loop_set_timer(worker->loop, &worker->rest, delay);
}

/* While it rested, no other task was on its way. */
static void end_rest(struct software_worker *worker)
{
	if (!is_resting(worker))
		return;
	timer_cancel(&worker->rest);
	loop_post(worker->loop, &worker->again);
}

void software_worker_throttle(struct software_worker *worker, bool on)
{
	pthread_mutex_lock(&worker->lock);
	worker->throttled = on;
	/* There is more room now, for those who wait on either side. */
	if (!on && is_ready(worker))
		post(worker);
	wake_thread(worker);
	pthread_mutex_unlock(&worker->lock);
	if (!on)
		end_rest(worker);
}

bool software_worker_has_room(struct software_worker *worker)
{
	bool room;

	pthread_mutex_lock(&worker->lock);
	room = worker->n_jobs < job_limit(worker);
	if (!room)
		worker->want_ready = true;
	pthread_mutex_unlock(&worker->lock);
	return room;
}

void software_worker_put(struct software_worker *worker, const struct software_job *job)
{
	unsigned last;

	pthread_mutex_lock(&worker->lock);
	assert(worker->n_jobs < job_limit(worker));
	last = (worker->first_job + worker->n_jobs) % SOFTWARE_MAX_JOBS;
	worker->jobs[last] = *job;
	worker->n_jobs++;
	wake_thread(worker);
	pthread_mutex_unlock(&worker->lock);
}

void software_worker_drain(struct software_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->drain = true;
	wake_thread(worker);
	pthread_mutex_unlock(&worker->lock);
}

void software_worker_reset(struct software_worker *worker)
{
	struct leftovers leftovers;

	pthread_mutex_lock(&worker->lock);
	worker->generation++;
	worker->restart = true;
	worker->drain = false;
	worker->drained = false;
	worker->failed = false;
	worker->error.name = WC_OK;
	worker->want_ready = false;
	take_all(worker, &leftovers);
	wake_thread(worker);
	pthread_mutex_unlock(&worker->lock);
	end_rest(worker);
	drop_all(worker->ops, &leftovers);
}
