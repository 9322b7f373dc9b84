/* SPDX-License-Identifier: MIT */
/*
 * The post between contexts: of one process, of two, with the dead, the silent and the hostile.
 * Each test ends with the descriptors that it began with and an empty directory.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "budget/post.h"
#include "util/clock.h"

#define MS 1000
#define NOBODY 65534

/* A context: who asks and who is asked. */
struct side {
	struct loop loop;
	struct post post;
	enum reclaim_verdict verdict;    /* what it answers */
	unsigned asked;                  /* how often it was asked */
	struct post_request last;        /* what for, the last time */
};

static struct side alice, bob;
static char directory[64];
static int descriptors;

/* One request and how it ended. */
struct question {
	struct post_ask ask;
	unsigned done;
};

static struct question question;

static const struct post_request wish = {
	.device = 0x0123456789abcdef, .generation = UINT64_MAX - 1, .slot = 3, .priority = -7,
};

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

static enum reclaim_verdict on_asked(void *owner, const struct post_request *request)
{
	struct side *side = owner;

	side->asked++;
	side->last = *request;
	return side->verdict;
}

static void on_done(struct post_ask *ask)
{
	container_of(ask, struct question, ask)->done++;
}

static void side_init(struct side *side)
{
	memset(side, 0, sizeof *side);
	ck_assert_int_eq(loop_init(&side->loop), 0);
	ck_assert_int_eq(post_init(&side->post, &side->loop, directory, on_asked, side), 0);
}

static void side_finish(struct side *side)
{
	post_finish(&side->post);
	loop_finish(&side->loop);
}

