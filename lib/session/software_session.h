/* SPDX-License-Identifier: MIT */
/* What decoders, encoders and converters in software have in common: a session around a worker. */
#ifndef WC_SESSION_SOFTWARE_SESSION_H
#define WC_SESSION_SOFTWARE_SESSION_H

#include <stdatomic.h>

#include "session/session.h"
#include "session/software_worker.h"

/* The first member of each. */
struct software_session {
	struct session session;
	struct software_worker worker;
	struct session_env env;
	const char *name;                  /* a constant: of the codec, or what does the work */
	uint64_t units_in, units_out;      /* the loop's */
	_Atomic uint64_t bytes_copied;
};

/* Count bytes that the CPU copied. Any thread. */
void software_session_count_copied(struct software_session *s, uint64_t bytes);

/* 0, or a negative wc_status with *error filled. As software_worker_start(). */
int software_session_start(struct software_session *s, const struct software_worker_ops *ops,
			   unsigned limit, const char *thread, struct wc_error *error);

/* Of struct session_ops. */
int software_session_drain(struct session *session, struct wc_error *error);
int software_session_reset(struct session *session, struct wc_error *error);
bool software_session_saturated(struct session *session);
uint64_t software_session_throttle(struct session *session, bool on);
void software_session_rest(struct session *session, int64_t delay);
void software_session_describe(const struct session *session, struct wc_session_info *info);

/* Of struct software_worker_ops. */
void software_session_ready(struct software_worker *worker);
void software_session_drained(struct software_worker *worker);
void software_session_failed(struct software_worker *worker, const struct wc_error *error);

#endif
