/* SPDX-License-Identifier: MIT */
#include "session/software_codecs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <libavutil/cpu.h>
#include <libavutil/dict.h>
#include <libavutil/opt.h>

#include "session/software_worker.h"
#include "util/error.h"
#include "util/macros.h"

/* More threads than this only cost memory and delay. */
#define MAX_THREADS 16

/* Moves every level of libavutil's log, AV_LOG_FATAL (8) too, behind AV_LOG_TRACE (56). */
#define LOG_OFFSET 64

/* The default is what cameras do; a frame of the fastest still has time in microseconds. */
#define DEFAULT_FRAMERATE 30
#define MAX_FRAMERATE 1000

/* Seconds between key frames when nobody says. */
#define DEFAULT_KEY_SECONDS 10

/* The first that is linked is taken. Those that drive hardware are left out on purpose. */
static const struct {
	enum video_codec codec;
	const char *name;
} decoder_rows[] = {
	{ VIDEO_CODEC_H264, "h264" },
	{ VIDEO_CODEC_H264, "libopenh264" },
	{ VIDEO_CODEC_HEVC, "hevc" },
	{ VIDEO_CODEC_VP8, "vp8" },
	{ VIDEO_CODEC_VP8, "libvpx" },
	{ VIDEO_CODEC_VP9, "vp9" },
	{ VIDEO_CODEC_VP9, "libvpx-vp9" },
	{ VIDEO_CODEC_AV1, "libdav1d" },
	{ VIDEO_CODEC_AV1, "libaom-av1" },
	{ VIDEO_CODEC_MJPEG, "mjpeg" },
};

#define QUALITY (1u << WC_LATENCY_QUALITY)
#define REALTIME (1u << WC_LATENCY_REALTIME)

/*
 * The first that is linked and can do the modes is taken. Notes:
 * - x265 prints on its own unless it is told not to; SVT-AV1 prints whatever it is told, and makes
 *   no key frame when asked, so it comes last.
 * - VP8's alternate reference frames are packets without a picture, which the API has no name for;
 *   VP9 hides them in superframes and AV1 in temporal units.
 * - x264 takes a new "crf" with each frame, but no new "qp". With all that adapts to the picture
 *   turned off the one is the other; without lookahead, a frame for each thread, and the frame that
 *   it waits for to learn how long the one before was, it counts for the frame it came with.
 * - Presets are those with which small boards still keep up.
 */
static const struct software_encoder_row encoder_rows[] = {
	{
		.codec = VIDEO_CODEC_H264, .name = "libx264", .modes = QUALITY | REALTIME,
		.forces_keys = true, .retunes = true, .quantizer = "crf", .millibits = 100,
		.always = "forced-idr=1",
		.quality = "preset=faster",
		.realtime = "preset=superfast;tune=zerolatency;sc_threshold=0",
		.quantized = "qcomp=1;aq-mode=0;mbtree=0;rc-lookahead=0;sc_threshold=0;"
			     "thread_type=slice;x264-params=force-cfr=1",
	}, {
		.codec = VIDEO_CODEC_H264, .name = "libopenh264", .modes = QUALITY | REALTIME,
		.forces_keys = true, .millibits = 120,
		.always = "allow_skip_frames=0",
	}, {
		.codec = VIDEO_CODEC_HEVC, .name = "libx265", .modes = QUALITY | REALTIME,
		.forces_keys = true, .millibits = 60,
		.always = "forced-idr=1;x265-params=log-level=none:open-gop=0",
		.quality = "preset=veryfast",
		.realtime = "preset=ultrafast;tune=zerolatency",
	}, {
		.codec = VIDEO_CODEC_VP8, .name = "libvpx", .modes = QUALITY | REALTIME,
		.forces_keys = true, .millibits = 100,
		.always = "auto-alt-ref=0;lag-in-frames=0",
		.quality = "deadline=good;cpu-used=4",
		.realtime = "deadline=realtime;cpu-used=8",
	}, {
		.codec = VIDEO_CODEC_VP9, .name = "libvpx-vp9", .modes = QUALITY | REALTIME,
		.forces_keys = true, .millibits = 60,
		.always = "row-mt=1;tile-columns=2",
		.quality = "deadline=good;cpu-used=5;lag-in-frames=16;auto-alt-ref=1",
		.realtime = "deadline=realtime;cpu-used=8;lag-in-frames=0;auto-alt-ref=0",
	}, {
		.codec = VIDEO_CODEC_AV1, .name = "libaom-av1", .modes = QUALITY | REALTIME,
		.forces_keys = true, .millibits = 50,
		.always = "row-mt=1",
		.quality = "usage=good;cpu-used=6;lag-in-frames=16",
		.realtime = "usage=realtime;cpu-used=8;lag-in-frames=0",
	}, {
		.codec = VIDEO_CODEC_AV1, .name = "librav1e", .modes = QUALITY | REALTIME,
		.millibits = 50,
		.quality = "speed=8",
		.realtime = "speed=10;rav1e-params=low_latency=true",
	}, {
		.codec = VIDEO_CODEC_AV1, .name = "libsvtav1", .modes = QUALITY,
		.millibits = 50,
		.quality = "preset=8",
	}, {
		.codec = VIDEO_CODEC_MJPEG, .name = "mjpeg", .modes = QUALITY | REALTIME,
		.forces_keys = true, .quantizer = "quality", .millibits = 1000,
	},
};

