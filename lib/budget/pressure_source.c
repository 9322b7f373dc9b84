/* SPDX-License-Identifier: MIT */
#include "budget/pressure_source.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <webcodecs/pressure.h>

#include "budget/base64.h"
#include "util/clock.h"

#define say(sources, kind, ...) \
	do { \
		if ((sources)->log) \
			log_##kind((sources)->log, __VA_ARGS__); \
	} while (0)

/* With the NUL, which the kernel overwrites in any case. */
static const char *const triggers[PRESSURE_LEVELS] = {
	[WC_PRESSURE_LOW] = "some 70000 2000000",
	[WC_PRESSURE_MEDIUM] = "some 100000 2000000",
	[WC_PRESSURE_CRITICAL] = "full 100000 2000000",
};

static const char *const cause_names[PRESSURE_CAUSES] = {
	[WC_PRESSURE_BY_MANAGER] = "manager",
	[WC_PRESSURE_BY_CGROUP] = "cgroup",
	[WC_PRESSURE_BY_SYSTEM] = "system",
	[WC_PRESSURE_BY_DEVICE_MEMORY] = "device memory",
};

/* what: which part of the cause spoke. */
static void note(struct pressure_sources *sources, enum wc_pressure_cause cause, const char *what,
		 enum wc_pressure_level level, uint64_t goal)
{
	if (level == WC_PRESSURE_NONE)
		return;
	say(sources, debug, "pressure: %s %s reports level %d", cause_names[cause], what, level);
	pressure_note(sources->pressure, cause, level, goal, sources->options.now());
}

/* ---- serving ---- */

static void serve(struct pressure_sources *sources)
{
	int64_t left = pressure_serve(sources->pressure, sources->options.now());
	int ret;

	if (left < 0) {
		timer_cancel(&sources->fall);
		return;
	}
	ret = loop_set_timer(sources->loop, &sources->fall, left);
	/* The level then falls when the next report is served. */
	if (ret < 0)
		say(sources, warning, "pressure: no timer: %s", strerror(-ret));
}

static void on_serve(struct task *task)
{
	serve(container_of(task, struct pressure_sources, serve));
}

static void on_fall(struct timer *timer)
{
	serve(container_of(timer, struct pressure_sources, fall));
}

static void on_wake(void *wake_data)
{
	struct pressure_sources *sources = wake_data;

	loop_post(sources->loop, &sources->serve);
}

/* ---- triggers ---- */

/* Stalls as averages lag behind: a tenth of what the triggers ask for tells of a new one. */
static enum wc_pressure_level judge_averages(const char *path)
{
	struct sample_stalls stalls;

	if (!path || sample_stalls(path, &stalls) < 0)
		return WC_PRESSURE_NONE;
	if (stalls.full >= 500)
		return WC_PRESSURE_CRITICAL;
	if (stalls.some >= 500)
		return WC_PRESSURE_MEDIUM;
	return stalls.some >= 50 ? WC_PRESSURE_LOW : WC_PRESSURE_NONE;
}

static bool is_plenty(const struct pressure_sources *sources)
{
	struct sample_memory memory;

	return sample_memory(sources->options.proc, &memory) == 0 &&
	       memory.available > memory.total / 2;
}

static void on_report(struct pressure_watch *watch, bool exact)
{
	struct pressure_trigger_source *source =
		container_of(watch, struct pressure_trigger_source, watch);
	enum wc_pressure_level level = exact ? source->level : WC_PRESSURE_NONE;

	if (source->path) {
		enum wc_pressure_level seen = judge_averages(source->path);

		level = seen > level ? seen : level;
	}
	if (source->cause == WC_PRESSURE_BY_SYSTEM && is_plenty(source->sources))
		return;
	note(source->sources, source->cause, "trigger", level, 0);
}

static void on_gone(struct pressure_watch *watch)
{
	struct pressure_trigger_source *source =
		container_of(watch, struct pressure_trigger_source, watch);
	struct pressure_sources *sources = source->sources;

	say(sources, info, "pressure: a trigger of the %s went away", cause_names[source->cause]);
	if (source->cause == WC_PRESSURE_BY_CGROUP)
		loop_post(sources->loop, &sources->move);
}

