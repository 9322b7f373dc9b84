/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counters, violations and ordered failures: all by which a test judges the library. */

#define MAX_VIOLATIONS 100

struct order {
	unsigned int nth;		/* calls from now, 0 = none */
	int error;
	bool sticky;
};

struct judge {
	unsigned int counters[FAKE_CALLS];
	unsigned int eagains;
	char *violations[MAX_VIOLATIONS];
	unsigned int violation_count;
	bool enumerating;
	struct order orders[FAKE_CALLS];

	/* fake_for_each_failure() */
	bool recording;
	bool armed;
	uint8_t *sequence;
	size_t length;
	size_t at;
	size_t target;
	int error;
	char text[96];
};

static struct judge judge = { .text = "no failure" };

static const char *const call_names[FAKE_CALLS] = {
#define X(enumerator, name, request) [enumerator] = name,
	FAKE_CALL_LIST(X)
#undef X
};

const char *fake_call_name(enum fake_call call)
{
	return call < FAKE_CALLS ? call_names[call] : "?";
}

enum fake_call fake_call_of(unsigned long request)
{
	static const unsigned long requests[FAKE_CALLS] = {
#define X(enumerator, name, request) [enumerator] = request,
		FAKE_CALL_LIST(X)
#undef X
	};
	unsigned int call;

	for (call = 0; call < FAKE_CALLS; call++)
		if (requests[call] && (uint32_t)requests[call] == (uint32_t)request)
			return (enum fake_call)call;
	return FAKE_OTHER_IOCTL;
}

const char *fake_fourcc(uint32_t fourcc, char text[5])
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		text[i] = (char)(fourcc >> (8 * i) & 0x7f);
	text[4] = '\0';
	return text;
}

/* ---------------------------------------------------------------- counters -- */

void fake_reset_counters(void)
{
	memset(judge.counters, 0, sizeof(judge.counters));
	judge.eagains = 0;
	fake.attaches = 0;
	fake.no_clean = 0;
	fake.no_invalidate = 0;
	fake.jobs = 0;
}

void fake_judge_reset(void)
{
	fake_reset_counters();
	fake_clear_violations();
	fake_fail_none();
	judge.enumerating = false;
	judge.at = 0;
}

unsigned int fake_counter(enum fake_call call)
{
	return judge.counters[call];
}

unsigned int fake_syscalls(void)
{
	unsigned int sum = 0;
	unsigned int call;

	for (call = 0; call < FAKE_CALLS; call++)
		if (call != FAKE_FD_OPEN)
			sum += judge.counters[call];
	return sum;
}

void fake_count_eagain(void)
{
	judge.eagains++;
}

unsigned int fake_eagains(void)
{
	return judge.eagains;
}

unsigned int fake_attaches(void)
{
	return fake.attaches;
}

unsigned int fake_no_clean(void)
{
	return fake.no_clean;
}

unsigned int fake_no_invalidate(void)
{
	return fake.no_invalidate;
}

unsigned int fake_jobs(void)
{
	return fake.jobs;
}

/* ---------------------------------------------------------------- violations -- */

void fake_violate(const char *format, ...)
{
	char text[256];
	va_list args;

	if (!fake.running)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (getenv("FAKE_VERBOSE"))
		fprintf(stderr, "fake: violation: %s\n", text);
	if (judge.violation_count == MAX_VIOLATIONS)
		return;
	judge.violations[judge.violation_count] = strdup(text);
	if (judge.violations[judge.violation_count])
		judge.violation_count++;
}

unsigned int fake_violations(void)
{
	return judge.violation_count;
}

const char *fake_violation(unsigned int index)
{
	return index < judge.violation_count ? judge.violations[index] : NULL;
}

void fake_clear_violations(void)
{
	while (judge.violation_count)
		free(judge.violations[--judge.violation_count]);
}

void fake_check_no_violations(void)
{
	unsigned int i;

	if (judge.violation_count == 0)
		return;
	fprintf(stderr, "fake: %u violations (%s):\n", judge.violation_count, judge.text);
	for (i = 0; i < judge.violation_count; i++)
		fprintf(stderr, "  %s\n", judge.violations[i]);
	abort();
}

void fake_enumerating(bool enumerating)
{
	judge.enumerating = enumerating;
}

/* ---------------------------------------------------------------- failures -- */

static void fail(enum fake_call call, unsigned int nth, int error, bool sticky)
{
	judge.orders[call] = (struct order) { .nth = nth, .error = error, .sticky = sticky };
}

void fake_fail(enum fake_call call, unsigned int nth, int error)
{
	fail(call, nth, error, false);
}

void fake_fail_from(enum fake_call call, unsigned int nth, int error)
{
	fail(call, nth, error, true);
}

