/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <libv4l2.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "fake/client.h"
#include "suites.h"

/* Poll as v4l2_m2m_poll() has it, time, hangs; a device that stalls or goes away. */

static void setup(void)
{
	fake_start();
}

static void teardown(void)
{
	fake_stop();
	fake_check_no_violations();
}

#define DATA (EPOLLIN | EPOLLOUT)

static uint32_t poll_now(struct client *c, uint32_t events)
{
	struct pollfd fd = { .fd = c->fd, .events = (short)events };
	uint32_t by_epoll = client_wait(c, events, 0);

	ck_assert_int_ge(poll(&fd, 1, 0), 0);
	ck_assert_uint_eq((uint16_t)fd.revents, by_epoll);
	return by_epoll;
}

/* ---------------------------------------------------------------- EPOLLERR -- */

START_TEST(error_without_any_queue_in_use)
{
	struct client c;

	client_open(&c, &fake_generic_decoder);
	ck_assert_uint_eq(poll_now(&c, EPOLLIN), EPOLLERR);
	ck_assert_uint_eq(poll_now(&c, EPOLLOUT), EPOLLERR);
	ck_assert_uint_eq(poll_now(&c, EPOLLPRI), 0);		/* no data was asked for */
	client_close(&c);
}
END_TEST

START_TEST(streaming_queue_without_buffers_is_an_error)
{
	struct fake_chunk chunk;
	struct client c;

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 0);
	client_begin_decoder(&c, &fake_generic_decoder, &chunk);
	ck_assert_uint_eq(poll_now(&c, DATA | EPOLLPRI), EPOLLERR);
	/* One queue with a buffer is enough. */
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	ck_assert_uint_eq(poll_now(&c, DATA | EPOLLPRI), 0);
	client_run();
	ck_assert_uint_eq(poll_now(&c, DATA | EPOLLPRI), EPOLLPRI);
	client_close(&c);
}
END_TEST

START_TEST(event_is_seen_besides_an_error)
{
	const struct fake_model *model = _i ? &fake_s5p_mfc_decoder : &fake_generic_decoder;
	struct fake_chunk chunks[1];
	struct client c;

	client_begin_running(&c, model, chunks, 1);
	ck_assert_int_eq(client_stop(&c), 0);
	client_run();
	ck_assert_int_eq(client_stream(&c, c.output, false), 0);
	ck_assert_int_eq(client_stream(&c, c.capture, false), 0);
	/* EOS waits; s5p-mfc hides it behind the error, which it tells unasked. */
	ck_assert_uint_eq(poll_now(&c, DATA | EPOLLPRI), _i ? EPOLLERR : EPOLLERR | EPOLLPRI);
	ck_assert_uint_eq(poll_now(&c, EPOLLPRI), _i ? EPOLLERR : EPOLLPRI);
	client_close(&c);
}
END_TEST

START_TEST(broken_device_is_an_error)
{
	struct fake_chunk chunks[1];
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	fake_break(CLIENT_PATH);
	ck_assert_uint_eq(poll_now(&c, DATA), EPOLLERR);
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- EPOLLIN, EPOLLOUT -- */

START_TEST(data_is_ready_when_a_buffer_is_done)
{
	struct fake_chunk chunks[1];
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	ck_assert_uint_eq(poll_now(&c, DATA), DATA);
	ck_assert_uint_eq(poll_now(&c, EPOLLIN), EPOLLIN);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), 0);
	ck_assert_uint_eq(poll_now(&c, DATA), EPOLLOUT);
	ck_assert_int_eq(client_dequeue(&c, c.output, NULL, NULL), 0);
	/* OUTPUT is empty, CAPTURE has buffers: neither ready nor an error. */
	ck_assert_uint_eq(poll_now(&c, DATA), 0);
	client_close(&c);
}
END_TEST

START_TEST(end_of_a_drain_stays_readable)
{
	const struct fake_model *model = _i ? &fake_s5p_mfc_decoder : &fake_generic_decoder;
	struct fake_chunk chunks[1];
	struct client c;

	client_begin_running(&c, model, chunks, 1);
	ck_assert_int_eq(client_dequeue(&c, c.output, NULL, NULL), 0);
	ck_assert_int_eq(client_stop(&c), 0);
	client_run();
	while (client_dequeue(&c, c.capture, NULL, NULL) >= 0)
		;
	/* s5p-mfc gave all buffers back, flagged, so some are done still. */
	ck_assert_uint_eq(poll_now(&c, EPOLLIN), EPOLLIN);
	ck_assert_uint_eq(poll_now(&c, EPOLLIN), EPOLLIN);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), -EPIPE);
	ck_assert_int_eq(client_stream(&c, c.capture, false), 0);
	ck_assert_uint_eq(poll_now(&c, EPOLLIN), EPOLLERR);
	client_close(&c);
}
END_TEST

