/* SPDX-License-Identifier: MIT */
/* Waiting for slots: the order, waking, and who is passed over. */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slot_rig.h"
#include "util/clock.h"

static struct slot_table table, tables[3];
static struct slot held, slots[3];
static struct slot_wait waits[SLOT_MAX_WAITERS + 1];
static int64_t now;

static void set_up(void)
{
	rig_set_up();
	rig_open(&table);
	for (int i = 0; i < 3; i++) {
		rig_open(&tables[i]);
		slots[i].fd = -1;
	}
	now = clock_now();
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), 0);
}

static void tear_down(void)
{
	slot_give(&held);
	for (int i = 0; i < 3; i++) {
		slot_wait_cancel(&waits[i]);
		slot_give(&slots[i]);
		slot_table_close(&tables[i]);
	}
	slot_table_close(&table);
	rig_tear_down();
}

/* The waiters 0, 1 and 2 each have a table of their own. */
static int begin(int i, unsigned limit)
{
	return slot_wait_begin(&waits[i], &tables[i], limit, &rig_record, &slots[i], now);
}

static int try_again(int i)
{
	return slot_wait_try(&waits[i], &slots[i], now);
}

static bool is_readable(int fd, int timeout)
{
	struct pollfd poll_fd = { fd, POLLIN, 0 };

	return poll(&poll_fd, 1, timeout) == 1;
}

START_TEST(a_free_slot_is_taken_at_once)
{
	/* It became free after somebody had been refused, and before he got in line. */
	ck_assert_int_eq(slot_take(&tables[0], 1, &rig_record, &slots[0], now), -EAGAIN);
	slot_give(&held);
	ck_assert_int_eq(begin(0, 1), 0);
	ck_assert_ptr_null(waits[0].table);
	ck_assert_int_eq(waits[0].fd, -1);
	ck_assert_uint_eq(slots[0].record.ticket, 0);
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), -EAGAIN);
	slot_wait_cancel(&waits[0]);
	ck_assert_int_eq(slot_table_live(&table), 1);
}
END_TEST

START_TEST(giving_wakes)
{
	ck_assert_int_eq(begin(0, 1), -EAGAIN);
	ck_assert(!is_readable(waits[0].fd, 0));
	ck_assert_int_eq(waits[0].retry_at, now + SLOT_RETRY_MIN);
	slot_give(&held);
	ck_assert(is_readable(waits[0].fd, 1000));
	ck_assert_int_eq(try_again(0), 0);
	ck_assert_int_eq(slot_table_live(&table), 1);
}
END_TEST

START_TEST(first_come_first_served)
{
	struct slot_holder waiters[SLOT_MAX_WAITERS];

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(begin(i, 1), -EAGAIN);
	ck_assert_uint_eq(slot_table_waiters(&table, waiters, SLOT_MAX_WAITERS, false), 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(waiters[i].kind, SLOT_HOLDER_KNOWN);
		ck_assert_uint_eq(waiters[i].record.ticket, i + 1);
		ck_assert_str_eq(waiters[i].record.role, "decoder");
	}
	slot_give(&held);
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), -EAGAIN);
	ck_assert_ptr_nonnull(strstr(slot_table_reason(&table), "kept for somebody who waits"));
	for (int i = 0; i < 3; i++) {
		for (int j = 2; j > i; j--)
			ck_assert_int_eq(try_again(j), -EAGAIN);
		ck_assert_int_eq(try_again(i), 0);
		slot_give(&slots[i]);
	}
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), 0);
}
END_TEST

START_TEST(failed_tries_wake_nobody_and_become_rarer)
{
	int64_t delay = SLOT_RETRY_MIN;

	ck_assert_int_eq(begin(0, 1), -EAGAIN);
	ck_assert_int_eq(begin(1, 1), -EAGAIN);
	for (int i = 0; i < 12; i++) {
		delay = delay * 2 < SLOT_RETRY_MAX ? delay * 2 : SLOT_RETRY_MAX;
		now = waits[0].retry_at;
		ck_assert_int_eq(try_again(0), -EAGAIN);
		ck_assert_int_eq(waits[0].retry_at, now + delay);
	}
	ck_assert(!is_readable(waits[0].fd, 0));
	ck_assert(!is_readable(waits[1].fd, 0));
	/* Woken in vain: soon again, for the lock may not be gone yet. */
	slot_wait_cancel(&waits[1]);
	ck_assert(is_readable(waits[0].fd, 1000));
	ck_assert_int_eq(try_again(0), -EAGAIN);
	ck_assert_int_eq(waits[0].retry_at, now + SLOT_RETRY_MIN);
}
END_TEST

