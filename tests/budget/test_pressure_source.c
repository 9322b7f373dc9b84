/* SPDX-License-Identifier: MIT */
/*
 * Sources of memory pressure on trees of files in a temporary directory. A socket or a FIFO stands
 * where the kernel has a pressure file, as $MEMORY_PRESSURE_WATCH allows; the real files are for
 * the lab.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "budget/pressure_source.h"
#include "util/clock.h"
#include "util/macros.h"

#define GROUP "cgroup/above/app"

static char root[64], proc[128], sys[128], cgroup[128];
static struct loop loop;
static struct pressure_ladder ladder;
static struct pressure pressure;
static struct pressure_sources sources;
static struct pressure_options options;
static int64_t now;
static int descriptors;

static int64_t fake_now(void)
{
	return now;
}

static const char *path_of(const char *name)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/%s", root, name);
	return path;
}

/* Write a file below the root, making its directories. */
__attribute__((format(printf, 2, 3)))
static void put(const char *name, const char *format, ...)
{
	char path[300];
	va_list args;
	FILE *file;

	strcpy(path, path_of(name));
	for (char *at = strchr(path + strlen(root) + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
		*at = '/';
	}
	if (!format)
		return;
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
}

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void set_up(void)
{
	strcpy(root, "/tmp/wcXXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	strcpy(proc, path_of("proc"));
	strcpy(sys, path_of("sys"));
	strcpy(cgroup, path_of("cgroup"));
	unsetenv("MEMORY_PRESSURE_WATCH");
	unsetenv("MEMORY_PRESSURE_WRITE");
	memset(&ladder, 0, sizeof ladder);
	memset(&sources, 0, sizeof sources);
	pressure_init(&pressure, &ladder);
	options = (struct pressure_options) {
		.proc = proc, .sys = sys, .cgroup = cgroup, .now = fake_now };
	now = INT64_C(1000000000);
	put("proc/self/cgroup", "0::/above/app\n");
	put("cgroup/cgroup.controllers", "memory\n");
	put(GROUP "/", NULL);
	put("proc/pressure/", NULL);
	descriptors = count_descriptors();
	ck_assert_int_eq(loop_init(&loop), 0);
}

static void tear_down(void)
{
	char command[100];

	pressure_sources_stop(&sources);
	loop_finish(&loop);
	ck_assert_int_eq(count_descriptors(), descriptors);
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	ck_assert_int_eq(system(command), 0);
}

static void start(void)
{
	pressure_sources_start(&sources, &loop, &pressure, NULL, &options);
}

/* Serve what is ready, until nothing is: something that is ready for ever fails here. */
static void settle(void)
{
	struct pollfd ready = { .fd = loop.epoll_fd, .events = POLLIN };
	int rounds = 0;

	while (poll(&ready, 1, 0) > 0) {
		ck_assert_int_eq(loop_dispatch(&loop, 0), 0);
		ck_assert_int_lt(rounds++, 50);
	}
}

/* As settle(), and the level is then as expected; afterwards it is none again. */
static void check_level(enum wc_pressure_level level)
{
	settle();
	ck_assert_int_eq(pressure.level, level);
	while (pressure.level != WC_PRESSURE_NONE) {
		now += PRESSURE_HOLD;
		pressure_serve(&pressure, now);
	}
}

static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path_of(name));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	return fd;
}

/* Take the next connection, which has to have sent text with its NUL; NULL: nothing. */
static int accept_trigger(int fd, const char *text)
{
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	char data[300];
	ssize_t n;

	ck_assert_int_ge(peer, 0);
	n = read(peer, data, sizeof data);
	if (!text) {
		ck_assert_int_lt(n, 0);
		return peer;
	}
	ck_assert_int_eq(n, strlen(text) + 1);
	ck_assert_str_eq(data, text);
	return peer;
}

static void check_no_more(int fd)
{
	ck_assert_int_lt(accept(fd, NULL, NULL), 0);
	ck_assert_int_eq(errno, EAGAIN);
}

static void say(int fd)
{
	ck_assert_int_eq(write(fd, "x", 1), 1);
}

static void watch_variable(const char *name, const char *data)
{
	setenv("MEMORY_PRESSURE_WATCH", path_of(name), 1);
	if (data)
		setenv("MEMORY_PRESSURE_WRITE", data, 1);
}

/* ---- nothing there ---- */

START_TEST(an_empty_machine_has_no_sources)
{
	options.proc = options.sys = options.cgroup = path_of("nothing");
	start();
	ck_assert_uint_eq(pressure_sources_watched(&sources), 0);
	pressure_sources_set_sampling(&sources, true);
	pressure_sources_sample(&sources);
	check_level(WC_PRESSURE_NONE);
	pressure_note_application(&pressure, WC_PRESSURE_LOW, 0, now);
	check_level(WC_PRESSURE_LOW);
}
END_TEST

START_TEST(the_real_trees_do_no_harm)
{
	pressure_sources_start(&sources, &loop, &pressure, NULL, NULL);
	pressure_sources_set_sampling(&sources, true);
	pressure_sources_sample(&sources);
	settle();
	pressure_sources_set_sampling(&sources, false);
}
END_TEST

