/* SPDX-License-Identifier: MIT */
/*
 * A port: the buffers of one V4L2 queue as frames and chunks see them.
 *
 * Each index of the queue has one struct buffer, always the same. While frames or chunks use it,
 * the session may not touch its content; when the last pin ends, in whatever thread, the session
 * is told in the thread of the loop. When the session closes the port, or replaces it after a
 * change of size, buffers in use become orphans: their memory lives on until the last pin, and
 * nobody is told any more.
 *
 * A buffer of which others had descriptors, or a fence, may still be read by a display or a GPU.
 * Then it is in use until they are done (frame/fence.h), and the session is told then.
 */
#ifndef WC_SESSION_PORT_H
#define WC_SESSION_PORT_H

#include <pthread.h>

#include "frame/allocator.h"
#include "util/loop.h"
#include "v4l2/queue.h"

struct port;

/* The content of buffer index is free again. Called in the thread of the loop. */
typedef void (*port_returned)(void *owner, unsigned index);

/* NULL without memory. writable: the CPU may write into the buffers. */
struct port *port_new(struct core *core, struct loop *loop, struct queue *queue, bool writable,
		      port_returned returned, void *owner);

/*
 * The same for a queue of imports: the memory is the allocator's, one DMA-BUF for each memory
 * plane, as large as the format of the queue says now; the CPU may not write into it. The port ends
 * the allocator, with NULL as result, too.
 */
struct port *port_new_imports(struct core *core, struct loop *loop, struct queue *queue,
			      struct pool_allocator *allocator, port_returned returned,
			      void *owner);

/*
 * Make buffers for the indices that have none yet. 0 or a negative errno; buffers made before
 * stay. -EDQUOT: a budget of the core does not suffice, port_refused() tells which.
 */
int port_fill(struct port *port);

/* QuotaExceededError after port_fill() said -EDQUOT, -EMFILE or -ENFILE. */
int port_refused(const struct port *port, int sys_errno, struct wc_error *error);

/* Orphan what is in use, free the rest. NULL is allowed. */
void port_close(struct port *port);

/* Forget the buffer of the last index, which nobody uses. Returns its bytes. */
size_t port_shrink(struct port *port);

/* Number of indices that have a buffer. */
unsigned port_count(const struct port *port);

/* The buffer of an index. */
struct buffer *port_buffer(const struct port *port, unsigned index);

/* Give a buffer of a CAPTURE queue to the driver. 0 or a negative errno, the slot unchanged. */
int port_enqueue(struct port *port, unsigned index);

/* The index of a buffer, -1 when it belongs elsewhere. */
int port_index(const struct port *port, const struct buffer *buffer);

/* How many buffers frames, chunks and other devices use; 0 for NULL. */
unsigned port_count_in_use(const struct port *port);

#endif