START_TEST(one_who_leaves_wakes_the_next)
{
	ck_assert_int_eq(begin(0, 1), -EAGAIN);
	ck_assert_int_eq(begin(1, 1), -EAGAIN);
	slot_give(&held);
	ck_assert(is_readable(waits[1].fd, 1000));
	ck_assert_int_eq(try_again(1), -EAGAIN);
	slot_wait_cancel(&waits[0]);
	slot_wait_cancel(&waits[0]);
	ck_assert(is_readable(waits[1].fd, 1000));
	ck_assert_int_eq(try_again(1), 0);
}
END_TEST

/* Two became free at once: the first takes one, and the second must hear of the other. */
START_TEST(one_who_is_served_wakes_the_next)
{
	struct slot second;

	ck_assert_int_eq(slot_take(&table, 2, &rig_record, &second, now), 0);
	ck_assert_int_eq(begin(0, 2), -EAGAIN);
	ck_assert_int_eq(begin(1, 2), -EAGAIN);
	slot_give(&held);
	slot_give(&second);
	ck_assert_int_eq(try_again(1), -EAGAIN);
	ck_assert(!is_readable(waits[1].fd, 0));
	ck_assert_int_eq(try_again(0), 0);
	ck_assert(is_readable(waits[1].fd, 1000));
	ck_assert_int_eq(try_again(1), 0);
}
END_TEST

START_TEST(one_who_does_not_move_is_passed_over)
{
	ck_assert_int_eq(begin(0, 1), -EAGAIN);
	ck_assert_int_eq(begin(1, 1), -EAGAIN);
	slot_give(&held);
	/* From the moment at which the free slot was seen, whoever saw it. */
	now += 5;
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), -EAGAIN);
	ck_assert(is_readable(waits[1].fd, 1000));
	now += SLOT_CALL_TIME - 1;
	ck_assert_int_eq(try_again(1), -EAGAIN);
	ck_assert_int_eq(waits[1].retry_at, now + 1);
	now++;
	ck_assert_int_eq(try_again(1), 0);
	slot_give(&slots[1]);
	/* It is passed over until it moves again. Then it is the first, as it was. */
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), 0);
	ck_assert_int_eq(try_again(0), -EAGAIN);
	slot_give(&held);
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), -EAGAIN);
	ck_assert_int_eq(try_again(0), 0);
}
END_TEST

/* Of three, two do not move: one call after the other. */
START_TEST(several_are_passed_over_one_after_the_other)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(begin(i, 1), -EAGAIN);
	slot_give(&held);
	ck_assert_int_eq(try_again(2), -EAGAIN);
	now += SLOT_CALL_TIME;
	ck_assert_int_eq(try_again(2), -EAGAIN);
	now += SLOT_CALL_TIME - 1;
	ck_assert_int_eq(try_again(2), -EAGAIN);
	now++;
	ck_assert_int_eq(try_again(2), 0);
}
END_TEST

static void wait_for_one(struct slot_table *own)
{
	struct slot_wait wait;
	struct slot slot;

	if (slot_wait_begin(&wait, own, 1, &rig_record, &slot, clock_now()) != -EAGAIN)
		_exit(5);
}

START_TEST(a_stopped_waiter_does_not_count)
{
	pid_t pid = rig_start(wait_for_one);
	struct slot_holder waiter;

	slot_give(&held);
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), -EAGAIN);
	kill(pid, SIGSTOP);
	rig_await_state(pid, 'T');
	ck_assert_uint_eq(slot_table_waiters(&table, &waiter, 1, false), 1);
	ck_assert(waiter.stopped);
	ck_assert_int_eq(waiter.record.pid, pid);
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), 0);
	slot_give(&held);
	ck_assert_int_eq(begin(0, 1), 0);
	rig_kill(pid);
}
END_TEST

START_TEST(a_killed_waiter_is_out_of_the_line)
{
	pid_t pid = rig_start(wait_for_one);

	ck_assert_int_eq(begin(0, 1), -EAGAIN);
	slot_give(&held);
	ck_assert_int_eq(try_again(0), -EAGAIN);
	rig_kill(pid);
	ck_assert(is_readable(waits[0].fd, 1000));
	ck_assert_int_eq(try_again(0), 0);
}
END_TEST