static void init_trigger(struct pressure_sources *sources, struct pressure_trigger_source *source,
			 enum wc_pressure_cause cause, enum wc_pressure_level level)
{
	pressure_watch_init(&source->watch);
	source->watch.report = on_report;
	source->watch.gone = on_gone;
	source->sources = sources;
	source->cause = cause;
	source->level = level;
	source->path = NULL;
}

/* The lowest trigger of a file is its canary and the one to look at averages. */
static void open_triggers(struct pressure_sources *sources, struct pressure_trigger_source *source,
			  const char *path)
{
	bool manager = pressure_watch_is_open(&sources->manager.watch);
	int lowest = manager ? WC_PRESSURE_CRITICAL : WC_PRESSURE_LOW;

	for (int level = lowest; level < PRESSURE_LEVELS; level++) {
		struct pressure_trigger trigger = {
			.data = triggers[level],
			.size = strlen(triggers[level]) + 1,
			.canary = level == lowest,
			.write = sources->options.write,
		};
		int ret;

		ret = pressure_watch_open(&source[level].watch, sources->loop, path, &trigger);
		source[level].path = level == lowest && source[level].watch.is_file ? path : NULL;
		if (ret < 0)
			say(sources, debug, "pressure: %s: %s: %s", path, triggers[level],
			    strerror(-ret));
	}
}

static void close_triggers(struct pressure_trigger_source *source)
{
	for (int level = WC_PRESSURE_LOW; level < PRESSURE_LEVELS; level++)
		pressure_watch_close(&source[level].watch);
}

static void open_manager(struct pressure_sources *sources)
{
	const char *path = secure_getenv("MEMORY_PRESSURE_WATCH");
	const char *text = secure_getenv("MEMORY_PRESSURE_WRITE");
	unsigned char data[PRESSURE_TRIGGER_SIZE];
	struct pressure_trigger trigger = {
		.data = data,
		.fallback = triggers[WC_PRESSURE_MEDIUM],
		.canary = true,
		.write = sources->options.write,
	};
	int ret;

	if (!path || !*path)
		return;
	if (strcmp(path, "/dev/null") == 0) {
		sources->switched_off = true;
		return;
	}
	ret = base64_decode(text ? text : "", data, sizeof data);
	if (ret < 0)
		say(sources, warning, "pressure: $MEMORY_PRESSURE_WRITE is not usable");
	trigger.size = ret > 0 ? (size_t)ret : 0;
	ret = pressure_watch_open(&sources->manager.watch, sources->loop, path, &trigger);
	if (ret < 0)
		say(sources, info, "pressure: $MEMORY_PRESSURE_WATCH %s: %s", path, strerror(-ret));
	else if (sources->manager.watch.is_file &&
		 strlen(path) < sizeof sources->manager_file)
		sources->manager.path = strcpy(sources->manager_file, path);
}

/* ---- memory.events ---- */

static enum wc_pressure_level fill_of_group(const struct sample_cgroup *group)
{
	enum wc_pressure_level max = pressure_fill_level(group->used, group->max);
	enum wc_pressure_level high = pressure_fill_level(group->used, group->high);

	if (high > WC_PRESSURE_MEDIUM)
		high = WC_PRESSURE_MEDIUM;
	return max > high ? max : high;
}

static uint64_t excess_of_group(const struct sample_cgroup *group)
{
	uint64_t limit = group->high < group->max ? group->high : group->max;

	return pressure_fill_excess(group->used, limit);
}

/* Whether reaching a limit only cost file cache: the rest is less than half of it. */
static bool is_mostly_cache(const struct pressure_sources *sources)
{
	struct sample_cgroup group;

	return sample_cgroup(sources->cgroup_dir, &group) == 0 && group.used < group.max / 2 &&
	       group.used < group.high / 2;
}

static int events_path(const struct pressure_sources *sources, char *path, size_t size)
{
	return (size_t)snprintf(path, size, "%s/memory.events", sources->cgroup_dir) < size ?
	       0 : -ENAMETOOLONG;
}

static void close_events(struct pressure_sources *sources)
{
	int fd = sources->events.fd;

	timer_cancel(&sources->events_pause);
	loop_remove(sources->loop, &sources->events);
	if (fd >= 0)
		close(fd);
}

