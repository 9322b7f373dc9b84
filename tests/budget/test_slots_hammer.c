/* SPDX-License-Identifier: MIT */
/*
 * Sixteen processes contend for four slots, while they are killed and stopped at random.
 *
 *     test_slots_hammer [SECONDS]        20 seconds unless given
 *     WC_SOAK_KILLS=N test_slots_hammer  until N processes were killed
 *
 * Wanted: never more than four hold a slot; who waits is served, or told why not; in the end four
 * slots can be taken. For the last quarter of the time somebody with a larger limit holds one more
 * slot, above the limit of the others, which is two then: never more than one of them holds one.
 * Then nobody waits: all take what they see.
 *
 * The judge knows nothing of slot files. Who has got a slot says so in shared memory, and before it
 * gives the slot back, says that, too; the parent marks whom it is going to kill. So who says that
 * it holds, and is not marked, does hold. The marks are read twice, and what is the same both times
 * was true at one moment in between. Each new holder counts, and the parent does.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "budget/slot_wait.h"
#include "util/clock.h"

#define PROCESSES 16
#define SLOTS 4
#define DEVICE "platform:hammer/video0 decoder"
#define SECOND INT64_C(1000000)
/* Nobody waits that long here: a slot is held for a few milliseconds. */
#define TOO_LONG (20 * SECOND)

struct worker {
	_Atomic uint64_t holding;        /* odd: a slot is held; grows with each change */
	_Atomic bool doomed;             /* is about to be killed */
	_Atomic bool rests;              /* holds nothing any more, and lives on */
	_Atomic int64_t waiting_since;   /* 0: not waiting */
	_Atomic int64_t longest_wait;
	atomic_ulong taken, served, refused, cancelled, full;
	/* The parent's own: not to be written by the process. */
	pid_t pid;
	int64_t stopped_until;           /* 0: runs */
};

struct shared {
	struct worker workers[PROCESSES];
	unsigned limit;                  /* that the processes have */
	unsigned allowed;                /* of them at a time: limit, less what others hold */
	bool in_line;                    /* they may wait */
	atomic_uint most;                /* holders at a time */
	atomic_bool resting;             /* all are to come to rest */
	atomic_bool failed;
	char failure[300];
};

static struct shared *shared;
static char directory[64];

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

/* ---- the judge ------------------------------------------------------------------------------- */

static void look(uint64_t seen[PROCESSES])
{
	for (unsigned i = 0; i < PROCESSES; i++) {
		seen[i] = atomic_load(&shared->workers[i].holding);
		if (atomic_load(&shared->workers[i].doomed))
			seen[i] = 0;
	}
}

static void judge(void)
{
	uint64_t first[PROCESSES], second[PROCESSES];
	unsigned n = 0, most = atomic_load(&shared->most);

	look(first);
	look(second);
	for (unsigned i = 0; i < PROCESSES; i++)
		n += first[i] % 2 && first[i] == second[i];
	while (n > most && !atomic_compare_exchange_weak(&shared->most, &most, n))
		;
	if (n > shared->allowed)
		fail("%u hold a slot at the same time, of %u", n, shared->allowed);
}

/* ---- a process that contends ----------------------------------------------------------------- */

struct contender {
	struct worker *self;
	struct slot_table table;
	unsigned random;
};

static unsigned rnd(unsigned *state, unsigned n)
{
	*state = *state * 1103515245u + 12345u;
	return (*state >> 8) % n;
}

static void nap(unsigned *state, unsigned microseconds)
{
	usleep(rnd(state, microseconds) + 1);
}

static const struct slot_record record = { .role = "decoder", .codec = "h264", .label = "hammer" };

static void use_slot(struct contender *c, struct slot *slot)
{
	struct slot_record changed = record;

	atomic_fetch_add(&c->self->holding, 1);
	atomic_fetch_add(&c->self->taken, 1);
	judge();
	nap(&c->random, 4000);
	changed.bytes = c->random;
	slot_update(slot, &changed);
	judge();
	atomic_fetch_add(&c->self->holding, 1);
	slot_give(slot);
}