/* ---- the manager ---- */

START_TEST(a_socket_of_the_manager_reports_medium)
{
	int fd = listen_at("manager"), peer;

	watch_variable("manager", "c29tZSAyMDAwMDAgMjAwMDAwMAA=");
	start();
	ck_assert_uint_eq(pressure_sources_watched(&sources), PRESSURE_WATCHES_MANAGER);
	peer = accept_trigger(fd, "some 200000 2000000");
	check_level(WC_PRESSURE_NONE);
	say(peer);
	check_level(WC_PRESSURE_MEDIUM);
	for (int i = 0; i < 100; i++)
		say(peer);
	check_level(WC_PRESSURE_MEDIUM);
	ck_assert_uint_ge(pressure.reports[WC_PRESSURE_BY_MANAGER], 2);
	/* A last word, and gone. */
	say(peer);
	close(peer);
	check_level(WC_PRESSURE_MEDIUM);
	ck_assert_uint_eq(pressure_sources_watched(&sources), 0);
	close(fd);
}
END_TEST

START_TEST(nothing_is_written_that_is_not_given)
{
	static const char *const none[] = { NULL, "", "garbage!", "AAA" };
	int fd = listen_at("manager");

	for (int i = 0; i < 4; i++) {
		int peer;

		watch_variable("manager", none[i]);
		start();
		peer = accept_trigger(fd, NULL);
		say(peer);
		check_level(WC_PRESSURE_MEDIUM);
		pressure_sources_stop(&sources);
		close(peer);
	}
	close(fd);
}
END_TEST

