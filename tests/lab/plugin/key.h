/* SPDX-License-Identifier: MIT */
/*
 * Key frames on demand for vicodec's encoder, which makes one of the first frame after STREAMON of
 * either queue, and then one of every GOP_SIZE.
 *
 * GOP_SIZE cannot be used: what it makes of frame n, vicodec decides while it codes frame n - 1. So
 * CAPTURE is stopped and started when the frame in question is about to be coded, which is inside
 * QBUF. Coded frames that were not fetched are fetched before and handed out afterwards; the new
 * one is behind them, so poll() stays true until all are out. Buffers that were queued are queued
 * again, and sequence numbers go on.
 *
 * Which frame it is: the one of the next QBUF(OUTPUT) if all before it are coded. If not, for lack
 * of CAPTURE buffers, it is the first of those that wait: as with venus, s5p-mfc and coda. Between
 * STOP and the restart that ends a drain nothing is done: the first frame after that is a key frame
 * anyway. A device is used by one thread at a time.
 */
#ifndef WC_PLUGIN_KEY_H
#define WC_PLUGIN_KEY_H

#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdint.h>

/* A buffer that was taken from the driver, with its planes. */
struct key_buffer {
	struct v4l2_buffer buffer;
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
};

struct key {
	int fd;
	bool multiplanar;
	bool wanted;                   /* for the next frame that is queued */
	bool armed;                    /* that frame is queued, or just about to be */
	bool draining;
	bool output_streams, capture_streams;
	struct key_buffer stash[VIDEO_MAX_FRAME * 2];
	unsigned first, end;           /* of the stash: what is still in it */
	uint32_t base;                 /* added to the driver's sequence numbers */
	uint32_t next;                 /* sequence number */
};

void key_init(struct key *key, int fd, bool multiplanar);

/* FORCE_KEY_FRAME. */
void key_force(struct key *key);

/* In the place of QBUF and DQBUF. As ioctl(). */
int key_queue(struct key *key, struct v4l2_buffer *buffer);
int key_dequeue(struct key *key, struct v4l2_buffer *buffer);

/* A queue was started or stopped. */
void key_stream(struct key *key, enum v4l2_buf_type type, bool on);

/* ENCODER_CMD was obeyed. */
void key_command(struct key *key, const struct v4l2_encoder_cmd *command);

#endif