static void set_up(void)
{
	descriptors = count_descriptors();
	strcpy(directory, "/tmp/wc-post-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	side_init(&alice);
	side_init(&bob);
	memset(&question, 0, sizeof question);
	post_ask_init(&question.ask, on_done);
}

static void tear_down(void)
{
	side_finish(&alice);
	side_finish(&bob);
	/* Fails when a socket is left. */
	ck_assert_int_eq(rmdir(directory), 0);
	ck_assert_int_eq(count_descriptors(), descriptors);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static bool exists(const char *name)
{
	struct stat st;

	return lstat(path_of(name), &st) == 0;
}

static void dispatch(int timeout)
{
	ck_assert_int_eq(loop_dispatch(&alice.loop, timeout), 0);
	ck_assert_int_eq(loop_dispatch(&bob.loop, 0), 0);
}

/* Until the request has ended, for five seconds at most. */
static void wait_for(const struct question *q)
{
	int64_t end = clock_now() + 5000 * MS;

	while (!q->done && clock_now() < end)
		dispatch(1);
	ck_assert_uint_eq(q->done, 1);
}

static void ask(const char *name, int64_t wait)
{
	question.done = 0;
	ck_assert_int_eq(post_ask(&alice.post, &question.ask, name, &wish, wait), 0);
	ck_assert_uint_eq(question.done, 0);
}

static void ask_and_wait(const char *name, int64_t wait, enum post_outcome outcome)
{
	ask(name, wait);
	wait_for(&question);
	ck_assert_str_eq(post_outcome_name(question.ask.outcome), post_outcome_name(outcome));
}

/* ---- within one process ---- */

START_TEST(granted)
{
	ask_and_wait(bob.post.name, 0, POST_GRANTED);
	ck_assert_int_eq(question.ask.verdict, RECLAIM_ALLOWED);
	ck_assert_uint_eq(bob.asked, 1);
	ck_assert_uint_eq(bob.last.device, wish.device);
	ck_assert_uint_eq(bob.last.generation, wish.generation);
	ck_assert_uint_eq(bob.last.slot, wish.slot);
	ck_assert_int_eq(bob.last.priority, wish.priority);
	ck_assert_int_eq(bob.last.pid, getpid());
	ck_assert_uint_eq(bob.last.uid, geteuid());
	ck_assert_uint_eq(alice.post.n_outstanding, 0);
	/* Nothing points into a dispatch that is over. */
	ck_assert_ptr_null(alice.post.finished);
	ck_assert_ptr_null(bob.post.finished);
}
END_TEST

START_TEST(denied_with_each_reason)
{
	for (int i = RECLAIM_ALLOWED + 1; i < RECLAIM_VERDICTS; i++) {
		bob.verdict = (enum reclaim_verdict)i;
		ask_and_wait(bob.post.name, 0, POST_DENIED);
		ck_assert_int_eq(question.ask.verdict, i);
	}
}
END_TEST

START_TEST(a_context_may_ask_itself)
{
	ask_and_wait(alice.post.name, 0, POST_GRANTED);
	ck_assert_uint_eq(alice.asked, 1);
}
END_TEST

START_TEST(both_ask_at_once)
{
	struct question other = { .done = 0 };

	post_ask_init(&other.ask, on_done);
	bob.verdict = RECLAIM_AUDIBLE;
	ask(bob.post.name, 0);
	ck_assert_int_eq(post_ask(&bob.post, &other.ask, alice.post.name, &wish, 0), 0);
	wait_for(&question);
	wait_for(&other);
	ck_assert_int_eq(question.ask.outcome, POST_DENIED);
	ck_assert_int_eq(other.ask.outcome, POST_GRANTED);
}
END_TEST

START_TEST(as_many_as_may_be_outstanding)
{
	struct question many[POST_MAX_OUTSTANDING] = { { .done = 0 } };

	for (int i = 0; i < POST_MAX_OUTSTANDING; i++) {
		post_ask_init(&many[i].ask, on_done);
		ck_assert_int_eq(post_ask(&alice.post, &many[i].ask, bob.post.name, &wish, 0), 0);
	}
	ck_assert_int_eq(post_ask(&alice.post, &question.ask, bob.post.name, &wish, 0), -EBUSY);
	ck_assert_int_eq(post_ask(&alice.post, &many[0].ask, bob.post.name, &wish, 0), -EALREADY);
	for (int i = 0; i < POST_MAX_OUTSTANDING; i++) {
		wait_for(&many[i]);
		ck_assert_int_eq(many[i].ask.outcome, POST_GRANTED);
	}
	ck_assert_uint_eq(bob.asked, POST_MAX_OUTSTANDING);
	ck_assert_uint_eq(question.done, 0);
	ask_and_wait(bob.post.name, 0, POST_GRANTED);
}
END_TEST

START_TEST(a_request_can_be_taken_back)
{
	ask(bob.post.name, 20 * MS);
	post_cancel(&question.ask);
	post_cancel(&question.ask);
	ck_assert_uint_eq(alice.post.n_outstanding, 0);
	for (int i = 0; i < 30; i++)
		dispatch(1);
	ck_assert_uint_eq(question.done, 0);
	/* It was on its way, and the answer found nobody. */
	ck_assert_uint_eq(bob.asked, 1);
	ck_assert_uint_eq(alice.post.counters.stale, 1);
	ask_and_wait(bob.post.name, 0, POST_GRANTED);
}
END_TEST

/* ---- ends ---- */

START_TEST(finished_with_requests_outstanding)
{
	struct question many[3] = { { .done = 0 } };
	const char *names[3] = { bob.post.name, "1-1.sock", alice.post.name };

	for (int i = 0; i < 3; i++) {
		post_ask_init(&many[i].ask, on_done);
		ck_assert_int_eq(post_ask(&alice.post, &many[i].ask, names[i], &wish, 10 * MS), 0);
	}
	post_finish(&alice.post);
	post_finish(&alice.post);
	for (int i = 0; i < 20; i++)
		dispatch(1);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(many[i].done, 0);
		post_cancel(&many[i].ask);
	}
	ck_assert_uint_eq(bob.post.counters.unsent, 1);
}
END_TEST

/* A context whose memory goes with it, so that sanitizers see who comes back to it. */
static struct post *brief;

static void end_brief(void)
{
	post_finish(brief);
	memset(brief, 0x5a, sizeof *brief);
	free(brief);
	brief = NULL;
}

static void begin_brief(enum reclaim_verdict (*asked)(void *owner,
						      const struct post_request *request))
{
	brief = malloc(sizeof *brief);
	ck_assert_ptr_nonnull(brief);
	ck_assert_int_eq(post_init(brief, &alice.loop, directory, asked, &alice), 0);
}

static void end_when_done(struct post_ask *a)
{
	on_done(a);
	end_brief();
}

static enum reclaim_verdict end_when_asked(void *owner, const struct post_request *request)
{
	end_brief();
	return on_asked(owner, request);
}

/* Two requests, to one holder or to two; the first that ends ends the other, too. */
static void check_end_when_done(const char *name, const char *other, int64_t wait)
{
	struct question rest = { .done = 0 };

	post_ask_init(&question.ask, end_when_done);
	post_ask_init(&rest.ask, on_done);
	ck_assert_int_eq(post_ask(brief, &question.ask, name, &wish, wait), 0);
	ck_assert_int_eq(post_ask(brief, &rest.ask, other, &wish, wait), 0);
	wait_for(&question);
	for (int i = 0; i < 10; i++)
		dispatch(1);
	ck_assert_uint_eq(rest.done, 0);
	ck_assert_ptr_null(brief);
}

START_TEST(finished_inside_the_handler_of_an_answer)
{
	begin_brief(on_asked);
	check_end_when_done(bob.post.name, bob.post.name, 0);
	ck_assert_uint_eq(bob.asked, 2);
}
END_TEST

START_TEST(finished_inside_the_handler_of_a_deadline)
{
	begin_brief(on_asked);
	/* Alive, but nobody reads its mail. */
	loop_remove(&bob.loop, &bob.post.source);
	check_end_when_done(bob.post.name, bob.post.name, 5 * MS);
	ck_assert_int_eq(question.ask.outcome, POST_SILENT);
}
END_TEST

START_TEST(finished_inside_the_handler_of_a_failure)
{
	begin_brief(on_asked);
	check_end_when_done("1-1.sock", "1-1.sock", 0);
	ck_assert_int_eq(question.ask.outcome, POST_GONE);
}
END_TEST

START_TEST(finished_while_it_is_asked)
{
	struct question other = { .done = 0 };
	char name[POST_NAME_SIZE];

	begin_brief(end_when_asked);
	memcpy(name, brief->name, sizeof name);
	/* Two that lie in its socket at once. */
	post_ask_init(&other.ask, on_done);
	ck_assert_int_eq(post_ask(&bob.post, &other.ask, name, &wish, 20 * MS), 0);
	ask(name, 20 * MS);
	wait_for(&question);
	wait_for(&other);
	ck_assert_int_eq(question.ask.outcome, POST_GONE);
	ck_assert_int_eq(other.ask.outcome, POST_GONE);
	ck_assert_uint_eq(alice.asked, 1);
}
END_TEST

static void ask_again(struct post_ask *a)
{
	struct question *q = container_of(a, struct question, ask);

	if (++q->done < 5)
		ck_assert_int_eq(post_ask(&alice.post, a, bob.post.name, &wish, 0), 0);
}

START_TEST(asked_again_inside_the_handler)
{
	post_ask_init(&question.ask, ask_again);
	ask("1-1.sock", 0);
	while (question.done < 5)
		dispatch(1);
	ck_assert_uint_eq(bob.asked, 4);
	ck_assert_int_eq(question.ask.outcome, POST_GRANTED);
}
END_TEST

static unsigned freed;

static void free_ask(struct post_ask *a)
{
	free(a);
	freed++;
}

START_TEST(freed_inside_the_handler)
{
	const char *names[3] = { bob.post.name, "1-1.sock", alice.post.name };

	for (int i = 0; i < 3; i++) {
		struct post_ask *a = malloc(sizeof *a);

		post_ask_init(a, free_ask);
		ck_assert_int_eq(post_ask(&alice.post, a, names[i], &wish, 0), 0);
	}
	while (freed < 3)
		dispatch(1);
}
END_TEST

/* ---- two processes ---- */

/* What a child answers, and until it is killed. The name of its socket goes through the pipe. */
static _Noreturn void be_asked(int pipe_end, enum reclaim_verdict verdict)
{
	struct side child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	side_init(&child);
	child.verdict = verdict;
	if (write(pipe_end, child.post.name, POST_NAME_SIZE) != POST_NAME_SIZE)
		_exit(1);
	while (loop_dispatch(&child.loop, -1) == 0)
		;
	_exit(1);
}

static pid_t start_child(enum reclaim_verdict verdict, char *name)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		be_asked(ends[1], verdict);
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], name, POST_NAME_SIZE), POST_NAME_SIZE);
	close(ends[0]);
	return pid;
}

