/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/*
 * When the library sleeps.
 *
 * Memfds cannot be members of a true epoll set (EPERM), so the members that are fake devices live
 * in a table here, and a wait merges what they say with epoll_wait(..., 0) on the true rest. With
 * nothing ready:
 *
 *	the hardware does a step  ->  look again
 *	hardware idle, a timer is armed or a timeout given  ->  the clock jumps there, look again
 *	neither  ->  HANG
 *
 * The fake clock is CLOCK_MONOTONIC plus the sum of the jumps. On a jump every armed timerfd is set
 * again to what is left of it.
 */

#define NEVER UINT64_MAX
#define SECOND 1000000000u
#define BUSY_LIMIT 200			/* wake-ups without progress */
#define ROUND_LIMIT 100000		/* steps and jumps within one wait */
#define HANG_LIMIT 20			/* expected ones */
#define TIMER_FDS 1024			/* timers beyond do not follow the fake clock */

int __real_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __real_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __real_timerfd_create(int clock, int flags);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old);

int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout,
		       const sigset_t *mask);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_timerfd_create(int clock, int flags);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old);

/* A member of an epoll set. */
struct member {
	struct member *next;
	int fd;
	bool is_fake;
	dev_t dev;			/* of the device's fd */
	ino_t ino;
	bool disarmed;			/* EPOLLONESHOT was reported */
	struct epoll_event event;
};

struct set {
	struct set *next;
	int fd;
	struct member *members;
};

struct wait {
	struct set *sets;
	/* ns that the clock has jumped; threads ask for the time, too */
	_Atomic uint64_t offset;
	uint8_t timers[TIMER_FDS / 8];	/* fds that are timers, or were */
	uint8_t realtime[TIMER_FDS / 8]; /* timerfds of CLOCK_REALTIME */
	unsigned int busy;
	bool hang_expected;
	unsigned int hangs;
	int grace;			/* ms */
};

static struct wait state;

void fake_wait_reset(void)
{
	while (state.sets)
		fake_wait_forget_fd(state.sets->fd);
	state.busy = 0;
	state.hangs = 0;
	state.hang_expected = false;
	state.grace = 0;
}

/* ---------------------------------------------------------------- time -- */

static uint64_t to_ns(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * SECOND + (uint64_t)time->tv_nsec;
}

static struct timespec from_ns(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / SECOND), .tv_nsec = (long)(ns % SECOND) };
}

static uint64_t now(void)
{
	struct timespec time;

	__real_clock_gettime(CLOCK_MONOTONIC, &time);
	return to_ns(&time) + state.offset;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	int ret = __real_clock_gettime(clock, time);

	if (ret == 0 && clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE &&
	    clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID)
		*time = from_ns(to_ns(time) + state.offset);
	return ret;
}

static bool bit_get(const uint8_t bits[TIMER_FDS / 8], int fd)
{
	return fd >= 0 && fd < TIMER_FDS && (bits[fd / 8] >> (fd % 8) & 1);
}

static void bit_set(uint8_t bits[TIMER_FDS / 8], int fd, bool value)
{
	if (fd < 0 || fd >= TIMER_FDS)
		return;
	bits[fd / 8] &= (uint8_t)~(1 << (fd % 8));
	bits[fd / 8] |= (uint8_t)(value << (fd % 8));
}

int __wrap_timerfd_create(int clock, int flags)
{
	int fd = __real_timerfd_create(clock, flags);

	bit_set(state.timers, fd, true);
	bit_set(state.realtime, fd, clock == CLOCK_REALTIME);
	return fd;
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old)
{
	struct itimerspec shifted = *value;
	uint64_t at = to_ns(&value->it_value);

	if (at && (flags & TFD_TIMER_ABSTIME) && !bit_get(state.realtime, fd))
		shifted.it_value = from_ns(at > state.offset ? at - state.offset : 1);
	return __real_timerfd_settime(fd, flags, &shifted, old);
}

/* Calls @each for the armed timerfds, waited for or not: all of them live by the fake clock. */
static void each_timer(void (*each)(int fd, struct itimerspec *left, void *data), void *data)
{
	struct itimerspec left;
	int fd;

	for (fd = 0; fd < TIMER_FDS; fd++)
		if (bit_get(state.timers, fd) && timerfd_gettime(fd, &left) == 0 &&
		    to_ns(&left.it_value))
			each(fd, &left, data);
}

