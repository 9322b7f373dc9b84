/* SPDX-License-Identifier: MIT */
/* The event loop, the stocks of objects, the log. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/list.h"
#include "util/log.h"
#include "util/loop.h"
#include "util/slab.h"

/* ---- loop ---- */

static struct loop loop;
static struct task first, second;
static struct timer early, late;
static char order[64];

static void note(const char *what)
{
	strcat(order, what);
}

static void setup(void)
{
	order[0] = '\0';
	ck_assert_int_eq(loop_init(&loop), 0);
}

static void teardown(void)
{
	loop_finish(&loop);
}

static void run_first(struct task *task)
{
	(void)task;
	note("1");
}

static void run_second(struct task *task)
{
	(void)task;
	note("2");
}

START_TEST(tasks_run_in_order_and_once)
{
	task_init(&first, run_first);
	task_init(&second, run_second);
	loop_post(&loop, &first);
	loop_post(&loop, &second);
	loop_post(&loop, &first);
	ck_assert_str_eq(order, "");
	ck_assert_int_eq(loop_dispatch(&loop, -1), 0);
	ck_assert_str_eq(order, "12");
	ck_assert_int_eq(loop_dispatch(&loop, 0), 0);
	ck_assert_str_eq(order, "12");
}
END_TEST

START_TEST(a_posted_task_makes_the_descriptor_readable)
{
	struct epoll_event event;
	int outer = epoll_create1(EPOLL_CLOEXEC);

	event.events = EPOLLIN;
	ck_assert_int_eq(epoll_ctl(outer, EPOLL_CTL_ADD, loop.epoll_fd, &event), 0);
	ck_assert_int_eq(epoll_wait(outer, &event, 1, 0), 0);
	task_init(&first, run_first);
	loop_post(&loop, &first);
	ck_assert_int_eq(epoll_wait(outer, &event, 1, 0), 1);
	loop_dispatch(&loop, 0);
	ck_assert_str_eq(order, "1");
	ck_assert_int_eq(epoll_wait(outer, &event, 1, 0), 0);
	close(outer);
}
END_TEST

START_TEST(a_cancelled_task_does_not_run)
{
	task_init(&first, run_first);
	task_init(&second, run_second);
	loop_post(&loop, &first);
	loop_post(&loop, &second);
	task_cancel(&first);
	loop_dispatch(&loop, 0);
	ck_assert_str_eq(order, "2");
}
END_TEST

static void post_again(struct task *task)
{
	note("x");
	loop_post(&loop, task);
}

START_TEST(a_task_that_posts_itself_does_not_keep_dispatch)
{
	size_t after_one;

	task_init(&first, post_again);
	loop_post(&loop, &first);
	loop_dispatch(&loop, -1);
	after_one = strlen(order);
	ck_assert_uint_ge(after_one, 1);
	ck_assert_uint_le(after_one, 32);
	/* It is still due, so a wait without end does not wait. */
	loop_dispatch(&loop, -1);
	ck_assert_uint_gt(strlen(order), after_one);
	task_cancel(&first);
}
END_TEST

static void *post_from_thread(void *arg)
{
	loop_post_remote(&loop, arg);
	return NULL;
}

START_TEST(another_thread_wakes_the_loop)
{
	pthread_t thread;

	task_init(&first, run_first);
	ck_assert_int_eq(pthread_create(&thread, NULL, post_from_thread, &first), 0);
	while (order[0] == '\0')
		ck_assert_int_eq(loop_dispatch(&loop, 5000), 0);
	pthread_join(thread, NULL);
	ck_assert_str_eq(order, "1");
}
END_TEST

START_TEST(a_remote_task_can_be_taken_back)
{
	pthread_t thread;

	task_init(&first, run_first);
	ck_assert_int_eq(pthread_create(&thread, NULL, post_from_thread, &first), 0);
	pthread_join(thread, NULL);
	loop_cancel_remote(&loop, &first);
	loop_dispatch(&loop, 0);
	ck_assert_str_eq(order, "");
}
END_TEST

static void early_expired(struct timer *timer)
{
	(void)timer;
	note("e");
}

static void late_expired(struct timer *timer)
{
	(void)timer;
	note("l");
}

START_TEST(timers_expire_in_order_of_their_deadlines)
{
	int64_t begin = clock_now();

	timer_init(&early, early_expired);
	timer_init(&late, late_expired);
	ck_assert_int_eq(loop_set_timer(&loop, &late, 20000), 0);
	ck_assert_int_eq(loop_set_timer(&loop, &early, 5000), 0);
	while (strlen(order) < 2)
		ck_assert_int_eq(loop_dispatch(&loop, 5000), 0);
	ck_assert_str_eq(order, "el");
	ck_assert_int_ge(clock_now() - begin, 20000);
}
END_TEST

START_TEST(a_cancelled_timer_does_not_expire)
{
	timer_init(&early, early_expired);
	timer_init(&late, late_expired);
	loop_set_timer(&loop, &early, 1000);
	loop_set_timer(&loop, &late, 3000);
	timer_cancel(&early);
	while (order[0] == '\0')
		ck_assert_int_eq(loop_dispatch(&loop, 5000), 0);
	ck_assert_str_eq(order, "l");
}
END_TEST

static struct loop_source one, two;
static int fd_one, fd_two;

