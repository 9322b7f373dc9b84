/* SPDX-License-Identifier: MIT */
/*
 * A session: one running codec, whatever does the work. The one interface between the WebCodecs
 * objects and the protocols.
 *
 *     api/ --- submit, drain, reset, destroy ---> session
 *     api/ <-- frame or chunk, ready, drained, failed --- session     (the sink)
 *
 * Rules that every session keeps:
 * - All calls come from the thread of the loop. Sink functions are called from the loop's dispatch
 *   only, never from inside a call to the session.
 * - A sink function may call the session, reset and destroy included. After each call of the sink
 *   a session looks whether it was reset or destroyed meanwhile, and gives out nothing more.
 * - Outputs come in order; `drained` comes after the last output of what was submitted before the
 *   drain. After `failed` nothing comes any more; only destroy and describe are called then.
 * - submit takes references of its own to what it keeps. It never waits.
 * - Drains do not overlap: after drain() neither drain nor submit is called before `drained` or
 *   reset().
 * - destroy gives hardware contexts back before it returns. Buffers that frames and chunks still
 *   use live on. The struct itself may have to live until the loop has left the session's
 *   handlers; that is the session's own affair.
 */
#ifndef WC_SESSION_SESSION_H
#define WC_SESSION_SESSION_H

#include <webcodecs/video_decoder.h>
#include <webcodecs/video_encoder.h>

#include "bitstream/codec_string.h"
#include "frame/color_space.h"
#include "frame/encoded_video_chunk.h"
#include "frame/video_frame.h"
#include "util/core.h"
#include "util/loop.h"

struct claim;
struct frame_memory;
struct session;
struct v4l2_device_info;

/* What a decoder session is made from. Pointers are valid during the call that gets them. */
struct decoder_params {
	struct codec_string codec;
	const void *description;           /* avcC or hvcC; NULL: Annex B, or a codec without */
	size_t description_size;
	uint32_t coded_width, coded_height;   /* hints, 0: unknown */
	bool low_latency;
	uint32_t fourcc;                   /* DRM; wished for frames, 0: any */
	uint64_t modifier;                 /* DRM; wished for frames of that fourcc */
};

/* What an encoder session is made from. */
struct encoder_params {
	struct codec_string codec;
	uint32_t width, height;            /* of the encoded picture */
	uint32_t fourcc;                   /* of the frames; 0: unknown before the first */
	uint64_t bitrate;                  /* bits a second, 0: default */
	double framerate;                  /* 0: unknown */
	enum wc_bitrate_mode bitrate_mode;
	enum wc_latency_mode latency_mode;
	enum wc_bitstream_format bitstream_format;
	uint32_t key_interval;             /* frames, 0: default */
	enum wc_copy_policy copy;
};

/* What a converter reads, or makes. */
struct converter_format {
	uint32_t fourcc;                   /* DRM */
	uint64_t modifier;                 /* DRM; of results always linear */
	uint32_t width, height;            /* pixels; of sources the visible part */
	struct wc_video_color_space color_space;   /* nulls: nobody said */
	enum tiling tiling;                /* not each has a modifier */
};

static inline bool converter_format_equal(const struct converter_format *a,
					  const struct converter_format *b)
{
	return a->fourcc == b->fourcc && a->modifier == b->modifier && a->tiling == b->tiling &&
	       a->width == b->width && a->height == b->height &&
	       color_space_equal(&a->color_space, &b->color_space);
}

/*
 * What a converter session is made from: one kind of source, one kind of result. Whoever has frames
 * of another kind makes another session.
 */
struct converter_params {
	struct converter_format source, result;
	uint16_t rotation;                 /* of the pixels, clockwise degrees: 0, 90, 180, 270 */
	bool flip;                         /* mirror horizontally, after the rotation */
	unsigned use;                      /* set of ::wc_memory_use: who shares the results */
	enum wc_copy_policy copy;          /* of sources that the device does not read in place */
};

/* One piece of work. A decoder reads chunk, an encoder the rest, a converter frame alone. */
struct session_input {
	struct wc_encoded_video_chunk *chunk;
	struct wc_video_frame *frame;
	bool key_frame;
	int quantizer;                     /* -1: none given */
};

/* What an encoder tells with a chunk. Valid during the call. */
struct session_chunk_info {
	/* avcC or hvcC that belongs to this chunk and those after it; NULL in other forms. */
	const void *description;
	size_t description_size;
	struct wc_video_color_space color_space;   /* of the coded picture, may have nulls */
};

struct session_sink_ops {
	/* The callee owns the references. Decoders and converters call frame, encoders chunk. */
	void (*frame)(void *sink, struct wc_video_frame *frame);
	void (*chunk)(void *sink, struct wc_encoded_video_chunk *chunk,
		      const struct session_chunk_info *info);
	/* There is room again, after a submit that found none. */
	void (*ready)(void *sink);
	void (*drained)(void *sink);
	/* error is valid during the call. */
	void (*failed)(void *sink, const struct wc_error *error);
};

/* Results of submit besides a negative ::wc_status. */
enum {
	SESSION_TAKEN = 0,
	SESSION_FULL = 1,                  /* no room now, `ready` will come */
};