START_TEST(a_fifo_of_the_manager_reports_medium)
{
	int fd;

	ck_assert_int_eq(mkfifo(path_of("fifo"), 0600), 0);
	watch_variable("fifo", "c29tZSAyMDAwMDAgMjAwMDAwMAA=");
	start();
	ck_assert_uint_eq(pressure_sources_watched(&sources), PRESSURE_WATCHES_MANAGER);
	/* What was written is not read as a report. */
	check_level(WC_PRESSURE_NONE);
	for (int i = 0; i < 3; i++) {
		fd = open(path_of("fifo"), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
		ck_assert_int_ge(fd, 0);
		say(fd);
		check_level(WC_PRESSURE_MEDIUM);
		close(fd);
		check_level(WC_PRESSURE_NONE);
	}
	ck_assert_uint_eq(pressure_sources_watched(&sources), PRESSURE_WATCHES_MANAGER);
}
END_TEST

START_TEST(a_fifo_may_be_for_reading_only)
{
	bool is_root = geteuid() == 0;
	int fd;

	ck_assert_int_eq(chmod(root, 0755), 0);
	ck_assert_int_eq(mkfifo(path_of("fifo"), 0444), 0);
	watch_variable("fifo", "c29tZSAyMDAwMDAgMjAwMDAwMAA=");
	ck_assert(!is_root || seteuid(65534) == 0);
	start();
	ck_assert(!is_root || seteuid(0) == 0);
	ck_assert_uint_eq(pressure_sources_watched(&sources), PRESSURE_WATCHES_MANAGER);
	ck_assert_int_eq(chmod(path_of("fifo"), 0600), 0);
	for (int i = 0; i < 3; i++) {
		fd = open(path_of("fifo"), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
		ck_assert_int_ge(fd, 0);
		say(fd);
		check_level(WC_PRESSURE_MEDIUM);
		/* No writer is left: nothing that is ready for ever. */
		close(fd);
		check_level(WC_PRESSURE_NONE);
	}
}
END_TEST

START_TEST(a_fifo_with_another_reader_may_be_written_to)
{
	char data[100];
	int fd;

	ck_assert_int_eq(mkfifo(path_of("fifo"), 0600), 0);
	fd = open(path_of("fifo"), O_RDWR | O_CLOEXEC | O_NONBLOCK);
	watch_variable("fifo", "c29tZSAyMDAwMDAgMjAwMDAwMAA=");
	start();
	ck_assert_int_eq(read(fd, data, sizeof data), 20);
	ck_assert_str_eq(data, "some 200000 2000000");
	check_level(WC_PRESSURE_NONE);
	say(fd);
	check_level(WC_PRESSURE_MEDIUM);
	close(fd);
}
END_TEST

START_TEST(dev_null_switches_off)
{
	int fd = listen_at("proc/pressure/memory");

	put(GROUP "/memory.events", "high 0\nmax 0\noom 0\noom_kill 0\n");
	put(GROUP "/memory.max", "100\n");
	put(GROUP "/memory.current", "99\n");
	setenv("MEMORY_PRESSURE_WATCH", "/dev/null", 1);
	start();
	ck_assert_uint_eq(pressure_sources_watched(&sources), PRESSURE_IS_SWITCHED_OFF);
	check_no_more(fd);
	pressure_sources_sample(&sources);
	check_level(WC_PRESSURE_NONE);
	close(fd);
}
END_TEST

START_TEST(a_manager_that_cannot_be_watched_is_left_out)
{
	char longest[400];
	int fd;

	put("file", "some\n");
	ck_assert_int_eq(mkdir(path_of("dir"), 0700), 0);
	fd = listen_at("dead");
	close(fd);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	longest[0] = '/';
	/* A file that no poll works on, a directory, nobody listens, nothing there. */
	for (int i = 0; i < 8; i++) {
		const char *const paths[] = { "file", "dir", "dead", "missing" };

		setenv("MEMORY_PRESSURE_WATCH", i < 4 ? path_of(paths[i]) : i == 4 ? "file" :
		       i == 5 ? longest : i == 6 ? "" : "/dev/zero", 1);
		setenv("MEMORY_PRESSURE_WRITE", "c29tZQA=", 1);
		start();
		ck_assert_uint_eq(pressure_sources_watched(&sources), 0);
		check_level(WC_PRESSURE_NONE);
		pressure_sources_stop(&sources);
	}
	setenv("MEMORY_PRESSURE_WATCH", "/dev/null/x", 1);
	start();
	ck_assert_uint_eq(pressure_sources_watched(&sources), 0);
}
END_TEST

START_TEST(a_socket_with_too_long_a_name_is_left_out)
{
	char name[120];

	memset(name, 'd', sizeof name);
	memcpy(name + 100, "/s", 3);
	put(name, NULL);
	ck_assert_int_eq(mknod(path_of(name), S_IFSOCK | 0600, 0), 0);
	watch_variable(name, NULL);
	start();
	ck_assert_uint_eq(pressure_sources_watched(&sources), 0);
}
END_TEST

START_TEST(the_manager_stands_in_for_low_and_medium)
{
	int manager = listen_at("manager"), system = listen_at("proc/pressure/memory");
	int group = listen_at(GROUP "/memory.pressure"), peer[3];

	watch_variable("manager", NULL);
	start();
	ck_assert_uint_eq(pressure_sources_watched(&sources), PRESSURE_WATCHES_MANAGER |
			  PRESSURE_WATCHES_CGROUP | PRESSURE_WATCHES_SYSTEM);
	peer[0] = accept_trigger(manager, NULL);
	peer[1] = accept_trigger(group, "full 100000 2000000");
	peer[2] = accept_trigger(system, "full 100000 2000000");
	check_no_more(group);
	check_no_more(system);
	say(peer[1]);
	check_level(WC_PRESSURE_CRITICAL);
	for (int i = 0; i < 3; i++)
		close(peer[i]);
	close(manager);
	close(group);
	close(system);
}
END_TEST

/* ---- triggers ---- */

/* The three triggers at a path below the root report their levels. */
static void check_triggers(const char *name, enum wc_pressure_cause cause)
{
	int fd = listen_at(name), peer[3];

	start();
	peer[0] = accept_trigger(fd, "some 70000 2000000");
	peer[1] = accept_trigger(fd, "some 100000 2000000");
	peer[2] = accept_trigger(fd, "full 100000 2000000");
	check_no_more(fd);
	for (int i = 0; i < 3; i++) {
		say(peer[i]);
		check_level((enum wc_pressure_level)(WC_PRESSURE_LOW + i));
		ck_assert_uint_eq(pressure.reports[cause], i + 1);
	}
	for (int i = 0; i < 3; i++)
		close(peer[i]);
	check_level(WC_PRESSURE_NONE);
	ck_assert_uint_eq(pressure_sources_watched(&sources), 0);
	close(fd);
}

START_TEST(the_system_has_three_triggers)
{
	check_triggers("proc/pressure/memory", WC_PRESSURE_BY_SYSTEM);
}
END_TEST

START_TEST(the_cgroup_has_three_triggers)
{
	check_triggers(GROUP "/memory.pressure", WC_PRESSURE_BY_CGROUP);
}
END_TEST

START_TEST(beside_version_1_the_cgroup_is_below_unified)
{
	ck_assert_int_eq(unlink(path_of("cgroup/cgroup.controllers")), 0);
	put("proc/self/cgroup", "2:memory:/x\n1:name=systemd:/x\n0::/\n");
	put("cgroup/unified/", NULL);
	check_triggers("cgroup/unified/memory.pressure", WC_PRESSURE_BY_CGROUP);
}
END_TEST

START_TEST(a_system_with_plenty_of_memory_is_not_under_pressure)
{
	int fd = listen_at("proc/pressure/memory"), peer;

	start();
	peer = accept_trigger(fd, "some 70000 2000000");
	put("proc/meminfo", "MemTotal:  1000 kB\nMemFree: 10 kB\nMemAvailable:    501 kB\n");
	say(peer);
	check_level(WC_PRESSURE_NONE);
	put("proc/meminfo", "MemTotal:  1000 kB\nMemFree: 10 kB\nMemAvailable:    500 kB\n");
	say(peer);
	check_level(WC_PRESSURE_LOW);
	put("proc/meminfo", "MemTotal:  99999999999999999999999999 kB\nMemAvailable: -3 kB\n");
	say(peer);
	check_level(WC_PRESSURE_LOW);
	close(peer);
	close(fd);
}
END_TEST

START_TEST(a_file_that_woke_up_is_judged_by_its_averages)
{
	static const struct {
		const char *some, *full;
		enum wc_pressure_level inexact, exact;
	} table[] = {
		{ "0.00", "0.00", WC_PRESSURE_NONE, WC_PRESSURE_LOW },
		{ "0.49", "0.49", WC_PRESSURE_NONE, WC_PRESSURE_LOW },
		{ "0.50", "0.00", WC_PRESSURE_LOW, WC_PRESSURE_LOW },
		{ "4.99", "4.99", WC_PRESSURE_LOW, WC_PRESSURE_LOW },
		{ "5.00", "4.99", WC_PRESSURE_MEDIUM, WC_PRESSURE_MEDIUM },
		{ "99.99", "5.00", WC_PRESSURE_CRITICAL, WC_PRESSURE_CRITICAL },
		{ "100.00", "100.00", WC_PRESSURE_CRITICAL, WC_PRESSURE_CRITICAL },
		{ "-1.0", "x", WC_PRESSURE_NONE, WC_PRESSURE_LOW },
		{ "", "9.99", WC_PRESSURE_NONE, WC_PRESSURE_LOW },
	};
	struct pressure_trigger_source *source = &sources.cgroup[WC_PRESSURE_LOW];
	char file[300];

	start();
	strcpy(file, path_of("averages"));
	source->path = file;
	/* No file at first. */
	source->watch.report(&source->watch, false);
	check_level(WC_PRESSURE_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		put("averages", "some avg10=%s avg60=9.99 avg300=9.99 total=1\n"
		    "full avg10=%s avg60=9.99 avg300=9.99 total=1\n", table[i].some,
		    table[i].full);
		source->watch.report(&source->watch, false);
		check_level(table[i].inexact);
		source->watch.report(&source->watch, true);
		check_level(table[i].exact);
	}
}
END_TEST

START_TEST(without_descriptors_there_are_no_sources)
{
	int fd = listen_at("proc/pressure/memory"), next = dup(fd);
	struct rlimit before, none;

	put(GROUP "/memory.events", "max 0\n");
	watch_variable("proc/pressure/memory", NULL);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)next;
	close(next);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	start();
	ck_assert_uint_eq(pressure_sources_watched(&sources), 0);
	pressure_sources_set_sampling(&sources, true);
	ck_assert(!sources.sampling);
	pressure_note_application(&pressure, WC_PRESSURE_LOW, 0, now);
	check_level(WC_PRESSURE_LOW);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	pressure_sources_set_sampling(&sources, true);
	ck_assert(sources.sampling);
	close(fd);
}
END_TEST

START_TEST(a_moved_process_follows_its_cgroup)
{
	int before = listen_at(GROUP "/memory.pressure"), after, peer[6];

	put(GROUP "/memory.events", "max 0\n");
	put("cgroup/new/memory.events", "max 0\n");
	start();
	for (int i = 0; i < 3; i++)
		peer[i] = accept(before, NULL, NULL);
	after = listen_at("cgroup/new/memory.pressure");
	put("proc/self/cgroup", "0::/new\n");
	for (int i = 0; i < 3; i++)
		close(peer[i]);
	settle();
	for (int i = 3; i < 6; i++)
		peer[i] = accept(after, NULL, NULL);
	say(peer[5]);
	check_level(WC_PRESSURE_CRITICAL);
	put("cgroup/new/memory.events", "max 1\n");
	check_level(WC_PRESSURE_CRITICAL);
	/* Lost where the process still is: that is the end of it. */
	for (int i = 3; i < 6; i++)
		close(peer[i]);
	settle();
	check_no_more(after);
	ck_assert_uint_eq(pressure_sources_watched(&sources), PRESSURE_WATCHES_CGROUP_EVENTS);
	close(before);
	close(after);
}
END_TEST

static int writes, write_errno, failing_writes;

static ssize_t failing_write(int fd, const void *data, size_t size)
{
	(void)data;
	ck_assert_int_ge(fd, 0);
	writes++;
	if (writes > failing_writes)
		return (ssize_t)size;
	errno = write_errno;
	return write_errno == 0 ? (ssize_t)size - 1 : -1;
}

/* Open all with the first failing of the writes failing with error; returns what is watched. */
static unsigned start_failing(int failing, int error)
{
	int fd = listen_at("proc/pressure/memory");
	unsigned watched;

	options.write = failing_write;
	writes = 0;
	failing_writes = failing;
	write_errno = error;
	start();
	watched = pressure_sources_watched(&sources);
	pressure_sources_stop(&sources);
	close(fd);
	unlink(path_of("proc/pressure/memory"));
	return watched;
}

START_TEST(a_trigger_that_is_refused_is_left_out)
{
	static const int errors[] = { EINVAL, EPERM, EACCES, EOPNOTSUPP, ENOMEM, EIO, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		ck_assert_uint_eq(start_failing(3, errors[i]), 0);
		ck_assert_int_eq(writes, 3);
		/* The others work on. */
		ck_assert_uint_eq(start_failing(2, errors[i]), PRESSURE_WATCHES_SYSTEM);
	}
}
END_TEST

START_TEST(a_busy_descriptor_is_replaced_once)
{
	ck_assert_uint_eq(start_failing(1, EBUSY), PRESSURE_WATCHES_SYSTEM);
	ck_assert_int_eq(writes, 4);
	ck_assert_uint_eq(start_failing(100, EBUSY), 0);
	ck_assert_int_eq(writes, 6);
}
END_TEST

/* Refuses what is not said by psi.rst to be fit for everybody; keeps what it took. */
static char taken[64];

static ssize_t picky_write(int fd, const void *data, size_t size)
{
	(void)fd;
	writes++;
	if (!strstr(data, " 2000000")) {
		errno = EINVAL;
		return -1;
	}
	memcpy(taken, data, size);
	return (ssize_t)size;
}

START_TEST(a_window_that_is_refused_is_replaced)
{
	put("file", "some\n");
	options.write = picky_write;
	/* some 100000 1000000 */
	for (int i = 0; i < 2; i++) {
		writes = 0;
		watch_variable("file", i == 0 ? "c29tZSAxMDAwMDAgMTAwMDAwMAA=" : "garbage");
		start();
		ck_assert_str_eq(taken, "some 100000 2000000");
		ck_assert_int_eq(writes, 2 - i);
		/* No poll works on a plain file. */
		ck_assert_uint_eq(pressure_sources_watched(&sources), 0);
		pressure_sources_stop(&sources);
	}
}
END_TEST

/* ---- the own control group ---- */

START_TEST(strange_cgroup_files_mean_no_cgroup)
{
	char *longest = malloc(6000);
	const char *const strange[] = { "", "\n", "garbage", "1:memory:/app\n", "0::/../app\n",
					"0::/above/app", "0::\n", "00::/above/app\n", longest };

	memset(longest, 'x', 6000);
	memcpy(longest, "0::/", 4);
	strcpy(longest + 2000, "\n");
	put(GROUP "/memory.events", "max 0\n");
	for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
		put("proc/self/cgroup", "%s", strange[i]);
		start();
		ck_assert_msg(pressure_sources_watched(&sources) == 0, "row %zu", i);
		ck_assert_str_eq(sources.cgroup_dir, "");
		pressure_sources_stop(&sources);
	}
	/* Cut at the end of what is read. */
	longest[2000] = 'x';
	longest[5999] = '\0';
	put("proc/self/cgroup", "%s", longest);
	start();
	ck_assert_str_eq(sources.cgroup_dir, "");
	free(longest);
}
END_TEST

