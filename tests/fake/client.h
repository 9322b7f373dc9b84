/* SPDX-License-Identifier: MIT */
#ifndef WC_FAKE_CLIENT_H
#define WC_FAKE_CLIENT_H

#include "fake/fake.h"

/*
 * A client that speaks bare V4L2 to the fake, for its selftest. It knows the model, so it can do
 * what each driver wants; functions return 0 or more, or a negative errno.
 */

#define CLIENT_PATH "/dev/fake-video0"
#define CLIENT_BUFFERS 32
#define CLIENT_FRAMES 64

struct client_buffer {
	uint8_t *map[VIDEO_MAX_PLANES];
	size_t length[VIDEO_MAX_PLANES];
	unsigned int planes;
};

/* What came out of CAPTURE. */
struct client_frame {
	struct fake_chunk chunk;	/* encoder */
	uint32_t seq;			/* decoder: of the picture, UINT32_MAX if it is none */
	uint32_t width;
	uint32_t height;
	const char *difference;		/* decoder: NULL if the picture is as drawn */
	uint64_t timestamp;		/* microseconds */
	uint32_t bytesused;
	uint32_t flags;
};

struct client {
	const struct fake_model *model;
	int fd;
	int epoll;
	uint32_t output;		/* buffer types */
	uint32_t capture;
	struct client_buffer output_buffers[CLIENT_BUFFERS];
	struct client_buffer capture_buffers[CLIENT_BUFFERS];
	unsigned int output_count;
	unsigned int capture_count;
	uint32_t output_free;		/* mask of the buffers that are not queued */
	uint32_t capture_free;
	bool capture_running;

	/* client_decode(), client_encode() */
	const struct fake_chunk *chunks;
	unsigned int chunk_count;
	unsigned int chunk_next;
	bool stop_sent;
	bool change_seen;
	bool finished;
	unsigned int spare;		/* CAPTURE buffers beyond what the driver asks for */
	unsigned int source_changes;
	unsigned int changes_done;
	unsigned int eos_events;
	unsigned int output_errors;
	struct client_frame frames[CLIENT_FRAMES];
	unsigned int frame_count;
};

/* The model number @nth that has the role, NULL beyond the last. */
const struct fake_model *client_model(enum fake_role role, int nth);
/* How many models have the role: the end of a loop test. */
int client_models(enum fake_role role);
/* Lets the hardware run until it has nothing to do. */
void client_run(void);
/*
 * Describes @count frames of 640 x 368, of which 640 x 360 are visible, a key frame at each tenth;
 * seq counts up from @first in decoding order, which is display order, too.
 */
void client_chunks(struct fake_chunk chunks[], unsigned int count, uint32_t codec, uint32_t first);
/* There is one violation, and its text contains @text. Forgets it. */
void client_expect_violation(const char *text);
/* There is one at least, and all contain @text. Forgets them. */
void client_expect_violations(const char *text);

void client_open(struct client *c, const struct fake_model *model);
void client_close(struct client *c);
int client_ioctl(struct client *c, unsigned long request, void *arg);

int client_set_format(struct client *c, uint32_t type, uint32_t fourcc, uint32_t width,
		      uint32_t height, uint32_t sizeimage);
int client_get_format(struct client *c, uint32_t type, struct v4l2_pix_format_mplane *pix);
int client_request(struct client *c, uint32_t type, unsigned int count, uint32_t memory);
/* REQBUFS, QUERYBUF and mmap() */
int client_allocate(struct client *c, uint32_t type, unsigned int count);
void client_unmap(struct client *c, uint32_t type);
int client_stream(struct client *c, uint32_t type, bool on);
int client_subscribe(struct client *c, uint32_t event);
int client_stop(struct client *c);
int client_start(struct client *c);
int client_get_control(struct client *c, uint32_t id, int32_t *value);
int client_set_control(struct client *c, uint32_t id, int32_t value);

/* QUERYBUF; flags of a buffer */
uint32_t client_query_flags(struct client *c, uint32_t type, unsigned int index);
/* EXPBUF of one plane, with O_CLOEXEC; an fd. */
int client_export(struct client *c, uint32_t type, unsigned int index, unsigned int plane,
		  uint32_t access);

/* Prepares a struct v4l2_buffer for both APIs. */
void client_buffer_init(struct client *c, uint32_t type, unsigned int index,
			struct v4l2_buffer *buf, struct v4l2_plane planes[VIDEO_MAX_PLANES]);
int client_queue_capture(struct client *c, unsigned int index);
int client_queue_data(struct client *c, unsigned int index, const void *data, size_t size,
		      uint64_t timestamp);
int client_queue_chunk(struct client *c, unsigned int index, const struct fake_chunk *chunk,
		       uint64_t timestamp);
/* Draws frame @seq into OUTPUT buffer @index of an encoder and queues it. */
int client_queue_picture(struct client *c, unsigned int index, uint32_t seq, uint64_t timestamp);
/* Index of the buffer. @buf, @planes may be NULL. */
int client_dequeue(struct client *c, uint32_t type, struct v4l2_buffer *buf,
		   struct v4l2_plane planes[VIDEO_MAX_PLANES]);
/* Events that are ready; 0 after @timeout. */
uint32_t client_wait(struct client *c, uint32_t events, int timeout);
int client_event(struct client *c, struct v4l2_event *event);
/* Frees and allocates CAPTURE for the format that the driver has now, and streams. */
int client_setup_capture(struct client *c);
/* Looks at what CAPTURE buffer @index holds and appends it to @frames. */
void client_note_frame(struct client *c, unsigned int index, const struct v4l2_buffer *buf,
		       uint32_t bytesused);

/* Ready to take coded data: format, events, OUTPUT buffers, streaming. */
void client_begin_decoder(struct client *c, const struct fake_model *model,
			  const struct fake_chunk *first);
/* The same, with the first key frame decoded and CAPTURE set up: frame 0 of @chunks waits there. */
void client_begin_running(struct client *c, const struct fake_model *model,
			  struct fake_chunk chunks[], unsigned int count);
/* Decodes all chunks and drains, whatever the driver's quirks. */
void client_decode(struct client *c, const struct fake_chunk *chunks, unsigned int count);
/* Brings a drained decoder to where it takes data again, as its model wants it. */
void client_resume(struct client *c);

void client_begin_encoder(struct client *c, const struct fake_model *model, uint32_t width,
			  uint32_t height);
/* Encodes frames @first .. @first + @count - 1 and drains. */
void client_encode(struct client *c, uint32_t first, unsigned int count);

/* Timestamp of a frame in microseconds, so that it survives truncation to milliseconds. */
static inline uint64_t client_timestamp(uint32_t seq)
{
	return 1000000 + (uint64_t)seq * 40000;
}

#endif