static void timer_nearest(int fd, struct itimerspec *left, void *data)
{
	uint64_t *nearest = data;

	(void)fd;
	if (to_ns(&left->it_value) < *nearest)
		*nearest = to_ns(&left->it_value);
}

static void timer_shorten(int fd, struct itimerspec *left, void *data)
{
	uint64_t jump = *(uint64_t *)data;
	uint64_t value = to_ns(&left->it_value);

	left->it_value = from_ns(value > jump ? value - jump : 1);
	__real_timerfd_settime(fd, 0, left, NULL);
}

static void jump(uint64_t ns)
{
	each_timer(timer_shorten, &ns);
	state.offset += ns;
}

void fake_advance_time(uint64_t microseconds)
{
	jump(microseconds * 1000);
}

uint64_t fake_time_offset(void)
{
	return state.offset;
}

/* ---------------------------------------------------------------- hangs -- */

void fake_progress(void)
{
	state.busy = 0;
}

void fake_expect_hang(bool expected)
{
	state.hang_expected = expected;
}

unsigned int fake_hangs(void)
{
	return state.hangs;
}

void fake_set_hang_grace(int milliseconds)
{
	state.grace = milliseconds;
}

void fake_hang(const char *why)
{
	state.busy = 0;
	state.hangs++;
	if (state.hang_expected && state.hangs <= HANG_LIMIT)
		return;
	fprintf(stderr, "fake: HANG: %s (%s)\n", why, fake_failure());
	fake_dump();
	abort();
}

/* ---------------------------------------------------------------- sets -- */

static struct set *set_find(int fd)
{
	struct set *set;

	for (set = state.sets; set && set->fd != fd; set = set->next)
		;
	return set;
}

static struct set *set_need(int fd)
{
	struct set *set = set_find(fd);

	if (set)
		return set;
	set = calloc(1, sizeof(*set));
	if (!set)
		abort();
	set->fd = fd;
	set->next = state.sets;
	state.sets = set;
	return set;
}

static struct member **member_link(struct set *set, int fd)
{
	struct member **link = &set->members;

	while (*link && (*link)->fd != fd)
		link = &(*link)->next;
	return link;
}

static void member_remove(struct member **link)
{
	struct member *member = *link;

	*link = member->next;
	free(member);
}

/* The fd is being closed: neither a set nor a member any more. */
void fake_wait_forget_fd(int fd)
{
	struct set **link = &state.sets;
	struct member **member;

	bit_set(state.timers, fd, false);
	while (*link) {
		struct set *set = *link;

		member = member_link(set, fd);
		if (*member)
			member_remove(member);
		if (set->fd != fd) {
			link = &set->next;
			continue;
		}
		while (set->members)
			member_remove(&set->members);
		*link = set->next;
		free(set);
	}
}

static struct member *member_add(struct set *set, int fd, const struct epoll_event *event)
{
	struct member **end = &set->members;
	struct member *member = calloc(1, sizeof(*member));

	if (!member)
		abort();
	while (*end)
		end = &(*end)->next;
	member->fd = fd;
	member->event = *event;
	*end = member;
	return member;
}

static int fail_with(int error)
{
	errno = error;
	return -1;
}

/* epoll_ctl() for a member that is a fake device */
static int control_fake(int epfd, int op, int fd, const struct stat *status,
			const struct epoll_event *event)
{
	struct set *set = set_need(epfd);
	struct member **link = member_link(set, fd);

	if (op != EPOLL_CTL_ADD && !*link)
		return fail_with(ENOENT);
	if (op == EPOLL_CTL_DEL) {
		member_remove(link);
		return 0;
	}
	if (event->events & EPOLLET)
		fake_violate("EPOLLET on a device: the fake knows only level triggered waits");
	if (op == EPOLL_CTL_MOD) {
		(*link)->event = *event;
		(*link)->disarmed = false;
		return 0;
	}
	if (*link)
		return fail_with(EEXIST);
	*link = member_add(set, fd, event);
	(*link)->is_fake = true;
	(*link)->dev = status->st_dev;
	(*link)->ino = status->st_ino;
	return 0;
}