void fake_fail_none(void)
{
	memset(judge.orders, 0, sizeof(judge.orders));
}

bool fake_fail_pending(void)
{
	unsigned int call;

	for (call = 0; call < FAKE_CALLS; call++)
		if (judge.orders[call].nth && !judge.orders[call].sticky)
			return true;
	return false;
}

const char *fake_failure(void)
{
	return judge.text;
}

static int order_due(struct order *order)
{
	if (order->nth == 0)
		return 0;
	if (order->nth > 1) {
		order->nth--;
		return 0;
	}
	if (!order->sticky)
		order->nth = 0;
	return order->error;
}

static void record(enum fake_call call)
{
	uint8_t *grown = realloc(judge.sequence, judge.length + 1);

	if (!grown)
		abort();
	judge.sequence = grown;
	judge.sequence[judge.length++] = (uint8_t)call;
}

void fake_call_count(enum fake_call call)
{
	judge.counters[call]++;
}

int fake_call_begin(enum fake_call call)
{
	size_t at = judge.at++;

	fake_call_count(call);
	if (call == FAKE_FD_OPEN && judge.enumerating)
		fake_violate("v4l2_fd_open while enumerating");
	if (judge.recording)
		record(call);
	/*
	 * A timer that runs out in between shifts the sequence: errors go to calls that can have
	 * them.
	 */
	if (judge.armed && at >= judge.target && call == judge.sequence[judge.target]) {
		judge.armed = false;
		return judge.error;
	}
	return order_due(&judge.orders[call]);
}

/* ---------------------------------------------------------------- every failure -- */

/*
 * Return Value sections of Documentation/userspace-api/media/v4l/vidioc-*.rst and func-*.rst of
 * Linux 6.12, the generic errors of gen-errors.rst that a sound client can meet, and for the stages
 * at which drivers refuse a context also what they were seen to return.
 */
#define GENERIC ENODEV, EIO, EINTR

static const int open_errnos[] = { EACCES, EBUSY, EAGAIN, ENODEV, ENXIO, ENOENT, ENOMEM, EMFILE,
				   ENFILE, ENOSPC, EINTR, 0 };
static const int close_errnos[] = { EIO, EINTR, 0 };
static const int dup_errnos[] = { EMFILE, 0 };
static const int mmap_errnos[] = { EACCES, EINVAL, ENOMEM, ENODEV, 0 };
static const int epoll_ctl_errnos[] = { ENOMEM, ENOSPC, 0 };
static const int wait_errnos[] = { EINTR, 0 };
static const int poll_errnos[] = { EINTR, ENOMEM, 0 };
static const int fd_open_errnos[] = { EBUSY, ENOMEM, EINVAL, 0 };
static const int generic_errnos[] = { GENERIC, 0 };
static const int einval_errnos[] = { EINVAL, GENERIC, 0 };
static const int optional_errnos[] = { EINVAL, ENOTTY, GENERIC, 0 };
static const int fmt_errnos[] = { EINVAL, EBUSY, GENERIC, 0 };
static const int selection_errnos[] = { EINVAL, ERANGE, ENODATA, EBUSY, ENOTTY, GENERIC, 0 };
static const int reqbufs_errnos[] = { EINVAL, ENOMEM, EBUSY, EAGAIN, GENERIC, 0 };
static const int create_errnos[] = { EINVAL, ENOMEM, ENOBUFS, ENOTTY, GENERIC, 0 };
static const int remove_errnos[] = { EINVAL, EBUSY, ENOTTY, GENERIC, 0 };
static const int qbuf_errnos[] = { EINVAL, EBUSY, EBADR, ENOMEM, GENERIC, 0 };
static const int dqbuf_errnos[] = { EAGAIN, EINVAL, EPIPE, EBUSY, GENERIC, 0 };
static const int expbuf_errnos[] = { EINVAL, ENOTTY, EMFILE, ENOMEM, GENERIC, 0 };
static const int streamon_errnos[] = { EINVAL, EPIPE, ENOLINK, EPERM, ENOENT, ESRCH, ENOMEM, EBUSY,
				       EOPNOTSUPP, ETIME, ETIMEDOUT, GENERIC, 0 };
static const int streamoff_errnos[] = { EINVAL, EPIPE, ENOLINK, GENERIC, 0 };
static const int subscribe_errnos[] = { EINVAL, ENOMEM, ENOTTY, GENERIC, 0 };
static const int dqevent_errnos[] = { ENOENT, GENERIC, 0 };
static const int query_errnos[] = { EINVAL, EACCES, ENOTTY, GENERIC, 0 };
static const int ctrl_errnos[] = { EINVAL, ERANGE, EBUSY, EACCES, GENERIC, 0 };
static const int ext_ctrls_errnos[] = { EINVAL, ERANGE, EBUSY, ENOSPC, EACCES, GENERIC, 0 };
static const int cmd_errnos[] = { EBUSY, EINVAL, EPERM, ENOTTY, GENERIC, 0 };
static const int no_errnos[] = { 0 };