const AVCodec *software_find_decoder(enum video_codec codec)
{
	for (size_t i = 0; i < ARRAY_SIZE(decoder_rows); i++) {
		const AVCodec *found;

		if (decoder_rows[i].codec != codec)
			continue;
		found = avcodec_find_decoder_by_name(decoder_rows[i].name);
		if (found)
			return found;
	}
	return NULL;
}

const struct software_encoder_row *software_find_encoder(const struct encoder_params *params,
							 const AVCodec **codec)
{
	for (size_t i = 0; i < ARRAY_SIZE(encoder_rows); i++) {
		const struct software_encoder_row *row = &encoder_rows[i];

		if (row->codec != params->codec.codec ||
		    !(row->modes & 1u << params->latency_mode) ||
		    (params->bitrate_mode == WC_BITRATE_QUANTIZER && !row->quantizer))
			continue;
		*codec = avcodec_find_encoder_by_name(row->name);
		if (*codec)
			return row;
	}
	return NULL;
}

const enum AVPixelFormat *software_encoder_formats(const AVCodec *codec)
{
	static const enum AVPixelFormat usual[] = { AV_PIX_FMT_YUV420P, AV_PIX_FMT_NONE };
	const enum AVPixelFormat *formats = NULL;

#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100)
	const void *list;

	if (avcodec_get_supported_config(NULL, codec, AV_CODEC_CONFIG_PIX_FORMAT, 0, &list,
					 NULL) >= 0)
		formats = list;
#else
	formats = codec->pix_fmts;
#endif
	return formats ? formats : usual;
}

/* --- Contexts --- */

AVCodecContext *software_context_new(const AVCodec *codec)
{
	AVCodecContext *context = avcodec_alloc_context3(codec);
	int cpus = av_cpu_count();

	if (!context)
		return NULL;
	context->log_level_offset = LOG_OFFSET;
	context->thread_count = cpus < 1 ? 1 : cpus > MAX_THREADS ? MAX_THREADS : cpus;
	return context;
}

int software_context_open(AVCodecContext *context, const AVCodec *codec)
{
	sigset_t old;
	int ret;

	signals_block(&old);
	ret = avcodec_open2(context, codec, NULL);
	signals_restore(&old);
	return ret;
}

double software_framerate(const struct encoder_params *params)
{
	if (!(params->framerate > 0))
		return DEFAULT_FRAMERATE;
	return params->framerate < MAX_FRAMERATE ? params->framerate : MAX_FRAMERATE;
}

static int64_t bitrate_of(const struct software_encoder_row *row,
			  const struct encoder_params *params)
{
	double pixels = (double)params->width * params->height;
	double usual = pixels * software_framerate(params) * row->millibits / 1000;
	double bits = params->bitrate ? (double)params->bitrate : usual;

	/* libavcodec's encoders count in int. */
	return bits > INT_MAX ? INT_MAX : bits < 1000 ? 1000 : (int64_t)bits;
}

/*
 * x264 without latency does not look at the time: it goes on as if frames came as often as it was
 * told when it was opened. What it is told later has to make up for that.
 */
static double rate_factor(AVCodecContext *context, const struct encoder_params *params)
{
	if (!avcodec_is_open(context) ||
	    params->latency_mode != WC_LATENCY_REALTIME)
		return 1;
	return av_q2d(context->framerate) / software_framerate(params);
}

void software_encoder_tune(const struct software_encoder_row *row, AVCodecContext *context,
			   const struct encoder_params *params)
{
	bool realtime = params->latency_mode == WC_LATENCY_REALTIME;
	double bits = (double)bitrate_of(row, params) * rate_factor(context, params);

	if (params->bitrate_mode == WC_BITRATE_QUANTIZER)
		return;
	context->bit_rate = bits > INT_MAX ? INT_MAX : (int64_t)bits;
	if (params->bitrate_mode != WC_BITRATE_CONSTANT)
		return;
	context->rc_max_rate = context->bit_rate;
	context->rc_min_rate = context->bit_rate;
	/* What may be ahead of the rate: one second, or half of one when somebody waits. */
	context->rc_buffer_size = (int)(realtime ? context->bit_rate / 2 : context->bit_rate);
}

static int apply_options(AVCodecContext *context, const char *options)
{
	AVDictionary *dict = NULL;
	int ret;

	if (!options)
		return 0;
	ret = av_dict_parse_string(&dict, options, "=", ";", 0);
	/* What a version of an encoder does not know stays in the dictionary. */
	if (ret >= 0)
		ret = av_opt_set_dict2(context, &dict, AV_OPT_SEARCH_CHILDREN);
	av_dict_free(&dict);
	return ret;
}

