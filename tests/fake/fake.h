/* SPDX-License-Identifier: MIT */
#ifndef WC_FAKE_FAKE_H
#define WC_FAKE_FAKE_H

#include <linux/videodev2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A strict fake of V4L2 memory-to-memory codec devices inside the test process.
 *
 *	test -> library (static archive) -> v4l2_*()  defined by the fake
 *	                                 -> open(), close(), ioctl(), mmap(), epoll_wait(), ...
 *	                                    wrapped by the linker (FAKE_LDFLAGS in local.mk)
 *
 * A test adds devices from models (data, one per imitated driver), hands their paths to the
 * library, runs it, and asks at the end what the library did wrong:
 *
 *	fake_start();
 *	fake_add_device(&fake_bcm2835_decoder, "/dev/fake-video0");
 *	... run the library on "/dev/fake-video0" ...
 *	ck_assert_uint_eq(fake_counter(FAKE_REQBUFS), 2);
 *	fake_stop();                          also looks for leaked fds and mappings
 *	fake_check_no_violations();           prints all of them and aborts if there is one
 *
 * fake_start() and fake_stop() fit a checked fixture. A test program that runs with CK_FORK=no may
 * call them any number of times; the list of violations lives until the next fake_start().
 *
 * What is real and what is not
 *  - A device fd is a memfd: a true fd number, visible in /proc/self/fd. stat(), sysfs and udev
 *    know nothing of it.
 *  - Every plane of an MMAP buffer is a memfd. VIDIOC_EXPBUF opens it again with the access mode
 *    that was asked for, so plain mmap(), dup(), fstat() and lseek() behave as on a dma-buf.
 *    DMABUF import takes any memfd, since user space can make no other thing that is as shareable.
 *    Exported planes, and what fake_dma_buf() makes, are DMA-BUFs to fstatfs(), too.
 *  - read() and write() of a device are not emulated. DMA_BUF_IOCTL_SYNC on an exported buffer
 *    is accepted and checked.
 *  - One thread only. Nothing runs between two calls of the library.
 *
 * How the hardware runs
 *  The fake hardware does one step (one job of one context, in turn) whenever the library waits and
 *  nothing is ready: in epoll_wait(), poll() or a blocking VIDIOC_DQBUF. fake_set_pace() makes
 *  it run ahead instead. When nothing is ready and the hardware has nothing to do either, time
 *  jumps to the next armed timerfd or to the end of the timeout: clock_gettime(CLOCK_MONOTONIC) is
 *  wrapped and includes the jumps, so a time limit of some seconds costs a test nothing. With no
 *  timer and no timeout the library would sleep for ever: that is a HANG. The fake prints both
 *  queues of every context and aborts, unless fake_expect_hang() was called. Waking up very often
 *  without any successful ioctl in between (a busy loop) is a HANG, too.
 *
 * Poll semantics are those of v4l2_m2m_poll() and vb2 in Linux 6.12, among them: EPOLLERR only if
 * IN or OUT was asked for and no queue is usable, EPOLLIN for ever after LAST was dequeued.
 */

/* ---------------------------------------------------------------- calls ---------------------- */