/* s5p_mfc_poll() does not look at last_buffer_dequeued. */
START_TEST(own_poll_forgets_the_end)
{
	struct fake_model model = fake_generic_decoder;
	struct fake_chunk chunks[1];
	struct client c;

	model.quirks.own_poll = true;
	client_begin_running(&c, &model, chunks, 1);
	ck_assert_int_eq(client_dequeue(&c, c.output, NULL, NULL), 0);
	ck_assert_int_eq(client_stop(&c), 0);
	client_run();
	ck_assert_uint_eq(poll_now(&c, EPOLLIN), EPOLLIN);
	while (client_dequeue(&c, c.capture, NULL, NULL) >= 0)
		;
	ck_assert_uint_eq(poll_now(&c, EPOLLIN), 0);
	client_close(&c);
}
END_TEST

/* coda_wake_up_capture_queue() */
START_TEST(end_without_a_buffer_wakes_up)
{
	struct fake_chunk chunks[1];
	struct client c;

	client_begin_running(&c, &fake_coda_decoder, chunks, 1);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), 0);
	ck_assert_int_eq(client_stop(&c), 0);
	ck_assert_uint_eq(poll_now(&c, EPOLLIN), 0);
	ck_assert_uint_eq(client_wait(&c, EPOLLIN, 1000), EPOLLIN);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), -EPIPE);
	client_close(&c);
}
END_TEST

START_TEST(wait_lets_the_hardware_run)
{
	struct pollfd fd = { .events = POLLPRI };
	struct fake_chunk chunk;
	struct client c;

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 0);
	client_begin_decoder(&c, &fake_generic_decoder, &chunk);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	fd.fd = c.fd;
	if (_i == 0) {
		ck_assert_int_eq(poll(&fd, 1, -1), 1);
		ck_assert_int_eq(fd.revents, POLLPRI);
	} else {
		ck_assert_uint_eq(client_wait(&c, EPOLLPRI, -1), EPOLLPRI);
	}
	ck_assert_int_eq(client_setup_capture(&c), 0);
	ck_assert_uint_eq(client_wait(&c, EPOLLIN, -1), EPOLLIN);
	client_close(&c);
}
END_TEST

START_TEST(blocking_file_waits_in_dqbuf)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_event event;
	struct fake_chunk chunk;
	struct v4l2_buffer buf;
	struct client c;

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 0);
	client_begin_decoder(&c, &fake_generic_decoder, &chunk);
	ck_assert_int_eq(fcntl(c.fd, F_SETFL, 0), 0);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	ck_assert_int_eq(client_event(&c, &event), 0);
	ck_assert_int_eq(client_setup_capture(&c), 0);
	ck_assert_int_eq(client_dequeue(&c, c.capture, &buf, planes), 0);
	fake_expect_hang(true);
	ck_assert_int_eq(client_dequeue(&c, c.capture, &buf, planes), -EINTR);
	ck_assert_int_eq(client_event(&c, &event), -EINTR);
	ck_assert_uint_eq(fake_hangs(), 2);
	client_close(&c);
}
END_TEST

START_TEST(two_contexts_take_turns)
{
	struct fake_chunk chunks[4];
	struct client a;
	struct client b;
	unsigned int i;

	client_begin_running(&a, &fake_generic_decoder, chunks, 4);
	client_begin_running(&b, &fake_generic_decoder, chunks, 4);
	ck_assert_uint_eq(fake_open_files(CLIENT_PATH), 2);
	for (i = 1; i < 4; i++) {
		ck_assert_int_eq(client_queue_chunk(&a, i, &chunks[i], client_timestamp(i)), 0);
		ck_assert_int_eq(client_queue_chunk(&b, i, &chunks[i], client_timestamp(i)), 0);
	}
	for (i = 0; i < 2; i++)
		ck_assert(fake_step());
	for (i = 0; i < 2; i++) {
		ck_assert_int_ge(client_dequeue(&a, a.capture, NULL, NULL), 0);
		ck_assert_int_ge(client_dequeue(&b, b.capture, NULL, NULL), 0);
	}
	ck_assert_int_eq(client_dequeue(&a, a.capture, NULL, NULL), -EAGAIN);
	ck_assert_int_eq(client_dequeue(&b, b.capture, NULL, NULL), -EAGAIN);
	client_close(&a);
	client_close(&b);
}
END_TEST