struct session_ops {
	/*
	 * SESSION_TAKEN or SESSION_FULL; negative: the session has failed, *error is filled,
	 * `failed` is not called any more.
	 */
	int (*submit)(struct session *session, const struct session_input *input,
		      struct wc_error *error);
	/* 0: `drained` will come. Negative: as submit. */
	int (*drain)(struct session *session, struct wc_error *error);
	/*
	 * Drop all work; the session is as new, ready for a key chunk. Negative: as submit.
	 */
	int (*reset)(struct session *session, struct wc_error *error);
	/*
	 * Encoders: take new bitrate and framerate for the frames submitted from now on. -ENOTSUP:
	 * this needs a new session. NULL: never.
	 */
	int (*retune)(struct session *session, const struct encoder_params *params);
	/*
	 * Decoders: an input buffer of at least capacity bytes, in object 0, that submit reads in
	 * place. A pin, the caller's, to be ended with buffer_unpin(); the content is free to write
	 * until it is submitted. NULL: none is free. The op may be NULL.
	 */
	struct buffer *(*alloc_input)(struct session *session, size_t capacity);
	/*
	 * Encoders: a writable frame that submit reads in place, with the configured visible size.
	 * One reference. NULL with *error filled without memory.
	 */
	struct wc_video_frame *(*alloc_frame)(struct session *session,
					      const struct timing *timing,
					      struct wc_error *error);
	/*
	 * Encoders: whether the frame needs no conversion, be it read in place or copied row by
	 * row; and the n-th format, DRM, that frames may have now, 0: no more. NULL: the session's
	 * own affair.
	 */
	bool (*reads)(const struct session *session, const struct wc_video_frame *frame);
	uint32_t (*format)(const struct session *session, unsigned n);
	/*
	 * Whether a submit would find no room now. If so, the loop will wake up when
	 * there is room.
	 */
	bool (*saturated)(struct session *session);
	/*
	 * Decoders and converters: produce no more ahead than it takes to get on; false takes that
	 * back. To be repeated while it is on: more may have come free. Returns bytes freed. NULL:
	 * never.
	 */
	uint64_t (*throttle)(struct session *session, bool on);
	/*
	 * Decoders and converters: give out nothing for so many microseconds, `drained` neither,
	 * unless reset or throttle(false) ends that. From inside sink->frame only. NULL: never.
	 */
	void (*rest)(struct session *session, int64_t delay);
	void (*describe)(const struct session *session, struct wc_session_info *info);
	void (*destroy)(struct session *session);
};

/* Base of every session; the first member of the struct of each kind. */
struct session {
	const struct session_ops *ops;
	const struct session_sink_ops *sink_ops;
	void *sink;
};

/* What a session needs from its context; all outlive the session. */
struct session_env {
	struct core *core;
	struct loop *loop;
	struct claim *claim;               /* of the codec; NULL: for probes only */
	struct frame_memory *memory;       /* NULL: nobody decided anything */
};

/*
 * Make a session on one device. 0, or a negative ::wc_status with *error filled and nothing left
 * behind: NotSupportedError when the device cannot do it, QuotaExceededError when it has no
 * context left, OperationError when the machine failed.
 */
int stateful_decoder_new(const struct session_env *env, const struct v4l2_device_info *device,
			 const struct decoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error);
int stateful_encoder_new(const struct session_env *env, const struct v4l2_device_info *device,
			 const struct encoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error);

/*
 * The same on a V4L2 memory-to-memory converter or scaler. A result has the time and the duration
 * of its source, its own geometry, the colours of params, and neither rotation nor flip. The device
 * is told the default of the format for matrix and range that the source does not say, and for all
 * of a source without colours.
 * NotSupportedError: the device cannot make that of this; a device that would give another size,
 * another format or no rotation cannot.
 */
int m2m_converter_new(const struct session_env *env, const struct v4l2_device_info *device,
		      const struct converter_params *params,
		      const struct session_sink_ops *sink_ops, void *sink,
		      struct session **session, struct wc_error *error);

/*
 * The same on the CPU, with libyuv, in a thread; NotSupportedError where the pair of formats has no
 * way, for tiled sources, and for more than 32768 pixels a side. Matrix and range are computed,
 * between YUV formats too; primaries and transfer are not, the result has those of params. What
 * params leave null of the result it has from the source, or where one side is RGB from what the
 * formats are taken for: sRGB, BT.709 in limited range. RGB of limited range can only stay RGB of
 * limited range. All bytes of each result count as copied.
 *
 * The session fails for a frame of another kind, with TypeError; for one that the CPU cannot read,
 * with NotSupportedError; and with QuotaExceededError when the budget has no room for a result.
 */
int software_converter_new(const struct session_env *env, const struct converter_params *params,
			   const struct session_sink_ops *sink_ops, void *sink,
			   struct session **session, struct wc_error *error);

/*
 * Make a session on libavcodec; results as above. A build without libavcodec answers
 * NotSupportedError.
 */
int software_decoder_new(const struct session_env *env, const struct decoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error);
int software_encoder_new(const struct session_env *env, const struct encoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error);

/*
 * Whether libavcodec, as linked, has what it takes; name (of size bytes) receives its name of the
 * codec. Opens nothing.
 */
bool software_decoder_probe(const struct decoder_params *params, char *name, size_t size);
bool software_encoder_probe(const struct encoder_params *params, char *name, size_t size);

#endif