/* X(enumerator, name in messages, ioctl number or 0) */
#define FAKE_CALL_LIST(X) \
	X(FAKE_OPEN, "open", 0) \
	X(FAKE_CLOSE, "close", 0) \
	X(FAKE_DUP, "dup", 0) \
	X(FAKE_MMAP, "mmap", 0) \
	X(FAKE_MUNMAP, "munmap", 0) \
	X(FAKE_EPOLL_CTL, "epoll_ctl", 0) \
	X(FAKE_EPOLL_WAIT, "epoll_wait", 0) \
	X(FAKE_POLL, "poll", 0) \
	X(FAKE_FD_OPEN, "v4l2_fd_open", 0) \
	X(FAKE_QUERYCAP, "VIDIOC_QUERYCAP", VIDIOC_QUERYCAP) \
	X(FAKE_ENUM_FMT, "VIDIOC_ENUM_FMT", VIDIOC_ENUM_FMT) \
	X(FAKE_ENUM_FRAMESIZES, "VIDIOC_ENUM_FRAMESIZES", VIDIOC_ENUM_FRAMESIZES) \
	X(FAKE_ENUM_FRAMEINTERVALS, "VIDIOC_ENUM_FRAMEINTERVALS", VIDIOC_ENUM_FRAMEINTERVALS) \
	X(FAKE_G_FMT, "VIDIOC_G_FMT", VIDIOC_G_FMT) \
	X(FAKE_S_FMT, "VIDIOC_S_FMT", VIDIOC_S_FMT) \
	X(FAKE_TRY_FMT, "VIDIOC_TRY_FMT", VIDIOC_TRY_FMT) \
	X(FAKE_G_PARM, "VIDIOC_G_PARM", VIDIOC_G_PARM) \
	X(FAKE_S_PARM, "VIDIOC_S_PARM", VIDIOC_S_PARM) \
	X(FAKE_G_SELECTION, "VIDIOC_G_SELECTION", VIDIOC_G_SELECTION) \
	X(FAKE_S_SELECTION, "VIDIOC_S_SELECTION", VIDIOC_S_SELECTION) \
	X(FAKE_REQBUFS, "VIDIOC_REQBUFS", VIDIOC_REQBUFS) \
	X(FAKE_CREATE_BUFS, "VIDIOC_CREATE_BUFS", VIDIOC_CREATE_BUFS) \
	X(FAKE_REMOVE_BUFS, "VIDIOC_REMOVE_BUFS", FAKE_VIDIOC_REMOVE_BUFS) \
	X(FAKE_QUERYBUF, "VIDIOC_QUERYBUF", VIDIOC_QUERYBUF) \
	X(FAKE_PREPARE_BUF, "VIDIOC_PREPARE_BUF", VIDIOC_PREPARE_BUF) \
	X(FAKE_QBUF, "VIDIOC_QBUF", VIDIOC_QBUF) \
	X(FAKE_DQBUF, "VIDIOC_DQBUF", VIDIOC_DQBUF) \
	X(FAKE_EXPBUF, "VIDIOC_EXPBUF", VIDIOC_EXPBUF) \
	X(FAKE_STREAMON, "VIDIOC_STREAMON", VIDIOC_STREAMON) \
	X(FAKE_STREAMOFF, "VIDIOC_STREAMOFF", VIDIOC_STREAMOFF) \
	X(FAKE_SUBSCRIBE_EVENT, "VIDIOC_SUBSCRIBE_EVENT", VIDIOC_SUBSCRIBE_EVENT) \
	X(FAKE_UNSUBSCRIBE_EVENT, "VIDIOC_UNSUBSCRIBE_EVENT", VIDIOC_UNSUBSCRIBE_EVENT) \
	X(FAKE_DQEVENT, "VIDIOC_DQEVENT", VIDIOC_DQEVENT) \
	X(FAKE_QUERYCTRL, "VIDIOC_QUERYCTRL", VIDIOC_QUERYCTRL) \
	X(FAKE_QUERY_EXT_CTRL, "VIDIOC_QUERY_EXT_CTRL", VIDIOC_QUERY_EXT_CTRL) \
	X(FAKE_QUERYMENU, "VIDIOC_QUERYMENU", VIDIOC_QUERYMENU) \
	X(FAKE_G_CTRL, "VIDIOC_G_CTRL", VIDIOC_G_CTRL) \
	X(FAKE_S_CTRL, "VIDIOC_S_CTRL", VIDIOC_S_CTRL) \
	X(FAKE_G_EXT_CTRLS, "VIDIOC_G_EXT_CTRLS", VIDIOC_G_EXT_CTRLS) \
	X(FAKE_S_EXT_CTRLS, "VIDIOC_S_EXT_CTRLS", VIDIOC_S_EXT_CTRLS) \
	X(FAKE_TRY_EXT_CTRLS, "VIDIOC_TRY_EXT_CTRLS", VIDIOC_TRY_EXT_CTRLS) \
	X(FAKE_DECODER_CMD, "VIDIOC_DECODER_CMD", VIDIOC_DECODER_CMD) \
	X(FAKE_TRY_DECODER_CMD, "VIDIOC_TRY_DECODER_CMD", VIDIOC_TRY_DECODER_CMD) \
	X(FAKE_ENCODER_CMD, "VIDIOC_ENCODER_CMD", VIDIOC_ENCODER_CMD) \
	X(FAKE_TRY_ENCODER_CMD, "VIDIOC_TRY_ENCODER_CMD", VIDIOC_TRY_ENCODER_CMD) \
	X(FAKE_OTHER_IOCTL, "other ioctl", 0)

/*
 * Every call that the fake sees. v4l2_ioctl() counts as the VIDIOC it carries, v4l2_close(),
 * v4l2_mmap() and v4l2_munmap() as close, mmap and munmap; fcntl(F_DUPFD*) as dup. open, close,
 * dup, mmap and munmap count only for devices and exported buffers, epoll and poll calls always.
 */