/* Counters change; the pause after the change before is over. */
static void count_events(unsigned low, unsigned high, unsigned max, unsigned oom, unsigned kill)
{
	if (sources.loop && sources.events.fd >= 0)
		sources.events_pause.expired(&sources.events_pause);
	put(GROUP "/memory.events", "low %u\nhigh %u\nmax %u\noom %u\noom_kill %u\n"
	    "oom_group_kill 0\n", low, high, max, oom, kill);
}

START_TEST(each_counter_of_the_cgroup_reports)
{
	count_events(1, 2, 3, 4, 5);
	start();
	ck_assert_uint_eq(pressure_sources_watched(&sources), PRESSURE_WATCHES_CGROUP_EVENTS);
	check_level(WC_PRESSURE_NONE);
	count_events(2, 2, 3, 4, 5);
	check_level(WC_PRESSURE_NONE);
	count_events(2, 3, 3, 4, 5);
	check_level(WC_PRESSURE_MEDIUM);
	count_events(2, 3, 4, 4, 5);
	check_level(WC_PRESSURE_CRITICAL);
	count_events(2, 3, 4, 5, 5);
	check_level(WC_PRESSURE_CRITICAL);
	count_events(2, 3, 4, 5, 6);
	check_level(WC_PRESSURE_CRITICAL);
	count_events(2, 3, 4, 5, 6);
	check_level(WC_PRESSURE_NONE);
	ck_assert_uint_eq(pressure.reports[WC_PRESSURE_BY_CGROUP], 4);
}
END_TEST

