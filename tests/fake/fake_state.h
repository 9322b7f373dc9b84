/* SPDX-License-Identifier: MIT */
#ifndef WC_FAKE_FAKE_STATE_H
#define WC_FAKE_FAKE_STATE_H

#include "fake.h"

#include <sys/epoll.h>
#include <sys/types.h>

/*
 * The inside of the fake. One file a noun:
 *
 *	fake.c		life, file descriptors, the wrapped libc calls, libv4l2's symbols
 *	fake_wait.c	epoll, poll, timers, time: when the library sleeps
 *	fake_judge.c	counters, violations, ordered failures
 *	fake_ioctl.c	from an ioctl number to its handler
 *	fake_device.c	devices, open files, context limits
 *	fake_format.c	pixel formats, selection, frame rate
 *	fake_control.c	controls
 *	fake_event.c	events
 *	fake_queue.c	buffers and queues, after videobuf2
 *	fake_codec.c	the hardware
 *	fake_camera.c	the hardware of cameras
 *	fake_stream.c	the bitstream
 *	fake_picture.c	raw pictures
 *	model_*.c	the drivers, data only
 *
 * Handlers return 0 or a negative errno, as in the kernel.
 */

#define FAKE_MAX_BUFFERS 64
#define FAKE_MAX_EVENTS 16
#define FAKE_MAX_CONTROLS 40

struct fake_file;

/* ---------------------------------------------------------------- queues -- */

enum fake_buffer_state {
	FAKE_BUF_NONE,			/* no such buffer */
	FAKE_BUF_DEQUEUED,		/* the client has it */
	FAKE_BUF_QUEUED,		/* queued, streaming not started */
	FAKE_BUF_ACTIVE,		/* the driver has it */
	FAKE_BUF_DONE,			/* waits for DQBUF */
	FAKE_BUF_ERROR,			/* the same, with V4L2_BUF_FLAG_ERROR */
};

struct fake_plane {
	int fd;				/* memfd of an MMAP plane, else -1 */
	dev_t dev;			/* of the memory behind it */
	ino_t ino;
	uint8_t *map;			/* the driver's own mapping or the client's USERPTR */
	size_t map_length;		/* of the mapping; 0 for USERPTR */
	uint32_t length;
	uint32_t min_length;
	uint32_t bytesused;
	uint32_t data_offset;
	int client_fd;			/* DMABUF: the number that QBUF gave */
	unsigned int mappings;		/* by mmap() of the device */
};

struct fake_buffer {
	enum fake_buffer_state state;
	unsigned int index;
	unsigned int num_planes;
	struct fake_plane planes[VIDEO_MAX_PLANES];
	bool prepared;
	bool exported;
	bool cleaned;			/* caches were written back once since it was made */
	uint32_t flags;			/* of the driver: KEYFRAME, LAST, TIMECODE, ... */
	uint32_t field;
	uint32_t sequence;
	uint64_t timestamp;		/* ns */
	struct v4l2_timecode timecode;
	uint64_t sum;			/* of the content when it changed hands */
	bool sum_valid;
};

/* Indices of buffers, first in first out. */
struct fake_fifo {
	unsigned int count;
	uint8_t item[FAKE_MAX_BUFFERS];
};

struct fake_queue {
	struct fake_file *file;
	uint32_t type;
	bool is_output;
	uint32_t memory;		/* 0 while there are no buffers */
	uint32_t memory_flags;		/* V4L2_MEMORY_FLAG_* */
	struct fake_buffer buffers[FAKE_MAX_BUFFERS];
	unsigned int count;
	unsigned int limit;		/* buffers that may exist */
	unsigned int min_queued;

	struct fake_fifo queued;	/* all that the client queued, done ones included */
	struct fake_fifo ready;		/* handed to the driver and not yet taken by the hardware */
	struct fake_fifo done;

	bool streaming;
	bool started;			/* start_streaming was called */
	bool error;
	bool last_dequeued;		/* DQBUF gives EPIPE */
	bool last_when_empty;		/* the same, once @done is empty */
	uint32_t sequence;
};

/* ---------------------------------------------------------------- codec -- */

