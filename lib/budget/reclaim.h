/* SPDX-License-Identifier: MIT */
/*
 * Who may lose a hardware context, and who of those first: W3C WebCodecs, section 11, "Resource
 * Reclamation", as pure functions over plain structures and a time. No clock is read here, nothing
 * is allocated, nothing is closed. All of it belongs to the thread of the context.
 *
 *                              in the foreground    in the background
 *	inactive                allowed              allowed
 *	active encoder          never                never
 *	active decoder          never                allowed, unless an encoder of its kind is
 *	                                             active in the same context, or it is an audio
 *	                                             decoder that can be heard
 *
 * A codec is active when it made progress on its work queue in the past ten seconds. Where it is
 * not known exactly, it counts as active: that only forbids.
 *
 * How a victim is found:
 *
 *	reclaim_choice_init(&choice, &request, &clock, now);
 *	for each candidate of the context
 *		reclaim_choice_see(&choice, candidate);      which encoders are active
 *	for each candidate of the context
 *		reclaim_choice_offer(&choice, candidate);
 *	choice.best is the victim, or NULL; choice.verdicts says why not the others
 *
 * Two passes, so it is linear in the number of candidates. That they lie side by side in memory is
 * what makes it so for many of them, too: apart from each other, each look is a cache miss.
 */
#ifndef WC_BUDGET_RECLAIM_H
#define WC_BUDGET_RECLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Microseconds; the ten seconds of the specification. */
#define RECLAIM_THRESHOLD 10000000

/*
 * Progress without reading a clock. The owner adds to units whenever work got done: a buffer came
 * back from the device, an output went to the application. When it happened is known to a tick: a
 * sample that finds new units dates them to the time of the sample, which is late, never early.
 */
struct activity {
	uint64_t units;        /* progress so far */
	uint64_t sampled;      /* units of the last sample */
	int64_t last;          /* microseconds; when a sample last found progress */
};

/* Configuring is work on the queue, so a codec begins active. */
void activity_init(struct activity *activity, int64_t now);

static inline void activity_progress(struct activity *activity)
{
	activity->units++;
}

/* Look for progress. At every tick, and before a request is judged. Whether there was any. */
bool activity_sample(struct activity *activity, int64_t now);

/* When progress was made last, at the latest. What was not sampled counts as made just now. */
static inline int64_t activity_last(const struct activity *activity, int64_t now)
{
	return activity->units != activity->sampled ? now : activity->last;
}

/*
 * Inactivity counts only while this process runs. One that was stopped (SIGSTOP, a debugger, a
 * virtual machine that was paused) sees a tick come late, and all codecs get their full time
 * again. CLOCK_MONOTONIC itself stands still while the machine is suspended.
 *
 *	RESTS (next_tick is 0) -- reclaim_tick(period) --> TICKS
 *	TICKS -- reclaim_tick(period), in time ----------> TICKS
 *	TICKS -- reclaim_tick(period), late -------------> TICKS, awake_since = now
 *	TICKS -- reclaim_tick(0) ------------------------> RESTS
 *
 * Late is later than half the threshold after the tick was due. While a tick is that much overdue
 * all codecs count as active, so that it does not matter whether a request or the tick comes first
 * after the gap. Let the clock rest only when all codecs are inactive: a gap cannot tell anything
 * then. Progress made while it rests is seen by the next sample.
 */
struct reclaim_clock {
	int64_t threshold;     /* microseconds without progress until a codec is inactive */
	int64_t next_tick;     /* when the next tick is due; 0: none is */
	int64_t awake_since;   /* end of the last gap */
};

/* The clock rests. A threshold of 0 or less stands for RECLAIM_THRESHOLD. */
void reclaim_clock_init(struct reclaim_clock *clock, int64_t threshold);

/* The next tick comes in period microseconds; 0: rest. Whether there was a gap before this one. */
bool reclaim_tick(struct reclaim_clock *clock, int64_t now, int64_t period);

/* What the application says of a codec. A context has the same, for its codecs to begin with. */
struct reclaim_traits {
	bool background;       /* nobody looks at it */
	bool audible;          /* what it plays can be heard; audio decoders only */
	bool pending_removal;  /* this one may go first */
	int32_t priority;      /* the higher, the more important; 0 unless set */
};

enum reclaim_kind {
	RECLAIM_VIDEO,
	RECLAIM_AUDIO,
	RECLAIM_KINDS,         /* how many there are */
};

