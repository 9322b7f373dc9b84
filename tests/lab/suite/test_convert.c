/* SPDX-License-Identifier: MIT */
/*
 * test_convert DEVICE IN WIDTHxHEIGHT FORMAT OUT WIDTHxHEIGHT FORMAT TURN MEMORY: each picture of
 * IN becomes one of OUT, both tight; FORMAT is DRM's name in four letters. TURN: none, mirror or
 * half; MEMORY of the sources: plain, udmabuf or dumb. Plain ones may be copied, others not. Or
 * MEMORY is "display": plain sources, and results for a display, which have to be in dumb buffers.
 * Prints how many there were and how many bytes were copied.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <webcodecs/webcodecs.h>

#include "budget/accountant.h"
#include "frame/frame_memory.h"
#include "frame/video_frame_init.h"
#include "session/session.h"
#include "v4l2/probe.h"

struct job {
	struct core *core;
	struct loop loop;
	struct accountant accountant;
	struct claim claim;
	struct frame_memory *memory;       /* of sources */
	struct frame_memory *for_display;  /* of results; NULL: the driver's */
	struct converter_params params;
	struct session *session;
	FILE *in, *out;
	unsigned frames;
	bool drained, failed;
};

__attribute__((noreturn))
static void die(const char *what, const struct wc_error *error)
{
	fprintf(stderr, "test_convert: %s: %s\n", what, error ? error->message : strerror(errno));
	exit(1);
}

static void on_frame(void *sink, struct wc_video_frame *frame)
{
	struct job *job = sink;
	size_t size;
	uint8_t *data;

	if (job->for_display && frame->memory != WC_MEMORY_DUMB)
		die("a result is nothing for a display", NULL);
	if (wc_video_frame_allocation_size(frame, NULL, &size) < 0 || !(data = malloc(size)))
		die("a result", NULL);
	if (wc_video_frame_copy_to(frame, NULL, data, size, NULL) < 0 ||
	    fwrite(data, 1, size, job->out) != size)
		die("a result", NULL);
	free(data);
	if (wc_video_frame_get_timestamp(frame) != job->frames++)
		die("the order", NULL);
	wc_video_frame_unref(frame);
}

static void on_ready(void *sink)
{
	(void)sink;
}

static void on_drained(void *sink)
{
	((struct job *)sink)->drained = true;
}

static void on_failed(void *sink, const struct wc_error *error)
{
	(void)sink;
	die("failed", error);
}

static const struct session_sink_ops sink_ops = {
	.frame = on_frame, .ready = on_ready, .drained = on_drained, .failed = on_failed,
};

static void parse(const char *size, const char *fourcc, struct converter_format *format)
{
	if (sscanf(size, "%ux%u", &format->width, &format->height) != 2 || strlen(fourcc) != 4)
		die("arguments", NULL);
	memcpy(&format->fourcc, fourcc, 4);
}

static void open_session(struct job *job, const char *path)
{
	static const struct accountant_options options = { .directory = "" };
	struct session_env env = {
		.core = job->core, .loop = &job->loop, .claim = &job->claim,
		.memory = job->for_display,
	};
	struct v4l2_device_info info;
	struct wc_error error;

	if (loop_init(&job->loop) < 0)
		die("loop", NULL);
	accountant_init(&job->accountant, job->core, &job->loop, &options);
	if (accountant_enter(&job->accountant, &job->claim, NULL, true, "test") < 0)
		die("claim", NULL);
	errno = -device_probe(path, &info);
	if (errno)
		die(path, NULL);
	if (m2m_converter_new(&env, &info, &job->params, &sink_ops, job, &job->session,
			      &error) < 0)
		die("new", &error);
}