static void stop_child(pid_t pid)
{
	int status;

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
}

static void kill_child(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(another_process_answers)
{
	char yes[POST_NAME_SIZE], no[POST_NAME_SIZE];
	pid_t first = start_child(RECLAIM_ALLOWED, yes);
	pid_t second = start_child(RECLAIM_TRANSCODING, no);

	for (int i = 0; i < 5; i++) {
		ask_and_wait(yes, 0, POST_GRANTED);
		ask_and_wait(no, 0, POST_DENIED);
		ck_assert_int_eq(question.ask.verdict, RECLAIM_TRANSCODING);
	}
	kill_child(first);
	kill_child(second);
	ask_and_wait(yes, 0, POST_GONE);
	ask_and_wait(no, 0, POST_GONE);
}
END_TEST

START_TEST(a_stopped_process_is_silent)
{
	char name[POST_NAME_SIZE];
	pid_t pid = start_child(RECLAIM_ALLOWED, name);
	int64_t begin;

	stop_child(pid);
	begin = clock_now();
	ask_and_wait(name, 60 * MS, POST_SILENT);
	ck_assert_int_ge(clock_now() - begin, 60 * MS);
	begin = clock_now();
	ask_and_wait(name, 0, POST_SILENT);
	ck_assert_int_ge(clock_now() - begin, POST_DEADLINE);
	ck_assert(exists(name));
	/* Late answers are to nothing, and harm nothing. */
	kill(pid, SIGCONT);
	ask_and_wait(name, 5000 * MS, POST_GRANTED);
	ck_assert_uint_eq(alice.post.counters.stale, 2);
	kill_child(pid);
	ask_and_wait(name, 0, POST_GONE);
}
END_TEST

START_TEST(a_killed_process_is_gone_and_its_socket_removed)
{
	char name[POST_NAME_SIZE];
	pid_t pid = start_child(RECLAIM_ALLOWED, name);

	kill_child(pid);
	ck_assert(exists(name));
	ask_and_wait(name, 0, POST_GONE);
	ck_assert(!exists(name));
	ask_and_wait(name, 0, POST_GONE);
}
END_TEST

START_TEST(killed_with_the_request_in_its_hands)
{
	char name[POST_NAME_SIZE];
	pid_t pid = start_child(RECLAIM_ALLOWED, name);

	stop_child(pid);
	ask(name, 50 * MS);
	kill_child(pid);
	wait_for(&question);
	ck_assert_int_eq(question.ask.outcome, POST_GONE);
	ck_assert(!exists(name));
}
END_TEST

/* Who was stopped himself reads his mail before he looks at the clock. */
START_TEST(an_answer_that_waited_counts)
{
	for (int i = 0; i < 2; i++) {
		/* The deadline before the answer, or after it: both are there when we wake. */
		ask(bob.post.name, 10 * MS);
		if (i)
			ck_assert_int_eq(loop_dispatch(&bob.loop, 1000), 0);
		usleep(30 * MS);
		if (!i)
			ck_assert_int_eq(loop_dispatch(&bob.loop, 1000), 0);
		wait_for(&question);
		ck_assert_int_eq(question.ask.outcome, POST_GRANTED);
	}
}
END_TEST

START_TEST(a_forked_child_takes_nothing_away)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		post_finish(&bob.post);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ask_and_wait(bob.post.name, 0, POST_GRANTED);
}
END_TEST