static const int *const errnos[FAKE_CALLS] = {
	[FAKE_OPEN] = open_errnos,
	[FAKE_CLOSE] = close_errnos,
	[FAKE_DUP] = dup_errnos,
	[FAKE_MMAP] = mmap_errnos,
	[FAKE_EPOLL_CTL] = epoll_ctl_errnos,
	[FAKE_EPOLL_WAIT] = wait_errnos,
	[FAKE_POLL] = poll_errnos,
	[FAKE_FD_OPEN] = fd_open_errnos,
	[FAKE_QUERYCAP] = generic_errnos,
	[FAKE_ENUM_FMT] = einval_errnos,
	[FAKE_ENUM_FRAMESIZES] = optional_errnos,
	[FAKE_ENUM_FRAMEINTERVALS] = optional_errnos,
	[FAKE_G_FMT] = einval_errnos,
	[FAKE_S_FMT] = fmt_errnos,
	[FAKE_TRY_FMT] = einval_errnos,
	[FAKE_G_PARM] = optional_errnos,
	[FAKE_S_PARM] = optional_errnos,
	[FAKE_G_SELECTION] = selection_errnos,
	[FAKE_S_SELECTION] = selection_errnos,
	[FAKE_REQBUFS] = reqbufs_errnos,
	[FAKE_CREATE_BUFS] = create_errnos,
	[FAKE_REMOVE_BUFS] = remove_errnos,
	[FAKE_QUERYBUF] = einval_errnos,
	[FAKE_PREPARE_BUF] = remove_errnos,
	[FAKE_QBUF] = qbuf_errnos,
	[FAKE_DQBUF] = dqbuf_errnos,
	[FAKE_EXPBUF] = expbuf_errnos,
	[FAKE_STREAMON] = streamon_errnos,
	[FAKE_STREAMOFF] = streamoff_errnos,
	[FAKE_SUBSCRIBE_EVENT] = subscribe_errnos,
	[FAKE_UNSUBSCRIBE_EVENT] = einval_errnos,
	[FAKE_DQEVENT] = dqevent_errnos,
	[FAKE_QUERYCTRL] = query_errnos,
	[FAKE_QUERY_EXT_CTRL] = query_errnos,
	[FAKE_QUERYMENU] = einval_errnos,
	[FAKE_G_CTRL] = ctrl_errnos,
	[FAKE_S_CTRL] = ctrl_errnos,
	[FAKE_G_EXT_CTRLS] = ext_ctrls_errnos,
	[FAKE_S_EXT_CTRLS] = ext_ctrls_errnos,
	[FAKE_TRY_EXT_CTRLS] = ext_ctrls_errnos,
	[FAKE_DECODER_CMD] = cmd_errnos,
	[FAKE_TRY_DECODER_CMD] = cmd_errnos,
	[FAKE_ENCODER_CMD] = cmd_errnos,
	[FAKE_TRY_ENCODER_CMD] = cmd_errnos,
};

const int *fake_errnos(enum fake_call call)
{
	return call < FAKE_CALLS && errnos[call] ? errnos[call] : no_errnos;
}

static void run_once(fake_scenario scenario, void *data)
{
	if (getenv("FAKE_VERBOSE"))
		fprintf(stderr, "fake: %s\n", judge.text);
	fake_start();
	scenario(data);
	judge.recording = false;
	judge.armed = false;
	fake_stop();
	fake_check_no_violations();
}

static void run_failing(fake_scenario scenario, void *data, size_t target, int error)
{
	judge.target = target;
	judge.error = error;
	judge.armed = true;
	snprintf(judge.text, sizeof(judge.text), "call %zu: %s gives %s", target,
		 call_names[judge.sequence[target]], strerror(error));
	run_once(scenario, data);
}

unsigned int fake_for_each_failure(fake_scenario scenario, void *data)
{
	unsigned int runs = 1;
	const int *error;
	size_t target;

	judge.recording = true;
	run_once(scenario, data);
	for (target = 0; target < judge.length; target++) {
		for (error = fake_errnos(judge.sequence[target]); *error; error++) {
			run_failing(scenario, data, target, *error);
			runs++;
		}
	}
	free(judge.sequence);
	judge.sequence = NULL;
	judge.length = 0;
	snprintf(judge.text, sizeof(judge.text), "no failure");
	return runs;
}