enum fake_call {
#define X(enumerator, name, request) enumerator,
	FAKE_CALL_LIST(X)
#undef X
	FAKE_CALLS
};

const char *fake_call_name(enum fake_call call);

/* ---------------------------------------------------------------- models --------------------- */

enum fake_role {
	FAKE_DECODER,		/* stateful: coded OUTPUT, raw CAPTURE */
	FAKE_ENCODER,		/* stateful: raw OUTPUT, coded CAPTURE */
	FAKE_STATELESS,		/* can be enumerated, advertises requests; STREAMON gives EINVAL */
	FAKE_CONVERTER,		/* raw OUTPUT, raw CAPTURE: fake_convert.c */
	FAKE_CAMERA,		/* VIDEO_CAPTURE only; a picture each interval, if there is room */
};

/* Where a driver tells that it is out of contexts. */
enum fake_stage {
	FAKE_STAGE_NEVER,
	FAKE_STAGE_OPEN,
	FAKE_STAGE_REQBUFS,	/* REQBUFS and CREATE_BUFS of a context that has none yet */
	FAKE_STAGE_STREAMON,
};

/* How the last CAPTURE buffer of a drain or before a resolution change is marked. */
enum fake_last {
	FAKE_LAST_ON_FRAME,	/* on the last frame; an empty buffer if there is none to mark */
	FAKE_LAST_EMPTY,	/* always on an extra buffer with bytesused 0 */
	FAKE_LAST_FRAME_OR_EPIPE, /* on the last frame; EPIPE at once if there is none to mark */
	FAKE_LAST_UNFLAGGED,	/* an empty buffer without the flag, then silence */
	/* every CAPTURE buffer that is queued comes back empty, all flagged */
	FAKE_LAST_ALL,
	FAKE_LAST_EPIPE,	/* no flagged buffer: DQBUF fails with EPIPE after the last frame */
	FAKE_LAST_NEVER,	/* neither; the decoder just falls silent */
};

/* What START does for a codec that has drained. */
enum fake_start {
	FAKE_START_RESUMES,		/* as dev-decoder.rst and dev-encoder.rst say */
	/* accepted, but nothing runs until OUTPUT was restarted, too */
	FAKE_START_NEEDS_RESTART,
	FAKE_START_NOOP,		/* accepted, but CAPTURE must be restarted */
	FAKE_START_EINVAL,		/* refused; CAPTURE must be restarted */
};

/* What G_FMT(CAPTURE) of a decoder says before the stream's header was parsed. */
enum fake_early {
	FAKE_EARLY_GUESS,		/* the format that S_FMT(OUTPUT) led to */
	FAKE_EARLY_EINVAL,
	/* it lets the hardware run until the header is parsed, or EINVAL */
	FAKE_EARLY_WAIT,
};

/* What happens to v4l2_buffer.timestamp on its way from OUTPUT to CAPTURE. */
enum fake_timestamp {
	FAKE_TIMESTAMP_COPY,
	FAKE_TIMESTAMP_MILLISECONDS,	/* truncated to whole milliseconds */
	FAKE_TIMESTAMP_ZERO_FIRST,	/* zero on the first CAPTURE buffer after STREAMON */
	/* that of the newest OUTPUT buffer, not of the frame's own */
	FAKE_TIMESTAMP_LATEST,
	FAKE_TIMESTAMP_ZERO,		/* always zero */
};

/* A coded or raw pixel format. Lists end with fourcc 0; the first row is the driver's default. */
struct fake_format {
	uint32_t fourcc;
	uint32_t flags;			/* V4L2_FMT_FLAG_* as ENUM_FMT reports them */
	uint32_t stride_align;		/* bytes, raw formats only; 0 is 1 */
	uint32_t height_align;		/* lines, raw formats only; 0 is the model's height.align */
};

/* Limits of a frame side in pixels. */
struct fake_range {
	uint32_t min;
	uint32_t max;
	uint32_t step;			/* as ENUM_FRAMESIZES tells it; 1 = continuous */
	uint32_t align;			/* the coded size is rounded up to this */
};

/* A control. Lists end with id 0. */
struct fake_control {
	uint32_t id;
	uint32_t type;			/* V4L2_CTRL_TYPE_*; no compound types */
	int64_t min;
	int64_t max;
	uint64_t step;
	int64_t def;
	uint64_t menu_skip;		/* bit n set: menu item n is not there */
	uint32_t flags;			/* V4L2_CTRL_FLAG_* */
};