/* ---- full sockets and floods ---- */

/* A socket as hostile as need be, bound in a directory that says it is ours. */
static int open_stranger(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	if (path) {
		snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	}
	return fd;
}

/* 0 or a negative errno. */
static int send_bytes(int fd, const struct post *to, const void *data, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, to->name);
	return sendto(fd, data, size, MSG_DONTWAIT, (struct sockaddr *)&address,
		      sizeof address) < 0 ? -errno : 0;
}

static int send_type(int fd, const struct post *to, enum post_type type, uint64_t nonce)
{
	const struct post_message message = { .type = type, .nonce = nonce, .request = wish };
	unsigned char data[POST_MESSAGE_SIZE];

	post_message_write(&message, data);
	return send_bytes(fd, to, data, sizeof data);
}

/* From many sockets, so that it is the receiver's limit that is met. */
static void fill_socket_of(const struct post *post)
{
	for (int i = 0; i < 1000; i++) {
		int fd = open_stranger(NULL), ret;

		do
			ret = send_bytes(fd, post, "x", 1);
		while (ret == 0);
		close(fd);
		ck_assert_int_eq(ret, -EAGAIN);
		fd = open_stranger(NULL);
		ret = send_bytes(fd, post, "x", 1);
		close(fd);
		if (ret == -EAGAIN)
			return;
	}
	ck_abort_msg("the socket takes all");
}

START_TEST(a_full_socket_is_tried_again)
{
	int64_t begin = clock_now();

	fill_socket_of(&bob.post);
	ask(bob.post.name, 4000 * MS);
	ck_assert(!question.ask.sent);
	wait_for(&question);
	ck_assert_int_eq(question.ask.outcome, POST_GRANTED);
	/* Long before the deadline. */
	ck_assert_int_lt(clock_now() - begin, 2000 * MS);
	ck_assert_uint_gt(bob.post.counters.strangers, 0);
}
END_TEST

START_TEST(a_socket_that_stays_full_is_silent)
{
	int64_t begin = clock_now();

	fill_socket_of(&bob.post);
	ask(bob.post.name, 100 * MS);
	while (!question.done)
		ck_assert_int_eq(loop_dispatch(&alice.loop, 1000), 0);
	ck_assert_int_eq(question.ask.outcome, POST_SILENT);
	ck_assert_int_ge(clock_now() - begin, 100 * MS);
	ck_assert_uint_eq(bob.asked, 0);
}
END_TEST

START_TEST(an_answer_that_nobody_takes_is_dropped)
{
	ask(bob.post.name, 100 * MS);
	fill_socket_of(&alice.post);
	ck_assert_int_eq(loop_dispatch(&bob.loop, 1000), 0);
	ck_assert_uint_eq(bob.asked, 1);
	ck_assert_uint_eq(bob.post.counters.unsent, 1);
	wait_for(&question);
	ck_assert_int_eq(question.ask.outcome, POST_SILENT);
}
END_TEST

START_TEST(who_asks_too_often_is_told_once)
{
	for (int i = 0; i < FLOOD_BURST; i++)
		ask_and_wait(bob.post.name, 0, POST_GRANTED);
	ask_and_wait(bob.post.name, 0, POST_TOO_MANY);
	ask_and_wait(bob.post.name, 30 * MS, POST_SILENT);
	ask_and_wait(bob.post.name, 30 * MS, POST_SILENT);
	ck_assert_uint_eq(bob.asked, FLOOD_BURST);
	ck_assert_uint_eq(bob.post.counters.floods, 3);
}
END_TEST

START_TEST(a_flood_of_one_does_not_stop_another)
{
	char name[POST_NAME_SIZE];
	int fd = open_stranger(path_of("77-1.sock"));
	pid_t pid;
	int status;

	/* Messages of this process, until it is ignored. */
	while (!bob.post.counters.floods) {
		ck_assert_int_eq(send_type(fd, &bob.post, POST_YIELD, 1), 0);
		dispatch(0);
	}
	close(fd);
	unlink(path_of("77-1.sock"));
	snprintf(name, sizeof name, "%s", bob.post.name);
	pid = fork();
	if (pid == 0) {
		struct side child;

		side_init(&child);
		post_ask(&child.post, &question.ask, name, &wish, 4000 * MS);
		while (!question.done)
			loop_dispatch(&child.loop, 1000);
		side_finish(&child);
		_exit(question.ask.outcome);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		dispatch(1);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), POST_GRANTED);
}
END_TEST

/* ---- the hostile ---- */

static uint64_t seed = 1;

static unsigned roll(unsigned sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % sides;
}

START_TEST(garbage_is_counted_and_dropped)
{
	int fd = open_stranger(path_of("77-1.sock"));
	unsigned char data[200];
	unsigned sent = 0;

	for (int i = 0; i < 3000; i++) {
		for (size_t k = 0; k < sizeof data; k++)
			data[k] = (unsigned char)roll(256);
		ck_assert_int_eq(send_bytes(fd, &bob.post, data, roll(sizeof data)), 0);
		sent++;
		dispatch(0);
	}
	ck_assert_uint_eq(bob.post.counters.garbage, sent);
	ck_assert_uint_eq(bob.asked, 0);
	close(fd);
	unlink(path_of("77-1.sock"));
	ask_and_wait(bob.post.name, 0, POST_GRANTED);
}
END_TEST