static void note_wait(struct worker *self)
{
	int64_t time = clock_now() - atomic_load(&self->waiting_since);

	if (time > atomic_load(&self->longest_wait))
		atomic_store(&self->longest_wait, time);
	atomic_store(&self->waiting_since, 0);
}

/* As a loop does: poll for the descriptor until retry_at. */
static int wait_for_slot(struct contender *c, struct slot_wait *wait, struct slot *slot,
			 int64_t patience)
{
	int64_t give_up = clock_now() + patience;
	int ret;

	do {
		int64_t now = clock_now();
		int64_t until = wait->retry_at < give_up ? wait->retry_at : give_up;
		struct pollfd poll_fd = { wait->fd, POLLIN, 0 };

		poll(&poll_fd, 1, until > now ? (int)((until - now + 999) / 1000) : 0);
		now = clock_now();
		ret = slot_wait_try(wait, slot, now);
		if (ret == -EAGAIN && now >= give_up) {
			slot_wait_cancel(wait);
			atomic_fetch_add(&c->self->cancelled, 1);
			return -ECANCELED;
		}
	} while (ret == -EAGAIN);
	return ret;
}

static void contend_in_line(struct contender *c)
{
	bool impatient = rnd(&c->random, 8) == 0;
	int64_t patience = impatient ? rnd(&c->random, 10000) : 10 * TOO_LONG;
	struct slot_wait wait;
	struct slot slot;
	int ret;

	atomic_store(&c->self->waiting_since, clock_now());
	ret = slot_wait_begin(&wait, &c->table, shared->limit, &record, &slot, clock_now());
	if (ret == -EAGAIN)
		ret = wait_for_slot(c, &wait, &slot, patience);
	note_wait(c->self);
	if (ret == 0) {
		atomic_fetch_add(&c->self->served, 1);
		use_slot(c, &slot);
	} else if (ret == -ENOBUFS) {
		atomic_fetch_add(&c->self->full, 1);
	} else if (ret != -ECANCELED) {
		fail("waiting: %s: %s", strerror(-ret), slot_table_reason(&c->table));
	}
}

static void contend(struct contender *c)
{
	struct slot slot;
	int ret;

	if (shared->in_line && rnd(&c->random, 3)) {
		contend_in_line(c);
		return;
	}
	ret = slot_take(&c->table, shared->limit, &record, &slot, clock_now());
	if (ret == 0)
		use_slot(c, &slot);
	else if (ret == -EAGAIN)
		atomic_fetch_add(&c->self->refused, 1);
	else
		fail("taking: %s: %s", strerror(-ret), slot_table_reason(&c->table));
}

static void run(struct worker *self, unsigned seed)
{
	struct contender c = { .self = self, .random = seed };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (slot_table_open(&c.table, directory, DEVICE) < 0) {
		fail("opening: %s", slot_table_reason(&c.table));
		_exit(1);
	}
	while (!atomic_load(&shared->failed) && !atomic_load(&shared->resting)) {
		contend(&c);
		nap(&c.random, 2000);
	}
	atomic_store(&self->rests, true);
	for (;;)
		pause();
}

/* ---- the parent ------------------------------------------------------------------------------ */

static void start(struct worker *worker, unsigned seed)
{
	pid_t pid;

	atomic_store(&worker->holding, 0);
	atomic_store(&worker->waiting_since, 0);
	atomic_store(&worker->doomed, false);
	atomic_store(&worker->rests, false);
	worker->stopped_until = 0;
	pid = fork();
	if (pid == 0)
		run(worker, seed);
	if (pid < 0)
		fail("fork: %s", strerror(errno));
	worker->pid = pid > 0 ? pid : 0;
}

static void finish(struct worker *worker)
{
	atomic_store(&worker->doomed, true);
	/* 0 would be all of us. */
	if (worker->pid <= 0)
		return;
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, NULL, 0);
	worker->pid = 0;
}