/* Mirrors a true member, so that its timer is known. */
static int control_real(int epfd, int op, int fd, struct epoll_event *event)
{
	struct member **link;
	int ret = __real_epoll_ctl(epfd, op, fd, event);

	if (ret < 0)
		return ret;
	link = member_link(set_need(epfd), fd);
	if (*link && op == EPOLL_CTL_DEL)
		member_remove(link);
	else if (*link)
		(*link)->event = *event;
	else if (op == EPOLL_CTL_ADD)
		member_add(set_need(epfd), fd, event);
	return ret;
}

int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct stat status;
	int error = 0;

	if (!fake.running)
		return __real_epoll_ctl(epfd, op, fd, event);
	/* Only adding allocates, so nothing else fails but by misuse. */
	if (op == EPOLL_CTL_ADD)
		error = fake_call_begin(FAKE_EPOLL_CTL);
	else
		fake_call_count(FAKE_EPOLL_CTL);
	if (error)
		return fail_with(error);
	if (fstat(fd, &status) < 0) {
		fake_violate("epoll_ctl with fd %d, which is not open", fd);
		return fail_with(EBADF);
	}
	if (fake_file_find(status.st_dev, status.st_ino))
		return control_fake(epfd, op, fd, &status, event);
	return control_real(epfd, op, fd, event);
}

/* ---------------------------------------------------------------- readiness -- */

static bool set_has_ready(struct set *set);

/* What a fake device, or a set with fake devices in it, says. 0: nothing, or a true fd */
static uint32_t member_ready(const struct member *member)
{
	struct fake_file *file;
	struct set *nested;

	if (member->disarmed)
		return 0;
	if (!member->is_fake) {
		nested = set_find(member->fd);
		return nested && set_has_ready(nested) ? member->event.events & EPOLLIN : 0;
	}
	file = fake_file_find(member->dev, member->ino);
	return file ? fake_file_poll(file, member->event.events) : 0;
}

static bool set_has_ready(struct set *set)
{
	struct member *member;

	for (member = set->members; member; member = member->next)
		if (member_ready(member))
			return true;
	return false;
}

static int collect_fake(struct set *set, struct epoll_event *events, int max)
{
	struct member *member;
	int count = 0;

	for (member = set->members; member && count < max; member = member->next) {
		uint32_t ready = member_ready(member);

		if (!ready)
			continue;
		events[count].events = ready;
		events[count++].data = member->event.data;
		if (member->event.events & EPOLLONESHOT)
			member->disarmed = true;
	}
	return count;
}

static void wake_up_counts(void)
{
	if (++state.busy > BUSY_LIMIT)
		fake_hang("busy loop: a device is ready, but the client does nothing about it");
}

/* ---------------------------------------------------------------- the wait -- */

struct sleep {
	/* How many are ready, blocking for so many true milliseconds; negative: error */
	int (*collect)(struct sleep *sleep, int timeout);
	struct set *set;
	struct epoll_event *events;
	int max;
	struct pollfd *fds;
	nfds_t count;
};

/* A nested set may be ready for both reasons; how many true events are left. */
static int drop_twins(struct epoll_event *events, int fakes, int reals)
{
	int at = fakes;
	int i;

	while (at < fakes + reals) {
		for (i = 0; i < fakes && events[i].data.u64 != events[at].data.u64; i++)
			;
		if (i < fakes)
			events[at] = events[fakes + --reals];
		else
			at++;
	}
	return reals;
}

static int collect_epoll(struct sleep *sleep, int timeout)
{
	int fakes = collect_fake(sleep->set, sleep->events, sleep->max);
	int reals = 0;

	if (fakes)
		timeout = 0;
	if (fakes < sleep->max)
		reals = __real_epoll_wait(sleep->set->fd, sleep->events + fakes, sleep->max - fakes,
					  timeout);
	if (reals > 0)
		reals = drop_twins(sleep->events, fakes, reals);
	if (reals < 0)
		return fakes ? fakes : reals;
	return fakes + reals;
}

static int grace_left(uint64_t left)
{
	uint64_t ms = left / 1000000;

	return ms < (uint64_t)state.grace ? (int)ms : state.grace;
}