/* As a loop would: poll for the descriptor until retry_at. */
static int wait_in_loop(int i, int64_t longest)
{
	int64_t end = clock_now() + longest;
	int ret;

	do {
		struct pollfd poll_fd = { waits[i].fd, POLLIN, 0 };
		int64_t left = waits[i].retry_at - clock_now();

		poll(&poll_fd, 1, left > 0 ? (int)((left + 999) / 1000) : 0);
		now = clock_now();
		ret = try_again(i);
	} while (ret == -EAGAIN && now < end);
	return ret;
}

START_TEST(a_killed_holder_wakes)
{
	slot_give(&held);
	for (int round = 0; round < 100; round++) {
		pid_t pid = rig_start(rig_hold_one);

		now = clock_now();
		ck_assert_int_eq(begin(0, 1), -EAGAIN);
		waits[0].retry_at = now + SLOT_RETRY_MAX;
		/* While it dies: the close is told of before the lock is gone. */
		kill(pid, SIGKILL);
		ck_assert_int_eq(wait_in_loop(0, SLOT_RETRY_MAX / 2), 0);
		slot_give(&slots[0]);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	}
}
END_TEST

START_TEST(without_inotify_the_clock_wakes)
{
	ck_assert_int_eq(begin(0, 1), -EAGAIN);
	close(waits[0].fd);
	waits[0].fd = -1;
	for (int i = 0; i < 12; i++)
		ck_assert_int_eq(try_again(0), -EAGAIN);
	ck_assert_int_eq(waits[0].retry_at, now + SLOT_RETRY_BLIND);
	slot_give(&held);
	ck_assert_int_eq(wait_in_loop(0, 500000), 0);
}
END_TEST

START_TEST(the_queue_is_bounded)
{
	struct slot slot;

	for (int i = 0; i < SLOT_MAX_WAITERS; i++)
		ck_assert_int_eq(slot_wait_begin(&waits[i], &table, 1, &rig_record, &slot, now),
				 -EAGAIN);
	ck_assert_int_eq(slot_wait_begin(&waits[SLOT_MAX_WAITERS], &tables[0], 1, &rig_record,
					 &slot, now), -ENOBUFS);
	ck_assert_str_eq(slot_table_reason(&tables[0]), "16 wait for a slot already");
	ck_assert_ptr_null(waits[SLOT_MAX_WAITERS].table);
	slot_wait_cancel(&waits[7]);
	ck_assert_int_eq(slot_wait_begin(&waits[7], &tables[0], 1, &rig_record, &slot, now),
			 -EAGAIN);
	ck_assert_uint_eq(waits[7].record.ticket, SLOT_MAX_WAITERS + 1);
	for (int i = 0; i < SLOT_MAX_WAITERS; i++)
		slot_wait_cancel(&waits[i]);
	ck_assert_uint_eq(slot_table_waiters(&table, NULL, 0, false), 0);
}
END_TEST

START_TEST(one_whose_limit_is_reached_is_in_nobodys_way)
{
	ck_assert_int_eq(begin(0, 1), -EAGAIN);
	ck_assert_int_eq(begin(1, 2), 0);
	ck_assert_int_eq(slot_take(&tables[2], 3, &rig_record, &slots[2], now), 0);
	/* The limit of one who waits may grow. */
	slot_give(&slots[2]);
	waits[0].limit = 3;
	ck_assert_int_eq(try_again(0), 0);
}
END_TEST

START_TEST(nonsense_in_the_queue_holds_nobody_up_for_long)
{
	struct slot_record junk;

	ck_assert_int_eq(begin(0, 1), -EAGAIN);
	memset(&junk, 0x5a, sizeof junk);
	junk.pid = -1;
	ck_assert_int_eq(slot_file_write_record(waits[0].lock_fd, waits[0].index, &junk), 0);
	/* Nobody can tell when it came, so those who have a ticket go first. */
	ck_assert_int_eq(begin(1, 1), -EAGAIN);
	slot_give(&held);
	ck_assert_int_eq(try_again(1), 0);
	slot_give(&slots[1]);
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), -EAGAIN);
	now += SLOT_CALL_TIME;
	ck_assert_int_eq(slot_take(&table, 1, &rig_record, &held, now), 0);
}
END_TEST

START_TEST(the_end_of_the_file_ends_the_wait)
{
	ck_assert_int_eq(begin(0, 1), -EAGAIN);
	ck_assert_int_eq(unlink(rig_path), 0);
	ck_assert_int_eq(try_again(0), -ESTALE);
	ck_assert_ptr_null(waits[0].table);
	ck_assert_int_eq(begin(0, 1), 0);
}
END_TEST

