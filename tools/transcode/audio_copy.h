/* SPDX-License-Identifier: MIT */
/*
 * Audio that goes from one container to another as it is. Packets that come before the output has
 * its header wait here.
 */
#ifndef WC_TOOLS_AUDIO_COPY_H
#define WC_TOOLS_AUDIO_COPY_H

#include <stdbool.h>

#include <libavcodec/packet.h>
#include <libavformat/avformat.h>

struct audio_copy;

/* NULL without memory. from must outlive the copy. Unless quiet, streams left out are named. */
struct audio_copy *audio_copy_new(AVFormatContext *from, bool quiet);
void audio_copy_destroy(struct audio_copy *copy);

/* Whether packets of this stream of the input are wanted: not of one that was found later. */
bool audio_copy_wants(const struct audio_copy *copy, int stream);

/* A packet of a stream that is not wanted was read: if it is a new stream, nothing more is. */
void audio_copy_pass_over(const struct audio_copy *copy, int stream);

/* Add a stream to an output for each that it can hold. 0 or a libav error. */
int audio_copy_add_streams(struct audio_copy *copy, AVFormatContext *to);

/* The output has its header: write what has waited. 0 or a libav error. */
int audio_copy_start(struct audio_copy *copy);

/* The output ends: packets are dropped from now on. */
void audio_copy_stop(struct audio_copy *copy);

/* Write a packet, or keep it; what is in it is taken. 0 or a libav error. */
int audio_copy_push(struct audio_copy *copy, AVPacket *packet);

#endif
