/* SPDX-License-Identifier: MIT */
/*
 * The least that a client of libavcodec can do, for comparison with software sessions: everything
 * in one thread of its own. Codecs are opened by the function that opens them for the sessions, so
 * that options and threads are the same. With -o it keeps the packets of an encoder, which are then
 * the input of the decoders.
 */
#include <string.h>

#include "bench.h"
#include "session/software_codecs.h"

/* Microseconds from frame to frame. */
#define FRAME_TIME 33333

struct bare {
	struct loop_options options;
	struct meter meter;
	AVCodecContext *context;
	AVPacket *packet;
	AVFrame *frame;
	uint64_t submitted;
};

static void check(int ret, const char *what)
{
	if (ret < 0)
		die("%s: %s", what, av_err2str(ret));
}

/* ---- encoding -------------------------------------------------------------------------------- */

static void open_encoder(struct bare *b)
{
	/* As wc_loop.c configures it. */
	struct encoder_params params = {
		.width = b->options.width,
		.height = b->options.height,
		.framerate = LOOP_FRAMERATE,
		.bitrate = LOOP_BITRATE,
		.bitstream_format = WC_BITSTREAM_ANNEXB,
		.latency_mode = b->options.quality ? WC_LATENCY_QUALITY : WC_LATENCY_REALTIME,
	};
	const struct software_encoder_row *row;
	const AVCodec *codec;
	struct wc_error error;

	check(codec_string_parse(loop_codec_string(&b->options), &params.codec), "codec string");
	row = software_find_encoder(&params, &codec);
	if (!row)
		die("libavcodec was built without that encoder");
	b->context = software_encoder_context(row, codec, &params, &error);
	if (!b->context)
		die("%s", error.message);
	b->context->pix_fmt = AV_PIX_FMT_YUV420P;
	check(software_context_open(b->context, codec), "open the encoder");
	b->frame->format = AV_PIX_FMT_YUV420P;
	b->frame->width = (int)b->options.width;
	b->frame->height = (int)b->options.height;
	check(av_frame_get_buffer(b->frame, 0), "make a frame");
}

static void encode_next(struct bare *b)
{
	struct picture_planes planes;
	size_t size;
	const uint8_t *data = clip_get(&b->options.clip, b->submitted, &size);

	check(av_frame_make_writable(b->frame), "make a frame");
	for (unsigned i = 0; i < 3; i++) {
		planes.data[i] = b->frame->data[i];
		planes.stride[i] = (size_t)b->frame->linesize[i];
	}
	picture_write(&planes, data, b->options.width, b->options.height);
	b->frame->pts = (int64_t)++b->submitted * FRAME_TIME;
	check(avcodec_send_frame(b->context, b->frame), "encode");
}

static void take_packets(struct bare *b)
{
	int ret;

	while ((ret = avcodec_receive_packet(b->context, b->packet)) >= 0) {
		meter_packet(&b->meter, b->packet->data, (size_t)b->packet->size);
		av_packet_unref(b->packet);
	}
	if (ret != AVERROR(EAGAIN))
		check(ret, "encode");
}

/* ---- decoding -------------------------------------------------------------------------------- */

static void open_decoder(struct bare *b)
{
	struct codec_string string;
	const AVCodec *codec;

	check(codec_string_parse(loop_codec_string(&b->options), &string), "codec string");
	codec = software_find_decoder(string.codec);
	if (!codec)
		die("libavcodec was built without that decoder");
	b->context = software_context_new(codec);
	if (!b->context)
		die("no memory");
	b->context->thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE;
	b->context->pkt_timebase = (AVRational) { 1, 1000000 };
	check(software_context_open(b->context, codec), "open the decoder");
}

static void decode_next(struct bare *b)
{
	size_t size;
	const uint8_t *data = clip_get(&b->options.clip, b->submitted, &size);

	check(av_new_packet(b->packet, (int)size), "make a packet");
	memcpy(b->packet->data, data, size);
	b->packet->pts = (int64_t)b->submitted++ * FRAME_TIME;
	check(avcodec_send_packet(b->context, b->packet), "decode");
	av_packet_unref(b->packet);
}

static void take_frames(struct bare *b)
{
	int ret;

	while ((ret = avcodec_receive_frame(b->context, b->frame)) >= 0) {
		meter_output(&b->meter, picture_size(b->options.width, b->options.height));
		av_frame_unref(b->frame);
	}
	if (ret != AVERROR(EAGAIN))
		check(ret, "decode");
}

/* ---- both ------------------------------------------------------------------------------------ */

static void run(struct bare *b)
{
	meter_init(&b->meter, &b->options);
	while (!meter_done(&b->meter)) {
		if (b->options.encode) {
			encode_next(b);
			take_packets(b);
		} else {
			decode_next(b);
			take_frames(b);
		}
	}
}

int main(int argc, char **argv)
{
	struct bare bare = { .submitted = 0 };

	loop_options_read(&bare.options, argc, argv);
	bare.packet = av_packet_alloc();
	bare.frame = av_frame_alloc();
	if (!bare.packet || !bare.frame)
		die("no memory");
	if (bare.options.encode)
		open_encoder(&bare);
	else
		open_decoder(&bare);
	run(&bare);
	meter_finish(&bare.meter, "");
	av_frame_free(&bare.frame);
	av_packet_free(&bare.packet);
	avcodec_free_context(&bare.context);
	clip_free(&bare.options.clip);
	return 0;
}
