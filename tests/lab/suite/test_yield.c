/* SPDX-License-Identifier: MIT */
/*
 * Two processes: one has all contexts of a device and does nothing with them, the other one wants
 * one. It is asked for, and given up by the rules of the process that has it.
 *
 *   test_yield DEVICE
 *
 * The device is behind the plugin of tests/lab/plugin, with four contexts: a fifth one would be
 * refused.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "player.h"
#include "tap.h"

#define CONTEXTS 4
#define FRAMES 4
#define VICTIM 2                       /* idles for longest */

/* Microseconds. */
#define INACTIVITY 300000
#define PATIENCE 10000000
/* Other processes are told once a second, or less often, when a codec made progress last. */
#define ROUGHLY 2500000

/* What the idle process tells the other one. */
struct shared {
	atomic_bool idles;             /* all four have worked, and their time is up */
	atomic_bool enough;            /* the other way: the other one has what it wanted */
	unsigned errors[CONTEXTS];
	struct wc_error error;         /* of the victim */
	bool frames_readable;
	bool others_work;
	uint64_t hardware_contexts;
};

static struct shared *shared;
static struct stream stream;
static struct player players[CONTEXTS];
static const char *device;

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static struct wc_context *new_context(void)
{
	struct wc_context_options options = { .inactivity = INACTIVITY };
	struct wc_context *context;

	if (wc_context_new(&options, &context) < 0)
		tap_bail("no context");
	if (wc_context_set_quota(context, device, CONTEXTS) < 0)
		tap_bail("no quota: %s", wc_context_get_error(context)->message);
	return context;
}

static bool decodes(struct player *player)
{
	player_forget(player);
	return player_feed(player, &stream, 0, FRAMES, 0) == WC_OK &&
	       player_flush(player) == WC_OK && player_wait_flushes(player, 1) &&
	       player->n_frames == FRAMES;
}

/* ---- the process that idles ------------------------------------------------------------------ */

static bool held_as_recorded(const struct player *player)
{
	for (unsigned i = 0; i < player->n_held; i++)
		if (frame_hash(player->held[i]) != player->frames[i].hash)
			return false;
	return player->n_held > 0;
}

/* As an application does in which nothing happens. */
static void wait_a_while(struct wc_context *context, int64_t microseconds)
{
	int64_t end = now() + microseconds;

	while (now() < end)
		wc_context_dispatch(context, 20);
}

static void open_all(struct wc_context *context)
{
	for (unsigned i = 0; i < CONTEXTS; i++) {
		player_open(&players[i], context);
		players[i].errors_wanted = true;
		players[i].to_hold = 2;
	}
	for (unsigned i = 0; i < CONTEXTS; i++)
		if (!decodes(&players[i]))
			tap_bail("no context for number %u", i);
	wait_a_while(context, ROUGHLY);
	for (unsigned i = 0; i < CONTEXTS; i++)
		if (i != VICTIM && !decodes(&players[i]))
			tap_bail("number %u does not go on", i);
	wait_a_while(context, 3 * INACTIVITY);
}

static void note_end(struct wc_context *context)
{
	struct wc_counters counters;

	wc_context_get_counters(context, &counters);
	shared->hardware_contexts = counters.hardware_contexts;
	shared->error = players[VICTIM].error;
	shared->frames_readable = held_as_recorded(&players[VICTIM]);
	for (unsigned i = 0; i < CONTEXTS; i++)
		shared->errors[i] = players[i].n_errors;
	shared->others_work = true;
	for (unsigned i = 0; i < CONTEXTS; i++)
		if (i != VICTIM && !decodes(&players[i]))
			shared->others_work = false;
}

static void idle(void)
{
	struct wc_context *context;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	context = new_context();
	open_all(context);
	atomic_store(&shared->idles, true);
	while (!atomic_load(&shared->enough))
		wc_context_dispatch(context, 20);
	/* If there is a second callback, it comes now. */
	player_settle(&players[VICTIM]);
	note_end(context);
	for (unsigned i = 0; i < CONTEXTS; i++)
		player_finish(&players[i]);
	wc_context_unref(context);
	exit(EXIT_SUCCESS);
}

/* ---- the process that wants a context -------------------------------------------------------- */

static pid_t start_idler(void)
{
	int64_t end = now() + 3 * (int64_t)PATIENCE;
	pid_t pid = fork();

	if (pid == 0)
		idle();
	if (pid < 0)
		tap_bail("fork: %s", strerror(errno));
	while (!atomic_load(&shared->idles) && now() < end && waitpid(pid, NULL, WNOHANG) == 0)
		usleep(10000);
	if (!atomic_load(&shared->idles))
		tap_bail("the other process does not get all contexts");
	return pid;
}

static unsigned sum_errors(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CONTEXTS; i++)
		n += shared->errors[i];
	return n;
}

static void check_idler(pid_t idler)
{
	const struct wc_error *error = &shared->error;
	char line[512];

	wc_error_format(error, line, sizeof line);
	tap_note("it was told: %s", line);
	tap_ok(shared->errors[VICTIM] == 1 && sum_errors() == 1,
	       "the callback of the one that idled for longest ran once, and no other");
	tap_ok(error->name == WC_QUOTA_EXCEEDED_ERROR && error->quota == CONTEXTS &&
	       error->requested == CONTEXTS + 1 && error->holder_count == CONTEXTS &&
	       error->holders[0].pid == (int32_t)idler,
	       "with QuotaExceededError, quota %u, requested %u and %u holders",
	       (unsigned)error->quota, (unsigned)error->requested, error->holder_count);
	tap_ok(shared->hardware_contexts == CONTEXTS - 1, "%u contexts are left to it",
	       (unsigned)shared->hardware_contexts);
	tap_ok(shared->frames_readable, "the frames of the closed one are still there");
	tap_ok(shared->others_work, "the others go on");
}

int main(int argc, char **argv)
{
	static struct player player;
	struct wc_context *context;
	int status = -1;
	pid_t idler;

	if (argc != 2)
		tap_bail("usage: DEVICE");
	device = argv[1];
	stream_load(&stream, "limit.fwht");
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || stream.n < FRAMES)
		tap_bail("cannot begin");
	idler = start_idler();
	context = new_context();
	player_open_waiting(&player, context, PATIENCE);
	tap_ok(decodes(&player) && player.n_errors == 0, "one more decoder works");
	atomic_store(&shared->enough, true);
	tap_ok(waitpid(idler, &status, 0) == idler && status == 0,
	       "the process that idled ends well");
	check_idler(idler);
	tap_ok(player.n_errors == 0 && decodes(&player), "the new one goes on, too");
	player_finish(&player);
	wc_context_unref(context);
	stream_finish(&stream);
	return tap_end();
}