/*
 * A codec context.
 *
 *	HEADER --(first header)--> SETUP --(CAPTURE starts)--> RUN
 *	HEADER --(first header, CAPTURE already fits)--> RUN
 *	RUN --(STOP, end of sequence)--> DRAIN --(LAST is out)--> STOPPED
 *	RUN --(other size)--> CHANGE --(LAST is out)--> STOPPED
 *	STOPPED --(START, restart of a queue; the model's quirks decide)--> RUN
 *	RUN, DRAIN, CHANGE --(fatal)--> DEAD --(both queues stopped)--> HEADER
 *
 * An encoder or converter begins in RUN. A STOP is remembered in @stop_pending while the buffers
 * that were queued before it are still being processed, so that CHANGE may come in between.
 */
enum fake_codec_state {
	FAKE_CODEC_HEADER,
	FAKE_CODEC_SETUP,
	FAKE_CODEC_RUN,
	FAKE_CODEC_DRAIN,
	FAKE_CODEC_CHANGE,
	FAKE_CODEC_STOPPED,
	FAKE_CODEC_DEAD,
};

/* What a stream's header tells. */
struct fake_stream_info {
	uint32_t width;
	uint32_t height;
	struct v4l2_rect visible;
	uint32_t reorder;
};

/* A decoded frame that waits for its turn. */
struct fake_held {
	unsigned int index;		/* CAPTURE buffer */
	uint32_t epoch;			/* display order starts anew at each key frame */
	int32_t order;
	bool error;
};

struct fake_codec {
	enum fake_codec_state state;

	/* decoder: the stream */
	struct fake_stream_info info;
	bool info_known;
	bool info_from_client;		/* only S_FMT(OUTPUT) told the size */
	bool need_key;
	bool have_headers;		/* parameter sets were seen */
	uint32_t epoch;
	size_t offset;			/* into the current OUTPUT buffer */
	bool bad_output;		/* the current OUTPUT buffer gets an error flag */
	struct fake_held held[FAKE_MAX_BUFFERS];
	unsigned int held_count;

	/* drain */
	bool stop_pending;
	unsigned int stop_left;		/* OUTPUT buffers before the end of the drain */
	/* the client cannot know for sure that a drain is going on */
	bool unannounced;
	bool stopped_by_change;
	bool resumed;			/* STOPPED: START or a restart of CAPTURE was seen */
	bool restart_needed;		/* STOPPED: OUTPUT must be restarted, too */

	/* encoder */
	uint32_t frames;		/* since CAPTURE started */
	uint32_t since_key;
	unsigned int force_key;
	unsigned int b_left;		/* B frames still to come before the next P */
	bool headers_sent;
	bool garbage_sent;
	uint8_t *rest;			/* pieces of a frame that was too large */
	size_t rest_size;
	size_t rest_offset;
	uint64_t rest_timestamp;
};

/* ---------------------------------------------------------------- files -- */

struct fake_color {
	uint32_t colorspace;
	uint32_t ycbcr_enc;
	uint32_t quantization;
	uint32_t xfer_func;
};

struct fake_subscription {
	uint32_t type;
	uint32_t id;
};

struct fake_file {
	struct fake_file *next;		/* fake_device.files, newest first */
	struct fake_device *device;
	const struct fake_model *model;	/* the device's copy */
	dev_t dev;			/* of the memfd that is the client's fd */
	ino_t ino;
	bool registered;		/* with v4l2_fd_open() */
	bool context;			/* counts against the limit */

	struct fake_queue queues[2];	/* FAKE_OUTPUT, FAKE_CAPTURE */
	struct v4l2_pix_format_mplane formats[2];
	struct v4l2_rect crop;		/* encoder, converter: of OUTPUT */
	struct v4l2_rect compose;	/* converter: of CAPTURE */
	bool coded_set;
	bool no_sizeimage;		/* coded side was set with sizeimage 0 */
	struct fake_color color;
	struct v4l2_fract time_per_frame[2];

	int64_t controls[FAKE_MAX_CONTROLS];

	struct fake_subscription subscriptions[8];
	unsigned int subscription_count;
	struct v4l2_event events[FAKE_MAX_EVENTS];
	unsigned int event_count;
	uint32_t event_sequence;

