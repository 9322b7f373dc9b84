/* SPDX-License-Identifier: MIT */
/*
 * Where memory that devices can share comes from: allocators for pools (frame/pool.h) whose buffers
 * are DMA-BUFs, one object each, mapped when the CPU first needs them.
 *
 * All are told by the key what the buffers are for. Of each buffer kind is set, the size is the
 * true one of the DMA-BUF, at least that of the key, and the DMA-BUF has a name: "webcodecs", then
 * fourcc and size of the picture, or the bytes; see /sys/kernel/debug/dma_buf/bufinfo. What needs
 * memory that the CPU must not see, or a layout that is not linear, is refused with -ENOTSUP.
 *
 * Each holds one descriptor, of its device, and each buffer one, of its DMA-BUF. Who does not hand
 * an allocator to a pool ends it with allocator_release().
 */
#ifndef WC_FRAME_ALLOCATOR_H
#define WC_FRAME_ALLOCATOR_H

#include "frame/pool.h"

/* Bytes of a name of a node or heap, with its NUL. */
#define ALLOCATOR_NAME_MAX 64

/*
 * Dumb buffers of a display's driver; node: of a DRM primary node. Only a node of this kind has
 * them, not a render node. The driver aligns the pitch: where the key has fourcc and size, stride
 * of the buffer says what it came to, and the planes are to follow each other with this stride,
 * or for planes of samples half as large, half of it. 0 or a negative errno: of open(), -ENOTSUP
 * for a driver without dumb buffers or export.
 */
int allocator_dumb_new(const char *node, struct pool_allocator **allocator);

/*
 * Number n of the nodes that may have them, from 0: its path into node, ALLOCATOR_NAME_MAX bytes.
 * False: there are no more. Whether there is such a node is seen when it is opened.
 */
bool allocator_dumb_node(unsigned n, char *node);

/* Whether the driver of such an allocator has a display; others only lend their memory. */
bool allocator_dumb_has_display(struct pool_allocator *allocator);

/* A dma-heap: its name below /dev/dma_heap, or a path. 0 or a negative errno of open(). */
int allocator_heap_new(const char *name, struct pool_allocator **allocator);

/*
 * The name of heap number n, in the order in which they are worth a try: contiguous memory under
 * the names it has, then the system's pages. NULL: there are no more.
 */
const char *allocator_heap_name(unsigned n);

/* Pages of a sealed memfd. 0 or a negative errno of open(). */
int allocator_udmabuf_new(struct pool_allocator **allocator);

/* Whether memory of a kind can be asked for, and with a name, which may be empty. */
bool allocator_is_possible(enum wc_memory_kind kind, const char *name);

/* An allocator of such a kind, plain memory included: what allocator_*_new() says. */
int allocator_new(enum wc_memory_kind kind, const char *name, struct pool_allocator **allocator);

/* Of one that no pool took. NULL is allowed. */
void allocator_release(struct pool_allocator *allocator);

/*
 * DMA-BUFs of these sizes in bytes, one for each object of a buffer that buffer_init() has set up,
 * and its kind and is_shared. 0 or a negative errno, -ENOTSUP for memory that is no DMA-BUF. In
 * both cases buffer_finish() closes what was made, after buffer_unmap(); the allocator is not
 * asked.
 */
int allocator_make_objects(struct pool_allocator *allocator, const size_t *sizes, unsigned n,
			   struct buffer *buffer);

/* Tell the kernel whose a DMA-BUF is: "webcodecs", and the picture of the key, or its size. */
void allocator_set_name(int dma_buf, const struct pool_key *key);

/* ---- for allocators ---- */

/*
 * Before anything is allocated: 0 with the bytes and a descriptor reserved for buffer; -ENOTSUP
 * when the key asks for what no DMA-BUF of ours is; -EDQUOT when the budget has not so many bytes
 * of that kind, or no descriptor.
 */
int allocator_reserve(struct buffer *buffer, const struct pool_key *key, enum wc_memory_kind kind,
		      size_t bytes);

/*
 * Make dma_buf, a descriptor or a negative errno, the one object of buffer, which is of the kind
 * that was reserved: 0; the errno; or when it has less than the bytes of the key, -EOVERFLOW,
 * closed.
 */
int allocator_adopt(struct buffer *buffer, const struct pool_key *key, int dma_buf);

/* free() of the allocators. */
void allocator_free_buffer(struct pool_allocator *allocator, struct buffer *buffer, void *opaque);

#endif