/* Selection targets as a mask. */
enum {
	FAKE_SEL_CROP = 1 << 0,
	FAKE_SEL_CROP_DEFAULT = 1 << 1,
	FAKE_SEL_CROP_BOUNDS = 1 << 2,
	FAKE_SEL_COMPOSE = 1 << 3,
	FAKE_SEL_COMPOSE_DEFAULT = 1 << 4,
	FAKE_SEL_COMPOSE_BOUNDS = 1 << 5,
	FAKE_SEL_COMPOSE_PADDED = 1 << 6,
};

struct fake_quirks {
	/* formats and set-up */
	bool coded_format_first;	/* S_FMT of the raw side before the coded side: EINVAL */
	bool reqbufs_needs_format;	/* REQBUFS before S_FMT of the coded side: EINVAL */
	/* S_FMT of the coded side keeps sizeimage 0, REQBUFS: EINVAL */
	bool coded_sizeimage_required;
	/* TRY_FMT and S_FMT do not replace an unknown pixel format */
	bool unknown_format_einval;
	/* S_FMT gives EBUSY while streaming, not while buffers exist */
	bool busy_only_when_streaming;
	bool reqbufs_once;		/* REQBUFS needs REQBUFS(0) in between, else EINVAL */
	bool no_try_cmd;		/* TRY_DECODER_CMD and TRY_ENCODER_CMD: ENOTTY */
	bool coded_size_zero;		/* G_FMT of the coded side says 0x0 */
	enum fake_early capture_format_early;

	/* dynamic resolution */
	bool no_source_change;		/* never an event; frames of another size come as errors */
	bool no_first_source_change;	/* no event for the first header, only for later changes */
	bool no_source_change_if_same;	/* no event when S_FMT(OUTPUT) had the stream's size */
	/* again for each start of OUTPUT while CAPTURE is stopped */
	bool source_change_after_seek;
	bool source_change_late;	/* the event comes after the LAST buffer, not before */
	bool change_ends_drain;		/* restarting CAPTURE within a drain forgets the drain */

	/* drain, seek and restart */
	enum fake_last drain_end;
	enum fake_last change_end;
	enum fake_start start;
	bool no_codec_cmd;		/* DECODER_CMD and ENCODER_CMD: ENOTTY */
	bool no_drain_busy;		/* STOP or START while draining is not refused with EBUSY */
	bool no_eos_event;		/* never sends V4L2_EVENT_EOS */
	bool eos_event_early;		/* sends it on STOP, before the last frames are out */
	bool output_stop_marks_last;	/* STREAMOFF(OUTPUT) within a drain completes the drain */
	/* restarting OUTPUT alone does not resume after a drain */
	bool output_restart_stays_stopped;
	/* QBUF(OUTPUT) between STOP and the end of the drain: EIO */
	bool output_eio_in_drain;
	/* STREAMOFF(OUTPUT) drops frames held back for reordering */
	bool seek_drops_frames;

	/* encoder */
	bool i_period_is_gop;		/* writing H264_I_PERIOD writes GOP_SIZE */
	/* above it, STREAMON gives ESRCH unless the level is over 4.0 */
	int64_t bitrate_limit;

	/* buffers */
	bool no_expbuf;			/* ENOTTY */
	bool exact_rectangles;		/* S_SELECTION does not adjust: EINVAL (rga.c) */
	bool no_create_bufs;		/* ENOTTY for CREATE_BUFS, PREPARE_BUF, REMOVE_BUFS */
	bool fragments_oversize;	/* an encoded frame that is too large comes in pieces */
	bool context_held_by_dmabuf;	/* an exported buffer keeps the context after close() */
	/* MIN_BUFFERS_FOR_CAPTURE says 1 whatever the stream needs */
	bool min_buffers_always_one;
	/* unless min_capture + reorder buffers are queued, nothing runs */
	bool decodes_only_when_full;
	bool own_poll; /* EPOLLERR hides EPOLLPRI and comes for any request; no EPOLLIN
					 * after LAST (s5p-mfc does not use v4l2_m2m_poll()) */

	/* output */
	enum fake_timestamp timestamp;
	/* an encoder's first CAPTURE buffer is unusable, with ts 0 */
	bool garbage_first_output;
	/* frames that the codec holds back beyond the stream's reorder */
	unsigned int delay;