/* One byte of a request is wrong: it is dropped, or it is another request. */
START_TEST(almost_messages)
{
	const struct post_message message = { .type = POST_YIELD, .nonce = 5, .request = wish };
	unsigned char good[POST_MESSAGE_SIZE], bad[POST_MESSAGE_SIZE + 1];
	struct post_message read;

	post_message_write(&message, good);
	for (size_t size = 0; size <= sizeof bad; size++) {
		memset(bad, 0, sizeof bad);
		memcpy(bad, good, size < sizeof good ? size : sizeof good);
		ck_assert_int_eq(post_message_read(bad, size, &read), size == sizeof good);
	}
	for (size_t i = 0; i < 8; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bad, good, sizeof good);
			bad[i] ^= (unsigned char)(1u << bit);
			if (post_message_read(bad, sizeof good, &read))
				ck_assert_msg(i == 6 && read.type != POST_YIELD, "byte %zu", i);
		}
}
END_TEST

START_TEST(messages_come_out_as_they_went_in)
{
	unsigned char data[POST_MESSAGE_SIZE], again[POST_MESSAGE_SIZE];
	unsigned n = 0;

	for (int type = 0; type < 8; type++)
		for (int verdict = 0; verdict < 2 * RECLAIM_VERDICTS; verdict++) {
			const struct post_message message = {
				.type = (enum post_type)type,
				.verdict = (enum reclaim_verdict)verdict,
				.nonce = 0x8877665544332211, .request = wish,
			};
			struct post_message read;

			post_message_write(&message, data);
			if (!post_message_read(data, sizeof data, &read))
				continue;
			n++;
			ck_assert_int_eq(read.type, type);
			ck_assert_int_eq(read.verdict, verdict);
			ck_assert_uint_eq(read.nonce, message.nonce);
			ck_assert_uint_eq(read.request.device, wish.device);
			ck_assert_uint_eq(read.request.generation, wish.generation);
			ck_assert_uint_eq(read.request.slot, wish.slot);
			ck_assert_int_eq(read.request.priority, wish.priority);
			post_message_write(&read, again);
			ck_assert_mem_eq(data, again, sizeof data);
		}
	/* Three types without a reason, one with each of them. */
	ck_assert_uint_eq(n, 3 + RECLAIM_VERDICTS - 1);
}
END_TEST

START_TEST(descriptors_that_come_along_are_dropped)
{
	const struct post_message message = { .type = POST_YIELD, .request = wish };
	union {
		char space[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	unsigned char data[POST_MESSAGE_SIZE];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct iovec part = { data, sizeof data };
	struct msghdr header = { &address, sizeof address, &part, 1, &control, sizeof control, 0 };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
	int fd = open_stranger(path_of("77-1.sock")), before, fds[3] = { fd, fd, fd };

	post_message_write(&message, data);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, bob.post.name);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(cmsg), fds, sizeof fds);
	before = count_descriptors();
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(sendmsg(fd, &header, 0), POST_MESSAGE_SIZE);
		dispatch(0);
	}
	ck_assert_int_eq(count_descriptors(), before);
	ck_assert_uint_eq(bob.post.counters.garbage, 5);
	ck_assert_uint_eq(bob.asked, 0);
	close(fd);
	unlink(path_of("77-1.sock"));
}
END_TEST

START_TEST(senders_without_a_proper_name_are_strangers)
{
	static const char *const names[] = { "77-1.sock.", "x-1.sock", "77.sock" };
	int fd = open_stranger(NULL);

	ck_assert_int_eq(send_type(fd, &bob.post, POST_YIELD, 1), 0);
	close(fd);
	dispatch(0);
	ck_assert_uint_eq(bob.post.counters.strangers, 1);
	for (unsigned i = 0; i < 3; i++) {
		fd = open_stranger(path_of(names[i]));
		ck_assert_int_eq(send_type(fd, &bob.post, POST_YIELD, 1), 0);
		close(fd);
		unlink(path_of(names[i]));
		dispatch(0);
		ck_assert_uint_eq(bob.post.counters.strangers, 2 + i);
	}
	ck_assert_uint_eq(bob.asked, 0);
}
END_TEST

/* It names a socket elsewhere as its own: what is sent back goes to our directory all the same. */
START_TEST(answers_stay_in_the_directory)
{
	char elsewhere[] = "/tmp/wc-post-XXXXXX", path[128], data[64];
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(elsewhere));
	snprintf(path, sizeof path, "%s/77-1.sock", elsewhere);
	fd = open_stranger(path);
	ck_assert_int_eq(send_type(fd, &bob.post, POST_YIELD, 1), 0);
	dispatch(0);
	ck_assert_uint_eq(bob.asked, 1);
	ck_assert_uint_eq(bob.post.counters.unsent, 1);
	ck_assert_int_lt(recv(fd, data, sizeof data, MSG_DONTWAIT), 0);
	close(fd);
	unlink(path);
	rmdir(elsewhere);
}
END_TEST

