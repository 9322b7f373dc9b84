/* SPDX-License-Identifier: MIT */
/*
 * The post: how contexts, of this process or another one, ask each other for a slot.
 *
 * Each context has a datagram socket, PID-NUMBER.sock, in the directory of the slots. Who wants a
 * slot sends the socket of its holder a request. The library of the holder decides by its own
 * rules and answers. Nobody can make it give up what section 11 protects: there is only asking.
 *
 * Nothing that arrives is believed. A message has an exact size, magic and version; its sender, as
 * the kernel says, is root, the same user, or anybody if the directory is closed to all but its
 * owner and group; descriptors that come along are dropped; an answer must come from the socket
 * that was asked and carry the number, which is random, of a request that is outstanding. Answers
 * are sent to sockets in the directory only, whatever address a request came from. Who asks more
 * than FLOOD_BURST times in FLOOD_WINDOW is told so once and then ignored. No message makes
 * anything be allocated.
 *
 * The sockets are for owner and group: two users can talk when the directory gives its group to
 * what is made in it (02770), else one of them stays SILENT to the other, or FAILED with EACCES.
 *
 * What becomes of a request. Handlers are called in dispatch only, never inside post_ask():
 *
 *	post_ask() --> OUTSTANDING
 *	OUTSTANDING -- socket full ------------> OUTSTANDING, sent again in POST_RETRY
 *	OUTSTANDING -- answer -----------------> GRANTED, DENIED or TOO_MANY
 *	OUTSTANDING -- nobody has the socket --> GONE
 *	OUTSTANDING -- it cannot be sent ------> FAILED (EACCES: not permitted to us)
 *	OUTSTANDING -- deadline ---------------> SILENT, or GONE if the holder died meanwhile
 *	OUTSTANDING -- post_cancel(), ---------> forgotten, no handler is called
 *	               post_finish()
 *
 * All of it belongs to the thread of the loop.
 */
#ifndef WC_BUDGET_POST_H
#define WC_BUDGET_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "budget/flood.h"
#include "budget/reclaim.h"
#include "util/list.h"
#include "util/loop.h"

#define POST_NAME_SIZE 32          /* bytes, with the NUL: two 32-bit numbers and ".sock" */
#define POST_MAX_OUTSTANDING 16    /* requests of one context */
#define POST_DEADLINE 500000       /* microseconds, unless told otherwise */
#define POST_RETRY 20000           /* microseconds */

/* ---- messages ---- */

#define POST_MESSAGE_SIZE 40       /* bytes */

enum post_type {
	POST_YIELD = 1,            /* would you give this slot up? */
	POST_YES,                  /* it is free, or will be in a moment */
	POST_NO,                   /* a verdict says why */
	POST_FLOODED,              /* you ask too often */
};

/* The slot that is wanted, and by whom. */
struct post_request {
	uint64_t device;           /* hash of what identifies the device */
	uint64_t generation;       /* of the slot's record, not the next holder's */
	uint32_t slot;
	int32_t priority;          /* of the one who asks */
	int32_t pid;               /* who asks, as the kernel says; not part of the message */
	uint32_t uid;
};

struct post_message {
	enum post_type type;
	enum reclaim_verdict verdict;   /* of POST_NO; RECLAIM_ALLOWED in all others */
	uint64_t nonce;                 /* an answer has that of its request */
	struct post_request request;    /* an answer repeats it */
};

/* Whether data is a message. Fills *message only then, all of it (pid and uid: 0). */
bool post_message_read(const void *data, size_t size, struct post_message *message);

/* The bytes of a message: POST_MESSAGE_SIZE of them. */
void post_message_write(const struct post_message *message, void *data);

/* Whether this is the name of a socket of ours: digits, '-', digits, ".sock", and no more. */
bool post_name_is_valid(const char *name);

/* ---- the mailbox ---- */

struct post {
	struct loop *loop;
	struct loop_source source;
	enum reclaim_verdict (*asked)(void *owner, const struct post_request *request);
	void *owner;
	int fd;
	int32_t pid;               /* whose socket it is: not that of a forked child */
	bool is_protected;         /* others than owner and group cannot reach the directory */
	char name[POST_NAME_SIZE];
	char directory[sizeof ((struct sockaddr_un *)0)->sun_path - POST_NAME_SIZE];
	struct list outstanding;   /* of struct post_ask */
	unsigned n_outstanding;
	struct flood flood;
	bool *finished;            /* set when it is finished inside one of its handlers */
	struct {
		uint64_t garbage;  /* no messages */
		uint64_t strangers;   /* of users who have no business here, or from nowhere */
		uint64_t floods;   /* requests not looked at */
		uint64_t stale;    /* answers to nothing */
		uint64_t unsent;   /* answers that nobody took */
	} counters;
};

/*
 * Open a mailbox in directory, and remove what dead processes left there. asked is the holder's
 * side: it returns RECLAIM_ALLOWED when the slot was given up, else why not. It may finish the
 * post; then there is no answer.
 *
 * 0, or a negative errno with nothing left to undo: what stat() and bind() say of the directory
 * (-ENOENT: there is none), -EPERM when it belongs to another user who is not root, -ENAMETOOLONG.
 */
int post_init(struct post *post, struct loop *loop, const char *directory,
	      enum reclaim_verdict (*asked)(void *owner, const struct post_request *request),
	      void *owner);

/* Requests outstanding are forgotten. Harmless when post_init() failed, and a second time. */
void post_finish(struct post *post);

/* ---- asking ---- */

enum post_outcome {
	POST_GRANTED,
	POST_DENIED,               /* see verdict */
	POST_TOO_MANY,             /* we asked too often */
	POST_SILENT,               /* alive, but no answer before the deadline */
	POST_GONE,                 /* the holder is dead, its socket removed */
	POST_FAILED,               /* see sys_errno */
};

/* For instance "granted"; a constant string, never NULL. */
const char *post_outcome_name(enum post_outcome outcome);

/* One request. Memory of the caller, who may free it or ask again in the handler. */
struct post_ask {
	struct list link;          /* initialised by post_ask_init() */
	struct timer timer;
	struct post *post;         /* while it is outstanding */
	uint64_t nonce;
	int64_t deadline;          /* microseconds of CLOCK_MONOTONIC */
	bool sent, overdue;
	char name[POST_NAME_SIZE];
	struct post_request request;
	void (*done)(struct post_ask *ask);

	/* For the handler. */
	enum post_outcome outcome;
	enum reclaim_verdict verdict;
	int sys_errno;             /* positive */
};

void post_ask_init(struct post_ask *ask, void (*done)(struct post_ask *ask));

/*
 * Ask the holder that has the socket name, which may come from a record that anybody wrote. The
 * time to wait is in microseconds; 0 or less stands for POST_DEADLINE. done is called exactly once
 * unless it is cancelled.
 *
 * 0, or a negative errno and done is not called: -EINVAL when this is no name of a socket of ours,
 * -EALREADY when this one is outstanding, -EBUSY when POST_MAX_OUTSTANDING are.
 */
int post_ask(struct post *post, struct post_ask *ask, const char *name,
	     const struct post_request *request, int64_t wait);

/* Take it back; done is not called. Harmless when it is not outstanding. */
void post_cancel(struct post_ask *ask);

#endif
