/* SPDX-License-Identifier: MIT */
#include "budget/pressure_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Reads in one wake-up, so that a flood cannot keep the loop. */
#define MAX_READS 16

void pressure_watch_init(struct pressure_watch *watch)
{
	memset(watch, 0, sizeof *watch);
	watch->source.fd = -1;
}

void pressure_watch_close(struct pressure_watch *watch)
{
	int fd = watch->source.fd;

	if (fd < 0)
		return;
	loop_remove(watch->loop, &watch->source);
	close(fd);
}

static void lose(struct pressure_watch *watch)
{
	pressure_watch_close(watch);
	if (watch->gone)
		watch->gone(watch);
}

static void on_file(struct loop_source *source, uint32_t revents)
{
	struct pressure_watch *watch = container_of(source, struct pressure_watch, source);
	bool fresh = watch->fresh;

	watch->fresh = false;
	if (revents & (EPOLLERR | EPOLLHUP))
		lose(watch);
	else if (revents & EPOLLPRI)
		watch->report(watch, true);
	else if (!fresh)
		watch->report(watch, false);
}

/* Whether this is the trigger that was written into a FIFO, coming back: that is no report. */
static bool is_echo(struct pressure_watch *watch, const char *data, size_t size)
{
	bool echo = watch->is_fifo && size == watch->written &&
		    memcmp(data, watch->trigger, size) == 0;

	watch->written = 0;
	return echo;
}

static void on_stream(struct loop_source *source, uint32_t revents)
{
	struct pressure_watch *watch = container_of(source, struct pressure_watch, source);
	char data[PRESSURE_TRIGGER_SIZE + 1];
	bool any = false;
	ssize_t n = -1;

	(void)revents;
	errno = EAGAIN;
	for (int i = 0; i < MAX_READS; i++) {
		n = read(source->fd, data, sizeof data);
		if (n <= 0)
			break;
		any = !is_echo(watch, data, (size_t)n) || any;
	}
	/* A socket whose peer closed, or failed. A FIFO waits for its next writer. */
	if (!watch->is_fifo && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)))
		pressure_watch_close(watch);
	if (any)
		watch->report(watch, true);
	if (!pressure_watch_is_open(watch) && watch->gone)
		watch->gone(watch);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* A queue of connections that is full says EAGAIN, it does not block. */
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/* Read and write, so that a FIFO has a writer always; a FIFO may be for reading only. */
static int open_path(const char *path, bool is_fifo)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && is_fifo && (errno == EACCES || errno == EROFS))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int open_any(struct pressure_watch *watch, const char *path)
{
	struct stat st;

	if (path[0] != '/')
		return -EINVAL;
	if (stat(path, &st) < 0)
		return -errno;
	watch->is_file = S_ISREG(st.st_mode);
	watch->is_fifo = S_ISFIFO(st.st_mode);
	if (S_ISSOCK(st.st_mode))
		return connect_to(path);
	if (!watch->is_file && !watch->is_fifo)
		return -EINVAL;
	return open_path(path, watch->is_fifo);
}

static int write_trigger(const struct pressure_watch *watch, int fd,
			 const struct pressure_trigger *trigger, const void *data, size_t size)
{
	ssize_t n;

	if (size == 0)
		return 0;
	if (trigger->write)
		n = trigger->write(fd, data, size);
	else if (watch->is_file || watch->is_fifo)
		n = write(fd, data, size);
	else
		n = send(fd, data, size, MSG_NOSIGNAL);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

/* Kernels refuse some windows, and what is no trigger, with EINVAL; another descriptor may do. */
static int set_trigger(struct pressure_watch *watch, int fd,
		       const struct pressure_trigger *trigger)
{
	bool can_fall_back = watch->is_file && trigger->fallback;
	int ret = 0;

	watch->written = 0;
	if (trigger->size > 0 || !can_fall_back) {
		ret = write_trigger(watch, fd, trigger, trigger->data, trigger->size);
		if (ret == 0 && trigger->size <= sizeof watch->trigger && watch->is_fifo) {
			memcpy(watch->trigger, trigger->data, trigger->size);
			watch->written = trigger->size;
		}
		/* A FIFO that is full or for reading only has nobody who waits for a trigger. */
		if (watch->is_fifo && (ret == -EAGAIN || ret == -EBADF))
			return 0;
		if (ret != -EINVAL || !can_fall_back)
			return ret;
	}
	return write_trigger(watch, fd, trigger, trigger->fallback, strlen(trigger->fallback) + 1);
}

static int try_open(struct pressure_watch *watch, const char *path,
		    const struct pressure_trigger *trigger)
{
	int fd = open_any(watch, path);
	int ret;

	if (fd < 0)
		return fd;
	ret = set_trigger(watch, fd, trigger);
	watch->fresh = watch->is_file && trigger->canary;
	if (ret == 0 && watch->is_file)
		ret = loop_add(watch->loop, &watch->source, fd,
			       trigger->canary ? EPOLLIN | EPOLLPRI | EPOLLET : EPOLLPRI, on_file);
	else if (ret == 0)
		ret = loop_add(watch->loop, &watch->source, fd,
			       watch->is_fifo ? EPOLLIN | EPOLLET : EPOLLIN, on_stream);
	if (ret < 0)
		close(fd);
	return ret;
}

int pressure_watch_open(struct pressure_watch *watch, struct loop *loop, const char *path,
			const struct pressure_trigger *trigger)
{
	int ret;

	pressure_watch_close(watch);
	watch->loop = loop;
	ret = try_open(watch, path, trigger);
	/* EBUSY: this very descriptor has a trigger already. A new one has not. */
	return ret == -EBUSY ? try_open(watch, path, trigger) : ret;
}