static void judge_events(struct pressure_sources *sources, const struct sample_events *now)
{
	const struct sample_events *last = &sources->counted;
	enum wc_pressure_level level = WC_PRESSURE_NONE;

	if (now->oom > last->oom || now->oom_kill > last->oom_kill)
		level = WC_PRESSURE_CRITICAL;
	else if (now->max > last->max)
		level = is_mostly_cache(sources) ? WC_PRESSURE_LOW : WC_PRESSURE_CRITICAL;
	else if (now->high > last->high)
		level = is_mostly_cache(sources) ? WC_PRESSURE_LOW : WC_PRESSURE_MEDIUM;
	sources->counted = *now;
	note(sources, WC_PRESSURE_BY_CGROUP, "events", level, 0);
}

static void on_events(struct loop_source *source, uint32_t revents)
{
	struct pressure_sources *sources = container_of(source, struct pressure_sources, events);
	_Alignas(struct inotify_event) char data[1024];
	struct sample_events now;
	char path[1100];
	int ret;

	(void)revents;
	while (read(source->fd, data, sizeof data) > 0)
		continue;
	ret = events_path(sources, path, sizeof path);
	if (ret == 0)
		ret = sample_events(path, &now);
	/* Text that is no counter may be better next time; a file that cannot be read is gone. */
	if (ret == 0) {
		judge_events(sources, &now);
	} else if (ret != -EBADMSG) {
		say(sources, info, "pressure: %s: %s", path, strerror(-ret));
		close_events(sources);
		loop_post(sources->loop, &sources->move);
		return;
	}
	/* A group at its limit counts hundreds of events a second. */
	if (loop_set_timer(sources->loop, &sources->events_pause, PRESSURE_EVENTS_PERIOD) == 0)
		loop_change(sources->loop, source, 0);
}

static void on_events_pause(struct timer *timer)
{
	struct pressure_sources *sources =
		container_of(timer, struct pressure_sources, events_pause);

	loop_change(sources->loop, &sources->events, EPOLLIN);
}

static int watch_events(struct pressure_sources *sources, int fd)
{
	char path[1100];
	int ret = events_path(sources, path, sizeof path);

	if (ret < 0)
		return ret;
	if (inotify_add_watch(fd, path, IN_MODIFY | IN_DELETE_SELF) < 0)
		return -errno;
	/* After the watch, so that nothing is missed between. */
	ret = sample_events(path, &sources->counted);
	if (ret < 0)
		return ret;
	return loop_add(sources->loop, &sources->events, fd, EPOLLIN, on_events);
}

static void open_events(struct pressure_sources *sources)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int ret = fd < 0 ? -errno : watch_events(sources, fd);

	if (ret == 0)
		return;
	say(sources, debug, "pressure: memory.events: %s", strerror(-ret));
	if (fd >= 0)
		close(fd);
}

/* ---- the own control group ---- */

static void open_cgroup(struct pressure_sources *sources)
{
	const char *root = sources->options.cgroup;
	int ret = sample_own_cgroup(sources->options.proc, root, sources->cgroup_dir,
				    sizeof sources->cgroup_dir);

	if (ret < 0) {
		sources->cgroup_dir[0] = '\0';
		say(sources, debug, "pressure: no control group: %s", strerror(-ret));
		return;
	}
	snprintf(sources->cgroup_file, sizeof sources->cgroup_file, "%s/memory.pressure",
		 sources->cgroup_dir);
	open_triggers(sources, sources->cgroup, sources->cgroup_file);
	open_events(sources);
}

/* Gone for good when the process is where it was. */
static void on_move(struct task *task)
{
	struct pressure_sources *sources = container_of(task, struct pressure_sources, move);
	const struct pressure_options *options = &sources->options;
	char dir[sizeof sources->cgroup_dir];

	if (sample_own_cgroup(options->proc, options->cgroup, dir, sizeof dir) < 0 ||
	    strcmp(dir, sources->cgroup_dir) == 0)
		return;
	say(sources, info, "pressure: now in control group %s", dir);
	close_triggers(sources->cgroup);
	close_events(sources);
	open_cgroup(sources);
}

/* ---- samples ---- */

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * Bytes that may be taken before the next look. None where killing is near: what was freed may be
 * in the keeping of an allocator, and the kernel sees none of it until all is taken again.
 */
