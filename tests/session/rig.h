/* SPDX-License-Identifier: MIT */
/*
 * A session on the fake devices, with a sink that writes down what it is given and checks every
 * picture and chunk to the last byte.
 */
#ifndef WC_TESTS_SESSION_RIG_H
#define WC_TESTS_SESSION_RIG_H

#include <check.h>

#include "budget/accountant.h"
#include "fake/fake.h"
#include "session/session.h"
#include "v4l2/probe.h"

#define RIG_PATH "/dev/fake-video0"
#define RIG_MAX 512
#define RIG_MAX_SESSIONS 128

enum rig_event {
	RIG_FRAME,
	RIG_CHUNK,
	RIG_READY,
	RIG_DRAINED,
	RIG_FAILED,
};

struct rig {
	struct core *core;
	struct loop loop;
	struct accountant accountant;
	struct claim claims[RIG_MAX_SESSIONS];   /* one for each session ever opened */
	unsigned n_claims;
	struct frame_memory *memory;       /* of rig_memory_new() */
	struct session_env env;
	struct v4l2_device_info info;
	struct session *session;
	const struct fake_model *model;
	uint32_t codec;                    /* V4L2_PIX_FMT_* of the chunks */
	struct fake_chunk chunk;           /* the next chunk; seq counts */
	const char *codec_string;          /* instead of one that the model should know */
	uint32_t wished;                   /* DRM fourcc that a decoder is asked for, 0: none */
	uint64_t wished_modifier;
	uint32_t fourcc;                   /* of the last frame */
	uint64_t modifier;
	enum tiling tiling;
	bool no_rectangle;                 /* padding may be visible: the driver did not tell */
	bool canonical;                    /* H.264 and HEVC: lengths and a description */

	unsigned n_frames;                 /* what came out, decoders */
	uint32_t seqs[RIG_MAX];
	int64_t timestamps[RIG_MAX];
	uint32_t widths[RIG_MAX], heights[RIG_MAX];
	unsigned n_chunks, n_keys;         /* what came out, encoders */
	bool keys[RIG_MAX];
	unsigned hold;                     /* frames to keep open */
	unsigned n_held;
	struct wc_video_frame *held[RIG_MAX];
	unsigned n_drained, n_failed, n_ready;
	unsigned after_failed;             /* what came after a failure */
	struct wc_error error;             /* the last failure */
	/* Looks at each frame in place of the rig's own check, and counts it. */
	void (*judge)(struct rig *rig, struct wc_video_frame *frame);
	bool in_call;                      /* a call to the session is under way */
	/* Called at the end of each call of the sink, may reset or destroy. */
	void (*hook)(struct rig *rig, enum rig_event event);
	char warning[256];                 /* the last line of the log */
	unsigned n_warnings;
};

/*
 * What the rig's context decided on, NULL: nothing. Programs link one of two: that of
 * rig_no_memory.c, or that of rig_memory.c, which has sessions import.
 */
struct frame_memory *rig_memory_new(struct core *core);

/* fake_start(), one device of the model at RIG_PATH, no session yet. */
void rig_start(struct rig *rig, const struct fake_model *model);

/*
 * The same where the fake is started: in fake_for_each_failure(). The device is there, but nobody
 * has looked at it yet; that is rig_probe(), with its negative errno. False: the machine failed,
 * and nothing is left.
 */
bool rig_start_core(struct rig *rig, const struct fake_model *model);
int rig_probe(struct rig *rig);

/* All back; the fake must have seen no violation. */
void rig_stop(struct rig *rig);
void rig_stop_core(struct rig *rig);

/* For the next session that is opened. */
void rig_enter_claim(struct rig *rig, bool encoder);

/* Sessions. The wc_status, details in rig->error. */
int rig_open_decoder(struct rig *rig, uint32_t codec, uint32_t width, uint32_t height);
int rig_open_encoder(struct rig *rig, uint32_t codec, uint32_t width, uint32_t height,
		     const struct encoder_params *extra);
int rig_open_converter(struct rig *rig, const struct converter_params *params);
void rig_destroy(struct rig *rig);

/* Destroy from inside a hook. */
void rig_destroy_inside(struct rig *rig);

/* Submit the next chunk of a decoder; dispatches while there is no room. The wc_status. */
int rig_feed(struct rig *rig, uint32_t flags);

/* The same without waiting for room, of at least size bytes. As session_ops.submit. */
int rig_feed_once(struct rig *rig, uint32_t flags, size_t size);

int rig_feed_many(struct rig *rig, unsigned n, uint32_t first_flags);

/* Submit frame seq to an encoder, drawn into a frame of the session or a plain one. */
int rig_encode(struct rig *rig, uint32_t seq, bool key_frame, bool in_place);

/* The same, key frame of a plain picture, without waiting for room: as submit. */
int rig_encode_once(struct rig *rig, uint32_t seq);

/*
 * Submit a frame to an encoder or converter, as it is; dispatches while there is no room. The
 * wc_status.
 */
int rig_encode_frame(struct rig *rig, struct wc_video_frame *frame, bool key_frame);

/* The same without waiting for room: as submit. */
int rig_submit_once(struct rig *rig, struct wc_video_frame *frame);

/* Draw the picture of frame seq. */
void rig_draw(struct wc_video_frame *frame, uint32_t seq);

/* Drain and dispatch until it is done or the session failed. The wc_status. */
int rig_drain(struct rig *rig);

/* Dispatch until n frames or chunks are out, or the session failed. */
void rig_await(struct rig *rig, unsigned n);

void rig_release_held(struct rig *rig);

/* The codec of a coded format of a model. */
enum video_codec rig_codec(uint32_t v4l2);

#endif
