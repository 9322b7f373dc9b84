/* SPDX-License-Identifier: MIT */
#include "session/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frame/dma_buf.h"
#include "frame/fence_wait.h"
#include "util/macros.h"
#include "v4l2/format.h"
#include "v4l2/io.h"

struct port_buffer {
	struct buffer base;
	struct port *port;             /* a reference */
	struct fence_wait wait;        /* for devices that use it though no frame does */
	unsigned index;
};

struct port {
	atomic_uint refs;              /* the session, and every buffer */
	struct core *core;
	struct queue *queue;           /* not used by orphans */
	bool writable;
	struct pool_allocator *allocator;   /* NULL: the memory is the queue's */
	unsigned n_planes;             /* of the allocator's memory */
	size_t sizes[WC_MAX_PLANES];
	port_returned returned;
	void *owner;
	unsigned n_buffers;
	struct port_buffer *buffers[QUEUE_MAX_BUFFERS];

	pthread_mutex_t lock;          /* guards all below */
	struct loop *loop;             /* NULL once closed */
	struct task task;              /* posted when returning is not empty */
	unsigned n_returning;
	unsigned returning[QUEUE_MAX_BUFFERS];
};

static void port_unref(struct port *port)
{
	if (atomic_fetch_sub_explicit(&port->refs, 1, memory_order_acq_rel) != 1)
		return;
	allocator_release(port->allocator);
	pthread_mutex_destroy(&port->lock);
	free(port);
}

/* The owner may close the port from its handler. */
static void give_back(struct port *port, struct port_buffer *pb)
{
	atomic_store_explicit(&pb->base.fences, 0, memory_order_relaxed);
	port->returned(port->owner, pb->index);
}

static void warn_unwatched(struct port *port, int ret)
{
	log_warning(&port->core->log, "cannot wait for devices that read a buffer (%s)",
		    strerror(-ret));
}

static void on_signalled(struct fence_wait *wait, int ret)
{
	struct port_buffer *pb = container_of(wait, struct port_buffer, wait);

	if (ret < 0)
		warn_unwatched(pb->port, ret);
	give_back(pb->port, pb);
}

/* In the thread of the loop. A driver overwrites it: not before those who still read are done. */
static void take_back(struct port *port, unsigned index)
{
	struct port_buffer *pb = port->buffers[index];
	int ret = fence_wait_begin(&pb->wait, port->loop, &pb->base, WC_MAP_WRITE, 0,
				   on_signalled);

	if (ret > 0)
		return;
	if (ret < 0)
		warn_unwatched(port, ret);
	give_back(port, pb);
}

/* Give the loop's thread what others returned. */
static void run_returns(struct task *task)
{
	struct port *port = container_of(task, struct port, task);
	unsigned indices[QUEUE_MAX_BUFFERS];
	unsigned n;

	pthread_mutex_lock(&port->lock);
	n = port->n_returning;
	for (unsigned i = 0; i < n; i++)
		indices[i] = port->returning[i];
	port->n_returning = 0;
	pthread_mutex_unlock(&port->lock);

	/* The owner may close the port from its handler. */
	atomic_fetch_add_explicit(&port->refs, 1, memory_order_relaxed);
	for (unsigned i = 0; i < n && port->loop; i++)
		take_back(port, indices[i]);
	port_unref(port);
}

struct port *port_new(struct core *core, struct loop *loop, struct queue *queue, bool writable,
		      port_returned returned, void *owner)
{
	struct port *port = calloc(1, sizeof *port);

	if (!port)
		return NULL;
	atomic_init(&port->refs, 1);
	port->core = core;
	port->queue = queue;
	port->writable = writable;
	port->returned = returned;
	port->owner = owner;
	port->loop = loop;
	pthread_mutex_init(&port->lock, NULL);
	task_init(&port->task, run_returns);
	return port;
}

struct port *port_new_imports(struct core *core, struct loop *loop, struct queue *queue,
			      struct pool_allocator *allocator, port_returned returned,
			      void *owner)
{
	struct port *port = port_new(core, loop, queue, false, returned, owner);

	if (!port) {
		allocator_release(allocator);
		return NULL;
	}
	port->allocator = allocator;
	port->n_planes = queue->format.n_planes;
	for (unsigned i = 0; i < port->n_planes; i++)
		port->sizes[i] = queue->format.planes[i].sizeimage;
	return port;
}

static void on_idle(struct buffer *buffer)
{
	struct port_buffer *pb = container_of(buffer, struct port_buffer, base);
	struct port *port = pb->port;
	bool direct = false;

	pthread_mutex_lock(&port->lock);
	if (port->loop && loop_is_owner(port->loop)) {
		direct = true;
	} else if (port->loop) {
		port->returning[port->n_returning++] = pb->index;
		loop_post_remote(port->loop, &port->task);
	}
	pthread_mutex_unlock(&port->lock);

	/* Only the owner's thread closes a port, so it is still open here. */
	if (direct)
		take_back(port, pb->index);
}

static void on_destroy(struct buffer *buffer)
{
	struct port_buffer *pb = container_of(buffer, struct port_buffer, base);
	struct port *port = pb->port;

	if (port->allocator)
		buffer_unmap(buffer);
	for (unsigned i = 0; i < buffer->n_objects && !port->allocator; i++)
		io_munmap(buffer->objects[i].map, buffer->objects[i].size);
	buffer_finish(buffer);
	free(pb);
	port_unref(port);
}

