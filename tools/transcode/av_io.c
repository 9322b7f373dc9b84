/* SPDX-License-Identifier: MIT */
#include "transcode/av_io.h"

#include <errno.h>
#include <stdio.h>

#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>

/* Large, to make few system calls. */
#define IO_BUFFER_SIZE (256 * 1024)

static int io_read(void *opaque, uint8_t *data, int size)
{
	ssize_t got = reader_some(opaque, data, (size_t)size);

	return got > 0 ? (int)got : got < 0 ? AVERROR(EIO) : AVERROR_EOF;
}

static int64_t io_seek_input(void *opaque, int64_t offset, int whence)
{
	struct reader *reader = opaque;

	whence &= ~AVSEEK_FORCE;
	if (whence == AVSEEK_SIZE)
		return (int64_t)reader->size;
	if (whence == SEEK_CUR)
		offset += (int64_t)reader->offset;
	else if (whence == SEEK_END)
		offset += (int64_t)reader->size;
	if (offset < 0)
		return AVERROR(EINVAL);
	return reader_seek(reader, (uint64_t)offset) ? AVERROR(EIO) : offset;
}

#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t io_write_data;
#else
typedef uint8_t io_write_data;
#endif

static int io_write(void *opaque, io_write_data *data, int size)
{
	return writer_bytes(opaque, data, (size_t)size) ? AVERROR(EIO) : size;
}

static int64_t io_seek_output(void *opaque, int64_t offset, int whence)
{
	struct writer *writer = opaque;

	whence &= ~AVSEEK_FORCE;
	if (whence == AVSEEK_SIZE)
		return writer_size(writer);
	if (whence == SEEK_CUR)
		offset += (int64_t)writer->offset;
	if (offset < 0 || whence == SEEK_END)
		return AVERROR(EINVAL);
	return writer_seek(writer, (uint64_t)offset) ? AVERROR(EIO) : offset;
}

AVIOContext *av_io_from_reader(struct reader *reader)
{
	uint8_t *buffer = av_malloc(IO_BUFFER_SIZE);
	AVIOContext *io = NULL;

	if (buffer)
		io = avio_alloc_context(buffer, IO_BUFFER_SIZE, 0, reader, io_read, NULL,
					reader->seekable ? io_seek_input : NULL);
	if (!io)
		av_free(buffer);
	return io;
}

AVIOContext *av_io_from_writer(struct writer *writer)
{
	uint8_t *buffer = av_malloc(IO_BUFFER_SIZE);
	AVIOContext *io = NULL;

	if (buffer)
		io = avio_alloc_context(buffer, IO_BUFFER_SIZE, 1, writer, NULL, io_write,
					writer->seekable ? io_seek_output : NULL);
	if (!io)
		av_free(buffer);
	return io;
}

void av_io_free(AVIOContext *io)
{
	if (!io)
		return;
	av_freep(&io->buffer);
	avio_context_free(&io);
}
