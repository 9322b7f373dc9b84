/* SPDX-License-Identifier: MIT */
/* What builds without libavformat answer. */
#include "transcode/av_message.h"
#include "transcode/frame_md5.h"
#include "transcode/input.h"
#include "transcode/output.h"

int input_av_open(const struct options *options, struct reader *reader, struct input **input)
{
	(void)options;
	(void)input;
	return failure_set(reader->failure,
			   "%s: not IVF, Y4M or FWHT, which is all that this build reads",
			   reader->name);
}

struct output *output_av_new(struct failure *failure, const struct options *options)
{
	failure_set(failure, "%s: this build writes no containers", options->output);
	return NULL;
}

struct frame_md5 *frame_md5_new(struct failure *failure, uint32_t fourcc)
{
	(void)fourcc;
	failure_set(failure, "--md5: this build has no MD5");
	return NULL;
}

int frame_md5_print(struct frame_md5 *md5, struct wc_video_frame *frame, uint64_t number,
		    int64_t timestamp)
{
	(void)md5;
	(void)frame;
	(void)number;
	(void)timestamp;
	return -1;
}

void frame_md5_destroy(struct frame_md5 *md5)
{
	(void)md5;
}

void av_message_catch(void)
{
}