	/* camera */
	bool no_monotonic;		/* time stamps zero, of unknown origin */
	bool no_sequence;		/* all frames have number 0 */
	bool fields;			/* gives V4L2_FIELD_ALTERNATE */

	/* time on the fake clock */
	unsigned int stop_ms;		/* STREAMOFF takes so long (milliseconds) */
	unsigned int job_us;		/* a job takes so long (microseconds) */
};

struct fake_model {
	const char *name;		/* of the model, for messages: "bcm2835-codec decoder" */
	const char *driver;		/* v4l2_capability */
	const char *card;
	const char *bus_info;
	uint32_t version;		/* KERNEL_VERSION() */
	enum fake_role role;
	bool mplane;

	const struct fake_format *coded;
	const struct fake_format *raw;
	struct fake_range width;
	struct fake_range height;
	uint32_t default_width;		/* of a fresh context */
	uint32_t default_height;
	bool stride_free;		/* a larger bytesperline is accepted on the raw side */
	uint32_t raw_sizeimage_extra;	/* bytes beyond the pixels, in the last plane */
	bool size_continuous;		/* ENUM_FRAMESIZES says CONTINUOUS, not STEPWISE */
	bool no_framesizes;		/* ENUM_FRAMESIZES: ENOTTY */
	bool no_parm;			/* G_PARM and S_PARM: ENOTTY */

	/* default bytes of a coded buffer; 0 = width * height * 3 / 4 */
	uint32_t coded_sizeimage;
	uint32_t coded_sizeimage_min;	/* smaller requests are raised */
	uint32_t coded_sizeimage_max;	/* larger ones are cut; 0 = no limit */

	uint32_t memory;		/* V4L2_BUF_CAP_SUPPORTS_{MMAP,USERPTR,DMABUF} */
	uint32_t buf_caps;		/* the other V4L2_BUF_CAP_* bits, e.g. ORPHANED_BUFS */
	unsigned int min_output;	/* REQBUFS raises count to this */
	unsigned int min_capture;	/* the same; a decoder adds the stream's reorder depth and
					 * tells the sum in MIN_BUFFERS_FOR_CAPTURE. 0 = no help */
	unsigned int min_queued_output;	/* vb2_queue.min_queued_buffers */
	unsigned int min_queued_capture;
	unsigned int max_buffers;	/* a queue; 0 = VIDEO_MAX_FRAME, not more than 64 */

	/*
	 * Selection targets of the raw side (CAPTURE of decoders, else OUTPUT), FAKE_SEL_*; 0 =
	 * ENOTTY
	 */
	uint32_t selection_get;
	uint32_t selection_set;

	const struct fake_control *controls;
	uint32_t events;		/* bit (1 << V4L2_EVENT_*) that can be subscribed */

	unsigned int context_limit;	/* 0 = none */
	enum fake_stage limit_stage;
	int limit_errno;		/* positive */

	struct fake_quirks quirks;
};

/*
 * The imitated drivers. A test that needs one detail changed copies a model and changes the
 * copy; fake_add_device() copies the struct but not what it points to.
 */
extern const struct fake_model fake_generic_decoder;	/* no quirk; H264 HEVC VP8 VP9 FWHT; MP */
extern const struct fake_model fake_generic_encoder;
extern const struct fake_model fake_generic_decoder_sp;	/* the same, single-planar API */
extern const struct fake_model fake_generic_encoder_sp;
extern const struct fake_model fake_vicodec_decoder;	/* as the kernel's: FWHT only, SP */
extern const struct fake_model fake_vicodec_encoder;
extern const struct fake_model fake_bcm2835_decoder;
extern const struct fake_model fake_bcm2835_encoder;
extern const struct fake_model fake_venus_decoder;
extern const struct fake_model fake_venus_encoder;
extern const struct fake_model fake_s5p_mfc_decoder;
extern const struct fake_model fake_s5p_mfc_encoder;
extern const struct fake_model fake_coda_decoder;
extern const struct fake_model fake_coda_encoder;
extern const struct fake_model fake_hantro_decoder;	/* stateless */
extern const struct fake_model fake_vim2m;		/* converter */
extern const struct fake_model fake_bcm2835_isp;	/* converter */
extern const struct fake_model fake_rga;		/* converter: crops and turns */
extern const struct fake_model fake_camera;

/* Stateful decoders that have nothing but one format of tiles or columns. Not in fake_models. */
#define FAKE_TILE_DECODERS 10
extern const struct fake_model fake_tile_decoders[FAKE_TILE_DECODERS];