/* ---------------------------------------------------------------- epoll -- */

START_TEST(epoll_keeps_to_its_rules)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = 77 };
	struct epoll_event ready[4];
	struct fake_chunk chunks[1];
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	ck_assert_int_eq(epoll_ctl(c.epoll, EPOLL_CTL_MOD, c.fd, &event), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(epoll_ctl(c.epoll, EPOLL_CTL_ADD, c.fd, &event), 0);
	ck_assert_int_eq(epoll_ctl(c.epoll, EPOLL_CTL_ADD, c.fd, &event), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(epoll_wait(c.epoll, ready, 4, 0), 1);
	ck_assert_uint_eq(ready[0].data.u64, 77);
	ck_assert_int_eq(epoll_wait(c.epoll, ready, 4, 0), 0);	/* one shot */
	ck_assert_int_eq(epoll_ctl(c.epoll, EPOLL_CTL_MOD, c.fd, &event), 0);
	ck_assert_int_eq(epoll_wait(c.epoll, ready, 4, 0), 1);
	ck_assert_int_eq(epoll_ctl(c.epoll, EPOLL_CTL_DEL, c.fd, NULL), 0);
	ck_assert_int_eq(epoll_wait(c.epoll, ready, 4, 10), 0);
	client_close(&c);
}
END_TEST

START_TEST(nested_sets_and_true_fds_are_merged)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 1 };
	int outer = epoll_create1(EPOLL_CLOEXEC);
	struct pollfd fd = { .fd = outer, .events = POLLIN };
	struct epoll_event ready[8];
	struct fake_chunk chunks[1];
	struct client c;
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	ck_assert_uint_eq(client_wait(&c, EPOLLIN, 0), EPOLLIN);
	ck_assert_int_eq(epoll_ctl(outer, EPOLL_CTL_ADD, pipes[0], &event), 0);
	event.data.u32 = 2;
	ck_assert_int_eq(epoll_ctl(outer, EPOLL_CTL_ADD, c.epoll, &event), 0);
	event.data.u32 = 3;
	ck_assert_int_eq(epoll_ctl(c.epoll, EPOLL_CTL_ADD, pipes[0], &event), 0);
	ck_assert_int_eq(epoll_wait(outer, ready, 8, -1), 1);
	ck_assert_uint_eq(ready[0].data.u32, 2);
	ck_assert_int_eq(poll(&fd, 1, -1), 1);
	/* Now the inner set is ready twice over, but is told once. */
	ck_assert_int_eq(write(pipes[1], "x", 1), 1);
	ck_assert_int_eq(epoll_wait(outer, ready, 8, -1), 2);
	ck_assert_uint_eq(ready[0].data.u32 + ready[1].data.u32, 3);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), 0);
	ck_assert_int_eq(epoll_wait(outer, ready, 8, -1), 2);
	client_close(&c);
	ck_assert_int_eq(close(outer) | close(pipes[0]) | close(pipes[1]), 0);
}
END_TEST

/* ---------------------------------------------------------------- time -- */

static uint64_t monotonic_ms(void)
{
	struct timespec time;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &time), 0);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static int make_timer(int flags, unsigned int ms)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	uint64_t at = ms + (flags & TFD_TIMER_ABSTIME ? monotonic_ms() : 0);
	struct itimerspec value = {
		.it_value = { (time_t)(at / 1000), (long)(at % 1000 * 1000000) },
	};

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(timerfd_settime(fd, flags, &value, NULL), 0);
	return fd;
}

START_TEST(timeout_costs_no_time)
{
	uint64_t before = monotonic_ms();
	struct fake_chunk chunks[1];
	struct pollfd fd = { .events = POLLPRI };
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	fd.fd = c.fd;
	if (_i == 0)
		ck_assert_uint_eq(client_wait(&c, EPOLLPRI, 600000), 0);
	else
		ck_assert_int_eq(poll(&fd, 1, 600000), 0);
	ck_assert_uint_ge(monotonic_ms() - before, 600000);
	ck_assert_uint_lt(monotonic_ms() - before, 700000);
	client_close(&c);
}
END_TEST

