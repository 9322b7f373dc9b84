/* SPDX-License-Identifier: MIT */
#include "session/software_session.h"

#include <stdio.h>
#include <string.h>

#include "util/error.h"
#include "util/macros.h"

static struct software_session *of_session(struct session *session)
{
	return container_of(session, struct software_session, session);
}

static struct session *session_of(struct software_worker *worker)
{
	return &container_of(worker, struct software_session, worker)->session;
}

void software_session_count_copied(struct software_session *s, uint64_t bytes)
{
	if (!bytes)
		return;
	atomic_fetch_add_explicit(&s->bytes_copied, bytes, memory_order_relaxed);
	counter_add(&s->env.core->counters.bytes_copied, bytes);
}

int software_session_start(struct software_session *s, const struct software_worker_ops *ops,
			   unsigned limit, const char *thread, struct wc_error *error)
{
	int ret = software_worker_start(&s->worker, s->env.loop, ops, limit, thread);

	if (ret == 0)
		return 0;
	error_set(error, WC_OPERATION_ERROR, WC_STAGE_JOB, -ret, "%s cannot start a thread",
		  s->name);
	error_set_device(error, s->name);
	return error->name;
}

int software_session_drain(struct session *session, struct wc_error *error)
{
	(void)error;
	software_worker_drain(&of_session(session)->worker);
	return 0;
}

int software_session_reset(struct session *session, struct wc_error *error)
{
	(void)error;
	software_worker_reset(&of_session(session)->worker);
	return 0;
}

bool software_session_saturated(struct session *session)
{
	return !software_worker_has_room(&of_session(session)->worker);
}

/* Memory that a library keeps for itself is not freed by this. */
uint64_t software_session_throttle(struct session *session, bool on)
{
	software_worker_throttle(&of_session(session)->worker, on);
	return 0;
}

void software_session_rest(struct session *session, int64_t delay)
{
	software_worker_rest(&of_session(session)->worker, delay);
}

void software_session_describe(const struct session *session, struct wc_session_info *info)
{
	const struct software_session *s = container_of(session, const struct software_session,
							session);

	memset(info, 0, sizeof *info);
	info->kind = WC_SESSION_SOFTWARE;
	snprintf(info->name, sizeof info->name, "%s", s->name);
	info->bytes_copied = atomic_load_explicit(&s->bytes_copied, memory_order_relaxed);
	info->units_in = s->units_in;
	info->units_out = s->units_out;
}

void software_session_ready(struct software_worker *worker)
{
	struct session *session = session_of(worker);

	session->sink_ops->ready(session->sink);
}

void software_session_drained(struct software_worker *worker)
{
	struct session *session = session_of(worker);

	session->sink_ops->drained(session->sink);
}

void software_session_failed(struct software_worker *worker, const struct wc_error *error)
{
	struct session *session = session_of(worker);

	session->sink_ops->failed(session->sink, error);
}
