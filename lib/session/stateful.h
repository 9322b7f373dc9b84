/* SPDX-License-Identifier: MIT */
/*
 * What the sessions on memory-to-memory devices share: an open device with two queues in the loop,
 * errors, and the ways to begin and to go on. For codecs it follows dev-decoder.rst and
 * dev-encoder.rst of the kernel's documentation.
 */
#ifndef WC_SESSION_STATEFUL_H
#define WC_SESSION_STATEFUL_H

#include <errno.h>

#include "budget/accountant.h"
#include "frame/frame_memory.h"
#include "session/cookies.h"
#include "session/imports.h"
#include "session/port.h"
#include "session/quirks.h"
#include "session/session.h"
#include "v4l2/device.h"
#include "v4l2/queue.h"

/* Buffers of the input side: one in work, one ready, two on their way to and from the caller. */
#define STATEFUL_INPUTS 4

/* How far the input side grows while the caller keeps buffers. */
#define STATEFUL_MAX_INPUTS 16

/* Places for DMA-BUFs of somebody else's on the input side: so many may circulate. */
#define STATEFUL_IMPORTS 16

/* Buffers beyond those that the driver needs on the output side. */
#define STATEFUL_EXTRA_OUTPUTS 4

/* How far the output side grows while the application holds buffers; then it is copied out. */
#define STATEFUL_MAX_OUTPUTS 24

/* Buffers on the output side that a throttled decoder keeps though nobody has them. */
#define STATEFUL_SPARE_OUTPUTS 2

/* Microseconds in which a device should do something, when something is due. */
#define STATEFUL_PATIENCE 2000000

/* How often it may do nothing for that long before it is an error. */
#define STATEFUL_MAX_STALLS 5

struct stateful;

/* Whether a session reads frames where they are. */
struct importing {
	bool settled;                      /* on buffers of its own, until a drain or a reset */
	bool refused;                      /* by the driver, for good */
	char reason[IMPORT_REASON];        /* that the last frame was not read in place */
};

struct stateful_ops {
	/* A buffer of the output side came back; the other side is served by stateful itself. */
	void (*output_done)(struct stateful *s, const struct queue_done *done);
	/* DQBUF of the output side said EPIPE. */
	void (*output_ended)(struct stateful *s);
	/* SOURCE_CHANGE was dequeued. */
	void (*source_changed)(struct stateful *s, uint32_t changes);
	/* Nothing came for a while although something is due. */
	void (*timed_out)(struct stateful *s);
	/* Free what is the session's own; the last thing that happens. */
	void (*free)(struct stateful *s);
};

struct stateful {
	struct session base;
	const struct stateful_ops *ops;
	struct session_env env;
	struct v4l2_device device;
	char card[32];
	const struct quirks *quirks;
	struct queue in, out;              /* OUTPUT and CAPTURE of V4L2 */
	struct port *in_port, *out_port;   /* NULL without buffers */
	struct imports *imports;           /* of the input side, in place of in_port; else NULL */
	/* Pins of inputs that a device which could not be stopped may be reading; until its end. */
	struct buffer *kept[QUEUE_MAX_BUFFERS];
	unsigned n_kept;
	struct cookies cookies;
	struct loop_source source;
	struct timer watchdog;
	struct timer rest;                 /* set while nothing is to be given out */
	struct task later;                 /* tells `drained` or `failed` from dispatch */
	struct task free_task;
	bool out_ended;                    /* LAST was seen; EPOLLIN would stay set */
	bool want_ready;                   /* a submit found no room */
	bool throttled;
	bool lean;                         /* it was, and has less than it began with */
	unsigned keep;                     /* output buffers that the driver needs */
	unsigned use;                      /* set of ::wc_memory_use: who shares raw outputs */
	bool imports_refused;              /* on the output side, in this session */
	bool failed, drained_later, dead;
	uint32_t max_input;                /* bytes beyond which no input buffer grew, 0: unknown */
	unsigned generation;               /* of reset; outputs of an older one are not given out */
	struct wc_error error;             /* for `later`, when failed */
	uint64_t bytes_copied, units_in, units_out;
	unsigned stalls;                   /* looks in a row without progress */
	uint64_t seen_done, seen_out;      /* what the last look saw */
};

/*
 * Open the device and claim a context for work: a codec's name, or another. 0, or a ::wc_status
 * with *error filled and the device closed; then stateful_abandon() is all that is left to do.
 */