/* A timer wakes the wait at its time, however it is waited for. */
START_TEST(clock_jumps_to_the_next_timer)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 5 };
	int timer = make_timer(_i & 1 ? TFD_TIMER_ABSTIME : 0, 5000);
	int later = make_timer(0, 8000);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct pollfd fd = { .fd = timer, .events = POLLIN };
	uint64_t before = monotonic_ms();
	uint64_t count;

	if (_i & 2) {
		ck_assert_int_eq(poll(&fd, 1, -1), 1);
	} else {
		ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, later, &event), 0);
		ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event), 0);
		ck_assert_int_eq(epoll_wait(epoll, &event, 1, -1), 1);
	}
	ck_assert_uint_ge(monotonic_ms() - before, 4998);
	ck_assert_uint_lt(monotonic_ms() - before, 7000);
	ck_assert_int_eq(read(timer, &count, sizeof(count)), sizeof(count));
	ck_assert_int_eq(read(later, &count, sizeof(count)), -1);
	ck_assert_int_eq(close(timer) | close(later) | close(epoll), 0);
}
END_TEST

/* Also one that is armed before it is waited for */
START_TEST(time_advances_timers)
{
	int timer = make_timer(0, 1000);
	struct pollfd fd = { .fd = timer, .events = POLLIN };

	fake_advance_time(900000);
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	fake_advance_time(100000);
	ck_assert_int_eq(poll(&fd, 1, 1), 1);
	ck_assert_int_eq(close(timer), 0);
}
END_TEST

START_TEST(jobs_and_stops_take_time)
{
	struct fake_model model = fake_generic_decoder;
	struct fake_chunk chunks[1];
	uint64_t before;
	struct client c;

	model.quirks.job_us = 20000;
	model.quirks.stop_ms = 500;
	before = monotonic_ms();
	client_begin_running(&c, &model, chunks, 1);
	ck_assert_uint_ge(monotonic_ms() - before, 20);
	ck_assert_uint_lt(monotonic_ms() - before, 500);
	ck_assert_int_eq(client_stream(&c, c.capture, false), 0);
	ck_assert_uint_ge(monotonic_ms() - before, 520);
	ck_assert_int_eq(client_stream(&c, c.capture, false), 0);
	ck_assert_uint_lt(monotonic_ms() - before, 1000);
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- hangs -- */

START_TEST(waiting_for_ever_is_a_hang)
{
	struct pollfd fd = { .events = POLLIN };
	struct fake_chunk chunks[1];
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), 0);
	fake_expect_hang(true);
	ck_assert_uint_eq(client_wait(&c, EPOLLIN, -1), 0);
	ck_assert_uint_eq(fake_hangs(), 1);
	fd.fd = c.fd;
	ck_assert_int_eq(poll(&fd, 1, -1), 0);
	ck_assert_uint_eq(fake_hangs(), 2);
	client_close(&c);
}
END_TEST

START_TEST(busy_loop_is_a_hang)
{
	struct fake_chunk chunks[1];
	struct client c;
	unsigned int i;

	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	fake_expect_hang(true);
	for (i = 0; i < 200; i++)
		ck_assert_uint_eq(client_wait(&c, EPOLLIN, -1), EPOLLIN);
	ck_assert_uint_eq(fake_hangs(), 0);
	/* An ioctl that changes something begins the count anew. */
	ck_assert_int_eq(client_dequeue(&c, c.output, NULL, NULL), 0);
	for (i = 0; i < 200; i++)
		ck_assert_uint_eq(client_wait(&c, EPOLLIN, -1), EPOLLIN);
	ck_assert_uint_eq(fake_hangs(), 0);
	ck_assert_uint_eq(client_wait(&c, EPOLLIN, -1), EPOLLIN);
	ck_assert_uint_eq(fake_hangs(), 1);
	client_close(&c);
}
END_TEST

START_TEST(unexpected_hang_aborts)
{
	struct fake_chunk chunks[1];
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	ck_assert_int_ge(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO), 0);
	client_wait(&c, EPOLLPRI, -1);
}
END_TEST

START_TEST(grace_waits_for_others)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int pipes[2];
	pid_t child;

	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, pipes[0], &event), 0);
	fake_set_hang_grace(10000);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		usleep(20000);
		_exit(write(pipes[1], "x", 1) == 1 ? 0 : 1);
	}
	ck_assert_int_eq(epoll_wait(epoll, &event, 1, -1), 1);
	ck_assert_uint_eq(fake_hangs(), 0);
	ck_assert_int_eq(close(epoll) | close(pipes[0]) | close(pipes[1]), 0);
}
END_TEST

