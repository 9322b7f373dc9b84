/* SPDX-License-Identifier: MIT */
/*
 * Memory pressure made for real: a process in control groups of its own eats memory of memfds, and
 * what the sources report is printed as it comes ("cgroup limit 1").
 *
 *   eat_memory order          reports in their order, memory.high and memory.max set
 *   eat_memory hold on|off    300 MB of "frames" through a group of 48 MB, the ladder on or off
 *   eat_memory nested         reports reach an application that polls the loop's descriptor
 *   eat_memory system         triggers of the whole system, which is short of memory as told
 *   eat_memory window         triggers that the kernel refuses, and an unprivileged process
 *   eat_memory move           the group goes away
 *   eat_memory quiet          nothing wakes up without pressure
 *
 * Groups are made below /sys/fs/cgroup, which has to be the guest's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "budget/pressure_source.h"
#include "util/clock.h"

#define MB (1024 * 1024)
#define GROUPS "/sys/fs/cgroup/"
#define MAX_FRAMES 512

static struct loop loop;
static struct pressure pressure;
static struct pressure_ladder ladder;
static struct pressure_sources sources;
static struct log logs;

/* Frames that are held, the oldest first. */
static int frames[MAX_FRAMES];
static unsigned n_frames;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void put(const char *group, const char *name, const char *value)
{
	char path[200];
	int fd;

	snprintf(path, sizeof path, GROUPS "%s/%s", group, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path);
	close(fd);
}

static void enter_group(const char *group, const char *high, const char *max)
{
	char path[200], pid[20];

	snprintf(path, sizeof path, GROUPS "%s", group);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die(path);
	put(group, "memory.high", high);
	put(group, "memory.max", max);
	snprintf(pid, sizeof pid, "%d", getpid());
	put(group, "cgroup.procs", pid);
}

/* "pressure: cgroup limit reports level 1" */
static void print_report(enum wc_log_level level, const char *file, int line, const char *message,
			 void *user_data)
{
	static const char prefix[] = "pressure: ", between[] = " reports level ";
	const char *at = strstr(message, between);

	(void)level;
	(void)file;
	(void)line;
	(void)user_data;
	if (at)
		printf("%.*s %s\n", (int)(at - message - (long)strlen(prefix)),
		       message + strlen(prefix), at + strlen(between));
	else
		fprintf(stderr, "%s\n", message);
}

static void start(const struct pressure_options *options)
{
	if (loop_init(&loop) < 0)
		die("loop");
	log_init(&logs);
	log_set_handler(&logs, print_report, WC_LOG_DEBUG, NULL);
	pressure_init(&pressure, &ladder);
	pressure_sources_start(&sources, &loop, &pressure, &logs, options);
}

static void stop(void)
{
	pressure_sources_stop(&sources);
	loop_finish(&loop);
	log_finish(&logs);
}

static void dispatch_for(int64_t duration)
{
	int64_t end = clock_now() + duration;

	while (clock_now() < end)
		loop_dispatch(&loop, 100);
}

static void take_frame(void)
{
	int fd = memfd_create("frame", MFD_CLOEXEC);
	char *data;

	if (fd < 0 || n_frames == MAX_FRAMES || ftruncate(fd, MB) < 0)
		die("frame");
	data = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		die("mmap");
	memset(data, 1, MB);
	munmap(data, MB);
	frames[n_frames++] = fd;
}

static uint64_t drop_frames(unsigned n)
{
	if (n > n_frames)
		n = n_frames;
	for (unsigned i = 0; i < n; i++)
		close(frames[i]);
	n_frames -= n;
	memmove(frames, frames + n, n_frames * sizeof frames[0]);
	return (uint64_t)n * MB;
}

/* Somebody else of the group eats. */
static pid_t start_eater(unsigned n)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (unsigned i = 0; i < n; i++)
			take_frame();
		pause();
		_exit(0);
	}
	return pid;
}

static void stop_eater(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int run_order(void)
{
	pid_t eater;

	enter_group("order", "25165824", "100663296");
	start(NULL);
	for (int i = 0; i < 30 && sources.counted.high == 0; i++) {
		take_frame();
		pressure_sources_sample(&sources);
		loop_dispatch(&loop, 0);
	}
	eater = start_eater(20);
	dispatch_for(5000000);
	stop_eater(eater);
	printf("level %d\n", pressure.level);
	drop_frames(MAX_FRAMES);
	stop();
	return 0;
}

/* The step that gives away what is wanted, from the oldest on. */
static uint64_t spill(void *owner, enum wc_pressure_level level, enum wc_pressure_cause cause,
		      uint64_t wanted)
{
	(void)cause;
	(void)owner;
	(void)level;
	return drop_frames(wanted > 0 ? (unsigned)(wanted / MB) + 1 : n_frames / 2);
}

static void print_step(void *owner, const struct wc_pressure_event *event)
{
	(void)owner;
	if (event->step != WC_PRESSURE_NO_STEP)
		printf("step %d level %d freed %d MB\n", event->step, event->level,
		       (int)(event->freed / MB));
}

static uint64_t trim(void *owner, enum wc_pressure_level level, enum wc_pressure_cause cause,
		     uint64_t wanted)
{
	(void)cause;
	(void)owner;
	(void)level;
	(void)wanted;
	return 0;
}

static int run_hold(bool on)
{
	enter_group("hold", "max", "50331648");
	if (on) {
		ladder.rungs[WC_PRESSURE_TRIM].act = trim;
		ladder.rungs[WC_PRESSURE_SPILL].act = spill;
		ladder.event = print_step;
	}
	start(NULL);
	for (int i = 0; i < 300; i++) {
		take_frame();
		pressure_sources_sample(&sources);
		loop_dispatch(&loop, 0);
		usleep(2000);
	}
	drop_frames(MAX_FRAMES);
	stop();
	puts("survived");
	return 0;
}

static int run_nested(void)
{
	struct pressure_options options = { .proc = "/nothing", .cgroup = "/nothing" };
	int64_t end = clock_now() + 6500000;
	struct pollfd ready;
	pid_t eater;

	enter_group("nested", "16777216", "100663296");
	/* One trigger only: of several that are ready, the kernel asks the first one of all. */
	setenv("MEMORY_PRESSURE_WATCH", GROUPS "nested/memory.pressure", 1);
	setenv("MEMORY_PRESSURE_WRITE", "c29tZSAxMDAwMDAgMjAwMDAwMAA=", 1);
	start(&options);
	ready = (struct pollfd) { .fd = loop.epoll_fd, .events = POLLIN };
	eater = start_eater(30);
	while (clock_now() < end)
		if (poll(&ready, 1, 1000) > 0)
			loop_dispatch(&loop, 0);
	stop_eater(eater);
	printf("level %d\n", pressure.level);
	stop();
	return 0;
}

/* A /proc of the kernel's but for meminfo, which tells what the test wants. */
static void fake_proc(const char *meminfo)
{
	int fd = open("proc/meminfo", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, meminfo, strlen(meminfo)) < 0)
		die("meminfo");
	close(fd);
}

