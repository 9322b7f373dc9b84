/* SPDX-License-Identifier: MIT */
/*
 * Sixteen processes contend for the four contexts of a real device, while they are killed at
 * random. Each decodes a few frames, holds its context for a moment, closes, and begins again.
 *
 *   test_contend DEVICE SECONDS
 *
 * Wanted: never more than four contexts live; who waits for one is served, or told why not; in the
 * end four decoders at once can be had.
 *
 * The judge asks neither the library nor its files: the plugin of tests/lab/plugin locks a byte of
 * a file for each context of the device. The parent reads these locks while nobody else runs: the
 * guest has one processor, and the parent is of a real-time class. It does not look while a process
 * that it killed is still on its way out.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "player.h"
#include "tap.h"

#define PROCESSES 16
#define CONTEXTS 4
#define FRAMES 4
#define PLACES_FILE "/run/webcodecs-lab/places"
#define MAX_PLACES 16

/* Microseconds. */
#define SECOND INT64_C(1000000)
#define PATIENCE (5 * SECOND)
#define KILL_TIME 150000              /* from one to the next, on average */
#define TOO_LONG (PATIENCE + 10 * SECOND)

struct worker {
	atomic_bool holds;
	_Atomic int64_t waiting_since;   /* 0: does not wait */
	_Atomic int64_t longest_wait;
	atomic_uint served, told;
	atomic_uint by_device, unnamed;  /* of those told: by a refusal of it; of nobody */
	pid_t pid;                       /* the parent's own: not to be written by the process */
};

struct shared {
	struct worker workers[PROCESSES];
	atomic_bool resting;             /* all are to end after what they are at */
	atomic_bool failed;
	char failure[400];
};

static struct shared *shared;
static struct stream stream;
static struct player players[CONTEXTS + 1];
static const char *device;

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * SECOND + ts.tv_nsec / 1000;
}

static unsigned rnd(unsigned *state, unsigned n)
{
	*state = *state * 1103515245u + 12345u;
	return (*state >> 8) % n;
}

/* The first failure is the one that is told. */
__attribute__((format(printf, 1, 2)))
static void fail(const char *format, ...)
{
	va_list args;

	if (atomic_exchange(&shared->failed, true))
		return;
	va_start(args, format);
	vsnprintf(shared->failure, sizeof shared->failure, format, args);
	va_end(args);
}

/* With one device: to look at all of the guest's takes long for processes that live shortly. */
static struct wc_context *new_context(void)
{
	const char *const devices[] = { device, NULL };
	struct wc_context_options options = { .device_paths = devices };
	struct wc_context *context;

	if (wc_context_new(&options, &context) < 0)
		tap_bail("no context");
	if (wc_context_set_quota(context, device, CONTEXTS) < 0)
		tap_bail("no quota: %s", wc_context_get_error(context)->message);
	return context;
}

static bool decodes(struct player *player)
{
	return player_feed(player, &stream, 0, FRAMES, 0) == WC_OK &&
	       player_flush(player) == WC_OK && player_wait_flushes(player, 1) &&
	       player->flushes[0].status == WC_OK && player->n_frames == FRAMES;
}

/* ---- a process that contends ----------------------------------------------------------------- */

static void note_wait(struct worker *self)
{
	int64_t time = now() - atomic_load(&self->waiting_since);

	if (time > atomic_load(&self->longest_wait))
		atomic_store(&self->longest_wait, time);
	atomic_store(&self->waiting_since, 0);
}

/*
 * Contexts that pass from hand to hand to those first in line have no holder at some moments. Who
 * hardly waits may be told at such a moment.
 */
static void check_refusal(struct worker *self, const struct player *player, bool impatient)
{
	const struct wc_error *error = &player->error;
	char line[300];

	wc_error_format(error, line, sizeof line);
	if (player->n_errors != 1)
		fail("%u frames and %u errors came", player->n_frames, player->n_errors);
	else if (error->name != WC_QUOTA_EXCEEDED_ERROR || error->quota != CONTEXTS ||
		 error->holder_count > CONTEXTS || (!error->holder_count && !impatient))
		fail("somebody is not told who holds the contexts: %s", line);
	atomic_fetch_add(&self->told, 1);
	if (error->sys_errno)
		atomic_fetch_add(&self->by_device, 1);
	if (!error->holder_count)
		atomic_fetch_add(&self->unnamed, 1);
}

