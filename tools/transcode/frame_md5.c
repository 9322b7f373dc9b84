/* SPDX-License-Identifier: MIT */
#include "transcode/frame_md5.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <libavutil/md5.h>
#include <libavutil/mem.h>

#include "common/fourcc.h"
#include "transcode/picture.h"

#define MD5_SIZE 16

struct frame_md5 {
	struct failure *failure;
	uint32_t fourcc;
	struct AVMD5 *state;
	struct picture picture;
};

struct frame_md5 *frame_md5_new(struct failure *failure, uint32_t fourcc)
{
	struct frame_md5 *md5 = calloc(1, sizeof *md5);

	if (md5)
		md5->state = av_md5_alloc();
	if (!md5 || !md5->state) {
		free(md5);
		failure_set_errno(failure, "--md5", ENOMEM);
		return NULL;
	}
	md5->failure = failure;
	md5->fourcc = fourcc;
	return md5;
}

static void sum(struct frame_md5 *md5, char text[2 * MD5_SIZE + 1])
{
	uint8_t digest[MD5_SIZE];

	av_md5_init(md5->state);
	for (size_t i = 0; i < md5->picture.count; i++)
		av_md5_update(md5->state, md5->picture.iov[i].iov_base,
			      md5->picture.iov[i].iov_len);
	av_md5_final(md5->state, digest);
	for (unsigned i = 0; i < MD5_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

int frame_md5_print(struct frame_md5 *md5, struct wc_video_frame *frame, uint64_t number,
		    int64_t timestamp)
{
	struct wc_rect visible = wc_video_frame_get_visible_rect(frame);
	uint32_t fourcc = md5->fourcc ? md5->fourcc : wc_video_frame_get_fourcc(frame);
	char name[FOURCC_TEXT], text[2 * MD5_SIZE + 1];
	int status = picture_map_read(&md5->picture, frame, fourcc, (struct iovec) { 0 });

	if (status < 0)
		return failure_set(md5->failure, "frame %" PRIu64 " as %s: %s", number,
				   fourcc_text(fourcc, name),
				   wc_status_name((enum wc_status)status));
	sum(md5, text);
	picture_unmap(&md5->picture);
	if (printf("%" PRIu64 " %" PRId64 " %ux%u %s %s\n", number, timestamp, visible.width,
		   visible.height, fourcc_text(fourcc, name), text) < 0)
		return failure_set_errno(md5->failure, "standard output", errno);
	return 0;
}

void frame_md5_destroy(struct frame_md5 *md5)
{
	if (!md5)
		return;
	picture_finish(&md5->picture);
	av_free(md5->state);
	free(md5);
}