static uint64_t step_of_group(const struct sample_cgroup *group)
{
	uint64_t limit = lower(group->high, group->max);
	uint64_t room = limit > group->used ? limit - group->used : 0;

	if (limit == PRESSURE_UNLIMITED)
		return PRESSURE_UNLIMITED;
	if (fill_of_group(group) == WC_PRESSURE_CRITICAL)
		return 0;
	return room / 8 > PRESSURE_MIN_STEP ? room / 8 : PRESSURE_MIN_STEP;
}

/*
 * Limits of groups above count, too. Reports the worst of them. grown: bytes that came since the
 * last look.
 */
static void sample_limits(struct pressure_sources *sources, uint64_t grown)
{
	enum wc_pressure_level worst = WC_PRESSURE_NONE;
	char dir[sizeof sources->cgroup_dir];
	size_t root = strlen(sources->options.cgroup);
	uint64_t goal = 0;

	sources->step = PRESSURE_UNLIMITED;
	strcpy(dir, sources->cgroup_dir);
	while (strlen(dir) > root) {
		enum wc_pressure_level level = WC_PRESSURE_NONE;
		struct sample_cgroup group;

		if (sample_cgroup(dir, &group) == 0) {
			group.used += grown;
			level = fill_of_group(&group);
			sources->step = lower(sources->step, step_of_group(&group));
		}
		if (level > worst) {
			worst = level;
			goal = excess_of_group(&group);
		}
		*strrchr(dir, '/') = '\0';
	}
	note(sources, WC_PRESSURE_BY_CGROUP, "limit", worst, goal);
}

static uint64_t cma_failures(const struct pressure_sources *sources)
{
	uint64_t sum = 0, value;
	char dir[256];

	for (unsigned i = 0; i < sources->n_cma_areas; i++) {
		if ((size_t)snprintf(dir, sizeof dir, "%s/kernel/mm/cma/%s", sources->options.sys,
				     sources->cma_areas[i]) < sizeof dir &&
		    sample_number(dir, "alloc_pages_fail", &value) == 0 &&
		    value != PRESSURE_UNLIMITED)
			sum += value;
	}
	return sum;
}

static void sample_cma(struct pressure_sources *sources)
{
	uint64_t failures = cma_failures(sources);
	bool failed = failures > sources->cma_failures, low = false;
	struct sample_memory memory;

	sources->cma_failures = failures;
	if (sample_memory(sources->options.proc, &memory) == 0)
		low = memory.cma_total > 0 && memory.cma_free < memory.cma_total / 10;
	if (failed)
		note(sources, WC_PRESSURE_BY_DEVICE_MEMORY, "failures",
		     low ? WC_PRESSURE_CRITICAL : WC_PRESSURE_MEDIUM, 0);
	else if (low)
		note(sources, WC_PRESSURE_BY_DEVICE_MEMORY, "free", WC_PRESSURE_LOW, 0);
}

static void list_cma_areas(struct pressure_sources *sources)
{
	struct dirent *entry;
	char path[256];
	DIR *dir;

	sources->n_cma_areas = 0;
	if ((size_t)snprintf(path, sizeof path, "%s/kernel/mm/cma", sources->options.sys) >=
	    sizeof path)
		return;
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)) && sources->n_cma_areas < PRESSURE_MAX_CMA_AREAS) {
		char *name = sources->cma_areas[sources->n_cma_areas];

		if (entry->d_name[0] != '.' && strlen(entry->d_name) < sizeof sources->cma_areas[0])
			memcpy(name, entry->d_name, strlen(entry->d_name) + 1),
			sources->n_cma_areas++;
	}
	closedir(dir);
}

void pressure_sources_sample(struct pressure_sources *sources)
{
	uint64_t grown = sources->has > sources->had ? sources->has - sources->had : 0;

	sources->had = sources->has;
	if (sources->cgroup_dir[0])
		sample_limits(sources, grown);
	sample_cma(sources);
}

/*
 * What was freed since the last sample is not looked at when it is taken again, be it that the
 * kernel got it back or that an allocator kept it: the group has no more than then.
 */
void pressure_sources_look(struct pressure_sources *sources, uint64_t bytes)
{
	sources->has = bytes;
	if (!sources->sampling || !sources->cgroup_dir[0])
		return;
	/* What was there before came in no time that we know of. */
	if (!sources->looked)
		sources->had = bytes;
	sources->looked = true;
	if (bytes >= sources->had && bytes - sources->had >= sources->step)
		pressure_sources_sample(sources);
}