START_TEST(a_limit_that_only_cost_cache_is_low)
{
	count_events(0, 0, 0, 0, 0);
	put(GROUP "/memory.max", "1000\n");
	put(GROUP "/memory.high", "max\n");
	put(GROUP "/memory.current", "1000\n");
	put(GROUP "/memory.stat", "anon 400\nfile 600\ninactive_file 300\nactive_file 300\n");
	start();
	count_events(0, 0, 1, 0, 0);
	check_level(WC_PRESSURE_LOW);
	put(GROUP "/memory.stat", "anon 600\nfile 400\ninactive_file 300\nactive_file 100\n");
	count_events(0, 0, 2, 0, 0);
	check_level(WC_PRESSURE_CRITICAL);
	put(GROUP "/memory.max", "max\n");
	put(GROUP "/memory.high", "5000\n");
	count_events(0, 1, 2, 0, 0);
	check_level(WC_PRESSURE_LOW);
}
END_TEST

START_TEST(many_events_wake_twice_a_second)
{
	int64_t begin = clock_now();

	count_events(0, 0, 0, 0, 0);
	start();
	for (unsigned i = 1; i < 100; i++) {
		put(GROUP "/memory.events", "high %u\nmax 0\n", i);
		settle();
	}
	/* The last state is not lost. */
	while (sources.counted.high != 99)
		ck_assert_int_eq(loop_dispatch(&loop, 5000), 0);
	ck_assert_uint_le(pressure.reports[WC_PRESSURE_BY_CGROUP],
			  1 + (uint64_t)((clock_now() - begin) / PRESSURE_EVENTS_PERIOD));
	check_level(WC_PRESSURE_MEDIUM);
}
END_TEST