static void finish_all(void)
{
	for (unsigned i = 0; i < PROCESSES; i++)
		finish(&shared->workers[i]);
}

/* Mostly one that holds a slot. */
static struct worker *choose(unsigned *random)
{
	unsigned at = rnd(random, PROCESSES);

	for (unsigned i = 0; i < PROCESSES && rnd(random, 4); i++) {
		struct worker *worker = &shared->workers[(at + i) % PROCESSES];

		if (atomic_load(&worker->holding) % 2)
			return worker;
	}
	return &shared->workers[at];
}

static void stop_one(struct worker *worker, unsigned *random)
{
	if (worker->stopped_until || worker->pid <= 0)
		return;
	kill(worker->pid, SIGSTOP);
	worker->stopped_until = clock_now() + rnd(random, 300000);
}

/* Let the stopped go on, and see that nobody who runs waits too long. */
static void look_after(int64_t now)
{
	for (unsigned i = 0; i < PROCESSES; i++) {
		struct worker *worker = &shared->workers[i];
		int64_t since = atomic_load(&worker->waiting_since);

		if (worker->stopped_until && worker->stopped_until <= now && worker->pid > 0) {
			kill(worker->pid, SIGCONT);
			worker->stopped_until = 0;
		}
		if (since && now - since > TOO_LONG)
			fail("somebody waits for %lld s", (long long)((now - since) / SECOND));
	}
}

/* What is held now is lost to the others, although those who had it live. */
static void come_to_rest(void)
{
	int64_t end = clock_now() + TOO_LONG;

	atomic_store(&shared->resting, true);
	for (unsigned i = 0; i < PROCESSES; i++) {
		struct worker *worker = &shared->workers[i];

		if (worker->pid > 0)
			kill(worker->pid, SIGCONT);
		while (!atomic_load(&worker->rests) && clock_now() < end)
			usleep(1000);
		if (!atomic_load(&worker->rests))
			fail("a process does not come to rest");
	}
}