static void on_sample(struct timer *timer)
{
	struct pressure_sources *sources = container_of(timer, struct pressure_sources, sample);

	pressure_sources_sample(sources);
	loop_set_timer(sources->loop, timer, PRESSURE_SAMPLE_PERIOD);
}

void pressure_sources_set_sampling(struct pressure_sources *sources, bool on)
{
	int ret;

	if (on == sources->sampling)
		return;
	sources->sampling = on;
	if (!on) {
		timer_cancel(&sources->sample);
		return;
	}
	/* What failed before is nobody's concern now. */
	sources->cma_failures = cma_failures(sources);
	ret = loop_set_timer(sources->loop, &sources->sample, PRESSURE_SAMPLE_PERIOD);
	if (ret < 0) {
		say(sources, warning, "pressure: no timer for samples: %s", strerror(-ret));
		sources->sampling = false;
	}
}

/* ---- start and stop ---- */

static void take_options(struct pressure_sources *sources, const struct pressure_options *options)
{
	if (options)
		sources->options = *options;
	if (!sources->options.proc)
		sources->options.proc = "/proc";
	if (!sources->options.sys)
		sources->options.sys = "/sys";
	if (!sources->options.cgroup)
		sources->options.cgroup = "/sys/fs/cgroup";
	if (!sources->options.now)
		sources->options.now = clock_now;
}

static void init_sources(struct pressure_sources *sources)
{
	init_trigger(sources, &sources->manager, WC_PRESSURE_BY_MANAGER, WC_PRESSURE_MEDIUM);
	for (int level = WC_PRESSURE_NONE; level < PRESSURE_LEVELS; level++) {
		init_trigger(sources, &sources->cgroup[level], WC_PRESSURE_BY_CGROUP, level);
		init_trigger(sources, &sources->system[level], WC_PRESSURE_BY_SYSTEM, level);
	}
	sources->events.fd = -1;
	timer_init(&sources->events_pause, on_events_pause);
	timer_init(&sources->fall, on_fall);
	timer_init(&sources->sample, on_sample);
	task_init(&sources->serve, on_serve);
	task_init(&sources->move, on_move);
}

void pressure_sources_start(struct pressure_sources *sources, struct loop *loop,
			    struct pressure *pressure, struct log *log,
			    const struct pressure_options *options)
{
	memset(sources, 0, sizeof *sources);
	sources->loop = loop;
	sources->pressure = pressure;
	sources->log = log;
	take_options(sources, options);
	init_sources(sources);
	list_cma_areas(sources);
	open_manager(sources);
	pressure->wake = on_wake;
	pressure->wake_data = sources;
	if (sources->switched_off)
		return;
	open_cgroup(sources);
	if ((size_t)snprintf(sources->system_file, sizeof sources->system_file,
			     "%s/pressure/memory", sources->options.proc) <
	    sizeof sources->system_file)
		open_triggers(sources, sources->system, sources->system_file);
}

void pressure_sources_stop(struct pressure_sources *sources)
{
	pressure_watch_close(&sources->manager.watch);
	close_triggers(sources->cgroup);
	close_triggers(sources->system);
	close_events(sources);
	timer_cancel(&sources->fall);
	timer_cancel(&sources->sample);
	task_cancel(&sources->serve);
	task_cancel(&sources->move);
	sources->pressure->wake = NULL;
}

static bool has_trigger(const struct pressure_trigger_source *source)
{
	for (int level = WC_PRESSURE_LOW; level < PRESSURE_LEVELS; level++)
		if (pressure_watch_is_open(&source[level].watch))
			return true;
	return false;
}

unsigned pressure_sources_watched(const struct pressure_sources *sources)
{
	return (pressure_watch_is_open(&sources->manager.watch) ? PRESSURE_WATCHES_MANAGER : 0) |
	       (has_trigger(sources->cgroup) ? PRESSURE_WATCHES_CGROUP : 0) |
	       (sources->events.fd >= 0 ? PRESSURE_WATCHES_CGROUP_EVENTS : 0) |
	       (has_trigger(sources->system) ? PRESSURE_WATCHES_SYSTEM : 0) |
	       (sources->switched_off ? PRESSURE_IS_SWITCHED_OFF : 0);
}