static void decide(struct job *job, const char *name)
{
	struct wc_memory_options options = { .kind = WC_MEMORY_PLAIN };
	char device[ALLOCATOR_NAME_MAX];

	if (strcmp(name, "udmabuf") == 0)
		options.kind = WC_MEMORY_UDMABUF;
	else if (strcmp(name, "dumb") == 0)
		options.kind = WC_MEMORY_DUMB;
	job->params.copy = options.kind == WC_MEMORY_PLAIN ? WC_COPY_ALLOWED : WC_COPY_NEVER;
	job->memory = frame_memory_new(job->core);
	errno = job->memory ? -frame_memory_decide(job->memory, &options, device) : ENOMEM;
	if (errno)
		die(name, NULL);
	if (strcmp(name, "display") != 0)
		return;
	job->params.use = WC_MEMORY_FOR_DISPLAY;
	job->for_display = frame_memory_new(job->core);
	if (!job->for_display)
		die(name, NULL);
}

/* The next picture of the file, NULL at its end. */
static struct wc_video_frame *next_frame(struct job *job, unsigned seq)
{
	struct wc_video_frame_init init = {
		.fourcc = job->params.source.fourcc,
		.coded_width = job->params.source.width,
		.coded_height = job->params.source.height,
		.timestamp = seq,
	};
	struct wc_video_frame *frame;
	struct frame_format tight;
	struct wc_error error;
	uint8_t *row;
	size_t bytes;

	frame_format_tight(&tight, init.fourcc, init.coded_width, 1);
	bytes = tight.planes[0].stride;
	if (video_frame_alloc(job->core, job->memory, &init, WC_MEMORY_FOR_CODEC |
			      WC_MEMORY_FOR_CPU, &frame, &error) < 0)
		die("a source", &error);
	if (video_frame_begin_access(frame, WC_MAP_WRITE) < 0)
		die("a source", NULL);
	for (uint32_t y = 0; y < init.coded_height; y++) {
		row = video_frame_plane(frame, 0) + y * frame->format.planes[0].stride;
		if (fread(row, 1, bytes, job->in) != bytes) {
			video_frame_end_access(frame);
			wc_video_frame_unref(frame);
			return NULL;
		}
	}
	video_frame_end_access(frame);
	return frame;
}

static void submit(struct job *job, struct wc_video_frame *frame)
{
	struct session_input input = { .frame = frame, .quantizer = -1 };
	struct wc_error error;
	int ret;

	while ((ret = job->session->ops->submit(job->session, &input, &error)) == SESSION_FULL)
		loop_dispatch(&job->loop, -1);
	if (ret < 0)
		die("submit", &error);
	wc_video_frame_unref(frame);
}

static void convert_all(struct job *job)
{
	struct wc_video_frame *frame;
	struct wc_session_info info;
	struct wc_error error;

	for (unsigned seq = 0; (frame = next_frame(job, seq)); seq++)
		submit(job, frame);
	if (job->session->ops->drain(job->session, &error) < 0)
		die("drain", &error);
	while (!job->drained)
		loop_dispatch(&job->loop, -1);
	job->session->ops->describe(job->session, &info);
	printf("%u %llu\n", job->frames, (unsigned long long)info.bytes_copied);
}

int main(int argc, char **argv)
{
	struct job job = { .frames = 0 };

	if (argc != 10)
		die("arguments", NULL);
	parse(argv[3], argv[4], &job.params.source);
	parse(argv[6], argv[7], &job.params.result);
	job.params.flip = strcmp(argv[8], "mirror") == 0;
	job.params.rotation = strcmp(argv[8], "half") == 0 ? 180 : 0;
	job.core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	job.in = fopen(argv[2], "r");
	job.out = fopen(argv[5], "w");
	if (!job.core || !job.in || !job.out)
		die("files", NULL);
	decide(&job, argv[9]);
	open_session(&job, argv[1]);
	convert_all(&job);
	job.session->ops->destroy(job.session);
	frame_memory_free(job.memory);
	frame_memory_free(job.for_display);
	claim_leave(&job.claim);
	accountant_finish(&job.accountant);
	loop_finish(&job.loop);
	core_unref(job.core);
	fclose(job.in);
	return fclose(job.out) == 0 ? 0 : 1;
}