static unsigned long hammer(int64_t end, unsigned long wanted_kills)
{
	unsigned random = (unsigned)clock_now();
	unsigned long kills = 0;

	atomic_store(&shared->most, 0);
	atomic_store(&shared->resting, false);
	printf("# %u slots for %d processes, seed %u\n", shared->allowed, PROCESSES, random);
	for (unsigned i = 0; i < PROCESSES; i++)
		start(&shared->workers[i], random + i * 7919);
	while (!atomic_load(&shared->failed) &&
	       (wanted_kills ? kills < wanted_kills : clock_now() < end)) {
		struct worker *worker;

		nap(&random, 4000);
		judge();
		look_after(clock_now());
		worker = choose(&random);
		if (rnd(&random, 64) == 0) {
			stop_one(worker, &random);
			continue;
		}
		finish(worker);
		kills++;
		start(worker, (unsigned)kills * 31 + random);
	}
	if (!atomic_load(&shared->failed))
		come_to_rest();
	if (atomic_load(&shared->most) < shared->allowed)
		fail("there were never %u holders: nothing was put to the test", shared->allowed);
	return kills;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void check_rest(void)
{
	struct slot_holder holders[SLOT_RECORDS];
	struct slot_table table;
	struct slot slots[SLOTS + 1];

	if (slot_table_open(&table, directory, DEVICE) < 0) {
		fail("in the end: %s", slot_table_reason(&table));
		return;
	}
	if (slot_table_holders(&table, holders, SLOT_MAX, true) != 0)
		fail("slot %u is lost; its last holder was process %d", holders[0].index,
		     holders[0].record.pid);
	if (slot_table_waiters(&table, holders, SLOT_MAX_WAITERS, true) != 0)
		fail("place %u in the queue is lost", holders[0].index - SLOT_MAX);
	for (int i = 0; i <= SLOTS; i++) {
		int ret = slot_take(&table, SLOTS, &record, &slots[i], clock_now());

		if ((ret == 0) != (i < SLOTS))
			fail("in the end %d slots can be taken: %s", i, slot_table_reason(&table));
	}
	for (int i = 0; i <= SLOTS; i++)
		slot_give(&slots[i]);
	slot_table_close(&table);
}

static unsigned long hammer_alone(int64_t time, unsigned long kills)
{
	shared->in_line = true;
	shared->limit = SLOTS;
	shared->allowed = SLOTS;
	kills = hammer(clock_now() + time, kills);
	check_rest();
	finish_all();
	return kills;
}

/* Slot 3 is held by one who thinks that there are four; the others think that there are two. */
static unsigned long hammer_beside(int64_t time, unsigned long kills)
{
	struct slot_table table;
	struct slot slots[SLOTS];

	if (slot_table_open(&table, directory, DEVICE) < 0) {
		fail("opening: %s", slot_table_reason(&table));
		return 0;
	}
	for (int i = 0; i < SLOTS; i++)
		if (slot_take(&table, SLOTS, &record, &slots[i], clock_now()) < 0)
			fail("beside: %s", slot_table_reason(&table));
	for (int i = 0; i < SLOTS - 1; i++)
		slot_give(&slots[i]);
	shared->in_line = false;
	shared->limit = 2;
	shared->allowed = 1;
	kills = hammer(clock_now() + time, kills);
	slot_give(&slots[SLOTS - 1]);
	slot_table_close(&table);
	check_rest();
	finish_all();
	return kills;
}

static void report(unsigned long kills)
{
	unsigned long taken = 0, served = 0, refused = 0, cancelled = 0, full = 0;
	int64_t longest = 0;

	for (unsigned i = 0; i < PROCESSES; i++) {
		struct worker *worker = &shared->workers[i];

		taken += atomic_load(&worker->taken);
		served += atomic_load(&worker->served);
		refused += atomic_load(&worker->refused);
		cancelled += atomic_load(&worker->cancelled);
		full += atomic_load(&worker->full);
		if (atomic_load(&worker->longest_wait) > longest)
			longest = atomic_load(&worker->longest_wait);
	}
	printf("# %lu processes killed; %lu slots taken, %lu after waiting, for %lld ms at most\n",
	       kills, taken, served, (long long)(longest / 1000));
	printf("# told so: %lu refused, %lu cancelled, %lu queue full\n", refused, cancelled, full);
	if (kills == 0 || served == 0 || refused == 0)
		fail("nothing happened");
}

static bool make_directory(void)
{
	/* As /run is: in memory, if there is such a place. */
	strcpy(directory, "/dev/shm/hammer.XXXXXX");
	if (mkdtemp(directory))
		return true;
	strcpy(directory, "/tmp/hammer.XXXXXX");
	return mkdtemp(directory) != NULL;
}

static void remove_directory(void)
{
	char file[96], name[SLOT_NAME_SIZE];

	slot_file_name(DEVICE, name);
	snprintf(file, sizeof file, "%s/%s", directory, name);
	unlink(file);
	/* A process that is killed while it makes the file leaves what it had. */
	if (rmdir(directory) < 0)
		printf("# %s stays: %s\n", directory, strerror(errno));
}

int main(int argc, char **argv)
{
	const char *soak = getenv("WC_SOAK_KILLS");
	unsigned long kills = soak ? strtoul(soak, NULL, 10) : 0, done;
	int64_t seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 20;

	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || !make_directory()) {
		perror("test_slots_hammer");
		return EXIT_FAILURE;
	}
	done = hammer_alone(seconds * SECOND * 3 / 4, kills - kills / 4);
	done += hammer_beside(seconds * SECOND / 4, kills / 4);
	report(done);
	remove_directory();
	if (atomic_load(&shared->failed)) {
		printf("not ok - %s\n", shared->failure);
		return EXIT_FAILURE;
	}
	printf("ok - %d slots for %d processes\n", SLOTS, PROCESSES);
	return EXIT_SUCCESS;
}