int stateful_open(struct stateful *s, const struct stateful_ops *ops,
		  const struct session_env *env, const struct v4l2_device_info *info,
		  enum wc_device_role role, const char *work, struct wc_error *error);

/* Free a session that was never given out: device, claim, buffers, memory. */
void stateful_abandon(struct stateful *s);

/*
 * Whether a failed call means that the hardware has no room. The stage says it, not the errno:
 * drivers use EBUSY, EAGAIN, ENOSPC, EINVAL, ENOMEM, ESRCH, EPERM, ETIME and more. What remains are
 * the errnos that speak of the caller or of a device that is gone.
 */
bool stateful_is_refusal(enum wc_stage stage, int sys_errno);

/*
 * Fill *error with what a failed call means at a stage: a device that vanished, no context left, a
 * limit of the machine. what says what was attempted. Returns the ::wc_status.
 */
int stateful_error(struct stateful *s, enum wc_stage stage, int sys_errno, const char *what,
		   struct wc_error *error);

/* The session cannot go on: `failed` will be called, from dispatch. Returns the ::wc_status. */
int stateful_fail(struct stateful *s, enum wc_stage stage, int sys_errno, const char *what);

/* The same with an error that was filled before. */
int stateful_fail_with(struct stateful *s, const struct wc_error *error);

/* The same for a copy of size bytes in plain memory, for which there was none: EDQUOT or ENOMEM. */
int stateful_fail_copy(struct stateful *s, int sys_errno, size_t size, const char *what);

/* The same for what the device cannot decode, encode or convert: EncodingError. */
int stateful_fail_stream(struct stateful *s, const char *what);

/*
 * A call fails, so the session has failed; the caller is told by the call, and `failed` will not
 * come. Returns the ::wc_status.
 */
int stateful_fail_call(struct stateful *s, const struct wc_error *error);

/* For the beginning of a call: whether the session has failed; then *error is filled. */
bool stateful_has_failed(struct stateful *s, struct wc_error *error);

/*
 * Ask for buffers on a queue, make them a port. 0 or a ::wc_status with *error filled. Of outputs
 * there are some more than the least with which it can work, if the memory budget has room for
 * them: frames are then lent where they would have to be copied.
 */
int stateful_allocate_inputs(struct stateful *s, bool writable, struct wc_error *error);
int stateful_allocate_outputs(struct stateful *s, unsigned least, bool writable,
			      struct wc_error *error);

/*
 * The same for an output side with pictures: in memory that the application decided on, or if it
 * decided nothing, in memory for displays, if use says that these share it; the driver imports it.
 * Else, or where this cannot be had or was refused before in this session, in the driver's.
 */
int stateful_make_outputs(struct stateful *s, struct wc_error *error);

/* Whether the output side has memory that the driver imported. */
bool stateful_has_imports(const struct stateful *s);

/*
 * stateful_queue_outputs() for the first time since buffers were made, which shows whether the
 * driver can import them. If not, it has its own memory from here on. 0 or a ::wc_status.
 */
int stateful_queue_first(struct stateful *s, struct wc_error *error);

/* Buffers of the output side; those that the application holds live on as orphans. */
int stateful_free_outputs(struct stateful *s);

/*
 * Give the buffers of the input side back, and have places for imports instead. Both queues are
 * stopped. 0; or a negative errno, with the buffers as they were if in_port is still there. Else
 * stateful_allocate_inputs() is due.
 */
int stateful_allocate_imports(struct stateful *s);

/*
 * The input side could not import at that stage: a negative errno. 0: frames are to be copied, for
 * good if the driver does not take DMA-BUFs, or while it is settled if something was short that has
 * nothing to do with them. A ::wc_status with *error filled: the device is gone, or something is
 * short and copies are forbidden.
 */
int stateful_imports_failed(struct stateful *s, struct importing *importing,
			    enum wc_copy_policy copy, int ret, enum wc_stage stage,
			    struct wc_error *error);

/*
 * STREAMON of the input side, after that of the output side. 0, or a ::wc_status with *error
 * filled; or -EOPNOTSUPP: the driver refused because of imports, and frames are to be copied for
 * good. Then both queues are stopped.
 */
int stateful_start_inputs(struct stateful *s, struct importing *importing, struct wc_error *error);

/* Forget buffers or imports of the input side, and give them back. 0 or a negative errno. */
int stateful_free_inputs(struct stateful *s);

