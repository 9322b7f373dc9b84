/* SPDX-License-Identifier: MIT */
/* libavformat's input and output on our files. */
#ifndef WC_TOOLS_AV_IO_H
#define WC_TOOLS_AV_IO_H

#include <libavformat/avio.h>

#include "common/reader.h"
#include "common/writer.h"

/* NULL without memory; to be given back with av_io_free(). Both use their file until then. */
AVIOContext *av_io_from_reader(struct reader *reader);
AVIOContext *av_io_from_writer(struct writer *writer);
void av_io_free(AVIOContext *io);

#endif
