/* SPDX-License-Identifier: MIT */
/*
 * A session without hardware whose every step a test decides. It defines the functions of
 * session/select.h, so that a program that links it gets no other session.
 *
 * Unless told otherwise each input becomes one output, in order, and drains end behind them, all
 * in the next dispatch. Words in the trace: open, refused, submit:TIME, full (a submit was
 * refused), drain, reset, retune:BITRATE, destroy. A K behind TIME says that a key frame was asked
 * for, Qn that quantizer n was given.
 *
 * Frames out of a converter are of the format that its session is made for, with any content.
 *
 * It is strict: a call that session.h forbids fails the test, and so does a frame that a converter
 * session is not made for.
 */
#ifndef WC_TESTS_API_SCRIPT_SESSION_H
#define WC_TESTS_API_SCRIPT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/webcodecs.h>

#include "session/session.h"
#include "trace.h"

struct script_session;

struct script {
	/* Set by the test, at any time. */
	struct trace *trace;
	enum wc_status open_fails;     /* WC_OK: sessions can be made */
	unsigned room;                 /* inputs that a session holds at once; 0: any number */
	int allowed;                   /* events that may still be given out; -1: any number */
	bool several;                  /* sessions live beside each other: codecs are several */
	unsigned submit_fails_at;      /* the how many-th submit of a session fails; 0: none */
	enum wc_status submit_error;   /* with what; WC_OK: EncodingError */
	bool drain_fails, reset_fails;
	bool retune_works;
	bool has_inputs;               /* alloc_input has a buffer */
	bool no_frames;                /* alloc_frame is out of memory */
	struct wc_video_color_space colors;   /* of outputs */
	const void *description;       /* of chunks; NULL: none */
	size_t description_size;
	uint32_t sar_width;            /* display width of frames, 0: the visible one */
	bool probe_works;

	/* Read by the test. */
	struct script_session *session;   /* made last and alive; NULL: none */
	struct decoder_params decoder;    /* of the last open or probe; without strings */
	struct encoder_params encoder;
	struct converter_params converter;
	enum wc_hardware_acceleration preference;
	char label[32], device[64];
	unsigned alive;
	bool throttled;                /* the last session that was told so */
	unsigned throttles, rests;     /* calls */
	uint64_t frees;                /* bytes that a session frees when it is throttled */
	struct buffer *last_input;     /* what alloc_input gave, not a reference */
};

/* Make script what new sessions do. NULL at the end of a test: fails if a session is alive. */
void script_use(struct script *script);

/* Let n more events out, in the next dispatch. */
void script_allow(struct script *script, int n);

/* The running session fails by itself, behind the events that are there already. */
void script_fail(struct script *script, enum wc_status name);

#endif
