/* SPDX-License-Identifier: MIT */
/*
 * A buffer: memory of one picture or one chunk, in one or more objects (DMA-BUFs or plain memory).
 *
 * Two counts. *References* keep the memory: its maker holds one, every user too. *Pins* tell who
 * needs the content: open frames and chunks, and the driver while it reads an input buffer. When
 * the last pin ends, idle() tells the maker that the content is free to be overwritten; when the
 * last reference ends, destroy() frees the memory. Both may run in any thread.
 */
#ifndef WC_FRAME_BUFFER_H
#define WC_FRAME_BUFFER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/core.h"

#define BUFFER_MAX_OBJECTS 4

/* Bytes; of plain memory and its rows, for SIMD and cache lines. */
#define BUFFER_ALIGNMENT 64

struct buffer;

struct buffer_ops {
	/* The last pin ended. NULL: nothing to tell. The caller still holds its reference. */
	void (*idle)(struct buffer *buffer);
	/* The last reference ended: free memory, descriptors and the struct. */
	void (*destroy)(struct buffer *buffer);
};

struct buffer_object {
	/* NULL when the CPU cannot see it, or not yet, see buffer_begin_access(). */
	uint8_t *map;
	size_t size;           /* bytes */
	int fd;                /* DMA-BUF, owned by the buffer; -1 when it is none */
	uint64_t inode;        /* of the DMA-BUF, 0: not known; see dma_buf_inode() */
};

/* The CPU's accesses to a buffer that is shared. */
struct buffer_access {
	pthread_mutex_t lock;          /* guards the rest, and map of the objects */
	unsigned open;                 /* begun and not ended */
	unsigned kinds;                /* of those: enum wc_map_access */
	bool no_writing;               /* descriptors that are for reading only */
};

struct buffer {
	const struct buffer_ops *ops;
	struct core *core;             /* a reference */
	atomic_uint refs;
	atomic_uint pins;
	atomic_uint held;              /* by frames and chunks that external memory was told of */
	atomic_bool exported;          /* somebody outside may be reading the content */
	/*
	 * What devices outside may be doing, enum wc_map_access and more: so fences of theirs are
	 * to be looked for on the DMA-BUFs. Of frame/fence.h; 0: nothing.
	 */
	atomic_uint fences;
	int acquire_fence;             /* sync file, owned: the content is there then; -1: now */
	atomic_int acquired;           /* 1: it is signalled; 0: not known; negative errno */
	size_t bytes;                  /* counted: of all objects, or reserved for them */
	unsigned descriptors;          /* counted: of all objects, or reserved for them */
	enum wc_memory_kind kind;      /* plain, unless the maker says so before buffer_account() */
	bool read_only;                /* the content may be a reference picture of a decoder */
	/*
	 * DMA-BUFs that nobody else keeps coherent: mapped when first needed, and the CPU's
	 * accesses have a beginning and an end. Its maker says so, and calls buffer_unmap() at the
	 * end.
	 */
	bool is_shared;
	struct buffer_access access;
	/* Bytes of a row of the first plane, where a driver decides them; else 0. Of the maker. */
	size_t stride;
	unsigned n_objects;
	struct buffer_object objects[BUFFER_MAX_OBJECTS];
};

/*
 * Set up a buffer that is part of a larger struct of its maker: one reference, no pin, no objects.
 * Counted from here on; the maker calls buffer_account() once the objects are known.
 */
void buffer_init(struct buffer *buffer, struct core *core, const struct buffer_ops *ops);

/*
 * Count bytes before they are allocated, within the budget of the core. 0; -EDQUOT: there are not
 * so many, and what was counted before for this buffer is not any more. The maker says what it
 * really got with buffer_account(), or gives up with buffer_finish().
 */
int buffer_reserve(struct buffer *buffer, enum wc_memory_kind kind, size_t bytes);

/* The same for the descriptors that its objects will have. */
int buffer_reserve_descriptors(struct buffer *buffer, unsigned n);

/* Count the bytes and descriptors of the objects, in place of what was reserved. Never refused. */
void buffer_account(struct buffer *buffer);

/* For destroy(): close descriptors, take the buffer out of the counters, drop the core. */
void buffer_finish(struct buffer *buffer);

/* Whether all of its memory is in DMA-BUFs, so that other devices can be told of it. */
bool buffer_is_dma_buf(const struct buffer *buffer);

struct buffer *buffer_ref(struct buffer *buffer);
void buffer_unref(struct buffer *buffer);

/* A pin includes a reference. */
struct buffer *buffer_pin(struct buffer *buffer);
void buffer_unpin(struct buffer *buffer);

/*
 * The CPU is about to use the content: access is a set of enum wc_map_access. Of a buffer that is
 * not shared nothing is asked. Else it is mapped if it is not yet, and its caches are made to agree
 * with memory, which waits for fences; -EACCES when it may not be written, those of fence_block(),
 * or the error of the system call. Each success needs a buffer_end_access(), before a device is to
 * see what was written. Between the two map of the objects can be read. Any thread, nested or at
 * once.
 *
 * See "CPU Access to DMA Buffer Objects" in the kernel's driver-api/dma-buf.rst.
 */
int buffer_begin_access(struct buffer *buffer, unsigned access);
void buffer_end_access(struct buffer *buffer);

/* For the maker of a shared buffer, before its end: what was mapped for accesses is no longer. */
void buffer_unmap(struct buffer *buffer);

/* A frame or chunk of the application's begins, or ends, to keep the buffer: tell the hook. */
void buffer_hold(struct buffer *buffer);
void buffer_unhold(struct buffer *buffer);

/*
 * Plain memory, aligned, of one object. One reference. NULL with errno set: ENOMEM, or EDQUOT when
 * the budget of the core is used up; see memory_refused().
 */
struct buffer *buffer_new_plain(struct core *core, size_t size);

/* The same in n objects of these sizes, each aligned. */
struct buffer *buffer_new_plain_objects(struct core *core, const size_t *sizes, unsigned n);

/* The same by memory_try(): EDQUOT although there may be room without what is idle. */
struct buffer *buffer_try_plain_objects(struct core *core, const size_t *sizes, unsigned n);

/*
 * Memory that another library got for us, so it counts as plain: release(user_data) is called when
 * it is no longer needed. One reference. NULL as above, then release is not called.
 */
struct buffer *buffer_new_wrapped(struct core *core, void *data, size_t size,
				  void (*release)(void *user_data), void *user_data);

/*
 * Memory of the application's, WC_MEMORY_WRAPPED, that nobody may wrap twice at a time: 0, -ENOMEM,
 * -EDQUOT, or -EEXIST when a buffer of this core that was made so and is alive has the same data.
 */
int buffer_new_wrapped_once(struct core *core, void *data, size_t size,
			    void (*release)(void *user_data), void *user_data,
			    struct buffer **buffer);

#endif
