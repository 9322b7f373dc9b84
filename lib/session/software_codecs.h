/* SPDX-License-Identifier: MIT */
/* Which codecs of libavcodec do what, and how they are told. Tables and look-ups. */
#ifndef WC_SESSION_SOFTWARE_CODECS_H
#define WC_SESSION_SOFTWARE_CODECS_H

#include <libavcodec/avcodec.h>

#include "session/session.h"

/* The decoder to use, as linked; NULL when there is none. */
const AVCodec *software_find_decoder(enum video_codec codec);

/* The quantizer of frames that come without one, in ::WC_BITRATE_QUANTIZER. */
#define SOFTWARE_QUANTIZER 26

/* What is known of one encoder beyond its AVCodec. */
struct software_encoder_row {
	enum video_codec codec;
	const char *name;
	/* Latency modes that it is good for, 1 << enum wc_latency_mode. */
	unsigned modes;
	/* It obeys AVFrame.pict_type; else a key frame is made by starting anew. */
	bool forces_keys;
	/* Bitrate and framerate may change while it runs. */
	bool retunes;
	/*
	 * How each frame gets its quantizer: the name of an option that is read with each frame, or
	 * "quality" for AVFrame.quality. NULL: it cannot, the mode is not supported.
	 */
	const char *quantizer;
	/* Default bitrate: thousandths of a bit for each pixel of each frame. */
	unsigned millibits;
	/* Options, "name=value;name=value"; NULL: none. The last with quantizers only. */
	const char *always, *quality, *realtime, *quantized;
};

/* The row to use for params and its AVCodec, as linked; NULL when there is none. */
const struct software_encoder_row *software_find_encoder(const struct encoder_params *params,
							 const AVCodec **codec);

/* Pixel formats that an encoder takes, ending with AV_PIX_FMT_NONE. Never NULL. */
const enum AVPixelFormat *software_encoder_formats(const AVCodec *codec);

/*
 * A context with what encoders share and what the row says, not yet opened; format and colours are
 * left to the caller. NULL with *error filled.
 */
AVCodecContext *software_encoder_context(const struct software_encoder_row *row,
					 const AVCodec *codec,
					 const struct encoder_params *params,
					 struct wc_error *error);

/* Set what follows from bitrate and framerate, also while it runs. */
void software_encoder_tune(const struct software_encoder_row *row, AVCodecContext *context,
			   const struct encoder_params *params);

/* Frames a second: as configured, within reason. */
double software_framerate(const struct encoder_params *params);

/*
 * A context that prints nothing: levels of its messages are moved beyond what the default log of
 * libavutil prints, whose level belongs to the application. NULL without memory.
 */
AVCodecContext *software_context_new(const AVCodec *codec);

/* avcodec_open2() with all signals blocked in the threads that it starts. */
int software_context_open(AVCodecContext *context, const AVCodec *codec);

/* Fill *error for a failed call on a codec: what says which, code is an AVERROR. */
int software_error(struct wc_error *error, enum wc_status name, const AVCodec *codec,
		   const char *what, int code);

/*
 * The same for a call that needed memory of our own: QuotaExceededError when the budget of the core
 * did not suffice (EDQUOT), OperationError without memory, else name.
 */
int software_memory_error(struct core *core, struct wc_error *error, enum wc_status name,
			  const AVCodec *codec, const char *what, int code);

/* An AVERROR as errno, 0 for those of libavutil's own. */
int software_errno(int code);

#endif