START_TEST(garbage_in_memory_events_is_no_report)
{
	count_events(0, 0, 0, 0, 0);
	start();
	put(GROUP "/memory.events", "%s", "max\nhigh x\n\n\n\xff oom_kill");
	check_level(WC_PRESSURE_NONE);
	sources.events_pause.expired(&sources.events_pause);
	put(GROUP "/memory.events", "%s", "");
	check_level(WC_PRESSURE_NONE);
	count_events(0, 1, 0, 0, 0);
	check_level(WC_PRESSURE_MEDIUM);
}
END_TEST

START_TEST(memory_events_may_go_away)
{
	count_events(0, 0, 0, 0, 0);
	start();
	ck_assert_int_eq(unlink(path_of(GROUP "/memory.events")), 0);
	check_level(WC_PRESSURE_NONE);
	ck_assert_uint_eq(pressure_sources_watched(&sources), 0);
}
END_TEST

/* ---- samples ---- */

static void put_group(const char *dir, const char *max, const char *high, unsigned current)
{
	char name[100];

	snprintf(name, sizeof name, "%s/memory.max", dir);
	put(name, "%s\n", max);
	snprintf(name, sizeof name, "%s/memory.high", dir);
	put(name, "%s\n", high);
	snprintf(name, sizeof name, "%s/memory.current", dir);
	put(name, "%u\n", current);
}

static uint64_t goal_of_low;

static uint64_t keep_goal(void *owner, enum wc_pressure_level level,
			  enum wc_pressure_cause cause, uint64_t wanted)
{
	(void)cause;
	(void)owner;
	(void)level;
	goal_of_low = wanted;
	return 0;
}

START_TEST(limits_of_the_cgroup_and_those_above_are_sampled)
{
	static const struct {
		const char *max, *high;
		unsigned current;
		enum wc_pressure_level level;
		uint64_t goal;
	} table[] = {
		{ "max", "max", 900000, WC_PRESSURE_NONE, 0 },
		{ "1000", "max", 799, WC_PRESSURE_NONE, 0 },
		{ "1000", "max", 850, WC_PRESSURE_LOW, 50 },
		{ "1000", "max", 900, WC_PRESSURE_MEDIUM, 100 },
		{ "1000", "max", 970, WC_PRESSURE_CRITICAL, 170 },
		{ "2000", "1000", 1000, WC_PRESSURE_MEDIUM, 200 },
		{ "max", "1000", 1000, WC_PRESSURE_MEDIUM, 200 },
		{ "0", "0", 5, WC_PRESSURE_NONE, 0 },
		{ "garbage", "1000", 999, WC_PRESSURE_NONE, 0 },
		{ "", "", 999, WC_PRESSURE_NONE, 0 },
		{ "1000", "garbage", 970, WC_PRESSURE_CRITICAL, 170 },
		{ "99999999999999999999999999", "max", 5, WC_PRESSURE_NONE, 0 },
	};
	static const char *const dirs[] = { GROUP, "cgroup/above" };

	ladder.rungs[WC_PRESSURE_TRIM].act = keep_goal;
	for (size_t d = 0; d < 2; d++) {
		put_group(GROUP, "max", "max", 1);
		for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
			put_group(dirs[d], table[i].max, table[i].high, table[i].current);
			start();
			goal_of_low = 0;
			pressure_sources_sample(&sources);
			settle();
			ck_assert_msg(pressure.level == table[i].level, "%s row %zu: %d", dirs[d],
				      i, pressure.level);
			check_level(table[i].level);
			ck_assert_uint_eq(goal_of_low, table[i].goal);
			pressure_sources_stop(&sources);
		}
	}
}
END_TEST

#define MIB UINT64_C(1048576)

static void put_used(uint64_t used)
{
	put_group(GROUP, "104857600", "max", (unsigned)(used * MIB));
}