static int apply_row(const struct software_encoder_row *row, AVCodecContext *context,
		     const struct encoder_params *params)
{
	bool realtime = params->latency_mode == WC_LATENCY_REALTIME;
	int ret = apply_options(context, row->always);

	if (ret >= 0)
		ret = apply_options(context, realtime ? row->realtime : row->quality);
	if (ret >= 0 && params->bitrate_mode == WC_BITRATE_QUANTIZER)
		ret = apply_options(context, row->quantized);
	return ret;
}

/*
 * Encoders look at the time from frame to frame, but the first has none before it, and some take
 * one tick of the time base then unless they are told.
 */
static void set_time_base(AVCodecContext *context, const struct encoder_params *params)
{
	context->time_base = (AVRational) { 1, 1000000 };
#if LIBAVCODEC_VERSION_INT < AV_VERSION_INT(60, 31, 102)
	context->ticks_per_frame = (int)(1000000 / software_framerate(params));
#else
	(void)params;
#endif
}

static void set_keys(AVCodecContext *context, const struct encoder_params *params)
{
	double frames = params->key_interval ? params->key_interval
					     : DEFAULT_KEY_SECONDS * software_framerate(params);

	context->gop_size = frames > INT_MAX ? INT_MAX : frames < 1 ? 1 : (int)frames;
	/*
	 * Chunks have one time stamp and no decoding time, and whoever stores them may rely on
	 * their order being that of presentation; no WebCodecs encoder reorders.
	 */
	context->max_b_frames = 0;
}

static void set_profile(AVCodecContext *context, const struct codec_string *codec)
{
	if (codec->codec != VIDEO_CODEC_H264)
		return;
	context->profile = codec->profile;
	context->level = codec->level;
}

/* With a quantizer for each frame there is no rate; options named so have to be set beforehand. */
static int set_quantizer_mode(const struct software_encoder_row *row, AVCodecContext *context,
			      const struct encoder_params *params)
{
	bool by_frame = row->quantizer && !strcmp(row->quantizer, "quality");

	if (params->bitrate_mode != WC_BITRATE_QUANTIZER)
		return 0;
	if (!by_frame)
		return av_opt_set_int(context->priv_data, row->quantizer, SOFTWARE_QUANTIZER, 0);
	context->flags |= AV_CODEC_FLAG_QSCALE;
	return 0;
}

AVCodecContext *software_encoder_context(const struct software_encoder_row *row,
					 const AVCodec *codec,
					 const struct encoder_params *params,
					 struct wc_error *error)
{
	AVCodecContext *context = software_context_new(codec);
	int ret;

	if (!context) {
		software_error(error, WC_OPERATION_ERROR, codec, "open", AVERROR(ENOMEM));
		return NULL;
	}
	context->width = (int)params->width;
	context->height = (int)params->height;
	/* Limited range in MJPEG, which JFIF does not know. */
	context->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
	context->thread_type = params->latency_mode == WC_LATENCY_REALTIME
				       ? FF_THREAD_SLICE : FF_THREAD_FRAME | FF_THREAD_SLICE;
	context->framerate = av_d2q(software_framerate(params), 1001000);
	set_time_base(context, params);
	set_keys(context, params);
	set_profile(context, &params->codec);
	software_encoder_tune(row, context, params);
	ret = apply_row(row, context, params);
	if (ret >= 0)
		ret = set_quantizer_mode(row, context, params);
	if (ret >= 0)
		return context;
	avcodec_free_context(&context);
	software_error(error, WC_NOT_SUPPORTED_ERROR, codec, "take its options", ret);
	return NULL;
}

/* --- Errors --- */

int software_errno(int code)
{
	/* AVERROR() of an errno is its negative; the codes of libavutil itself are four letters. */
	return code < 0 && code > -4096 ? AVUNERROR(code) : 0;
}

int software_error(struct wc_error *error, enum wc_status name, const AVCodec *codec,
		   const char *what, int code)
{
	char text[AV_ERROR_MAX_STRING_SIZE] = "";
	enum wc_stage stage = name == WC_NOT_SUPPORTED_ERROR ? WC_STAGE_OPEN : WC_STAGE_JOB;
	int sys_errno = software_errno(code);

	if (code < 0 && !sys_errno)
		av_strerror(code, text, sizeof text);
	error_set(error, name, stage, sys_errno, "%s cannot %s%s%s", codec->name, what,
		  *text ? ": " : "", text);
	error_set_device(error, codec->name);
	return error->name;
}

int software_memory_error(struct core *core, struct wc_error *error, enum wc_status name,
			  const AVCodec *codec, const char *what, int code)
{
	if (code == AVERROR(ENOMEM))
		return software_error(error, WC_OPERATION_ERROR, codec, what, code);
	if (code != AVERROR(EDQUOT))
		return software_error(error, name, codec, what, code);
	/* How much it was is forgotten by now: one byte would have been too much. */
	memory_refused(core, WC_MEMORY_PLAIN, 1, WC_STAGE_JOB, error);
	error_set_device(error, codec->name);
	return error->name;
}