START_TEST(forged_answers_are_stale)
{
	int fd = open_stranger(path_of("77-1.sock"));

	ask(bob.post.name, 0);
	/* The right number from the wrong socket. */
	ck_assert_int_eq(send_type(fd, &alice.post, POST_YES, question.ask.nonce), 0);
	/* The wrong number from the right one. */
	ck_assert_int_eq(send_type(bob.post.fd, &alice.post, POST_YES, question.ask.nonce ^ 1), 0);
	ck_assert_int_eq(loop_dispatch(&alice.loop, 100), 0);
	ck_assert_uint_eq(question.done, 0);
	ck_assert_uint_eq(alice.post.counters.stale, 2);
	bob.verdict = RECLAIM_AUDIBLE;
	wait_for(&question);
	ck_assert_int_eq(question.ask.outcome, POST_DENIED);
	close(fd);
	unlink(path_of("77-1.sock"));
}
END_TEST

START_TEST(names_that_are_no_names)
{
	static const char *const names[] = {
		"", ".", "..", "/", "-.sock", "1-.sock", "-1.sock", "1-1", "1-1.soc", "1-1.sockx",
		"1-1.sock/", "/1-1.sock", "../1-1.sock", ".1-1.sock", "1-1.sock\n", " 1-1.sock",
		"1--1.sock", "1-1-1.sock", "+1-1.sock", "0x1-1.sock", "12345678901-1.sock",
		"1-12345678901.sock", "a/1-1.sock", "video0.slots", "%s-%n.sock",
		"11111111111111111111111111111111111111111111111111111111111111111111111111111111",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		ck_assert_msg(!post_name_is_valid(names[i]), "%s", names[i]);
		ck_assert_int_eq(post_ask(&alice.post, &question.ask, names[i], &wish, 0),
				 -EINVAL);
	}
	ck_assert(post_name_is_valid("0-0.sock"));
	ck_assert(post_name_is_valid("4294967295-4294967295.sock"));
	ck_assert(post_name_is_valid(alice.post.name));
	ck_assert_uint_eq(alice.post.n_outstanding, 0);
}
END_TEST

START_TEST(what_is_no_socket_is_left_alone)
{
	char path[128];
	int fd;

	/* A record may name anything: a file, or a link to a socket that is not of here. */
	fd = open(path_of("77-1.sock"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	ask_and_wait("77-1.sock", 0, POST_GONE);
	ck_assert(exists("77-1.sock"));
	unlink(path_of("77-1.sock"));
	snprintf(path, sizeof path, "%s", path_of(bob.post.name));
	ck_assert_int_eq(symlink(path, path_of("77-2.sock")), 0);
	ask_and_wait("77-2.sock", 0, POST_GONE);
	ck_assert(exists("77-2.sock"));
	ck_assert_uint_eq(bob.asked, 0);
	unlink(path_of("77-2.sock"));
}
END_TEST

START_TEST(a_socket_of_another_kind_fails)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/77-1.sock", directory);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ask_and_wait("77-1.sock", 0, POST_FAILED);
	ck_assert_int_eq(question.ask.sys_errno, EPROTOTYPE);
	close(fd);
	unlink(path_of("77-1.sock"));
}
END_TEST

/* Another user sends a request to bob; needs root. What came of it is in his counters. */
static void send_as(uid_t uid, gid_t gid)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char path[64];
		int fd;

		snprintf(path, sizeof path, "/tmp/wc-post-%d", (int)getpid());
		if (setgid(gid) < 0 || setuid(uid) < 0 || mkdir(path, 0700) < 0)
			_exit(2);
		strcat(path, "/77-1.sock");
		fd = open_stranger(path);
		status = -send_type(fd, &bob.post, POST_YIELD, 1);
		unlink(path);
		*strrchr(path, '/') = '\0';
		rmdir(path);
		_exit(status);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	dispatch(0);
}

START_TEST(other_users_come_in_through_the_group_only)
{
	if (geteuid() != 0)
		return;
	/* Closed to others, so whoever gets in was let in. */
	chmod(directory, 0770);
	ck_assert(bob.post.is_protected);
	send_as(NOBODY, 0);
	ck_assert_uint_eq(bob.asked, 1);
	ck_assert_uint_eq(bob.last.uid, NOBODY);
	/* A directory that others may pass. */
	side_finish(&bob);
	chmod(directory, 0755);
	side_init(&bob);
	ck_assert(!bob.post.is_protected);
	chmod(path_of(bob.post.name), 0666);
	send_as(NOBODY, NOBODY);
	ck_assert_uint_eq(bob.asked, 0);
	ck_assert_uint_eq(bob.post.counters.strangers, 1);
	send_as(0, 0);
	ck_assert_uint_eq(bob.asked, 1);
}
END_TEST

/* In a directory that others may pass: root may ask anybody, and all may ask their like. */
START_TEST(root_and_the_same_user_may_ask)
{
	char name[POST_NAME_SIZE];
	pid_t pid;
	int ends[2];

	if (geteuid() != 0)
		return;
	chmod(directory, 0755);
	ck_assert_int_eq(chown(directory, NOBODY, NOBODY), 0);
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct side child;

		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			_exit(100);
		side_init(&child);
		post_ask(&child.post, &question.ask, child.post.name, &wish, 0);
		while (!question.done)
			loop_dispatch(&child.loop, 1000);
		if (child.post.is_protected || question.ask.outcome != POST_GRANTED)
			_exit(101);
		side_finish(&child);
		be_asked(ends[1], RECLAIM_ALLOWED);
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], name, sizeof name), sizeof name);
	close(ends[0]);
	/* Without a group in common the holder cannot answer. */
	ask_and_wait(name, 30 * MS, POST_SILENT);
	chmod(path_of(alice.post.name), 0666);
	ask_and_wait(name, 0, POST_GRANTED);
	kill_child(pid);
	ask_and_wait(name, 0, POST_GONE);
	ck_assert_int_eq(chown(directory, 0, 0), 0);
}
END_TEST

