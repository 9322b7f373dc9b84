/* SPDX-License-Identifier: MIT */
/*
 * From a camera into an MP4 file, with the best H.264 encoder of the machine.
 *
 *     camera_to_mp4 DEVICE FILE.mp4 FRAMES
 */
#include <libavformat/avformat.h>

#include "example.h"

struct recorder {
	struct wc_context *context;
	struct wc_camera *camera;
	struct wc_video_encoder *encoder;
	struct wc_camera_info info;
	AVFormatContext *file;
	AVStream *stream;
	int64_t first;               /* time of the first frame, microseconds */
	unsigned wanted, taken;
	bool done;
};

static void check_av(int status, const char *what)
{
	if (status < 0)
		die(what, av_err2str(status));
}

/*
 * The encoder reads the frame in place where it can. A frame that waits is missing to the camera.
 */
static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct recorder *r = user_data;

	if (r->taken < r->wanted && wc_video_encoder_get_queue_size(r->encoder) <= 2) {
		if (!r->taken++)
			r->first = wc_video_frame_get_timestamp(frame);
		check(r->context, wc_video_encoder_encode(r->encoder, frame, NULL), "encode");
	}
	wc_video_frame_unref(frame);
}

/* The description that comes with the first chunk is what MP4 files keep in their header. */
static void begin_file(struct recorder *r, const struct wc_video_decoder_config *config)
{
	AVCodecParameters *params = r->stream->codecpar;

	if (!config || !config->description)
		die(r->file->url, "the encoder does not describe its stream");
	params->extradata = av_mallocz(config->description_size + AV_INPUT_BUFFER_PADDING_SIZE);
	if (!params->extradata)
		die(r->file->url, "no memory");
	memcpy(params->extradata, config->description, config->description_size);
	params->extradata_size = (int)config->description_size;
	params->codec_type = AVMEDIA_TYPE_VIDEO;
	params->codec_id = AV_CODEC_ID_H264;
	params->width = (int)r->info.width;
	params->height = (int)r->info.height;
	r->stream->time_base = (AVRational) { 1, 90000 };
	check_av(avformat_write_header(r->file, NULL), r->file->url);
}

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct recorder *r = user_data;
	AVPacket *packet = av_packet_alloc();
	int size = (int)wc_encoded_video_chunk_get_size(chunk);

	if (!r->stream->codecpar->extradata)
		begin_file(r, metadata->decoder_config);
	if (!packet || av_new_packet(packet, size) < 0)
		die(r->file->url, "no memory");
	memcpy(packet->data, wc_encoded_video_chunk_get_data(chunk), (size_t)size);
	packet->pts = av_rescale_q(wc_encoded_video_chunk_get_timestamp(chunk) - r->first,
				   (AVRational) { 1, 1000000 }, r->stream->time_base);
	packet->dts = packet->pts;
	if (wc_encoded_video_chunk_get_type(chunk) == WC_CHUNK_KEY)
		packet->flags |= AV_PKT_FLAG_KEY;
	check_av(av_interleaved_write_frame(r->file, packet), r->file->url);
	av_packet_free(&packet);
	wc_encoded_video_chunk_unref(chunk);
}

int main(int argc, char **argv)
{
	struct recorder r = { .wanted = argc > 3 ? (unsigned)atoi(argv[3]) : 0 };

	if (!r.wanted)
		die("usage", "camera_to_mp4 DEVICE FILE.mp4 FRAMES");
	check_av(avformat_alloc_output_context2(&r.file, NULL, "mp4", argv[2]), argv[2]);
	check_av(avio_open(&r.file->pb, argv[2], AVIO_FLAG_WRITE), argv[2]);
	r.stream = avformat_new_stream(r.file, NULL);
	if (!r.stream || wc_context_new(NULL, &r.context) < 0)
		die(argv[2], "no memory");
	check(r.context, wc_camera_new(r.context, &(struct wc_camera_init) {
		.frame = on_frame, .error = on_error, .user_data = &r, .device = argv[1],
		.width = 640, .height = 360, .framerate = 30,
	}, &r.camera), argv[1]);
	wc_camera_get_info(r.camera, &r.info);   /* what the camera made of these wishes */

	check(r.context, wc_video_encoder_new(r.context, &(struct wc_video_encoder_init) {
		.output = on_chunk, .error = on_error, .user_data = &r,
	}, &r.encoder), "encoder");
	check(r.context, wc_video_encoder_configure(r.encoder, &(struct wc_video_encoder_config) {
		.codec = "avc1.42c01f", .width = r.info.width, .height = r.info.height,
		.framerate = r.info.framerate, .bitrate = 2000000, .key_interval = 60,
		.latency_mode = WC_LATENCY_REALTIME,
	}), "encoder");

	check(r.context, wc_camera_start(r.camera), argv[1]);
	while (r.taken < r.wanted)
		check(r.context, wc_context_dispatch(r.context, -1), "dispatch");
	check(r.context, wc_camera_stop(r.camera), argv[1]);
	check(r.context, wc_video_encoder_flush(r.encoder, on_flushed, &r.done), "flush");
	while (!r.done)
		check(r.context, wc_context_dispatch(r.context, -1), "dispatch");
	check_av(av_write_trailer(r.file), argv[2]);

	wc_camera_destroy(r.camera);
	wc_video_encoder_destroy(r.encoder);
	wc_context_unref(r.context);
	check_av(avio_closep(&r.file->pb), argv[2]);
	avformat_free_context(r.file);
	return 0;
}
