/* SPDX-License-Identifier: MIT */
#include "media.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/md5.h>

static char directory[64];
static pid_t owner;

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void remove_directory(void)
{
	/* Check forks: only the process that made it removes it. */
	if (getpid() == owner)
		nftw(directory, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

bool media_begin(void)
{
	strcpy(directory, "/tmp/wc-media-XXXXXX");
	if (!mkdtemp(directory))
		return false;
	owner = getpid();
	return atexit(remove_directory) == 0;
}

const char *media_path(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static int run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool media_has_tools(void)
{
	return run("ffmpeg -version >/dev/null 2>&1") == 0 &&
	       run("ffprobe -version >/dev/null 2>&1") == 0;
}

bool media_has_encoder(const char *name)
{
	return avcodec_find_encoder_by_name(name);
}

static void keep_unit(struct media *media, const AVPacket *packet, AVRational base)
{
	struct media_unit *unit = &media->units[media->count];

	ck_assert_uint_lt(media->count, MEDIA_MAX_UNITS);
	unit->data = malloc((size_t)packet->size);
	unit->size = (size_t)packet->size;
	memcpy(unit->data, packet->data, unit->size);
	unit->timestamp = av_rescale_q(packet->pts, base, (AVRational) { 1, 1000000 });
	unit->key = packet->flags & AV_PKT_FLAG_KEY;
	media->count++;
}

struct media *media_open(const char *path)
{
	struct media *media = calloc(1, sizeof *media);
	AVFormatContext *format = NULL;
	AVPacket *packet = av_packet_alloc();
	AVStream *stream;
	int level = av_log_get_level();

	/* Probing talks; the level is put back, because tests look at what sessions print. */
	av_log_set_level(AV_LOG_QUIET);
	ck_assert_int_eq(avformat_open_input(&format, path, NULL, NULL), 0);
	ck_assert_int_ge(avformat_find_stream_info(format, NULL), 0);
	stream = format->streams[0];
	snprintf(media->path, sizeof media->path, "%s", path);
	/* Annex B streams have their parameter sets there, which is no record. */
	if (stream->codecpar->extradata_size > 0 && stream->codecpar->extradata[0] == 1) {
		media->extradata_size = (size_t)stream->codecpar->extradata_size;
		media->extradata = malloc(media->extradata_size);
		memcpy(media->extradata, stream->codecpar->extradata, media->extradata_size);
	}
	while (av_read_frame(format, packet) >= 0) {
		keep_unit(media, packet, stream->time_base);
		av_packet_unref(packet);
	}
	av_packet_free(&packet);
	avformat_close_input(&format);
	av_log_set_level(level);
	ck_assert_uint_gt(media->count, 0);
	return media;
}

struct media *media_make(const char *name, unsigned width, unsigned height, unsigned count,
			 const char *arguments)
{
	char command[1024];
	const char *path = media_path(name);

	if (access(path, F_OK) != 0) {
		snprintf(command, sizeof command,
			 "ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=size=%ux%u:rate=25 "
			 "-frames:v %u -pix_fmt yuv420p -threads 2 %s %s 2>/dev/null",
			 width, height, count, arguments, path);
		ck_assert_msg(run(command) == 0, "failed: %s", command);
	}
	return media_open(path);
}

void media_free(struct media *media)
{
	for (unsigned i = 0; i < media->count; i++)
		free(media->units[i].data);
	free(media->extradata);
	free(media);
}

static unsigned read_md5(const char *command, struct media_line *lines, unsigned room)
{
	FILE *pipe = popen(command, "r");
	unsigned count = 0;
	char line[256];

	ck_assert_ptr_nonnull(pipe);
	while (fgets(line, sizeof line, pipe)) {
		char *last = strrchr(line, ' ');

		if (line[0] == '#' || !last)
			continue;
		ck_assert_uint_lt(count, room);
		snprintf(lines[count++].md5, sizeof lines->md5, "%.32s", last + 1);
	}
	return pclose(pipe) == 0 ? count : 0;
}

unsigned media_md5(const char *path, struct media_line *lines, unsigned room)
{
	/* The option changed its name in ffmpeg 5.1. */
	static const char *const passthrough[] = { "-fps_mode passthrough", "-vsync 0" };
	char command[1024];
	unsigned count = 0;

	for (unsigned i = 0; !count && i < 2; i++) {
		snprintf(command, sizeof command,
			 "ffmpeg -v error -nostdin -i %s %s -f framemd5 - 2>/dev/null", path,
			 passthrough[i]);
		count = read_md5(command, lines, room);
	}
	ck_assert_uint_gt(count, 0);
	return count;
}

unsigned media_probe(const char *path, struct media_line *lines, unsigned room)
{
	char command[1024], text[256];
	unsigned count = 0;
	FILE *pipe;

	/* Complaints go into the same pipe and are no numbers. */
	snprintf(command, sizeof command,
		 "ffprobe -v error -show_entries frame=key_frame,pts_time,width,height "
		 "-of csv=print_section=0 %s 2>&1", path);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	while (fgets(text, sizeof text, pipe)) {
		struct media_line *line = &lines[count];
		char time[32];
		int key;

		/* Packets with side data end their line with a comma and are followed by none. */
		if (text[0] == '\n')
			continue;
		ck_assert_uint_lt(count, room);
		ck_assert_msg(sscanf(text, "%d,%31[^,],%u,%u", &key, time, &line->width,
				     &line->height) == 4, "ffprobe says: %s", text);
		line->time = atof(time);
		line->key = key;
		count++;
	}
	ck_assert_int_eq(pclose(pipe), 0);
	return count;
}

void media_first_picture(const char *path, uint8_t *data, size_t size)
{
	char command[1024];
	FILE *pipe;

	snprintf(command, sizeof command,
		 "ffmpeg -v error -nostdin -i %s -frames:v 1 -pix_fmt yuv420p -f rawvideo - "
		 "2>/dev/null", path);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	ck_assert_uint_eq(fread(data, 1, size, pipe), size);
	ck_assert_int_eq(fgetc(pipe), EOF);
	ck_assert_int_eq(pclose(pipe), 0);
}

void media_stream_entries(const char *path, const char *entries, char *text, size_t size)
{
	char command[1024];
	FILE *pipe;

	snprintf(command, sizeof command,
		 "ffprobe -v error -show_entries stream=%s -of csv=print_section=0 %s", entries,
		 path);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	ck_assert_ptr_nonnull(fgets(text, (int)size, pipe));
	text[strcspn(text, "\n")] = '\0';
	ck_assert_int_eq(pclose(pipe), 0);
}

struct media_writer {
	AVFormatContext *format;
	AVPacket *packet;
};

struct media_writer *media_writer_new(const char *path, const char *codec, unsigned width,
				      unsigned height, const void *extradata, size_t size)
{
	struct media_writer *writer = calloc(1, sizeof *writer);
	const AVCodecDescriptor *descriptor = avcodec_descriptor_get_by_name(codec);
	AVCodecParameters *parameters;
	AVStream *stream;

	ck_assert_int_ge(avformat_alloc_output_context2(&writer->format, NULL, NULL, path), 0);
	stream = avformat_new_stream(writer->format, NULL);
	parameters = stream->codecpar;
	parameters->codec_type = AVMEDIA_TYPE_VIDEO;
	parameters->codec_id = descriptor->id;
	parameters->width = (int)width;
	parameters->height = (int)height;
	if (extradata) {
		parameters->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
		memcpy(parameters->extradata, extradata, size);
		parameters->extradata_size = (int)size;
	}
	stream->time_base = (AVRational) { 1, 1000000 };
	ck_assert_int_ge(avio_open(&writer->format->pb, path, AVIO_FLAG_WRITE), 0);
	ck_assert_int_ge(avformat_write_header(writer->format, NULL), 0);
	writer->packet = av_packet_alloc();
	return writer;
}

void media_writer_add(struct media_writer *writer, const void *data, size_t size,
		      int64_t timestamp, bool key)
{
	AVPacket *packet = writer->packet;

	ck_assert_int_eq(av_new_packet(packet, (int)size), 0);
	memcpy(packet->data, data, size);
	packet->pts = packet->dts = av_rescale_q(timestamp, (AVRational) { 1, 1000000 },
						 writer->format->streams[0]->time_base);
	packet->flags = key ? AV_PKT_FLAG_KEY : 0;
	ck_assert_int_ge(av_write_frame(writer->format, packet), 0);
	av_packet_unref(packet);
}

void media_writer_close(struct media_writer *writer)
{
	ck_assert_int_ge(av_write_trailer(writer->format), 0);
	avio_closep(&writer->format->pb);
	avformat_free_context(writer->format);
	av_packet_free(&writer->packet);
	free(writer);
}

struct media_hash *media_hash_new(void)
{
	struct AVMD5 *md5 = av_md5_alloc();

	ck_assert_ptr_nonnull(md5);
	av_md5_init(md5);
	return (struct media_hash *)md5;
}

void media_hash_add(struct media_hash *hash, const void *data, size_t size)
{
	av_md5_update((struct AVMD5 *)hash, data, size);
}

void media_hash_finish(struct media_hash *hash, char text[33])
{
	uint8_t digest[16];

	av_md5_final((struct AVMD5 *)hash, digest);
	av_free(hash);
	for (unsigned i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}