START_TEST(who_takes_much_is_looked_at)
{
	put_used(50);
	start();
	pressure_sources_look(&sources, 0);
	pressure_sources_set_sampling(&sources, true);
	/* What was there before is in the group's number. */
	pressure_sources_look(&sources, 40 * MIB);
	check_level(WC_PRESSURE_NONE);
	/* An eighth of 50 MiB is not gone yet. */
	put_used(85);
	pressure_sources_look(&sources, 46 * MIB);
	check_level(WC_PRESSURE_NONE);
	/* Now it is: 85, and what came may come again. */
	pressure_sources_look(&sources, 47 * MIB);
	check_level(WC_PRESSURE_MEDIUM);
	/* Steps become smaller, but not smaller than one MiB. */
	put_used(97);
	pressure_sources_look(&sources, 48 * MIB - 1);
	check_level(WC_PRESSURE_NONE);
	pressure_sources_look(&sources, 48 * MIB);
	check_level(WC_PRESSURE_CRITICAL);
	/* What goes may come again: the group had it then. But not more, where killing is near. */
	pressure_sources_look(&sources, 10 * MIB);
	pressure_sources_look(&sources, 48 * MIB - 1);
	check_level(WC_PRESSURE_NONE);
	pressure_sources_look(&sources, 48 * MIB);
	check_level(WC_PRESSURE_CRITICAL);
	/* Unless the timer has seen less meanwhile. */
	pressure_sources_look(&sources, 10 * MIB);
	put_used(58);
	pressure_sources_sample(&sources);
	put_used(97);
	pressure_sources_look(&sources, 48 * MIB);
	check_level(WC_PRESSURE_CRITICAL);
	pressure_sources_set_sampling(&sources, false);
	pressure_sources_look(&sources, 90 * MIB);
	check_level(WC_PRESSURE_NONE);
}
END_TEST

START_TEST(without_a_limit_nobody_looks)
{
	put_group(GROUP, "max", "max", 50);
	start();
	pressure_sources_set_sampling(&sources, true);
	pressure_sources_look(&sources, 0);
	put_used(99);
	pressure_sources_look(&sources, 4000 * MIB);
	check_level(WC_PRESSURE_NONE);
	/* The timer finds the new limit. */
	pressure_sources_sample(&sources);
	check_level(WC_PRESSURE_CRITICAL);
	pressure_sources_look(&sources, 4001 * MIB);
	check_level(WC_PRESSURE_CRITICAL);
}
END_TEST

static void put_cma(unsigned total, unsigned available, unsigned failed, unsigned other)
{
	put("proc/meminfo", "MemTotal: 1000 kB\nCmaTotal:  %u kB\nCmaFree:   %u kB\n", total,
	    available);
	put("sys/kernel/mm/cma/reserved/alloc_pages_fail", "%u\n", failed);
	put("sys/kernel/mm/cma/linux,cma/alloc_pages_fail", "%u\n", other);
}

static void check_sample(enum wc_pressure_level level)
{
	pressure_sources_sample(&sources);
	check_level(level);
}

START_TEST(contiguous_memory_is_sampled)
{
	put_cma(1000, 500, 7, 8);
	start();
	pressure_sources_set_sampling(&sources, true);
	check_sample(WC_PRESSURE_NONE);
	put_cma(1000, 99, 7, 8);
	check_sample(WC_PRESSURE_LOW);
	put_cma(1000, 100, 7, 9);
	check_sample(WC_PRESSURE_MEDIUM);
	check_sample(WC_PRESSURE_NONE);
	put_cma(1000, 99, 8, 9);
	check_sample(WC_PRESSURE_CRITICAL);
	/* No CMA at all, counters that start again, garbage. */
	put_cma(0, 0, 0, 0);
	check_sample(WC_PRESSURE_NONE);
	put("proc/meminfo", "CmaTotal: x\nCmaFree:\n");
	put("sys/kernel/mm/cma/reserved/alloc_pages_fail", "max\n");
	check_sample(WC_PRESSURE_NONE);
	ck_assert_int_eq(unlink(path_of("proc/meminfo")), 0);
	check_sample(WC_PRESSURE_NONE);
}
END_TEST

START_TEST(failures_before_sampling_are_nobodys_concern)
{
	put_cma(1000, 500, 0, 0);
	start();
	put_cma(1000, 500, 5, 0);
	pressure_sources_set_sampling(&sources, true);
	check_sample(WC_PRESSURE_NONE);
}
END_TEST

START_TEST(the_timer_samples_while_it_is_on)
{
	put_cma(1000, 500, 0, 0);
	start();
	ck_assert(list_empty(&loop.timers));
	pressure_sources_set_sampling(&sources, true);
	pressure_sources_set_sampling(&sources, true);
	ck_assert(!list_empty(&loop.timers));
	put_cma(1000, 500, 1, 0);
	ck_assert_int_eq(loop_dispatch(&loop, 5000), 0);
	ck_assert_int_eq(pressure.level, WC_PRESSURE_MEDIUM);
	pressure_sources_set_sampling(&sources, false);
	check_level(WC_PRESSURE_MEDIUM);
	timer_cancel(&sources.fall);
	ck_assert(list_empty(&loop.timers));
}
END_TEST