/* All of the above but these, ended by NULL. */
extern const struct fake_model *const fake_models[];

/* ---------------------------------------------------------------- life ----------------------- */

/* Begins with no devices, no violations and all counters at zero. Notes which fds are open. */
void fake_start(void);

/*
 * Ends: whatever fd, mapping or registration the library left since fake_start() becomes a
 * violation. Frees all else. Devices are gone afterwards; violations and counters stay readable.
 */
void fake_stop(void);

/*
 * Adds a device. @path is any absolute path that does not exist; open() of it reaches the fake.
 * Returns 0, or -EEXIST for a path in use.
 */
int fake_add_device(const struct fake_model *model, const char *path);

/* Takes the device away: later ioctls give ENODEV, poll EPOLLERR | EPOLLHUP, open() ENOENT. */
void fake_unplug(const char *path);

/* The hardware stops (true) or goes on (false); ioctls still work. A wait then hangs. */
void fake_stall(const char *path, bool stalled);

/* A fatal error now: QBUF and DQBUF give EIO on all open files until both queues are stopped. */
void fake_break(const char *path);

/* Pretends that other processes hold @contexts of the model's context_limit. */
void fake_set_foreign_contexts(const char *path, unsigned int contexts);

/* Contexts that count against the limit now, without the foreign ones. */
unsigned int fake_contexts(const char *path);

/* Files open on the device now. */
unsigned int fake_open_files(const char *path);

/* Encoder: bytes of each following encoded frame, headers included; 0 = a small default. */
void fake_set_encoded_size(const char *path, size_t bytes);

/* Converter: the next result comes with V4L2_BUF_FLAG_ERROR. */
void fake_flaw(const char *path);

/* Camera: the next so many pictures find no buffer, the sequence number goes on. */
void fake_camera_lose(const char *path, unsigned int pictures);

enum fake_damage {
	FAKE_DAMAGE_NONE,
	FAKE_DAMAGE_FLAG,		/* V4L2_BUF_FLAG_ERROR */
	FAKE_DAMAGE_SHORT,		/* half a picture, without a flag */
};

/* Camera: the next picture is such. */
void fake_camera_damage(const char *path, enum fake_damage damage);

/* Sends V4L2_EVENT_SOURCE_CHANGE to all open files that subscribed to it. */
void fake_change_source(const char *path);

/*
 * Value of a control on the newest open file of a device; so a test sees what the library set.
 * INT64_MIN if the model has no such control. Buttons: how often it was pressed.
 */
int64_t fake_control_value(const char *path, uint32_t id);

/* Rate given by S_PARM on the newest open file: time per frame; of CAPTURE with cameras. */
struct v4l2_fract fake_time_per_frame(const char *path);

/* Current format of one queue (V4L2_BUF_TYPE_* of the model) on the newest open file. */
struct v4l2_format fake_current_format(const char *path, uint32_t type);

/* ---------------------------------------------------------------- running -------------------- */

enum fake_pace {
	FAKE_PACE_LAZY,			/* a step only when the library waits with nothing ready */
	FAKE_PACE_EAGER,		/* all possible steps after every successful ioctl */
	FAKE_PACE_RANDOM,		/* 0..3 steps after every ioctl, from @seed */
};

void fake_set_pace(enum fake_pace pace, uint32_t seed);

/* One hardware step by hand. Returns false if no device had anything to do. */
bool fake_step(void);

/* Moves the fake clock (CLOCK_MONOTONIC and timerfds) forward. */
void fake_advance_time(uint64_t microseconds);

/*
 * With @expected, a HANG makes the wait return as if its timeout had passed (0 events), and is
 * counted; without (default) it aborts.
 */
void fake_expect_hang(bool expected);
unsigned int fake_hangs(void);

/*
 * How long, in real milliseconds, a wait without timeout may block on real fds other than timers
 * before it is a HANG. Default 0. For tests in which a child process or thread wakes the library.
 */
void fake_set_hang_grace(int milliseconds);

/* Writes the state of all devices, contexts, queues and buffers to stderr. */
void fake_dump(void);

/* ---------------------------------------------------------------- judging -------------------- */

/* How often @call was made since fake_start() or fake_reset_counters(). */
unsigned int fake_counter(enum fake_call call);

/* Calls that went to the kernel, all kinds together. */
unsigned int fake_syscalls(void);

/* DQBUF calls that gave EAGAIN. */
unsigned int fake_eagains(void);

/* Dma-buf imports in which the driver had to map anew: another buffer at that index than before. */
unsigned int fake_attaches(void);

