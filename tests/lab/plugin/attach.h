/* SPDX-License-Identifier: MIT */
/*
 * How often the driver has to attach and map a DMA-BUF: videobuf2 does so when the one that is
 * queued at an index is not the one that was queued there before.
 *
 * With WC_LAB_ATTACHMENTS=FILE a line for each DMA-BUF is added to FILE when the device is closed:
 *   PID encoder|decoder output|capture INODE ATTACHED QUEUED
 *
 * With WC_LAB_REFUSE_ATTACH=1 no DMA-BUF is attached: to queue one fails with EFAULT, as videobuf2
 * says when the exporter refuses. Exporters of the lab's kernel do not.
 */
#ifndef WC_PLUGIN_ATTACH_H
#define WC_PLUGIN_ATTACH_H

#include <linux/videodev2.h>
#include <stdbool.h>
#include <sys/types.h>

#define ATTACH_INDICES 64
#define ATTACH_BUFFERS 256

struct attach_queue {
	ino_t at[ATTACH_INDICES];      /* DMA-BUF by index, 0: none */
	struct {
		ino_t inode;
		unsigned attached, queued;
	} buffers[ATTACH_BUFFERS];
	unsigned n_buffers;
	unsigned lost;                 /* calls that found no room in the table */
};

struct attach {
	const char *path;              /* NULL: nothing is counted */
	bool refuses;
	struct attach_queue output, capture;
};

void attach_init(struct attach *attach);

/* Whether a buffer that is to be queued is one that is not attached. */
bool attach_refuses(const struct attach *attach, const struct v4l2_buffer *buffer);

/* A buffer was queued. Only first planes count. */
void attach_count(struct attach *attach, const struct v4l2_buffer *buffer);

/* The buffers of a queue were replaced. */
void attach_forget(struct attach *attach, enum v4l2_buf_type type);

/* Write the counts. */
void attach_finish(const struct attach *attach, bool encoder);

#endif