	struct fake_codec codec;
};

enum {
	FAKE_OUTPUT,
	FAKE_CAPTURE,
};

/* Memory of a closed file that still counts: an exported buffer keeps the context. */
struct fake_zombie {
	struct fake_zombie *next;
	struct { dev_t dev; ino_t ino; } planes[FAKE_MAX_BUFFERS];
	unsigned int count;
};

struct fake_device {
	struct fake_device *next;
	struct fake_model model;
	char *path;
	bool gone;
	bool stalled;
	unsigned int foreign;
	size_t encoded_size;
	bool flawed;			/* the next result of a converter is marked so */
	struct fake_camera {
		unsigned int lose;	/* pictures that find no buffer, before the next */
		enum fake_damage damage;
		uint32_t pictures;	/* taken, lost ones included */
	} camera;
	struct fake_file *files;
	struct fake_zombie *zombies;
};

/* ---------------------------------------------------------------- the one state -- */

/*
 * One process has one kernel, so the fake of a kernel has one state. The symbols that are replaced
 * (open, ioctl, v4l2_ioctl, ...) have no argument through which it could come.
 */
struct fake {
	bool running;
	struct fake_device *devices;
	unsigned int turn;		/* which file the hardware serves next */
	enum fake_pace pace;
	uint32_t random;
	unsigned int jobs;
	unsigned int attaches;
	unsigned int no_clean, no_invalidate;
	unsigned int taken_slots;
	unsigned int dangling_slots;	/* closed behind libv4l2's back */
};

extern struct fake fake;

/* ---------------------------------------------------------------- fake.c -- */

int fake_real_close(int fd);
int fake_real_open(const char *path, int flags);
void *fake_real_mmap(size_t length, int prot, int fd);
int fake_real_munmap(void *address, size_t length);

/* A memfd whose number is out of the way of the client's. Negative errno. */
int fake_memfd(const char *name, size_t size, bool internal);

/* Fds and mappings of this process that refer to the memory, the fake's own included. */
unsigned int fake_count_fds(dev_t dev, ino_t ino);
unsigned int fake_count_mappings(dev_t dev, ino_t ino);

/* ---------------------------------------------------------------- fake_wait.c -- */

void fake_wait_reset(void);
void fake_wait_forget_fd(int fd);
uint64_t fake_time_offset(void);	/* ns */
void fake_progress(void);		/* an ioctl did something: not a busy loop */
void fake_hang(const char *why);	/* aborts, or returns if a hang is expected */

/* ---------------------------------------------------------------- fake_judge.c -- */