/* QBUF calls with V4L2_BUF_FLAG_NO_CACHE_CLEAN or _INVALIDATE, which the driver heeds. */
unsigned int fake_no_clean(void);
unsigned int fake_no_invalidate(void);

/*
 * A dma-buf of somebody else's, of that size; a descriptor that the caller closes before
 * fake_stop(), for it counts as the client's. Negative errno.
 */
int fake_dma_buf(size_t size);

/* Frames decoded, encoded or converted. */
unsigned int fake_jobs(void);

void fake_reset_counters(void);

unsigned int fake_violations(void);

/* Text of violation number @index, NULL beyond the last. Valid until the next fake_start(). */
const char *fake_violation(unsigned int index);

/* Forgets them; for a test that provokes one on purpose and has looked at it. */
void fake_clear_violations(void);

/* Aborts after printing all violations, if there are any. */
void fake_check_no_violations(void);

/* While set, v4l2_fd_open() is a violation: enumerating needs no session. */
void fake_enumerating(bool enumerating);

/* Free places in the 16-device table that libv4l2 has per process. */
unsigned int fake_free_slots(void);

/* Occupies @slots places of that table, as another user of libv4l2 in the process would. */
void fake_take_slots(unsigned int slots);

/* ---------------------------------------------------------------- failing -------------------- */

/* The @nth call of this kind from now (1 = the next) fails with @error and has no effect. */
void fake_fail(enum fake_call call, unsigned int nth, int error);

/* The same for the @nth and all that follow. */
void fake_fail_from(enum fake_call call, unsigned int nth, int error);

/* Removes all failures that were ordered. */
void fake_fail_none(void);

/* Whether a failure ordered by fake_fail() has not happened yet. */
bool fake_fail_pending(void);

/*
 * Errors that a call may give: the Return Value section of its kernel document, plus the generic
 * ones (EINTR, ENODEV, ...). A list ends with 0.
 */
const int *fake_errnos(enum fake_call call);

/* A whole life of the library on fake devices. Must add the devices and leave nothing behind. */
typedef void (*fake_scenario)(void *data);

/*
 * Runs @scenario once undisturbed and notes its sequence of calls, then once more for every call in
 * that sequence and every errno of fake_errnos() for it, with exactly that call failing. Each run
 * is in a fresh fake_start()..fake_stop() with fake_check_no_violations() at its end, and hangs
 * abort. The scenario must bear the failure; fake_failure() tells which one is on. With
 * FAKE_VERBOSE in the environment each run is named on stderr. Returns the number of runs.
 */
unsigned int fake_for_each_failure(fake_scenario scenario, void *data);

/* "call 17: VIDIOC_QBUF gives EIO" within fake_for_each_failure(), or "no failure". */
const char *fake_failure(void);

/* ---------------------------------------------------------------- bitstream ------------------ */

enum {
	FAKE_CHUNK_KEY = 1 << 0,	/* a random access point, with parameter sets */
	FAKE_CHUNK_HIDDEN = 1 << 1,	/* decoded but never shown: no CAPTURE buffer */
	FAKE_CHUNK_CORRUPT = 1 << 2,	/* its CAPTURE buffer gets V4L2_BUF_FLAG_ERROR */
	/* its OUTPUT buffer gets V4L2_BUF_FLAG_ERROR, nothing comes out */
	FAKE_CHUNK_BAD = 1 << 3,
	/* the hardware dies: EIO on both queues until STREAMOFF of both */
	FAKE_CHUNK_FATAL = 1 << 4,
	FAKE_CHUNK_EOS = 1 << 5,	/* end of sequence behind this frame: an implicit drain */
	FAKE_CHUNK_NO_HEADERS = 1 << 6,	/* key frame without parameter sets (they are elsewhere) */
	FAKE_CHUNK_HEADERS_ONLY = 1 << 7, /* only the parameter sets: no frame */
	FAKE_CHUNK_LENGTH_PREFIX = 1 << 8, /* H264, HEVC: 4-byte lengths instead of start codes */
	/* parse only: an encoder saw a frame that differs from the pattern */
	FAKE_CHUNK_DAMAGED = 1 << 9,
	/*
	 * its CAPTURE buffer comes back empty, with V4L2_BUF_FLAG_ERROR and time 0, as venus does
	 * for HFI_BUFFERFLAG_DROP_FRAME: vdec_buf_done()
	 */
	FAKE_CHUNK_DROPPED = 1 << 10,
};