START_TEST(a_forked_child_leaves_its_parents_place)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(begin(0, 1), -EAGAIN);
	pid = fork();
	if (pid == 0) {
		int ret = try_again(0);

		_exit(ret == -ECHILD && !waits[0].table ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(slot_table_waiters(&table, NULL, 0, false), 1);
	slot_give(&held);
	ck_assert_int_eq(try_again(0), 0);
}
END_TEST

START_TEST(alone_one_can_wait_too)
{
	struct slot_table lonely;
	struct slot slot;

	ck_assert_int_eq(slot_table_open(&lonely, "", RIG_DEVICE), 0);
	ck_assert_int_eq(slot_take(&lonely, 1, &rig_record, &slot, now), 0);
	ck_assert_int_eq(slot_wait_begin(&waits[0], &lonely, 1, &rig_record, &slots[0], now),
			 -EAGAIN);
	ck_assert_int_ge(waits[0].fd, 0);
	slot_give(&slot);
	ck_assert(is_readable(waits[0].fd, 1000));
	ck_assert_int_eq(try_again(0), 0);
	slot_give(&slots[0]);
	slot_table_close(&lonely);
}
END_TEST

/* ---- contexts in threads --------------------------------------------------------------------- */

#define THREADS 6
#define ROUNDS 60

static atomic_int inside, most, served;

static void *contend(void *unused)
{
	struct slot_table own;
	struct slot_wait wait;
	struct slot slot;

	(void)unused;
	rig_open(&own);
	for (int i = 0; i < ROUNDS; i++) {
		int ret = slot_wait_begin(&wait, &own, 2, &rig_record, &slot, clock_now());
		int n, old;

		while (ret == -EAGAIN) {
			int64_t left = wait.retry_at - clock_now();

			is_readable(wait.fd, left > 0 ? (int)((left + 999) / 1000) : 0);
			ret = slot_wait_try(&wait, &slot, clock_now());
		}
		ck_assert_int_eq(ret, 0);
		n = atomic_fetch_add(&inside, 1) + 1;
		old = atomic_load(&most);
		while (n > old && !atomic_compare_exchange_weak(&most, &old, n))
			;
		atomic_fetch_add(&served, 1);
		usleep(200);
		atomic_fetch_sub(&inside, 1);
		slot_give(&slot);
	}
	slot_table_close(&own);
	return NULL;
}

START_TEST(threads_hand_slots_over)
{
	pthread_t threads[THREADS];

	slot_give(&held);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, contend, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_le(most, 2);
	ck_assert_int_eq(served, THREADS * ROUNDS);
	ck_assert_uint_eq(slot_table_live(&table), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slot wait");
	TCase *tcase = tcase_create("slot wait");
	TCase *threads = tcase_create("threads");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, a_free_slot_is_taken_at_once);
	tcase_add_test(tcase, giving_wakes);
	tcase_add_test(tcase, first_come_first_served);
	tcase_add_test(tcase, failed_tries_wake_nobody_and_become_rarer);
	tcase_add_test(tcase, one_who_leaves_wakes_the_next);
	tcase_add_test(tcase, one_who_is_served_wakes_the_next);
	tcase_add_test(tcase, one_who_does_not_move_is_passed_over);
	tcase_add_test(tcase, several_are_passed_over_one_after_the_other);
	tcase_add_test(tcase, a_stopped_waiter_does_not_count);
	tcase_add_test(tcase, a_killed_waiter_is_out_of_the_line);
	tcase_add_test(tcase, a_killed_holder_wakes);
	tcase_add_test(tcase, without_inotify_the_clock_wakes);
	tcase_add_test(tcase, the_queue_is_bounded);
	tcase_add_test(tcase, one_whose_limit_is_reached_is_in_nobodys_way);
	tcase_add_test(tcase, nonsense_in_the_queue_holds_nobody_up_for_long);
	tcase_add_test(tcase, the_end_of_the_file_ends_the_wait);
	tcase_add_test(tcase, a_forked_child_leaves_its_parents_place);
	tcase_add_test(tcase, alone_one_can_wait_too);
	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(threads, set_up, tear_down);
	tcase_set_timeout(threads, 60);
	tcase_add_test(threads, threads_hand_slots_over);
	suite_add_tcase(suite, threads);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