/* ---- serving ---- */

START_TEST(the_level_falls_by_a_timer)
{
	start();
	pressure_note_application(&pressure, WC_PRESSURE_MEDIUM, 0, now);
	settle();
	ck_assert(!list_empty(&sources.fall.link));
	now += PRESSURE_HOLD;
	timer_cancel(&sources.fall);
	sources.fall.expired(&sources.fall);
	ck_assert_int_eq(pressure.level, WC_PRESSURE_LOW);
	ck_assert(!list_empty(&sources.fall.link));
	now += PRESSURE_HOLD;
	timer_cancel(&sources.fall);
	sources.fall.expired(&sources.fall);
	ck_assert_int_eq(pressure.level, WC_PRESSURE_NONE);
	ck_assert(list_empty(&loop.timers));
}
END_TEST

static int acts;

static uint64_t act_in_dispatch(void *owner, enum wc_pressure_level level,
				enum wc_pressure_cause cause, uint64_t wanted)
{
	(void)cause;
	(void)owner;
	(void)level;
	ck_assert(loop.dispatching);
	acts++;
	return wanted;
}

START_TEST(the_ladder_is_climbed_in_dispatch)
{
	start();
	ladder.rungs[WC_PRESSURE_TRIM].act = act_in_dispatch;
	acts = 0;
	pressure_note_budget(&pressure, PRESSURE_BYTES, 85, 100, now);
	ck_assert_int_eq(acts, 0);
	settle();
	ck_assert_int_eq(acts, 1);
}
END_TEST

START_TEST(nothing_is_allocated_after_the_start)
{
	int fd = listen_at("proc/pressure/memory"), peer;
	struct mallinfo2 before, after;

	put_cma(1000, 500, 0, 0);
	put_group(GROUP, "1000", "max", 1);
	count_events(0, 0, 0, 0, 0);
	start();
	pressure_sources_set_sampling(&sources, true);
	peer = accept_trigger(fd, "some 70000 2000000");
	count_events(0, 1, 0, 0, 0);
	say(peer);
	before = mallinfo2();
	pressure_sources_sample(&sources);
	settle();
	after = mallinfo2();
	ck_assert_int_eq(pressure.level, WC_PRESSURE_LOW);
	ck_assert_uint_eq(after.uordblks, before.uordblks);
	close(peer);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pressure sources");
	TCase *all = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 20);
	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_test(all, an_empty_machine_has_no_sources);
	tcase_add_test(all, the_real_trees_do_no_harm);
	tcase_add_test(all, a_socket_of_the_manager_reports_medium);
	tcase_add_test(all, nothing_is_written_that_is_not_given);
	tcase_add_test(all, a_fifo_of_the_manager_reports_medium);
	tcase_add_test(all, a_fifo_may_be_for_reading_only);
	tcase_add_test(all, a_fifo_with_another_reader_may_be_written_to);
	tcase_add_test(all, dev_null_switches_off);
	tcase_add_test(all, a_manager_that_cannot_be_watched_is_left_out);
	tcase_add_test(all, a_socket_with_too_long_a_name_is_left_out);
	tcase_add_test(all, the_manager_stands_in_for_low_and_medium);
	tcase_add_test(all, the_system_has_three_triggers);
	tcase_add_test(all, the_cgroup_has_three_triggers);
	tcase_add_test(all, beside_version_1_the_cgroup_is_below_unified);
	tcase_add_test(all, a_system_with_plenty_of_memory_is_not_under_pressure);
	tcase_add_test(all, a_file_that_woke_up_is_judged_by_its_averages);
	tcase_add_test(all, without_descriptors_there_are_no_sources);
	tcase_add_test(all, a_moved_process_follows_its_cgroup);
	tcase_add_test(all, a_trigger_that_is_refused_is_left_out);
	tcase_add_test(all, a_busy_descriptor_is_replaced_once);
	tcase_add_test(all, a_window_that_is_refused_is_replaced);
	tcase_add_test(all, strange_cgroup_files_mean_no_cgroup);
	tcase_add_test(all, each_counter_of_the_cgroup_reports);
	tcase_add_test(all, a_limit_that_only_cost_cache_is_low);
	tcase_add_test(all, many_events_wake_twice_a_second);
	tcase_add_test(all, garbage_in_memory_events_is_no_report);
	tcase_add_test(all, memory_events_may_go_away);
	tcase_add_test(all, limits_of_the_cgroup_and_those_above_are_sampled);
	tcase_add_test(all, who_takes_much_is_looked_at);
	tcase_add_test(all, without_a_limit_nobody_looks);
	tcase_add_test(all, contiguous_memory_is_sampled);
	tcase_add_test(all, failures_before_sampling_are_nobodys_concern);
	tcase_add_test(all, the_timer_samples_while_it_is_on);
	tcase_add_test(all, the_level_falls_by_a_timer);
	tcase_add_test(all, the_ladder_is_climbed_in_dispatch);
	tcase_add_test(all, nothing_is_allocated_after_the_start);
	suite_add_tcase(suite, all);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