/*
 * One coded frame. Its bytes begin as those of the true codec do (H.264: Annex B with true SPS and
 * PPS and a slice header; HEVC: VPS, SPS, PPS; VP8, VP9: true uncompressed header; FWHT: its
 * header; JPEG: SOI, SOF0), so that parsers find type and size; then comes a payload of the fake's
 * own.
 */
struct fake_chunk {
	uint32_t codec;			/* V4L2_PIX_FMT_H264, HEVC, VP8, VP9, FWHT, MPEG2, MJPEG */
	uint32_t width;			/* coded size before alignment */
	uint32_t height;
	uint32_t visible_width;		/* 0 = width */
	uint32_t visible_height;	/* 0 = height */
	uint32_t visible_left;
	uint32_t visible_top;
	uint32_t seq;			/* identity of the frame, drawn into the picture */
	/* place in display order; matters only if reorder is not 0 */
	int32_t order;
	/* frames that the decoder must hold back, told by key frames */
	uint32_t reorder;
	uint32_t flags;			/* FAKE_CHUNK_* */
	size_t pad_size;		/* the chunk is filled up to this size, if larger */
};

/* Bytes written to @buf, or 0 if they do not fit in @cap or the codec is unknown. */
size_t fake_stream_frame(void *buf, size_t cap, const struct fake_chunk *chunk);

/* The avcC or hvcC record that goes with FAKE_CHUNK_LENGTH_PREFIX. Bytes, or 0 as above. */
size_t fake_stream_description(void *buf, size_t cap, const struct fake_chunk *chunk);

/*
 * Finds the first frame of the fake in @data. @next, if not NULL, receives the offset behind it.
 * Returns false if there is none. pad_size receives the size from the beginning of @data to @next.
 */
bool fake_stream_parse(const void *data, size_t size, struct fake_chunk *chunk, size_t *next);

/* ---------------------------------------------------------------- pictures ------------------- */

/*
 * A raw picture in memory: one pointer and stride for each colour plane (NV12: 2, YU12: 3),
 * whatever the number of buffers. The pointers show at the first visible pixel. Of formats whose
 * pixels are not in lines (tiles, columns) they show at the first coded one, the stride is that of
 * the V4L2 format, and the rest says where the visible part is.
 */
struct fake_picture {
	uint32_t fourcc;		/* V4L2_PIX_FMT_* */
	uint32_t width;			/* visible pixels */
	uint32_t height;
	uint8_t *plane[4];
	size_t stride[4];
	uint32_t left, top;		/* of tiles and columns only, pixels */
	uint32_t coded_height;		/* likewise */
};

/* Number of colour planes of a raw format, 0 if the fake does not know it. */
unsigned int fake_picture_planes(uint32_t fourcc);

/*
 * Fills plane[] and stride[] for a picture that lies in one piece at @data with the luma stride
 * @stride and the aligned height @coded_height, as V4L2 single-buffer formats do. Bytes of it all.
 */
size_t fake_picture_layout(struct fake_picture *picture, void *data, size_t stride,
			   uint32_t coded_height);

/* Draws frame @seq. Every byte of the visible area depends on seq, plane, line and column. */
void fake_draw_frame(const struct fake_picture *picture, uint32_t seq);

/* NULL if the picture is exactly frame @seq, else a text (static) with the first difference. */
const char *fake_check_frame(const struct fake_picture *picture, uint32_t seq);

/* The number of the frame drawn there, or UINT32_MAX. */
uint32_t fake_frame_seq(const struct fake_picture *picture);

/* Value of the bytes around the visible area of a decoded picture. */
#define FAKE_PADDING 0xee

/* Younger than the kernel headers of the oldest distribution we build on. */
#ifndef V4L2_PIX_FMT_NV12_8L128
#define V4L2_PIX_FMT_NV12_8L128 v4l2_fourcc('A', 'T', '1', '2')
#endif

/* Column format of the Raspberry Pi, not in all headers. */
#ifndef V4L2_PIX_FMT_NV12_COL128
#define V4L2_PIX_FMT_NV12_COL128 v4l2_fourcc('N', 'C', '1', '2')
#endif

/* VIDIOC_REMOVE_BUFS is younger (6.10) than many installed headers. */
struct fake_remove_buffers {
	uint32_t index;
	uint32_t count;
	uint32_t type;
	uint32_t reserved[13];
};

#define FAKE_VIDIOC_REMOVE_BUFS _IOWR('V', 104, struct fake_remove_buffers)

#endif