START_TEST(stalled_hardware_hangs_until_it_goes_on)
{
	struct fake_chunk chunks[2];
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 2);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), 0);
	fake_stall(CLIENT_PATH, true);
	ck_assert_int_eq(client_queue_chunk(&c, 1, &chunks[1], 0), 0);
	ck_assert(!fake_step());
	ck_assert_uint_eq(client_wait(&c, EPOLLIN, 5000), 0);
	fake_expect_hang(true);
	ck_assert_uint_eq(client_wait(&c, EPOLLIN, -1), 0);
	ck_assert_uint_eq(fake_hangs(), 1);
	fake_stall(CLIENT_PATH, false);
	ck_assert_uint_eq(client_wait(&c, EPOLLIN, -1), EPOLLIN);
	client_close(&c);
}
END_TEST

START_TEST(unplugged_device_is_gone)
{
	struct v4l2_capability cap;
	struct fake_chunk chunks[2];
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 2);
	fake_unplug(CLIENT_PATH);
	ck_assert_uint_eq(poll_now(&c, EPOLLIN | EPOLLPRI), EPOLLERR | EPOLLHUP | EPOLLPRI);
	ck_assert_uint_eq(poll_now(&c, EPOLLIN), EPOLLERR | EPOLLHUP);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYCAP, &cap), -ENODEV);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), -ENODEV);
	ck_assert_int_eq(client_stream(&c, c.capture, false), -ENODEV);
	ck_assert_ptr_eq(v4l2_mmap(NULL, 4096, PROT_READ, MAP_SHARED, c.fd, 0), MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
	ck_assert_int_eq(open(CLIENT_PATH, O_RDWR | O_CLOEXEC), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(!fake_step());
	/* What is mapped stays readable. */
	ck_assert_uint_eq(c.capture_buffers[0].map[0][0], 'w');
	client_close(&c);
}
END_TEST

START_TEST(camera_polls_as_a_capture_device)
{
	struct client c;

	client_open(&c, &fake_camera);
	ck_assert_uint_eq(poll_now(&c, EPOLLIN), EPOLLERR);
	ck_assert_int_eq(client_stop(&c), -ENOTTY);
	client_close(&c);
}
END_TEST

static bool may_fork(void)
{
	const char *mode = getenv("CK_FORK");

	return !mode || strcmp(mode, "no") != 0;
}

static void add_hangs(Suite *suite)
{
	TCase *tcase = tcase_create("hangs");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, waiting_for_ever_is_a_hang);
	tcase_add_test(tcase, busy_loop_is_a_hang);
	if (may_fork())
		tcase_add_test_raise_signal(tcase, unexpected_hang_aborts, SIGABRT);
	tcase_add_test(tcase, grace_waits_for_others);
	tcase_add_test(tcase, stalled_hardware_hangs_until_it_goes_on);
	tcase_add_test(tcase, unplugged_device_is_gone);
	suite_add_tcase(suite, tcase);
}

Suite *fake_wait_suite(void)
{
	Suite *suite = suite_create("fake: waiting");
	TCase *tcase = tcase_create("poll");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, error_without_any_queue_in_use);
	tcase_add_test(tcase, streaming_queue_without_buffers_is_an_error);
	tcase_add_loop_test(tcase, event_is_seen_besides_an_error, 0, 2);
	tcase_add_test(tcase, broken_device_is_an_error);
	tcase_add_test(tcase, data_is_ready_when_a_buffer_is_done);
	tcase_add_loop_test(tcase, end_of_a_drain_stays_readable, 0, 2);
	tcase_add_test(tcase, own_poll_forgets_the_end);
	tcase_add_test(tcase, end_without_a_buffer_wakes_up);
	tcase_add_loop_test(tcase, wait_lets_the_hardware_run, 0, 2);
	tcase_add_test(tcase, blocking_file_waits_in_dqbuf);
	tcase_add_test(tcase, two_contexts_take_turns);
	tcase_add_test(tcase, epoll_keeps_to_its_rules);
	tcase_add_test(tcase, nested_sets_and_true_fds_are_merged);
	tcase_add_test(tcase, camera_polls_as_a_capture_device);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("time");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, timeout_costs_no_time, 0, 2);
	tcase_add_loop_test(tcase, clock_jumps_to_the_next_timer, 0, 4);
	tcase_add_test(tcase, time_advances_timers);
	tcase_add_test(tcase, jobs_and_stops_take_time);
	suite_add_tcase(suite, tcase);
	add_hangs(suite);
	return suite;
}