START_TEST(a_socket_closed_to_us_fails)
{
	pid_t pid;
	int status;

	if (geteuid() != 0)
		return;
	chmod(directory, 0755);
	pid = fork();
	if (pid == 0) {
		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			_exit(100);
		/* alice's own socket was opened before. */
		post_ask(&alice.post, &question.ask, bob.post.name, &wish, 0);
		while (!question.done)
			loop_dispatch(&alice.loop, 1000);
		_exit(question.ask.outcome == POST_FAILED ? question.ask.sys_errno : 101);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EACCES);
}
END_TEST

/* ---- the directory ---- */

static int try_directory(const char *path)
{
	struct post post;
	int ret = post_init(&post, &alice.loop, path, on_asked, NULL);

	post_finish(&post);
	return ret;
}

START_TEST(directories_that_will_not_do)
{
	char path[128], longer[200];

	snprintf(path, sizeof path, "%s/x", directory);
	ck_assert_int_eq(try_directory(path), -ENOENT);
	ck_assert_int_eq(try_directory(""), -ENOENT);
	ck_assert_int_eq(try_directory("/dev/null"), -ENOTDIR);
	ck_assert_int_eq(symlink(directory, path), 0);
	ck_assert_int_eq(try_directory(path), -ENOTDIR);
	unlink(path);
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	longer[0] = '/';
	ck_assert_int_eq(try_directory(longer), -ENAMETOOLONG);
	chmod(directory, 01777);
	ck_assert_int_eq(try_directory(directory), -EPERM);
	chmod(directory, 0700);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(directory, NOBODY, NOBODY), 0);
		ck_assert_int_eq(try_directory(directory), -EPERM);
		ck_assert_int_eq(chown(directory, 0, 0), 0);
	}
	ck_assert_int_eq(try_directory(directory), 0);
}
END_TEST

START_TEST(the_longest_directory)
{
	char path[200], name[sizeof path];
	size_t most = sizeof alice.post.directory - 1;

	memset(path, 'a', sizeof path);
	memcpy(path, directory, strlen(directory));
	path[strlen(directory)] = '/';
	path[most] = '\0';
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(try_directory(path), 0);
	strcpy(name, path);
	name[most] = 'a';
	name[most + 1] = '\0';
	ck_assert_int_eq(try_directory(name), -ENAMETOOLONG);
	rmdir(path);
}
END_TEST

START_TEST(the_socket_is_for_owner_and_group)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };
	struct stat st;

	for (unsigned i = 0; i < 4; i++) {
		mode_t old = umask(masks[i]);

		side_finish(&bob);
		side_init(&bob);
		umask(old);
		ck_assert_int_eq(stat(path_of(bob.post.name), &st), 0);
		ck_assert_int_eq(st.st_mode, S_IFSOCK | 0660);
	}
	ck_assert_int_eq(fcntl(bob.post.fd, F_GETFD), FD_CLOEXEC);
}
END_TEST

/* As a process leaves it that was killed. */
static void leave_socket(const char *name, int64_t age)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - age } };

	close(open_stranger(path_of(name)));
	times[1] = times[0];
	ck_assert_int_eq(utimensat(AT_FDCWD, path_of(name), times, AT_SYMLINK_NOFOLLOW), 0);
}

START_TEST(what_the_dead_left_is_removed)
{
	struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	int fd;

	leave_socket("77-1.sock", 3600);
	leave_socket("77-2.sock", 10);
	/* It may be about to live. */
	leave_socket("77-3.sock", -100);
	/* Not ours. */
	leave_socket("other.sock", 3600);
	fd = open(path_of("77-4.sock"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	utimensat(AT_FDCWD, path_of("77-4.sock"), old, 0);
	/* Alive for long. */
	utimensat(AT_FDCWD, path_of(alice.post.name), old, 0);
	side_finish(&bob);
	side_init(&bob);
	ck_assert(!exists("77-1.sock"));
	ck_assert(!exists("77-2.sock"));
	ck_assert(exists("77-3.sock"));
	ck_assert(exists("other.sock"));
	ck_assert(exists("77-4.sock"));
	ck_assert(exists(alice.post.name));
	ck_assert_uint_eq(alice.post.counters.strangers + alice.post.counters.garbage, 0);
	unlink(path_of("77-3.sock"));
	unlink(path_of("other.sock"));
	unlink(path_of("77-4.sock"));
}
END_TEST

START_TEST(a_directory_that_vanishes)
{
	char moved[80];

	snprintf(moved, sizeof moved, "%s-moved", directory);
	ck_assert_int_eq(rename(directory, moved), 0);
	ask_and_wait(bob.post.name, 0, POST_GONE);
	ck_assert_int_eq(rename(moved, directory), 0);
	ask_and_wait(bob.post.name, 0, POST_GRANTED);
}
END_TEST

/* ---- floods, by a clock of our own ---- */

START_TEST(a_burst_and_a_window)
{
	struct flood flood = { { { 0 } } };
	int64_t now = 12345;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < FLOOD_BURST; i++)
			ck_assert_int_eq(flood_count(&flood, 7, now), FLOOD_NONE);
		ck_assert_int_eq(flood_count(&flood, 7, now), FLOOD_BEGINS);
		for (int i = 0; i < 100; i++)
			ck_assert_int_eq(flood_count(&flood, 7, now + FLOOD_WINDOW - 1),
					 FLOOD_GOES_ON);
		ck_assert_int_eq(flood_count(&flood, 8, now), FLOOD_NONE);
		now += FLOOD_WINDOW;
	}
	/* pid 0: a process of another namespace. */
	ck_assert_int_eq(flood_count(&flood, 0, now), FLOOD_NONE);
}
END_TEST

