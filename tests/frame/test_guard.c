/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "frame/guard.h"

static pthread_mutex_t seizures = PTHREAD_MUTEX_INITIALIZER;
static struct guard guard;

static void set_up(void)
{
	atomic_init(&guard.word, 0);
}

START_TEST(what_is_used_is_not_seized)
{
	ck_assert(guard_is_idle(&guard));
	ck_assert(guard_use(&guard, &seizures));
	ck_assert(guard_use(&guard, &seizures));
	guard_end_use(&guard);
	ck_assert(!guard_seize(&guard));
	guard_end_use(&guard);
	ck_assert(guard_seize(&guard));
	ck_assert(!guard_seize(&guard));
	guard_release(&guard);
	ck_assert(guard_is_idle(&guard));
}
END_TEST

START_TEST(mappings_nest)
{
	ck_assert(guard_map(&guard, &seizures));
	ck_assert(guard_map(&guard, &seizures));
	guard_unmap(&guard);
	ck_assert(!guard_seize(&guard));
	guard_unmap(&guard);
	ck_assert(guard_seize(&guard));
	guard_release(&guard);
}
END_TEST

/* Whoever unmaps too often must not end the use of somebody else. */
START_TEST(an_unmap_too_many_changes_nothing)
{
	guard_unmap(&guard);
	ck_assert(guard_is_idle(&guard));
	ck_assert(guard_use(&guard, &seizures));
	guard_unmap(&guard);
	ck_assert(!guard_seize(&guard));
	guard_end_use(&guard);
	ck_assert(guard_seize(&guard));
	guard_unmap(&guard);
	ck_assert(!guard_is_idle(&guard));
	guard_release(&guard);
	ck_assert(guard_close(&guard, &seizures));
	guard_unmap(&guard);
	ck_assert(guard_is_closed(&guard));
}
END_TEST

START_TEST(mappings_beyond_counting_last)
{
	for (unsigned i = 0; i < 40000; i++)
		ck_assert(guard_map(&guard, &seizures));
	ck_assert(guard_use(&guard, &seizures));
	guard_end_use(&guard);
	for (unsigned i = 0; i < 40000; i++)
		guard_unmap(&guard);
	ck_assert(!guard_seize(&guard));
	ck_assert(!guard_is_closed(&guard));
	ck_assert(guard_close(&guard, &seizures));
}
END_TEST

START_TEST(it_is_closed_once)
{
	ck_assert(guard_map(&guard, &seizures));
	ck_assert(guard_close(&guard, &seizures));
	ck_assert(!guard_close(&guard, &seizures));
	ck_assert(guard_is_closed(&guard));
	ck_assert(!guard_was_forced(&guard));
	ck_assert(!guard_use(&guard, &seizures));
	ck_assert(!guard_map(&guard, &seizures));
	ck_assert(!guard_seize(&guard));
}
END_TEST

START_TEST(force_says_so)
{
	ck_assert(guard_seize(&guard));
	guard_close_by_force(&guard);
	ck_assert(guard_is_closed(&guard));
	ck_assert(guard_was_forced(&guard));
	ck_assert(!guard_close(&guard, &seizures));
	ck_assert(!guard_use(&guard, &seizures));
}
END_TEST

enum wish { TO_USE, TO_MAP, TO_CLOSE };

struct waiter {
	pthread_t thread;
	enum wish wish;
	atomic_bool begun;
	atomic_bool done;
	bool granted;
};

static void *wait_for_it(void *arg)
{
	struct waiter *waiter = arg;

	waiter->begun = true;
	if (waiter->wish == TO_CLOSE)
		waiter->granted = guard_close(&guard, &seizures);
	else
		waiter->granted = guard_begin(&guard, waiter->wish == TO_USE ? GUARD_USE
									     : GUARD_MAP,
					      &seizures);
	waiter->done = true;
	return NULL;
}

static void rest(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = 20000000 }, NULL);
}

/* The wish comes while the guard is seized; then the seizure ends, by force or not. */
static struct waiter meet_seizure(enum wish wish, bool force)
{
	struct waiter waiter = { .wish = wish };

	pthread_mutex_lock(&seizures);
	ck_assert(guard_seize(&guard));
	ck_assert_int_eq(pthread_create(&waiter.thread, NULL, wait_for_it, &waiter), 0);
	while (!waiter.begun)
		rest();
	rest();
	ck_assert(!waiter.done);
	if (force)
		guard_close_by_force(&guard);
	else
		guard_release(&guard);
	pthread_mutex_unlock(&seizures);
	pthread_join(waiter.thread, NULL);
	return waiter;
}

START_TEST(a_seizure_is_waited_for)
{
	ck_assert(meet_seizure((enum wish)_i, false).granted);
	ck_assert(!guard_is_idle(&guard));
	ck_assert_int_eq(guard_is_closed(&guard), _i == TO_CLOSE);
}
END_TEST

START_TEST(after_force_nothing_is_granted)
{
	ck_assert(!meet_seizure((enum wish)_i, true).granted);
	ck_assert(guard_was_forced(&guard));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard");
	TCase *tcase = tcase_create("guard");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, what_is_used_is_not_seized);
	tcase_add_test(tcase, mappings_nest);
	tcase_add_test(tcase, an_unmap_too_many_changes_nothing);
	tcase_add_test(tcase, mappings_beyond_counting_last);
	tcase_add_test(tcase, it_is_closed_once);
	tcase_add_test(tcase, force_says_so);
	tcase_add_loop_test(tcase, a_seizure_is_waited_for, TO_USE, TO_CLOSE + 1);
	tcase_add_loop_test(tcase, after_force_nothing_is_granted, TO_USE, TO_CLOSE + 1);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