/* What is to be known of a codec. Part of its claim. */
struct reclaim_candidate {
	struct reclaim_traits traits;
	enum reclaim_kind kind;
	bool encoder;
	/*
	 * What it holds a hardware context of: the accountant's number for a device and role. 0 for
	 * software codecs, which hold none. They are never victims of a quota of contexts, but an
	 * active software encoder protects decoders as any other does.
	 */
	uint64_t resource;
	uint64_t bytes;        /* of one picture: its memory is in proportion */
	uint64_t id;           /* number of its creation, from 1, never used twice */
	struct activity activity;
	bool has_session;      /* memory would come free with it */
	void *owner;           /* of whom all this is; not looked at here */
};

/*
 * Take over what the application says now. To go to the background counts as progress: the codec
 * has its full time again. To be told so once more does not.
 */
void reclaim_set_traits(struct reclaim_candidate *candidate, const struct reclaim_traits *traits,
			int64_t now);

/* Whether it made progress within the threshold; exactly the threshold ago is within. */
bool reclaim_is_active(const struct reclaim_candidate *candidate,
		       const struct reclaim_clock *clock, int64_t now);

/* The numbers go over sockets: do not change them. */
enum reclaim_verdict {
	RECLAIM_ALLOWED = 0,
	RECLAIM_ACTIVE_FOREGROUND = 1,
	RECLAIM_ACTIVE_ENCODER = 2,    /* in the background */
	RECLAIM_TRANSCODING = 3,       /* a decoder beside an active encoder of the same kind */
	RECLAIM_AUDIBLE = 4,           /* an audio decoder */
	/* Not of section 11. */
	RECLAIM_HIGHER_PRIORITY = 5,   /* than that of who asks */
	RECLAIM_NOT_HELD = 6,          /* it holds nothing of what is asked for */
	RECLAIM_VERDICTS,              /* how many there are */
};

/* For instance "active in the foreground"; a constant string, never NULL. */
const char *reclaim_verdict_name(enum reclaim_verdict verdict);

/* What one context tells about all of its codecs. Begin with zeros. */
struct reclaim_group {
	bool active_encoder[RECLAIM_KINDS];
};

void reclaim_group_add(struct reclaim_group *group, const struct reclaim_candidate *candidate,
		       const struct reclaim_clock *clock, int64_t now);

/* Section 11, no more: ALLOWED, or the first rule of the table above that forbids it. */
enum reclaim_verdict reclaim_judge(const struct reclaim_candidate *candidate,
				   const struct reclaim_group *group,
				   const struct reclaim_clock *clock, int64_t now);

/* Memory is wanted: take a codec that has a session, software or hardware. */
#define RECLAIM_ANY_RESOURCE 0

struct reclaim_request {
	uint64_t resource;     /* of a candidate, or RECLAIM_ANY_RESOURCE */
	uint64_t id;           /* the candidate that asks, no victim; 0: none of these */
	int32_t priority;      /* of the one that asks; nothing higher is taken */
};

/* As reclaim_judge(), and what the request forbids; that is looked at first. */
enum reclaim_verdict reclaim_judge_request(const struct reclaim_candidate *candidate,
					   const struct reclaim_group *group,
					   const struct reclaim_request *request,
					   const struct reclaim_clock *clock, int64_t now);

/*
 * Negative when a is to go before b, positive when after; 0 only for the same candidate. The first
 * of these that differs decides:
 *	pending removal before others
 *	lower priority
 *	background before foreground
 *	longer without progress
 *	more bytes
 *	lower id
 */
int reclaim_compare(const struct reclaim_candidate *a, const struct reclaim_candidate *b,
		    int64_t now);

/* A search for one victim. Neither the request nor the clock may change meanwhile. */
struct reclaim_choice {
	const struct reclaim_request *request;
	const struct reclaim_clock *clock;
	int64_t now;
	struct reclaim_group group;
	struct reclaim_candidate *best;        /* NULL: none so far */
	unsigned verdicts[RECLAIM_VERDICTS];   /* how many were offered, by verdict */
};

void reclaim_choice_init(struct reclaim_choice *choice, const struct reclaim_request *request,
			 const struct reclaim_clock *clock, int64_t now);

/* The first pass: all candidates of one context. */
static inline void reclaim_choice_see(struct reclaim_choice *choice,
				      const struct reclaim_candidate *candidate)
{
	reclaim_group_add(&choice->group, candidate, choice->clock, choice->now);
}

/* The second pass. */
void reclaim_choice_offer(struct reclaim_choice *choice, struct reclaim_candidate *candidate);

/* Both passes over an array: the victim, or NULL. */
struct reclaim_candidate *reclaim_choose(struct reclaim_candidate *candidates, size_t n,
					 const struct reclaim_request *request,
					 const struct reclaim_clock *clock, int64_t now);

#endif