void fake_judge_reset(void);
void fake_violate(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Counts the call; returns 0 or the (positive) errno that was ordered for it. */
int fake_call_begin(enum fake_call call);
/* Counts only: a call that cannot fail but by misuse. */
void fake_call_count(enum fake_call call);
void fake_count_eagain(void);
enum fake_call fake_call_of(unsigned long request);
const char *fake_fourcc(uint32_t fourcc, char text[5]);

/* ---------------------------------------------------------------- fake_ioctl.c -- */

int fake_ioctl(struct fake_file *file, unsigned long request, void *arg, bool nonblocking);

/* ---------------------------------------------------------------- fake_device.c -- */

struct fake_device *fake_device_find(const char *path);
struct fake_file *fake_file_find(dev_t dev, ino_t ino);
int fake_file_open(struct fake_device *device, int flags, struct fake_file **out);
void fake_file_free(struct fake_file *file);
void fake_devices_free(void);
int fake_context_acquire(struct fake_file *file, enum fake_stage stage);
void fake_context_release(struct fake_file *file, enum fake_stage stage);
struct fake_plane *fake_plane_find(dev_t dev, ino_t ino);
uint32_t fake_file_poll(struct fake_file *file, uint32_t requested);
int fake_querycap(struct fake_file *file, struct v4l2_capability *cap);

/* ---------------------------------------------------------------- fake_format.c -- */

/* A colour plane: subsampling, and bytes for each of its (pairs of) pixels. */
struct fake_component {
	uint8_t hsub;
	uint8_t vsub;
	uint8_t bytes;
};

struct fake_layout {
	uint32_t fourcc;
	uint8_t buffers;		/* memory planes */
	uint8_t planes;			/* colour planes */
	bool columns;			/* SAND: bytesperline is the height of a column */
	struct fake_component component[4];
	struct {
		uint16_t width;		/* bytes; 0: lines */
		uint16_t height[2];	/* lines, of luma and of chroma */
		bool z;			/* tiles in the order of a Z, else in lines */
	} tile;
};

const struct fake_layout *fake_layout_find(uint32_t fourcc);
size_t fake_layout_row_bytes(const struct fake_layout *layout, unsigned int plane, uint32_t width);
uint32_t fake_layout_rows(const struct fake_layout *layout, unsigned int plane, uint32_t height);
/* The same, filled up to whole tiles: what memory has. */
uint32_t fake_layout_all_rows(const struct fake_layout *layout, unsigned int plane,
			      uint32_t height);
size_t fake_layout_stride(const struct fake_layout *layout, unsigned int plane, size_t stride);

bool fake_raw_side(const struct fake_model *model, bool output);
int fake_type_side(const struct fake_file *file, uint32_t type);
void fake_formats_init(struct fake_file *file);
/* Sets CAPTURE after the stream. */
void fake_format_from_stream(struct fake_file *file, const struct fake_stream_info *info);
uint32_t fake_align(uint32_t value, uint32_t align);
int fake_enum_fmt(struct fake_file *file, struct v4l2_fmtdesc *desc);
int fake_enum_framesizes(struct fake_file *file, struct v4l2_frmsizeenum *size);
int fake_enum_frameintervals(struct fake_file *file, struct v4l2_frmivalenum *interval);
int fake_g_fmt(struct fake_file *file, struct v4l2_format *format);
int fake_s_fmt(struct fake_file *file, struct v4l2_format *format);
int fake_try_fmt(struct fake_file *file, struct v4l2_format *format);
int fake_g_parm(struct fake_file *file, struct v4l2_streamparm *parm);
int fake_s_parm(struct fake_file *file, struct v4l2_streamparm *parm);
int fake_g_selection(struct fake_file *file, struct v4l2_selection *selection);
int fake_s_selection(struct fake_file *file, struct v4l2_selection *selection);

/* ---------------------------------------------------------------- fake_control.c -- */

void fake_controls_init(struct fake_file *file);
/* Value of a control of the file, or @missing if the model has none such. */
int64_t fake_control_get(const struct fake_file *file, uint32_t id, int64_t missing);
int fake_queryctrl(struct fake_file *file, struct v4l2_queryctrl *query);
int fake_query_ext_ctrl(struct fake_file *file, struct v4l2_query_ext_ctrl *query);
int fake_querymenu(struct fake_file *file, struct v4l2_querymenu *menu);
int fake_g_ctrl(struct fake_file *file, struct v4l2_control *control);
int fake_s_ctrl(struct fake_file *file, struct v4l2_control *control);
int fake_g_ext_ctrls(struct fake_file *file, struct v4l2_ext_controls *controls);
int fake_s_ext_ctrls(struct fake_file *file, struct v4l2_ext_controls *controls);
int fake_try_ext_ctrls(struct fake_file *file, struct v4l2_ext_controls *controls);

/* ---------------------------------------------------------------- fake_event.c -- */

void fake_event_queue(struct fake_file *file, uint32_t type, uint32_t changes);
int fake_subscribe_event(struct fake_file *file, struct v4l2_event_subscription *sub);
int fake_unsubscribe_event(struct fake_file *file, struct v4l2_event_subscription *sub);
int fake_dqevent(struct fake_file *file, struct v4l2_event *event, bool nonblocking);

/* ---------------------------------------------------------------- fake_queue.c -- */

void fake_fifo_push(struct fake_fifo *fifo, unsigned int item);
unsigned int fake_fifo_pop(struct fake_fifo *fifo);
void fake_fifo_remove(struct fake_fifo *fifo, unsigned int item);

void fake_queue_init(struct fake_queue *queue, struct fake_file *file, uint32_t type,
		     bool is_output);
void fake_queue_free(struct fake_queue *queue);
/* The driver returns a buffer; @bytesused is for plane 0 of coded, all planes of raw data. */
void fake_buffer_done(struct fake_queue *queue, unsigned int index, bool error);
/* Content of a plane that the driver may touch. */
uint8_t *fake_buffer_data(struct fake_buffer *buffer, unsigned int plane);
/* Takes ready buffer number @nth away from the list; checks that nobody wrote into it. */
unsigned int fake_queue_take(struct fake_queue *queue, unsigned int nth);
/* Makes ready again what was taken, whatever the hardware wrote into it. */
void fake_queue_put_back(struct fake_queue *queue, unsigned int index);
bool fake_plane_in_use(const struct fake_plane *plane);

int fake_reqbufs(struct fake_file *file, struct v4l2_requestbuffers *request);
int fake_create_bufs(struct fake_file *file, struct v4l2_create_buffers *create);
int fake_remove_bufs(struct fake_file *file, struct fake_remove_buffers *removal);
int fake_querybuf(struct fake_file *file, struct v4l2_buffer *buf);
int fake_prepare_buf(struct fake_file *file, struct v4l2_buffer *buf);
int fake_qbuf(struct fake_file *file, struct v4l2_buffer *buf);
int fake_dqbuf(struct fake_file *file, struct v4l2_buffer *buf, bool nonblocking);
int fake_expbuf(struct fake_file *file, struct v4l2_exportbuffer *export);
int fake_streamon(struct fake_file *file, const int *type);
int fake_streamoff(struct fake_file *file, const int *type);
int fake_queue_mmap(struct fake_file *file, size_t length, int prot, int flags, off_t offset,
		    struct fake_plane **plane);

/* ---------------------------------------------------------------- fake_codec.c -- */

void fake_codec_init(struct fake_file *file);
void fake_codec_free(struct fake_file *file);
void fake_codec_reset_stream(struct fake_file *file);	/* S_FMT of the coded side */
unsigned int fake_codec_min_capture(const struct fake_file *file);
void fake_codec_started(struct fake_queue *queue);
void fake_codec_stopping(struct fake_queue *queue);	/* buffers are still there */
void fake_codec_break(struct fake_file *file);
bool fake_codec_refuses_output(const struct fake_file *file);
bool fake_codec_step(struct fake_file *file);
int fake_decoder_cmd(struct fake_file *file, struct v4l2_decoder_cmd *cmd, bool try);
int fake_encoder_cmd(struct fake_file *file, struct v4l2_encoder_cmd *cmd, bool try);
const char *fake_codec_state_name(enum fake_codec_state state);

/* ---------------------------------------------------------------- fake_convert.c -- */

/* Fills the picture of CAPTURE from that of OUTPUT, as formats, rectangles and controls say. */
void fake_convert(struct fake_file *file, struct fake_buffer *source, struct fake_buffer *target);

/* ---------------------------------------------------------------- fake_camera.c -- */

bool fake_camera_step(struct fake_file *file);
/* What a camera makes of a wanted interval: the nearest that it has. */
struct v4l2_fract fake_camera_interval(const struct v4l2_fract *wanted);
int fake_camera_enum_intervals(struct v4l2_frmivalenum *interval);

/* ---------------------------------------------------------------- fake_stream.c -- */

/* Whether @data has a parameter set (H264, HEVC: an SPS with start code; others: always). */
bool fake_stream_has_headers(uint32_t codec, const uint8_t *data, size_t size);
/* What is wrong with how the payload of @chunk lies in its buffer, NULL if nothing. */
const char *fake_stream_complaint(const uint8_t *data, size_t size);

/* ---------------------------------------------------------------- fake_picture.c -- */

/* Finds plane[] and stride[] in buffers that have the format; @visible is applied. */
void fake_picture_of(const struct v4l2_pix_format_mplane *format, uint8_t *const memory[],
		     const struct v4l2_rect *visible, struct fake_picture *picture);
/* True if the picture carries a tag but differs from that frame elsewhere. */
bool fake_picture_damaged(const struct fake_picture *picture);

#endif