static void on_one(struct loop_source *source, uint32_t revents)
{
	(void)source;
	(void)revents;
	note("a");
	loop_remove(&loop, &two);
	loop_remove(&loop, &one);
}

static void on_two(struct loop_source *source, uint32_t revents)
{
	(void)source;
	(void)revents;
	note("a");
	loop_remove(&loop, &one);
	loop_remove(&loop, &two);
}

START_TEST(a_source_removed_by_another_handler_is_not_called)
{
	fd_one = eventfd(1, EFD_CLOEXEC);
	fd_two = eventfd(1, EFD_CLOEXEC);
	ck_assert_int_eq(loop_add(&loop, &one, fd_one, EPOLLIN, on_one), 0);
	ck_assert_int_eq(loop_add(&loop, &two, fd_two, EPOLLIN, on_two), 0);
	loop_dispatch(&loop, 0);
	ck_assert_str_eq(order, "a");
	close(fd_one);
	close(fd_two);
}
END_TEST

static int nested;

static void dispatch_again(struct task *task)
{
	(void)task;
	nested = loop_dispatch(&loop, 0);
}

START_TEST(dispatch_inside_a_handler_is_refused)
{
	task_init(&first, dispatch_again);
	loop_post(&loop, &first);
	nested = 0;
	loop_dispatch(&loop, 0);
	ck_assert_int_eq(nested, -EBUSY);
}
END_TEST

/* ---- slab ---- */

static struct log silent;
static struct census census;

struct thing {
	struct roll_entry entry;
	int value;
	char rest[100];
};

static void make_slab(struct slab *slab, unsigned limit)
{
	log_init(&silent);
	census_init(&census, &silent);
	slab_init(slab, &census, WC_OBJECT_VIDEO_FRAME, sizeof(struct thing), limit);
}

static void end_slab(struct slab *slab)
{
	slab_finish(slab);
	census_finish(&census);
	log_finish(&silent);
}

START_TEST(a_slab_gives_back_what_was_put)
{
	struct slab slab;
	struct thing *a, *b;

	make_slab(&slab, 1);
	a = slab_get(&slab);
	b = slab_get(&slab);
	ck_assert_ptr_ne(a, b);
	memset(a->rest, 0xff, sizeof a->rest);
	a->value = 1;
	slab_put(&slab, a);
	slab_put(&slab, b);
	ck_assert_uint_eq(slab.kept, 1);
	b = slab_get(&slab);
	ck_assert_ptr_eq(b, a);
	ck_assert_int_eq(b->value, 0);
	for (size_t i = 0; i < sizeof b->rest; i++)
		ck_assert_int_eq(b->rest[i], 0);
	slab_put(&slab, b);
	end_slab(&slab);
}
END_TEST

static void *churn(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		struct thing *a = slab_get(arg), *b = slab_get(arg);

		a->value = i;
		b->value = -i;
		if (a->value != i)
			return arg;
		slab_put(arg, a);
		slab_put(arg, b);
	}
	return NULL;
}

START_TEST(a_slab_serves_threads)
{
	pthread_t threads[4];
	struct slab slab;
	void *result;

	make_slab(&slab, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, &slab), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		ck_assert_ptr_null(result);
	}
	end_slab(&slab);
}
END_TEST

/* ---- log ---- */

static char logged[600];

static void keep_log(enum wc_log_level level, const char *file, int line, const char *message,
		     void *user_data)
{
	(void)level;
	(void)file;
	(void)line;
	(void)user_data;
	strcpy(logged, message);
}

START_TEST(the_log_is_silent_below_its_level)
{
	struct log log;

	logged[0] = '\0';
	log_init(&log);
	log_error(&log, "nobody listens");
	ck_assert_str_eq(logged, "");
	log_set_handler(&log, keep_log, 0, NULL);
	log_info(&log, "too small");
	ck_assert_str_eq(logged, "");
	log_warning(&log, "number %d", 7);
	ck_assert_str_eq(logged, "number 7");
	log_set_handler(&log, NULL, WC_LOG_DEBUG, NULL);
	log_error(&log, "gone");
	ck_assert_str_eq(logged, "number 7");
	log_finish(&log);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("util");
	TCase *loops = tcase_create("loop"), *rest = tcase_create("rest");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(loops, setup, teardown);
	tcase_add_test(loops, tasks_run_in_order_and_once);
	tcase_add_test(loops, a_posted_task_makes_the_descriptor_readable);
	tcase_add_test(loops, a_cancelled_task_does_not_run);
	tcase_add_test(loops, a_task_that_posts_itself_does_not_keep_dispatch);
	tcase_add_test(loops, another_thread_wakes_the_loop);
	tcase_add_test(loops, a_remote_task_can_be_taken_back);
	tcase_add_test(loops, timers_expire_in_order_of_their_deadlines);
	tcase_add_test(loops, a_cancelled_timer_does_not_expire);
	tcase_add_test(loops, a_source_removed_by_another_handler_is_not_called);
	tcase_add_test(loops, dispatch_inside_a_handler_is_refused);
	suite_add_tcase(suite, loops);
	tcase_add_test(rest, a_slab_gives_back_what_was_put);
	tcase_add_test(rest, a_slab_serves_threads);
	tcase_add_test(rest, the_log_is_silent_below_its_level);
	suite_add_tcase(suite, rest);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