static const struct buffer_ops port_buffer_ops = {
	.idle = on_idle,
	.destroy = on_destroy,
};

/* What was exported says whose it is, as the memory of allocators does. */
static void set_names(const struct port *port, const struct buffer *buffer)
{
	const struct queue_format *format = &port->queue->format;
	struct pool_key key = {
		.fourcc = raw_format_to_drm(format->fourcc),
		.width = format->width, .height = format->height,
	};

	for (unsigned i = 0; i < buffer->n_objects; i++) {
		key.size = buffer->objects[i].size;
		if (buffer->objects[i].fd >= 0)
			allocator_set_name(buffer->objects[i].fd, &key);
	}
}

/* The queue's own memory, with as many descriptors as the driver exports. */
static int take_memory(struct port *port, unsigned index, struct buffer *buffer)
{
	struct queue_memory memory;
	int ret = buffer_reserve(buffer, WC_MEMORY_DRIVER, queue_buffer_size(port->queue, index));

	if (ret == 0)
		ret = buffer_reserve_descriptors(buffer, port->queue->format.n_planes);
	if (ret == 0)
		ret = queue_take_memory(port->queue, index, port->writable, &memory);
	if (ret < 0)
		return ret;
	for (unsigned i = 0; i < memory.n_planes; i++)
		buffer->objects[i] = (struct buffer_object) {
			.map = memory.planes[i].map,
			.size = memory.planes[i].size,
			.fd = memory.planes[i].fd,
		};
	buffer->n_objects = memory.n_planes;
	set_names(port, buffer);
	return 0;
}

static int add_buffer(struct port *port, unsigned index)
{
	struct port_buffer *pb = calloc(1, sizeof *pb);
	int ret;

	if (!pb)
		return -ENOMEM;
	buffer_init(&pb->base, port->core, &port_buffer_ops);
	ret = port->allocator ? allocator_make_objects(port->allocator, port->sizes,
						       port->n_planes, &pb->base)
			      : take_memory(port, index, &pb->base);
	if (ret < 0) {
		buffer_finish(&pb->base);
		free(pb);
		return ret;
	}
	pb->index = index;
	pb->port = port;
	pb->base.read_only = !port->writable;
	for (unsigned i = 0; i < pb->base.n_objects; i++)
		pb->base.objects[i].inode = dma_buf_inode(&pb->base.objects[i]);
	buffer_account(&pb->base);
	atomic_fetch_add_explicit(&port->refs, 1, memory_order_relaxed);
	port->buffers[index] = pb;
	port->n_buffers = index + 1;
	return 0;
}

int port_fill(struct port *port)
{
	int ret = 0;

	while (ret == 0 && port->n_buffers < port->queue->n_buffers)
		ret = add_buffer(port, port->n_buffers);
	return ret;
}

int port_refused(const struct port *port, int sys_errno, struct wc_error *error)
{
	const struct queue *queue = port->queue;

	return budget_refused(port->core, WC_MEMORY_DRIVER,
			      queue_buffer_size(queue, port->n_buffers), queue->format.n_planes,
			      sys_errno, WC_STAGE_BUFFERS, error);
}

void port_close(struct port *port)
{
	struct loop *loop;

	if (!port)
		return;
	pthread_mutex_lock(&port->lock);
	loop = port->loop;
	port->loop = NULL;
	port->n_returning = 0;
	pthread_mutex_unlock(&port->lock);

	loop_cancel_remote(loop, &port->task);
	for (unsigned i = 0; i < port->n_buffers; i++) {
		fence_wait_cancel(&port->buffers[i]->wait);
		buffer_unref(&port->buffers[i]->base);
	}
	port_unref(port);
}

size_t port_shrink(struct port *port)
{
	struct buffer *buffer = &port->buffers[--port->n_buffers]->base;
	size_t bytes = buffer->bytes;

	buffer_unref(buffer);
	return bytes;
}

unsigned port_count(const struct port *port)
{
	return port->n_buffers;
}

struct buffer *port_buffer(const struct port *port, unsigned index)
{
	return &port->buffers[index]->base;
}

int port_enqueue(struct port *port, unsigned index)
{
	const struct buffer *buffer = &port->buffers[index]->base;
	struct queue_memory memory = { .n_planes = buffer->n_objects };

	if (!port->allocator)
		return queue_enqueue(port->queue, index, 0, 0);
	for (unsigned i = 0; i < memory.n_planes; i++) {
		memory.planes[i].fd = buffer->objects[i].fd;
		memory.planes[i].size = buffer->objects[i].size;
	}
	return queue_enqueue_import(port->queue, index, &memory, 0, 0);
}

int port_index(const struct port *port, const struct buffer *buffer)
{
	const struct port_buffer *pb = container_of(buffer, struct port_buffer, base);

	if (!port || buffer->ops != &port_buffer_ops || pb->port != port)
		return -1;
	return (int)pb->index;
}

static bool is_in_use(const struct port_buffer *pb)
{
	return atomic_load_explicit(&pb->base.pins, memory_order_relaxed) ||
	       fence_wait_is_on(&pb->wait);
}

unsigned port_count_in_use(const struct port *port)
{
	unsigned n = 0;

	for (unsigned i = 0; port && i < port->n_buffers; i++)
		n += is_in_use(port->buffers[i]);
	return n;
}
