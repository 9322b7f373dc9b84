/* SPDX-License-Identifier: MIT */
/*
 * How many frames of one maker are open. Each frame that counts has a reference for as long as it
 * exists, and is in the tally while it is open; clones of it, too. Any thread.
 */
#ifndef WC_FRAME_TALLY_H
#define WC_FRAME_TALLY_H

struct tally;

/* One reference, or NULL without memory. */
struct tally *tally_new(void);
struct tally *tally_ref(struct tally *tally);
/* NULL is allowed. */
void tally_unref(struct tally *tally);

/* A frame is open, or no longer. */
void tally_enter(struct tally *tally);
void tally_leave(struct tally *tally);

/* Frames that are open. */
unsigned tally_count(const struct tally *tally);

#endif