START_TEST(many_who_ask_once_do_not_hide_who_floods)
{
	struct flood flood = { { { 0 } } };
	int64_t now = 12345;

	for (int i = 0; i <= FLOOD_BURST; i++)
		flood_count(&flood, 1, now);
	for (int32_t pid = 2; pid < 1000; pid++)
		ck_assert_int_eq(flood_count(&flood, pid, ++now), FLOOD_NONE);
	ck_assert_int_eq(flood_count(&flood, 1, now), FLOOD_GOES_ON);
	ck_assert_int_eq(flood_count(&flood, 1, now + FLOOD_WINDOW), FLOOD_NONE);
}
END_TEST

static TCase *talk_case(void)
{
	TCase *tc = tcase_create("talk");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, granted);
	tcase_add_test(tc, denied_with_each_reason);
	tcase_add_test(tc, a_context_may_ask_itself);
	tcase_add_test(tc, both_ask_at_once);
	tcase_add_test(tc, as_many_as_may_be_outstanding);
	tcase_add_test(tc, a_request_can_be_taken_back);
	tcase_add_test(tc, finished_with_requests_outstanding);
	tcase_add_test(tc, finished_inside_the_handler_of_an_answer);
	tcase_add_test(tc, finished_inside_the_handler_of_a_deadline);
	tcase_add_test(tc, finished_inside_the_handler_of_a_failure);
	tcase_add_test(tc, finished_while_it_is_asked);
	tcase_add_test(tc, asked_again_inside_the_handler);
	tcase_add_test(tc, freed_inside_the_handler);
	tcase_add_test(tc, an_answer_that_waited_counts);
	return tc;
}

static TCase *process_case(void)
{
	TCase *tc = tcase_create("processes");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, another_process_answers);
	tcase_add_test(tc, a_stopped_process_is_silent);
	tcase_add_test(tc, a_killed_process_is_gone_and_its_socket_removed);
	tcase_add_test(tc, killed_with_the_request_in_its_hands);
	tcase_add_test(tc, a_forked_child_takes_nothing_away);
	tcase_add_test(tc, a_full_socket_is_tried_again);
	tcase_add_test(tc, a_socket_that_stays_full_is_silent);
	tcase_add_test(tc, an_answer_that_nobody_takes_is_dropped);
	tcase_add_test(tc, who_asks_too_often_is_told_once);
	tcase_add_test(tc, a_flood_of_one_does_not_stop_another);
	return tc;
}

static TCase *hostile_case(void)
{
	TCase *tc = tcase_create("hostile");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, garbage_is_counted_and_dropped);
	tcase_add_test(tc, almost_messages);
	tcase_add_test(tc, messages_come_out_as_they_went_in);
	tcase_add_test(tc, descriptors_that_come_along_are_dropped);
	tcase_add_test(tc, senders_without_a_proper_name_are_strangers);
	tcase_add_test(tc, answers_stay_in_the_directory);
	tcase_add_test(tc, forged_answers_are_stale);
	tcase_add_test(tc, names_that_are_no_names);
	tcase_add_test(tc, what_is_no_socket_is_left_alone);
	tcase_add_test(tc, a_socket_of_another_kind_fails);
	tcase_add_test(tc, other_users_come_in_through_the_group_only);
	tcase_add_test(tc, root_and_the_same_user_may_ask);
	tcase_add_test(tc, a_socket_closed_to_us_fails);
	return tc;
}

static TCase *directory_case(void)
{
	TCase *tc = tcase_create("directory");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, directories_that_will_not_do);
	tcase_add_test(tc, the_longest_directory);
	tcase_add_test(tc, the_socket_is_for_owner_and_group);
	tcase_add_test(tc, what_the_dead_left_is_removed);
	tcase_add_test(tc, a_directory_that_vanishes);
	return tc;
}

static TCase *flood_case(void)
{
	TCase *tc = tcase_create("flood");

	tcase_add_test(tc, a_burst_and_a_window);
	tcase_add_test(tc, many_who_ask_once_do_not_hide_who_floods);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("post");
	SRunner *runner;
	int failed;

	suite_add_tcase(s, talk_case());
	suite_add_tcase(s, process_case());
	suite_add_tcase(s, hostile_case());
	suite_add_tcase(s, directory_case());
	suite_add_tcase(s, flood_case());
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