static void contend(struct worker *self, struct wc_context *context, unsigned *random)
{
	struct player *player = &players[0];
	bool impatient = rnd(random, 3) == 0;

	atomic_store(&self->waiting_since, now());
	player_open_waiting(player, context, impatient ? rnd(random, 20000) : (uint64_t)PATIENCE);
	player->errors_wanted = true;
	if (decodes(player)) {
		note_wait(self);
		atomic_store(&self->holds, true);
		atomic_fetch_add(&self->served, 1);
		usleep(rnd(random, 30000));
		atomic_store(&self->holds, false);
	} else {
		note_wait(self);
		check_refusal(self, player, impatient);
	}
	player_finish(player);
}

static void work(struct worker *self, unsigned random)
{
	struct sched_param ordinary = { .sched_priority = 0 };
	struct wc_context *context;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sched_setscheduler(0, SCHED_OTHER, &ordinary);
	context = new_context();
	while (!atomic_load(&shared->failed) && !atomic_load(&shared->resting))
		contend(self, context, &random);
	wc_context_unref(context);
	_exit(EXIT_SUCCESS);
}

/* ---- the parent ------------------------------------------------------------------------------ */

static void start(struct worker *worker, unsigned seed)
{
	pid_t pid;

	atomic_store(&worker->holds, false);
	atomic_store(&worker->waiting_since, 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		work(worker, seed);
	if (pid < 0)
		tap_bail("fork: %s", strerror(errno));
	worker->pid = pid;
}

/* All that a process had is free when its end can be waited for. */
static int end_of(struct worker *worker)
{
	int status = -1;

	if (worker->pid > 0)
		waitpid(worker->pid, &status, 0);
	worker->pid = 0;
	return status;
}

/* Mostly one that holds a context. */
static struct worker *choose(unsigned *random)
{
	unsigned at = rnd(random, PROCESSES);

	for (unsigned i = 0; i < PROCESSES && rnd(random, 6); i++) {
		struct worker *worker = &shared->workers[(at + i) % PROCESSES];

		if (atomic_load(&worker->holds))
			return worker;
	}
	return &shared->workers[at];
}

static unsigned live_contexts(int places)
{
	unsigned n = 0;

	for (off_t i = 0; i < MAX_PLACES; i++) {
		struct flock lock = {
			.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = i, .l_len = 1,
		};

		if (fcntl(places, F_OFD_GETLK, &lock) < 0)
			tap_bail("%s: %s", PLACES_FILE, strerror(errno));
		n += lock.l_type != F_UNLCK;
	}
	return n;
}

/* Nobody ends before it is told to, and nobody waits longer than it wanted to. */
static void look_after(void)
{
	for (unsigned i = 0; i < PROCESSES; i++) {
		struct worker *worker = &shared->workers[i];
		int64_t since = atomic_load(&worker->waiting_since);
		int status;

		if (worker->pid > 0 && waitpid(worker->pid, &status, WNOHANG) > 0) {
			worker->pid = 0;
			fail("a process ended by itself, status %#x", (unsigned)status);
		}
		if (since && now() - since > TOO_LONG)
			fail("somebody waits for more than %d seconds", (int)(TOO_LONG / SECOND));
	}
}

static void kill_one(unsigned *random)
{
	struct worker *worker = choose(random);

	/* Not 0, which would be all of us. */
	if (worker->pid <= 0)
		return;
	kill(worker->pid, SIGKILL);
	end_of(worker);
	start(worker, rnd(random, 1u << 24));
}

static struct worker sum(void)
{
	struct worker total = { .pid = 0 };

	for (unsigned i = 0; i < PROCESSES; i++) {
		struct worker *worker = &shared->workers[i];
		int64_t longest = atomic_load(&worker->longest_wait);

		total.served += atomic_load(&worker->served);
		total.told += atomic_load(&worker->told);
		total.by_device += atomic_load(&worker->by_device);
		total.unnamed += atomic_load(&worker->unnamed);
		if (longest > total.longest_wait)
			total.longest_wait = longest;
	}
	return total;
}

static bool enough_happened(unsigned kills, unsigned most)
{
	struct worker total = sum();

	return kills >= PROCESSES && most >= CONTEXTS && total.served >= PROCESSES &&
	       total.told > total.unnamed;
}

/* A machine with much else to do gets more time. Returns how many were live at most. */
static unsigned hammer(int places, int64_t time, unsigned *random, unsigned *kills)
{
	int64_t begin = now(), next = begin + SECOND;
	unsigned most = 0;

	while (!atomic_load(&shared->failed) && now() < begin + 4 * time &&
	       (now() < begin + time || !enough_happened(*kills, most))) {
		unsigned live = live_contexts(places);

		if (live > most)
			most = live;
		if (live > CONTEXTS)
			fail("%u contexts live at the same time", live);
		look_after();
		if (now() >= next) {
			kill_one(random);
			(*kills)++;
			next = now() + rnd(random, 2 * KILL_TIME);
		}
		usleep(3000);
	}
	return most;
}

static void come_to_rest(void)
{
	atomic_store(&shared->resting, true);
	for (unsigned i = 0; i < PROCESSES; i++)
		if (end_of(&shared->workers[i]) != 0)
			fail("a process did not end well");
}

static void report(unsigned kills, unsigned most)
{
	struct worker total = sum();

	tap_note("%u processes killed, %u live contexts at most", kills, most);
	tap_note("%u served, after %d ms at most", total.served, (int)(total.longest_wait / 1000));
	tap_note("%u told why not, %u of them by the device, %u when nobody had a context",
		 total.told, total.by_device, total.unnamed);
	tap_ok(!atomic_load(&shared->failed), "%s", shared->failure[0] ? shared->failure :
	       "who waits is served, or told who holds the contexts");
	tap_ok(most == CONTEXTS, "never more than %d contexts live, and sometimes as many",
	       CONTEXTS);
	tap_ok(enough_happened(kills, most), "all of it happened");
}

/* ---- the end --------------------------------------------------------------------------------- */

static void check_usage(struct wc_context *context)
{
	struct wc_usage_list *list;
	unsigned holders = 0, waiters = 0;

	if (wc_usage_list_new(context, &list) < 0)
		tap_bail("no list: %s", wc_context_get_error(context)->message);
	for (size_t i = 0; i < wc_usage_list_get_count(list); i++) {
		holders += wc_usage_list_get(list, i)->holder_count;
		waiters += wc_usage_list_get(list, i)->waiter_count;
	}
	tap_ok(wc_usage_list_get_count(list) > 0 && holders == 0 && waiters == 0,
	       "in the end %u hold a slot and %u wait", holders, waiters);
	wc_usage_list_destroy(list);
}

static void check_rest(int places)
{
	struct wc_context *context = new_context();
	struct player *last = &players[CONTEXTS];
	bool good = true;

	check_usage(context);
	tap_ok(live_contexts(places) == 0, "no context lives");
	for (unsigned i = 0; i < CONTEXTS; i++) {
		player_open(&players[i], context);
		good &= decodes(&players[i]);
	}
	tap_ok(good && live_contexts(places) == CONTEXTS, "%d decoders at once can be had",
	       CONTEXTS);
	player_open(last, context);
	last->errors_wanted = true;
	tap_ok(!decodes(last) && last->error.name == WC_QUOTA_EXCEEDED_ERROR &&
	       last->error.holder_count == CONTEXTS, "and no more");
	for (unsigned i = 0; i <= CONTEXTS; i++)
		player_finish(&players[i]);
	wc_context_unref(context);
}

/* With priority 0 as all others again. */
static void set_priority(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param) < 0)
		tap_bail("no real-time priority: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	int64_t seconds = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	unsigned random = (unsigned)now(), kills = 0, most;
	int places;

	if (seconds <= 0)
		tap_bail("usage: DEVICE SECONDS");
	device = argv[1];
	stream_load(&stream, "limit.fwht");
	places = open(PLACES_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (places < 0 || shared == MAP_FAILED || stream.n < FRAMES)
		tap_bail("cannot begin");
	tap_note("seed %u", random);
	for (unsigned i = 0; i < PROCESSES; i++)
		start(&shared->workers[i], random + i * 7919);
	set_priority(1);
	most = hammer(places, seconds * SECOND, &random, &kills);
	set_priority(0);
	come_to_rest();
	report(kills, most);
	check_rest(places);
	stream_finish(&stream);
	return tap_end();
}