/* Nothing is ready and the hardware is idle. False: the wait is over, with 0 events. */
static bool idle(struct sleep *sleep, uint64_t deadline, int *ready)
{
	uint64_t left = deadline == NEVER ? NEVER : deadline > now() ? deadline - now() : 0;
	uint64_t nearest = NEVER;

	*ready = 0;
	if (left == 0)
		return false;
	each_timer(timer_nearest, &nearest);
	if (state.grace && nearest > (uint64_t)state.grace * 1000000) {
		*ready = sleep->collect(sleep, grace_left(left));
		if (*ready)
			return false;
	}
	/* A timer may have run out since the last look: it is armed no more, but ready. */
	if (nearest == NEVER)
		*ready = sleep->collect(sleep, 0);
	if (*ready)
		return false;
	if (nearest == NEVER && left == NEVER) {
		fake_hang("the client waits for ever: no timer, no timeout, and the hardware has "
			  "nothing to do");
		return false;
	}
	jump(nearest < left ? nearest : left);
	*ready = sleep->collect(sleep, nearest < left ? 1 : 0);
	return *ready == 0;
}

static int sleep_until(struct sleep *sleep, int timeout)
{
	uint64_t deadline = timeout < 0 ? NEVER : now() + (uint64_t)timeout * 1000000;
	unsigned int rounds;
	int ready;

	for (rounds = 0; rounds < ROUND_LIMIT; rounds++) {
		ready = sleep->collect(sleep, 0);
		if (ready || timeout == 0)
			return ready;
		if (fake_step())
			continue;
		if (!idle(sleep, deadline, &ready))
			return ready;
	}
	fake_hang("a wait that never ends");
	return 0;
}

int __wrap_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	struct sleep sleep = { .collect = collect_epoll, .events = events, .max = max };
	int error;
	int ready;

	if (!fake.running)
		return __real_epoll_wait(epfd, events, max, timeout);
	error = fake_call_begin(FAKE_EPOLL_WAIT);
	if (error)
		return fail_with(error);
	sleep.set = set_find(epfd);
	if (!sleep.set) {
		/* Also checks that it is an epoll fd at all. */
		ready = __real_epoll_wait(epfd, events, max, 0);
		if (ready || timeout == 0)
			return ready;
		sleep.set = set_need(epfd);
	}
	ready = sleep_until(&sleep, timeout);
	if (ready > 0 && set_has_ready(sleep.set))
		wake_up_counts();
	return ready;
}

int __wrap_epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout,
		       const sigset_t *mask)
{
	(void)mask;
	return __wrap_epoll_wait(epfd, events, max, timeout);
}

/* ---------------------------------------------------------------- poll -- */

/* Readiness of a fake device or of a set that has one; -1 for all other fds */
static int poll_fake(const struct pollfd *fd)
{
	struct fake_file *file;
	struct stat status;
	struct set *set;

	if (fd->fd < 0)
		return -1;
	set = set_find(fd->fd);
	if (set)
		return set_has_ready(set) ? fd->events & POLLIN : -1;
	if (fstat(fd->fd, &status) < 0)
		return -1;
	file = fake_file_find(status.st_dev, status.st_ino);
	return file ? (int)fake_file_poll(file, (uint32_t)(uint16_t)fd->events) : -1;
}

static int collect_poll(struct sleep *sleep, int timeout)
{
	struct pollfd *copy = calloc(sleep->count ? sleep->count : 1, sizeof(*copy));
	int ready = 0;
	int fakes = 0;
	nfds_t i;
	int ret;

	if (!copy)
		abort();
	for (i = 0; i < sleep->count; i++) {
		copy[i] = sleep->fds[i];
		sleep->fds[i].revents = 0;
		ret = poll_fake(&sleep->fds[i]);
		if (ret < 0)
			continue;
		copy[i].fd = -1;
		sleep->fds[i].revents = (short)ret;
		fakes += ret != 0;
	}
	ret = __real_poll(copy, sleep->count, fakes ? 0 : timeout);
	for (i = 0; i < sleep->count; i++) {
		if (copy[i].fd >= 0 && ret > 0)
			sleep->fds[i].revents = copy[i].revents;
		ready += sleep->fds[i].revents != 0;
	}
	free(copy);
	if (fakes)
		wake_up_counts();
	return ret < 0 && !ready ? ret : ready;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	struct sleep sleep = { .collect = collect_poll, .fds = fds, .count = count };
	int error;

	if (!fake.running)
		return __real_poll(fds, count, timeout);
	error = fake_call_begin(FAKE_POLL);
	if (error)
		return fail_with(error);
	return sleep_until(&sleep, timeout);
}

int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	(void)size;
	return __wrap_poll(fds, count, timeout);
}
