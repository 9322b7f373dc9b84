/* SPDX-License-Identifier: MIT */
/*
 * One queue of a device: its format, its buffers, and which of them the driver has. A session has
 * two: OUTPUT, into the device, and CAPTURE, out of it. Single- and multi-planar devices look the
 * same from here.
 *
 *            allocate             stream_on
 *     EMPTY ----------> STOPPED -------------> STREAMING
 *       ^                | ^ ^                  |
 *       +----------------+ | +------------------+
 *             free         |     stream_off: all buffers are ours again
 *                          +-- grow, enqueue: allowed in both
 *
 * A buffer is FREE, QUEUED (the driver has it) or HELD (ours, but its content is in use).
 *
 * Not thread-safe: one thread uses a queue.
 */
#ifndef WC_V4L2_QUEUE_H
#define WC_V4L2_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "v4l2/device.h"
#include "v4l2/format.h"

/* What the kernel allows for all queues before 6.8; a driver may say more. */
#define QUEUE_MAX_BUFFERS 64

/* REMOVE_BUFS came with 6.10. */
#ifndef V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS
#define V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS (1 << 8)
#endif

enum queue_state {
	QUEUE_EMPTY,
	QUEUE_STOPPED,
	QUEUE_STREAMING,
};

enum slot_state {
	SLOT_FREE,
	SLOT_QUEUED,
	SLOT_HELD,
};

/* A format as G_FMT and S_FMT have it, for both APIs. */
struct queue_format {
	uint32_t fourcc;               /* V4L2_PIX_FMT_* */
	uint32_t width, height;        /* pixels, as the driver aligned them */
	/* V4L2_FIELD_*, what the driver answered; asked for is NONE */
	uint32_t field;
	unsigned n_planes;             /* memory planes: objects of a buffer */
	struct {
		uint32_t bytesperline;
		uint32_t sizeimage;    /* bytes */
	} planes[WC_MAX_PLANES];
	struct v4l2_colorimetry color;
};

/* Memory of one buffer; when the queue made it, whoever takes it closes and unmaps. */
struct queue_memory {
	unsigned n_planes;
	struct {
		int fd;                /* DMA-BUF, -1 when the driver cannot export */
		uint8_t *map;
		size_t size;           /* bytes */
	} planes[WC_MAX_PLANES];
};

/* A buffer that came back from the driver. */
struct queue_done {
	unsigned index;
	uint32_t flags;                /* V4L2_BUF_FLAG_* */
	uint64_t cookie;               /* of the timestamp, see queue_enqueue() */
	uint32_t sequence;             /* the driver's count of frames */
	size_t bytesused, offset;      /* of plane 0; offset: where the data begin */
};

struct queue {
	struct v4l2_device *device;
	uint32_t type;
	enum queue_state state;
	struct queue_format format;
	unsigned n_buffers;
	unsigned n_queued;             /* buffers in SLOT_QUEUED */
	enum slot_state slots[QUEUE_MAX_BUFFERS];
	uint32_t lengths[QUEUE_MAX_BUFFERS];   /* bytes of plane 0 */
	bool fixed;                    /* the driver has no CREATE_BUFS */
	bool stuck;                    /* STREAMOFF failed: only close() frees the buffers */
	uint32_t memory;               /* V4L2_MEMORY_MMAP, or _DMABUF: of somebody else's */
	uint32_t capabilities;         /* V4L2_BUF_CAP_* of the last request, as far as they held */
	uint64_t cleaned;              /* a bit for each buffer that the driver had once */
	bool writable;                 /* the CPU may write into buffers, and not only read */
};

void queue_init(struct queue *queue, struct v4l2_device *device, uint32_t type);

/*
 * Formats. get and set fill queue->format; set asks for *format, and the driver's answer is what
 * counts. 0 or a negative errno.
 */
int queue_get_format(struct queue *queue);
int queue_set_format(struct queue *queue, const struct queue_format *format);

/* What the driver would make of *format, which receives the answer; queue->format stays. */
int queue_try_format(struct queue *queue, struct queue_format *format);

/* Whether the queue has a format of this fourcc: ENUM_FMT. */
bool queue_has_format(struct queue *queue, uint32_t fourcc);
/* The nth format, 0 after the last. */
uint32_t queue_enum_format(struct queue *queue, uint32_t index);

/* Bytes of a buffer with that index, also of one that is still to be made. */
uint64_t queue_buffer_size(const struct queue *queue, unsigned index);

/*
 * Ask for count buffers of driver memory; the driver may give more or fewer. From EMPTY. 0 with
 * n_buffers set, or a negative errno with the queue still EMPTY.
 */
int queue_allocate(struct queue *queue, unsigned count);

/*
 * The same for buffers that have no memory of their own: each gets some with every
 * queue_enqueue_import(). Costs next to nothing.
 */
int queue_allocate_imports(struct queue *queue, unsigned count);

/* Whether that is worth trying: what the last request told. Before Linux 4.20 it told nothing. */
bool queue_may_import(const struct queue *queue);

/*
 * One buffer more, of the kind of the others, of at least size bytes in plane 0 (0: as the format
 * says), also while streaming. The new index, or a negative errno: -ENOSPC when the limit is
 * reached.
 */
int queue_grow(struct queue *queue, uint32_t size);

/*
 * Give the last buffer back to the driver, which is not in use: FREE. Memory that was exported or
 * mapped lives on. 0; -ENOTTY when the driver cannot; or what it said, then it is not asked again.
 */
int queue_shrink(struct queue *queue);

/*
 * Give all buffers back to the driver. Memory that was exported or mapped lives on. Stops first
 * if it must. 0 or a negative errno: -EBUSY when the driver cannot let go of memory in use, or did
 * not stop.
 */
int queue_free(struct queue *queue);

/*
 * Export and map the memory of a buffer. Memory is mapped through the DMA-BUF where there is one:
 * a mapping of the device itself would keep the hardware context open as long as a frame.
 * 0 or a negative errno with nothing left open.
 */
int queue_take_memory(struct queue *queue, unsigned index, bool writable,
		      struct queue_memory *memory);

int queue_stream_on(struct queue *queue);
/* All buffers become FREE, the held ones stay HELD. */
int queue_stream_off(struct queue *queue);

/* A FREE buffer that has at least size bytes, -1 when there is none. */
int queue_find_free(const struct queue *queue, uint32_t size);

/*
 * Give a buffer to the driver. bytesused counts for OUTPUT only; cookie comes back with what the
 * driver makes of the buffer: it travels as timestamp, in microseconds, since drivers keep no
 * finer ones. 0 or a negative errno with the slot unchanged.
 */
int queue_enqueue(struct queue *queue, unsigned index, size_t bytesused, uint64_t cookie);

/*
 * The same for a queue of imports: memory has the descriptors and true sizes, which stay the
 * caller's. The driver keeps what it has attached until another DMA-BUF comes with that index, or
 * the buffers are freed: let each DMA-BUF come with the same index always. It says much when it
 * cannot use the memory: EINVAL, EFAULT, ENOMEM, EOPNOTSUPP...
 */
int queue_enqueue_import(struct queue *queue, unsigned index, const struct queue_memory *memory,
			 size_t bytesused, uint64_t cookie);

/*
 * Take a buffer from the driver; its slot becomes HELD. 0; -EAGAIN when none is ready; -EPIPE
 * after the last one of a drain; another negative errno.
 */
int queue_dequeue(struct queue *queue, struct queue_done *done);

/* The content of a held buffer is not needed any more. */
void queue_release(struct queue *queue, unsigned index);

#endif
