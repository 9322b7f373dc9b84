/* SPDX-License-Identifier: MIT */
/*
 * The machine that all codecs share: state, control message queue, flushes, dequeue event, errors
 * (W3C WebCodecs sections 2.2 and 4.5 to 6.6). A codec embeds it and adds operations.
 *
 * Who runs when: calls of the application process the queue as far as the session takes work, but
 * never call back. Callbacks run from tasks of the loop and from the sink that codecs give to
 * their session, both inside dispatch.
 *
 * Whatever was asked for before a reset() must not show after it. Tasks of the old generation are
 * taken back there, and the session promises the rest, so no message carries a stamp.
 */
#ifndef WC_API_CODEC_H
#define WC_API_CODEC_H

#include <webcodecs/budget.h>
#include <webcodecs/codec.h>

#include "api/context.h"
#include "frame/fence_wait.h"
#include "session/select.h"
#include "session/session.h"
#include "util/list.h"
#include "util/loop.h"

struct codec;
struct tally;

/* What happens to the front of the queue; arrows in codec.c. */
enum pump {
	PUMP_OPEN,             /* messages are processed */
	PUMP_FULL,             /* the session has no room ("codec saturated") */
	PUMP_FENCED,           /* a device still writes the picture at the front */
	PUMP_DRAINING,         /* all outputs are awaited, for a flush or before a change */
	PUMP_CONFIGURING,      /* a session is to be made, by a task ("blocked") */
	PUMP_ADMITTING,        /* there was no hardware context for it: room is being made */
	PUMP_BROKEN,           /* the session failed inside a call, its task will close the codec */
};

enum message_kind {
	MESSAGE_CONFIGURE,
	MESSAGE_WORK,          /* decode, encode or convert */
	MESSAGE_FLUSH,
};

/* A control message. Kept for the next one when it is done. */
struct message {
	struct list link;
	enum message_kind kind;
	void *config;                  /* MESSAGE_CONFIGURE: owned, one block of memory */
	struct session_input input;    /* MESSAGE_WORK: references owned */
	bool is_drawn;                 /* nobody writes the picture of input any more */
	wc_flush_callback callback;    /* MESSAGE_FLUSH: may be NULL */
	void *user_data;
	enum wc_status status;         /* of a flush that ended and was not told yet */
};

struct codec_ops {
	const char *noun;              /* "decoder", "encoder", "converter" */
	enum wc_object_class object_class;
	/* Make a session for config. As session_open_decoder() and its like. */
	int (*open)(struct codec *codec, const void *config, struct session **session,
		    struct wc_error *error);
	/* Whether config can be taken while outputs of the running one are still to come. */
	bool (*flows_on)(const struct codec *codec, const void *config);
	/* Go on with the session there is. 0, or -ENOTSUP: config needs another. */
	int (*adopt)(struct codec *codec, const void *config);
	/* Whether earlier work has to be out before input may be submitted. NULL: never. */
	bool (*must_drain)(const struct codec *codec, const struct session_input *input);
	/* Hand input to the session. As session_ops.submit. */
	int (*submit)(struct codec *codec, const struct session_input *input,
		      struct wc_error *error);
	/* Microseconds that config lets a hardware context be waited for. */
	int64_t (*context_wait)(const void *config);
	/* Forget what reset() and close() forget. */
	void (*forget)(struct codec *codec);
	/* Free the struct around the codec; codec_finish() was called. */
	void (*free)(struct codec *codec);
};

/* What the application gave to the constructor. */
struct codec_callbacks {
	wc_error_callback error;
	wc_dequeue_callback dequeue;   /* may be NULL */
	void *user_data;
};

struct codec {
	struct wc_context *context;    /* a reference */
	const struct codec_ops *ops;
	struct codec_callbacks callbacks;
	struct claim claim;            /* in the accountant until the codec is closed */
	bool has_own_traits;           /* for reclaim, and not those of the context */
	struct roll_entry entry;

	enum wc_codec_state state;
	enum pump pump;
	struct list queue;             /* control messages */
	uint32_t queue_size;           /* MESSAGE_WORK among them */
	uint32_t configures;           /* MESSAGE_CONFIGURE among them */
	struct message *flushing;      /* the flush that is drained for; NULL: none */
	struct list ended;             /* flushes that ended and are still to be told */
	struct list dropped;           /* messages cut off by reset, to be released */
	struct list spare;             /* messages for reuse */
	unsigned n_spare;

	struct session *session;       /* NULL: none */
	void *config;                  /* what the session runs; owned, NULL without session */
	bool active;                   /* a configuration was applied since the last reset */
	bool dirty;                    /* something was submitted since the session was empty */

	struct task configure_task, drained_task, broken_task, ended_task, dequeue_task;
	struct wc_error failure;       /* for broken_task */
	struct fence_wait fence_wait;  /* for the picture at the front, in PUMP_FENCED */

	unsigned depth;                /* functions on the stack that still use the codec */
	bool destroyed;                /* free when depth is 0 again */
};

/* 0, or -ENOMEM with nothing to undo. label may be NULL. */
int codec_init(struct codec *codec, struct wc_context *context, const struct codec_ops *ops,
	       const struct codec_callbacks *callbacks, const char *label);

/* Close, silence, and free now or when the callback that calls this has returned. */
void codec_destroy(struct codec *codec);

/* For ops->free: memory and references of the codec itself. */
void codec_finish(struct codec *codec);

/*
 * The calls of the application; negative wc_status with details in the context. codec_configure()
 * owns config from success on; codec_work() has taken the references in input in any case.
 * codec_accept() is for codecs that cannot say what session they need before there is work: they
 * are configured from then on, and call codec_configure() in front of work of another kind.
 */
int codec_configure(struct codec *codec, void *config);
int codec_accept(struct codec *codec);
int codec_work(struct codec *codec, const struct session_input *input);
int codec_flush(struct codec *codec, wc_flush_callback callback, void *user_data);
int codec_reset(struct codec *codec);
int codec_close(struct codec *codec);
void codec_describe(const struct codec *codec, struct wc_session_info *info);
/* Whether the next piece of work would wait in the queue. */
bool codec_is_saturated(const struct codec *codec);

/* The codec that a claim in the accountant is of; NULL: one that a session has for itself. */
struct codec *codec_of_claim(struct claim *claim);

/*
 * Throttle the codecs of a context, those that are made later too, or end that. Returns bytes
 * freed. Calls nobody.
 */
uint64_t codecs_throttle(struct wc_context *context, bool on);

/* What the application says of the codec, or NULL: what it says of the context. */
int codec_set_reclaim_traits(struct codec *codec, const struct wc_reclaim_traits *traits);

/* InvalidStateError unless configured; verb: "decode". */
int codec_require_configured(struct codec *codec, const char *verb);

/*
 * The beginning of encode() and its like: a clone in *own of the application's frame, if that is
 * open and the codec is configured. Its context may be another one, whose thread may be closing it.
 * A negative wc_status with details in the context, and *own is NULL.
 */
int codec_keep_frame(struct codec *codec, const struct wc_video_frame *frame, const char *verb,
		     struct wc_video_frame **own);

/*
 * For a session that just gave a frame out: under pressure, the next ones come slowly while the
 * application has many of these frames open.
 */
void codec_slow_down(struct codec *codec, const struct tally *frames);

/* Around each output callback. leave may free the codec. */
void codec_enter_callback(struct codec *codec);
void codec_leave(struct codec *codec);

/* For the session's sink. */
void codec_ready(void *sink);
void codec_drained(void *sink);
void codec_failed(void *sink, const struct wc_error *error);

#endif