/* STREAMON. 0 or a ::wc_status with *error filled. */
int stateful_stream_on(struct stateful *s, struct queue *queue, struct wc_error *error);

/*
 * How many buffers the output side begins with. What a throttled one needs beyond that it gets when
 * the application holds buffers, up to what others begin with.
 */
unsigned stateful_wanted_outputs(const struct stateful *s);

/*
 * Give the free buffers of the output side to the driver: all, or if throttled those that it needs.
 * 0 or negative errno.
 */
int stateful_queue_outputs(struct stateful *s);

/*
 * The output side lost a buffer to the application. See that the driver has as many as it needs:
 * add one, or say false: then the content must be copied out and the buffer given back.
 */
bool stateful_can_lend(struct stateful *s);

/* A held output buffer goes back to the driver, if it may have it. */
void stateful_requeue_output(struct stateful *s, unsigned index);

/* Copy the content of a buffer into plain memory. Counted. 0 or a negative errno. */
int stateful_copy_out(struct stateful *s, unsigned index, size_t size, struct buffer **copy);

/* Bytes of a coded buffer to ask for: what a key frame of the size rarely needs. 0x0: unknown. */
uint32_t stateful_coded_size(uint32_t width, uint32_t height);

/* An input buffer of at least size bytes: the index, -EAGAIN, or a failure to grow. */
int stateful_find_input(struct stateful *s, size_t size);

/* Give a filled input buffer to the driver, with its time. 0 or a ::wc_status. */
int stateful_enqueue_input(struct stateful *s, unsigned index, size_t bytesused,
			   const struct timing *timing, struct wc_error *error);

/*
 * The same for a picture that is read where it is. 0; -EAGAIN: no room; another negative
 * errno: the driver does not take it.
 */
int stateful_enqueue_import(struct stateful *s, const struct import_source *source,
			    size_t bytesused, const struct timing *timing);

/* Tell the loop which events of the device are due now. */
void stateful_update_events(struct stateful *s);

/* Expect progress within delay microseconds, or timed_out() is called. 0: expect nothing. */
void stateful_expect(struct stateful *s, int64_t delay);

/*
 * For timed_out(): whether anything moved since the last look; looks without are counted as stalls.
 * done: inputs that the driver is done with, 0 always: they say nothing.
 */
bool stateful_progressed(struct stateful *s, uint64_t done);

/* For timed_out(): a submit waits, and the driver has the input. done as above. */
void stateful_on_no_room(struct stateful *s, uint64_t done);

/* A submit finds no room: `ready` will come, or timed_out() if that takes long. SESSION_FULL. */
int stateful_no_room(struct stateful *s);

/* For timed_out(): whether somebody waits, or would, for input that the driver has. */
bool stateful_lacks_room(const struct stateful *s);

/* Go on after a drain, as the driver needs it. 0 or negative errno. */
int stateful_resume(struct stateful *s, bool encoder);

/*
 * Stop both queues; all inputs and outputs on their way are dropped. 0, or a negative errno: then
 * the session is at its end, and inputs that the device may be reading are kept until then.
 */
int stateful_stop(struct stateful *s);

/* The common part of a reset: stateful_stop() and nothing left of before. 0 or a ::wc_status. */
int stateful_drop_work(struct stateful *s, struct wc_error *error);

/* `drained` from the next dispatch, when it cannot come from a handler. */
void stateful_drained_later(struct stateful *s);

/* What drivers answer that lack a control, a parameter or an event. */
static inline bool is_no_control(int ret)
{
	return ret == -EINVAL || ret == -ENOTTY;
}

/* The same for a selection rectangle. */
static inline bool is_no_rectangle(int ret)
{
	return is_no_control(ret) || ret == -ENODATA;
}

/* Take back the inputs that the driver is done with, so that n_queued is what it still has. */
void stateful_take_back_inputs(struct stateful *s);

/* Whether no buffer of the input side is free: the driver or the caller has all. */
bool stateful_is_full(const struct stateful *s);

/* Call `ready` if somebody waits and there is room. */
void stateful_tell_ready(struct stateful *s);

/* Two calls of session.h, for decoders. */
uint64_t stateful_throttle(struct session *session, bool on);
void stateful_rest(struct session *session, int64_t delay);

bool stateful_saturated(struct session *session);
void stateful_describe(const struct session *session, struct wc_session_info *info);
void stateful_destroy(struct session *session);

#endif
