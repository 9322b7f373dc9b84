/* SPDX-License-Identifier: MIT */
/*
 * Which allocator: by what must share the memory, by what a device says to a buffer that it is
 * shown, or by the word of the application. Each candidate is opened and makes one buffer, which is
 * freed again; the first that gets so far is taken.
 */
#ifndef WC_FRAME_ALLOCATOR_CHOOSE_H
#define WC_FRAME_ALLOCATOR_CHOOSE_H

#include "frame/allocator.h"

/* What memory is wanted. */
struct memory_wish {
	unsigned use;                  /* a set of enum wc_memory_use, not empty */
	/* By the application, if forced: this kind, and if name is not empty, from there. */
	bool forced;
	enum wc_memory_kind kind;
	char name[ALLOCATOR_NAME_MAX];
	struct pool_key key;           /* of a buffer to try with; size 0: any small one */
	/*
	 * Whether that buffer can be imported: 0 or a negative errno; everything of the buffer has
	 * to be let go before it returns. NULL: nobody is asked.
	 */
	int (*import)(void *owner, struct buffer *buffer);
	void *owner;
};

/*
 * The allocator, for a pool or allocator_release(), and *choice filled. Or when nothing works
 * *allocator is NULL, the reason in *choice says why, and the result is the negative errno that
 * tells most: -EDQUOT of memory that the budget has no room for, and then kind in *choice says of
 * what kind it is; that of a device that is there before that of one that is not. -ENOMEM when
 * there is no memory for the allocator itself.
 */
int allocator_choose(struct core *core, const struct memory_wish *wish,
		     struct pool_allocator **allocator, struct wc_memory_choice *choice);

#endif