static int run_system(void)
{
	struct pressure_options options = { .proc = "proc", .cgroup = "/nothing" };
	pid_t eater;

	if (mkdir("proc", 0755) < 0 || symlink("/proc/pressure", "proc/pressure") < 0)
		die("proc");
	enter_group("system", "16777216", "100663296");
	fake_proc("MemTotal: 1000 kB\nMemAvailable: 900 kB\n");
	options.proc = realpath("proc", NULL);
	start(&options);
	eater = start_eater(30);
	dispatch_for(3000000);
	puts("now short");
	fake_proc("MemTotal: 1000 kB\nMemAvailable: 100 kB\n");
	dispatch_for(5000000);
	stop_eater(eater);
	printf("level %d\n", pressure.level);
	stop();
	free((char *)options.proc);
	return 0;
}

static void print_watched(const char *what)
{
	unsigned watched = pressure_sources_watched(&sources);

	printf("%s:%s%s%s%s\n", what, watched & PRESSURE_WATCHES_MANAGER ? " manager" : "",
	       watched & PRESSURE_WATCHES_CGROUP ? " cgroup" : "",
	       watched & PRESSURE_WATCHES_CGROUP_EVENTS ? " events" : "",
	       watched & PRESSURE_WATCHES_SYSTEM ? " system" : "");
}

static void try_window(const char *what, const char *text)
{
	setenv("MEMORY_PRESSURE_WRITE", text, 1);
	start(NULL);
	print_watched(what);
	stop();
}

static int run_window(void)
{
	enter_group("window", "max", "max");
	start(NULL);
	print_watched("root");
	stop();
	setenv("MEMORY_PRESSURE_WATCH", "/proc/pressure/memory", 1);
	try_window("root, 1 s", "c29tZSAxMDAwMDAgMTAwMDAwMAA=");
	try_window("root, garbage", "Z2FyYmFnZQA=");
	if (setgid(65534) < 0 || setuid(65534) < 0)
		die("setuid");
	try_window("nobody, 1 s", "c29tZSAxMDAwMDAgMTAwMDAwMAA=");
	try_window("nobody, 2 s", "c29tZSAxMDAwMDAgMjAwMDAwMAA=");
	unsetenv("MEMORY_PRESSURE_WATCH");
	start(NULL);
	print_watched("nobody");
	stop();
	return 0;
}

static int run_move(void)
{
	enter_group("before", "max", "max");
	start(NULL);
	dispatch_for(200000);
	print_watched(sources.cgroup_dir);
	enter_group("after", "25165824", "100663296");
	if (rmdir(GROUPS "before") < 0)
		die("rmdir");
	dispatch_for(500000);
	print_watched(sources.cgroup_dir);
	for (int i = 0; i < 26 && sources.counted.high == 0; i++) {
		take_frame();
		loop_dispatch(&loop, 0);
	}
	dispatch_for(200000);
	drop_frames(MAX_FRAMES);
	stop();
	return 0;
}

static int run_quiet(void)
{
	struct pollfd ready;
	int wakes = 0;

	enter_group("quiet", "max", "max");
	start(NULL);
	ready = (struct pollfd) { .fd = loop.epoll_fd, .events = POLLIN };
	for (int i = 0; i < 10 && poll(&ready, 1, 3000) > 0; i++) {
		loop_dispatch(&loop, 0);
		wakes++;
	}
	printf("woken %d times\n", wakes);
	stop();
	return 0;
}

static int run(const char *what, const char *how)
{
	if (strcmp(what, "order") == 0)
		return run_order();
	if (strcmp(what, "hold") == 0)
		return run_hold(strcmp(how, "on") == 0);
	if (strcmp(what, "nested") == 0)
		return run_nested();
	if (strcmp(what, "system") == 0)
		return run_system();
	if (strcmp(what, "window") == 0)
		return run_window();
	if (strcmp(what, "move") == 0)
		return run_move();
	if (strcmp(what, "quiet") == 0)
		return run_quiet();
	fprintf(stderr, "no such test: %s\n", what);
	return 2;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc < 2 || getenv("WC_LAB") == NULL) {
		fprintf(stderr, "usage, in the lab: eat_memory TEST [on|off]\n");
		return 2;
	}
	return run(argv[1], argc > 2 ? argv[2] : "off");
}
