/* SPDX-License-Identifier: MIT */
#include "attach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void attach_init(struct attach *attach)
{
	const char *refuse = getenv("WC_LAB_REFUSE_ATTACH");

	attach->path = getenv("WC_LAB_ATTACHMENTS");
	attach->refuses = refuse && strcmp(refuse, "1") == 0;
}

bool attach_refuses(const struct attach *attach, const struct v4l2_buffer *buffer)
{
	return attach->refuses && buffer->memory == V4L2_MEMORY_DMABUF;
}

static struct attach_queue *queue_of(struct attach *attach, enum v4l2_buf_type type)
{
	return V4L2_TYPE_IS_OUTPUT(type) ? &attach->output : &attach->capture;
}

static void count_buffer(struct attach_queue *queue, ino_t inode, bool attached)
{
	unsigned i = 0;

	while (i < queue->n_buffers && queue->buffers[i].inode != inode)
		i++;
	if (i == ATTACH_BUFFERS) {
		queue->lost++;
		return;
	}
	if (i == queue->n_buffers)
		queue->n_buffers++;
	queue->buffers[i].inode = inode;
	queue->buffers[i].attached += attached;
	queue->buffers[i].queued++;
}

void attach_count(struct attach *attach, const struct v4l2_buffer *buffer)
{
	struct attach_queue *queue = queue_of(attach, buffer->type);
	struct stat status;
	int fd;

	if (!attach->path || buffer->memory != V4L2_MEMORY_DMABUF ||
	    buffer->index >= ATTACH_INDICES)
		return;
	fd = V4L2_TYPE_IS_MULTIPLANAR(buffer->type) ? buffer->m.planes[0].m.fd : buffer->m.fd;
	if (fstat(fd, &status) < 0)
		return;
	count_buffer(queue, status.st_ino, queue->at[buffer->index] != status.st_ino);
	queue->at[buffer->index] = status.st_ino;
}

void attach_forget(struct attach *attach, enum v4l2_buf_type type)
{
	struct attach_queue *queue = queue_of(attach, type);

	memset(queue->at, 0, sizeof queue->at);
}

static void write_queue(FILE *file, const char *role, const char *name,
			const struct attach_queue *queue)
{
	for (unsigned i = 0; i < queue->n_buffers; i++)
		fprintf(file, "%d %s %s %llu %u %u\n", (int)getpid(), role, name,
			(unsigned long long)queue->buffers[i].inode, queue->buffers[i].attached,
			queue->buffers[i].queued);
	if (queue->lost)
		fprintf(file, "%d %s %s lost %u\n", (int)getpid(), role, name, queue->lost);
}

void attach_finish(const struct attach *attach, bool encoder)
{
	const char *role = encoder ? "encoder" : "decoder";
	FILE *file = attach->path ? fopen(attach->path, "ae") : NULL;

	if (!file)
		return;
	write_queue(file, role, "output", &attach->output);
	write_queue(file, role, "capture", &attach->capture);
	fclose(file);
}
