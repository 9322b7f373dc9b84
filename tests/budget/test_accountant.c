/* SPDX-License-Identifier: MIT */
/*
 * The accountant and its admission: contexts that count themselves in one directory of slots, with
 * codecs that only write down what happens to them.
 */
#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "budget/accountant.h"
#include "budget/admission.h"
#include "util/clock.h"

#define INACTIVITY 60000
#define PATIENCE 2000000
#define MAX_CODECS 16

static char directory[64];

struct books {
	struct core *core;
	struct loop loop;
	struct accountant accountant;
};

/* A codec without anything in it. */
struct codec {
	struct claim claim;
	struct books *books;
	unsigned reclaimed, retried, refused;
	struct wc_error error;
	struct codec *closes;          /* when this one is reclaimed */
};

static struct account_key key = {
	.path = "/dev/video1", .identity = "platform:test", .role = "decoder", .device_quota = 2,
};

static void set_up(void)
{
	strcpy(directory, "/tmp/webcodecs-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void tear_down(void)
{
	nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void open_books(struct books *books)
{
	struct accountant_options options = { .inactivity = INACTIVITY, .directory = directory };

	books->core = core_new(sizeof(struct roll_entry), sizeof(struct roll_entry));
	ck_assert_int_eq(loop_init(&books->loop), 0);
	accountant_init(&books->accountant, books->core, &books->loop, &options);
}

static void close_books(struct books *books)
{
	accountant_finish(&books->accountant);
	loop_finish(&books->loop);
	core_unref(books->core);
}

static struct codec *codec_of(struct claim *claim)
{
	return container_of(claim, struct codec, claim);
}

static void on_reclaim(struct claim *claim, const struct wc_error *error)
{
	struct codec *codec = codec_of(claim);

	codec->reclaimed++;
	codec->error = *error;
	claim_leave(claim);
	if (codec->closes)
		claim_leave(&codec->closes->claim);
}

static void on_retry(struct claim *claim)
{
	codec_of(claim)->retried++;
}

static void on_refused(struct claim *claim, const struct wc_error *error)
{
	codec_of(claim)->refused++;
	codec_of(claim)->error = *error;
}

static const struct claim_ops ops = {
	.reclaim = on_reclaim, .retry = on_retry, .refused = on_refused,
};

static void enter(struct books *books, struct codec *codec, bool encoder)
{
	memset(codec, 0, sizeof *codec);
	codec->books = books;
	ck_assert_int_eq(accountant_enter(&books->accountant, &codec->claim, &ops, encoder,
					  "test"), 0);
}

static int take(struct codec *codec)
{
	int ret = claim_take(&codec->claim, &key, "h264", &codec->error);

	claim_set_session(&codec->claim, ret == 0);
	return ret;
}

static void settle(struct books *books, const unsigned *until, unsigned count)
{
	int64_t end = clock_now() + 5000000;

	while (*until < count && clock_now() < end)
		loop_dispatch(&books->loop, 20);
	ck_assert_uint_eq(*until, count);
}

static void let_pass(struct books *books, int64_t microseconds)
{
	int64_t end = clock_now() + microseconds;

	while (clock_now() < end)
		loop_dispatch(&books->loop, 5);
}

START_TEST(contexts_are_counted)
{
	struct books books;
	struct codec codecs[3];

	open_books(&books);
	for (int i = 0; i < 3; i++)
		enter(&books, &codecs[i], false);
	ck_assert_int_eq(take(&codecs[0]), 0);
	ck_assert_int_eq(take(&codecs[1]), 0);
	ck_assert_uint_eq(books.core->counters.hardware_contexts, 2);
	claim_set_size(&codecs[0].claim, 640, 480);

	ck_assert_int_eq(take(&codecs[2]), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_uint_eq(codecs[2].error.quota, 2);
	ck_assert_uint_eq(codecs[2].error.requested, 3);
	ck_assert_uint_eq(codecs[2].error.holder_count, 2);
	ck_assert_int_eq(codecs[2].error.holders[0].pid, getpid());
	ck_assert_int_eq(codecs[2].error.holders[0].state, WC_HOLDER_RUNNING);
	ck_assert_uint_eq(codecs[2].error.holders[0].width, 640);
	ck_assert_str_eq(codecs[2].error.holders[0].codec, "h264");
	ck_assert_str_eq(codecs[2].error.holders[0].role, "decoder");
	ck_assert_str_eq(codecs[2].error.holders[0].label, "test");
	ck_assert_str_eq(codecs[2].error.device, "/dev/video1");

	claim_give(&codecs[0].claim);
	ck_assert_int_eq(take(&codecs[2]), 0);
	for (int i = 0; i < 3; i++)
		claim_leave(&codecs[i].claim);
	ck_assert_uint_eq(books.core->counters.hardware_contexts, 0);
	close_books(&books);
}
END_TEST

/* What is known of a codec moves when others come and go; it stays its own. */
START_TEST(claims_come_and_go)
{
	enum { N = 100 };
	struct books books;
	struct codec codecs[N];

	open_books(&books);
	for (int i = 0; i < N; i++) {
		struct reclaim_traits traits = { .priority = i };

		enter(&books, &codecs[i], i % 3 == 0);
		claim_set_traits(&codecs[i].claim, &traits);
	}
	for (int i = 0; i < N; i += 2)
		claim_leave(&codecs[i].claim);
	claim_leave(&codecs[0].claim);
	claim_progress(&codecs[0].claim);
	ck_assert_uint_eq(books.accountant.n_candidates, N / 2);
	for (int i = 1; i < N; i += 2) {
		const struct reclaim_candidate *candidate = codecs[i].claim.candidate;

		ck_assert_ptr_eq(claim_of(candidate), &codecs[i].claim);
		ck_assert_uint_eq(candidate->id, (uint64_t)i + 1);
		ck_assert_int_eq(candidate->traits.priority, i);
		ck_assert_int_eq(candidate->encoder, i % 3 == 0);
	}
	for (int i = N - 1; i > 0; i -= 2)
		claim_leave(&codecs[i].claim);
	ck_assert_uint_eq(books.accountant.n_candidates, 0);
	close_books(&books);
}
END_TEST

/* What is free in one role is of no use in the other, nor does anybody go for it. */
START_TEST(roles_are_counted_apart)
{
	struct account_key other = key;
	struct books books;
	struct codec codecs[3], encoder;

	other.path = "/dev/video2";
	other.role = "encoder";
	open_books(&books);
	for (int i = 0; i < 3; i++)
		enter(&books, &codecs[i], false);
	enter(&books, &encoder, true);
	take(&codecs[0]);
	take(&codecs[1]);
	ck_assert_int_eq(take(&codecs[2]), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(claim_take(&encoder.claim, &other, "h264", &encoder.error), 0);
	let_pass(&books, 3 * INACTIVITY);
	claim_progress(&codecs[0].claim);
	claim_progress(&codecs[1].claim);
	ck_assert(admission_begin(&codecs[2].claim, 0, &codecs[2].error));
	settle(&books, &codecs[2].refused, 1);
	ck_assert_uint_eq(encoder.reclaimed, 0);
	for (int i = 0; i < 3; i++)
		claim_leave(&codecs[i].claim);
	claim_leave(&encoder.claim);
	close_books(&books);
}
END_TEST

/* The timer of progress runs while somebody is active; with all contexts in use nobody goes. */
START_TEST(nobody_goes_while_there_is_room)
{
	struct books books;
	struct codec codecs[2];

	open_books(&books);
	for (int i = 0; i < 2; i++) {
		enter(&books, &codecs[i], false);
		ck_assert_int_eq(take(&codecs[i]), 0);
	}
	ck_assert(list_empty(&books.accountant.tick.link));
	claim_progress(&codecs[0].claim);
	ck_assert(!list_empty(&books.accountant.tick.link));
	let_pass(&books, 3 * INACTIVITY);
	ck_assert(list_empty(&books.accountant.tick.link));
	claim_progress(&codecs[1].claim);
	ck_assert(!list_empty(&books.accountant.tick.link));
	let_pass(&books, 3 * INACTIVITY);
	ck_assert_uint_eq(codecs[0].reclaimed + codecs[1].reclaimed, 0);
	ck_assert_uint_eq(books.core->counters.hardware_contexts, 2);
	for (int i = 0; i < 2; i++)
		claim_leave(&codecs[i].claim);
	close_books(&books);
}
END_TEST

/* Another context of the same process is like another process. */
START_TEST(all_contexts_count_together)
{
	struct books here, there;
	struct codec mine, yours, third;

	open_books(&here);
	open_books(&there);
	enter(&here, &mine, false);
	enter(&there, &yours, false);
	enter(&there, &third, false);
	ck_assert_int_eq(take(&mine), 0);
	ck_assert_int_eq(take(&yours), 0);
	ck_assert_int_eq(take(&third), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_uint_eq(third.error.holder_count, 2);
	claim_leave(&mine.claim);
	claim_leave(&yours.claim);
	claim_leave(&third.claim);
	close_books(&there);
	close_books(&here);
}
END_TEST

START_TEST(the_longest_idle_makes_room)
{
	struct books books;
	struct codec codecs[3];

	open_books(&books);
	for (int i = 0; i < 3; i++)
		enter(&books, &codecs[i], false);
	ck_assert_int_eq(take(&codecs[0]), 0);
	ck_assert_int_eq(take(&codecs[1]), 0);
	claim_progress(&codecs[0].claim);
	let_pass(&books, 3 * INACTIVITY);

	ck_assert_int_eq(take(&codecs[2]), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert(admission_begin(&codecs[2].claim, 0, &codecs[2].error));
	ck_assert_uint_eq(codecs[1].reclaimed, 0);
	settle(&books, &codecs[2].retried, 1);
	ck_assert_uint_eq(codecs[0].reclaimed, 0);
	ck_assert_uint_eq(codecs[1].reclaimed, 1);
	ck_assert_int_eq(codecs[1].error.name, WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_uint_eq(codecs[1].error.quota, 2);
	ck_assert_uint_eq(codecs[1].error.requested, 3);
	ck_assert_uint_eq(codecs[1].error.holder_count, 2);
	ck_assert_int_eq(take(&codecs[2]), 0);
	admission_succeeded(&codecs[2].claim);
	claim_leave(&codecs[0].claim);
	claim_leave(&codecs[2].claim);
	close_books(&books);
}
END_TEST

START_TEST(active_codecs_stay)
{
	struct books books;
	struct codec codecs[3];

	open_books(&books);
	for (int i = 0; i < 3; i++)
		enter(&books, &codecs[i], false);
	take(&codecs[0]);
	take(&codecs[1]);
	let_pass(&books, 3 * INACTIVITY);
	claim_progress(&codecs[0].claim);
	claim_progress(&codecs[1].claim);
	ck_assert_int_eq(take(&codecs[2]), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert(admission_begin(&codecs[2].claim, 0, &codecs[2].error));
	settle(&books, &codecs[2].refused, 1);
	ck_assert_int_eq(codecs[2].error.name, WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_uint_eq(codecs[2].error.holder_count, 2);
	ck_assert_uint_eq(codecs[0].reclaimed + codecs[1].reclaimed, 0);
	for (int i = 0; i < 3; i++)
		claim_leave(&codecs[i].claim);
	close_books(&books);
}
END_TEST

START_TEST(who_becomes_active_in_time_is_spared)
{
	struct books books;
	struct codec codecs[3];

	open_books(&books);
	for (int i = 0; i < 3; i++)
		enter(&books, &codecs[i], false);
	take(&codecs[0]);
	take(&codecs[1]);
	let_pass(&books, 3 * INACTIVITY);
	take(&codecs[2]);
	ck_assert(admission_begin(&codecs[2].claim, 0, &codecs[2].error));
	claim_progress(&codecs[0].claim);
	claim_progress(&codecs[1].claim);
	settle(&books, &codecs[2].refused, 1);
	ck_assert_uint_eq(codecs[0].reclaimed + codecs[1].reclaimed, 0);
	for (int i = 0; i < 3; i++)
		claim_leave(&codecs[i].claim);
	close_books(&books);
}
END_TEST

/* The callback of the victim may end the codec that asked. */
START_TEST(the_victim_may_end_the_one_that_asked)
{
	struct books books;
	struct codec codecs[3];

	open_books(&books);
	for (int i = 0; i < 3; i++)
		enter(&books, &codecs[i], false);
	take(&codecs[0]);
	take(&codecs[1]);
	codecs[0].closes = &codecs[2];
	let_pass(&books, 3 * INACTIVITY);
	take(&codecs[2]);
	ck_assert(admission_begin(&codecs[2].claim, 0, &codecs[2].error));
	settle(&books, &codecs[0].reclaimed, 1);
	let_pass(&books, 20000);
	ck_assert_uint_eq(codecs[2].retried + codecs[2].refused, 0);
	claim_leave(&codecs[1].claim);
	close_books(&books);
}
END_TEST

START_TEST(who_waits_gets_what_is_given_back)
{
	struct books here, there;
	struct codec first, second, third;

	open_books(&here);
	open_books(&there);
	enter(&here, &first, false);
	enter(&here, &second, false);
	enter(&there, &third, false);
	take(&first);
	take(&second);
	claim_progress(&first.claim);
	claim_progress(&second.claim);
	ck_assert_int_eq(take(&third), WC_QUOTA_EXCEEDED_ERROR);
	third.claim.candidate->traits.priority = -1;
	ck_assert(admission_begin(&third.claim, PATIENCE, &third.error));
	let_pass(&there, 50000);
	ck_assert_uint_eq(third.retried + third.refused, 0);
	claim_give(&second.claim);
	settle(&there, &third.retried, 1);
	ck_assert_int_eq(take(&third), 0);
	claim_leave(&first.claim);
	claim_leave(&second.claim);
	claim_leave(&third.claim);
	close_books(&there);
	close_books(&here);
}
END_TEST

/*
 * A forked child keeps a copy of the descriptor by which a waiter is woken. So closing it does not
 * take it out of the set that the loop waits for, and what comes by it is for a wait that is over.
 */
START_TEST(a_wait_that_is_over_is_over_in_spite_of_a_child)
{
	struct books here, there, late;
	struct codec first, second, third, fourth;
	pid_t child;

	open_books(&here);
	open_books(&there);
	enter(&here, &first, false);
	enter(&here, &second, false);
	enter(&there, &third, false);
	take(&first);
	take(&second);
	claim_progress(&first.claim);
	claim_progress(&second.claim);
	third.claim.candidate->traits.priority = -1;
	ck_assert_int_eq(take(&third), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert(admission_begin(&third.claim, PATIENCE, &third.error));
	let_pass(&there, 20000);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		for (;;)
			pause();
	claim_give(&second.claim);
	settle(&there, &third.retried, 1);
	ck_assert_int_eq(take(&third), 0);
	/* More that would wake it: descriptors that the child has no copies of. */
	open_books(&late);
	enter(&late, &fourth, false);
	ck_assert_int_eq(take(&fourth), WC_QUOTA_EXCEEDED_ERROR);
	claim_leave(&fourth.claim);
	close_books(&late);
	for (int i = 0; i < 5; i++) {
		int64_t begin = clock_now();

		loop_dispatch(&there.loop, 20);
		ck_assert_int_ge(clock_now() - begin, 15000);
	}
	ck_assert_uint_eq(third.retried, 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	claim_leave(&first.claim);
	claim_leave(&second.claim);
	claim_leave(&third.claim);
	close_books(&there);
	close_books(&here);
}
END_TEST

/* Held by a program that counts nothing: only trying tells when it is free. */
START_TEST(waiting_goes_on_where_nobody_counts)
{
	struct books books;
	struct codec codec;
	struct wc_error error;
	int64_t begin;

	open_books(&books);
	enter(&books, &codec, false);
	begin = clock_now();
	for (unsigned tries = 0; !codec.refused; tries++) {
		ck_assert_uint_lt(tries, 20);
		ck_assert_int_eq(take(&codec), 0);
		claim_refused(&codec.claim, WC_STAGE_OPEN, EBUSY, &error);
		claim_give(&codec.claim);
		if (!admission_begin(&codec.claim, 600000, &error))
			break;
		while (codec.retried == tries && !codec.refused)
			loop_dispatch(&books.loop, 20);
	}
	ck_assert_int_ge(clock_now() - begin, 600000);
	ck_assert_uint_ge(codec.retried, 2);
	claim_leave(&codec.claim);
	close_books(&books);
}
END_TEST

/* A slot was all that was missing, and one became free before the waiting began. */
START_TEST(what_is_free_meanwhile_is_had_at_once)
{
	struct books here, there;
	struct codec first, second, third;
	int64_t begin;

	open_books(&here);
	open_books(&there);
	enter(&here, &first, false);
	enter(&here, &second, false);
	enter(&there, &third, false);
	take(&first);
	take(&second);
	third.claim.candidate->traits.priority = -1;
	ck_assert_int_eq(take(&third), WC_QUOTA_EXCEEDED_ERROR);
	claim_give(&second.claim);
	begin = clock_now();
	ck_assert(admission_begin(&third.claim, PATIENCE, &third.error));
	settle(&there, &third.retried, 1);
	ck_assert_int_lt(clock_now() - begin, 200000);
	/* And kept for the one who waited. */
	ck_assert_int_eq(take(&second), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(take(&third), 0);
	claim_leave(&first.claim);
	claim_leave(&second.claim);
	claim_leave(&third.claim);
	close_books(&there);
	close_books(&here);
}
END_TEST

/* For ever is longer than a timer can tell. */
START_TEST(waiting_may_be_without_end)
{
	struct books books;
	struct codec codecs[3];

	open_books(&books);
	for (int i = 0; i < 3; i++)
		enter(&books, &codecs[i], false);
	take(&codecs[0]);
	take(&codecs[1]);
	take(&codecs[2]);
	ck_assert(admission_begin(&codecs[2].claim, INT64_MAX, &codecs[2].error));
	let_pass(&books, INACTIVITY / 3);
	ck_assert_uint_eq(codecs[2].refused, 0);
	for (int i = 0; i < 3; i++)
		claim_leave(&codecs[i].claim);
	close_books(&books);
}
END_TEST

/* A codec that is about to make another session does not lose its place to those in line. */
START_TEST(a_slot_may_be_kept_over_a_change)
{
	struct books books;
	struct codec codecs[3];

	open_books(&books);
	for (int i = 0; i < 3; i++)
		enter(&books, &codecs[i], false);
	take(&codecs[0]);
	take(&codecs[1]);
	codecs[2].claim.candidate->traits.priority = -1;
	take(&codecs[2]);
	ck_assert(admission_begin(&codecs[2].claim, PATIENCE, &codecs[2].error));
	codecs[0].claim.keeps_slot = true;
	claim_give(&codecs[0].claim);
	ck_assert_uint_eq(books.core->counters.hardware_contexts, 1);
	let_pass(&books, 20000);
	ck_assert_int_eq(take(&codecs[0]), 0);
	ck_assert_uint_eq(codecs[2].retried, 0);
	/* And let go when the session runs elsewhere. */
	codecs[0].claim.keeps_slot = true;
	claim_give(&codecs[0].claim);
	claim_let_go(&codecs[0].claim);
	settle(&books, &codecs[2].retried, 1);
	for (int i = 0; i < 3; i++)
		claim_leave(&codecs[i].claim);
	close_books(&books);
}
END_TEST

/* Codecs without a session have no memory to give: the search for more must end. */
START_TEST(memory_comes_from_codecs_that_have_some)
{
	struct books books;
	struct codec codecs[2];

	open_books(&books);
	for (int i = 0; i < 2; i++)
		enter(&books, &codecs[i], false);
	take(&codecs[1]);
	let_pass(&books, 3 * INACTIVITY);
	ck_assert_int_ge(admission_reclaim_for_memory(&books.accountant), 0);
	ck_assert_uint_eq(codecs[1].reclaimed, 1);
	ck_assert_int_eq(admission_reclaim_for_memory(&books.accountant), -1);
	ck_assert_uint_eq(codecs[0].reclaimed, 0);
	claim_leave(&codecs[0].claim);
	close_books(&books);
}
END_TEST

START_TEST(waiting_ends)
{
	struct books books;
	struct codec codecs[3];

	open_books(&books);
	for (int i = 0; i < 3; i++)
		enter(&books, &codecs[i], false);
	take(&codecs[0]);
	take(&codecs[1]);
	codecs[2].claim.candidate->traits.priority = -1;
	take(&codecs[2]);
	ck_assert(admission_begin(&codecs[2].claim, 100000, &codecs[2].error));
	settle(&books, &codecs[2].refused, 1);
	ck_assert(admission_begin(&codecs[2].claim, PATIENCE, &codecs[2].error));
	admission_cancel(&codecs[2].claim);
	claim_give(&codecs[0].claim);
	let_pass(&books, 50000);
	ck_assert_uint_eq(codecs[2].retried, 0);
	/* The place that was given up did not keep the slot. */
	ck_assert_int_eq(take(&codecs[2]), 0);
	for (int i = 0; i < 3; i++)
		claim_leave(&codecs[i].claim);
	close_books(&books);
}
END_TEST

/* While somebody waits others come and go; it is told who holds contexts in the end. */
START_TEST(who_waited_is_told_who_holds_now)
{
	struct account_key larger = key;
	struct books books, there;
	struct codec codecs[3], other;

	larger.device_quota = 3;
	open_books(&books);
	open_books(&there);
	for (int i = 0; i < 3; i++)
		enter(&books, &codecs[i], false);
	enter(&there, &other, false);
	take(&codecs[0]);
	take(&codecs[1]);
	codecs[2].claim.candidate->traits.priority = -1;
	take(&codecs[2]);
	ck_assert_uint_eq(codecs[2].error.holder_count, 2);
	ck_assert(admission_begin(&codecs[2].claim, 100000, &codecs[2].error));
	claim_set_size(&codecs[0].claim, 1920, 1080);
	/* One who knows of more contexts takes the third. */
	ck_assert_int_eq(claim_take(&other.claim, &larger, "vp9", &other.error), 0);
	settle(&books, &codecs[2].refused, 1);
	ck_assert_uint_eq(codecs[2].error.holder_count, 3);
	ck_assert_uint_eq(codecs[2].error.holders[0].width, 1920);
	ck_assert_str_eq(codecs[2].error.holders[2].codec, "vp9");
	ck_assert_uint_eq(codecs[2].error.quota, 2);
	ck_assert_uint_eq(codecs[2].error.requested, 4);
	claim_leave(&other.claim);
	for (int i = 0; i < 3; i++)
		claim_leave(&codecs[i].claim);
	close_books(&there);
	close_books(&books);
}
END_TEST

START_TEST(room_is_made_so_often_and_no_more)
{
	struct books books;
	struct codec codec;
	struct wc_error error;

	open_books(&books);
	enter(&books, &codec, false);
	ck_assert_int_eq(take(&codec), 0);
	claim_refused(&codec.claim, WC_STAGE_OPEN, EBUSY, &error);
	claim_give(&codec.claim);
	ck_assert_int_eq(error.sys_errno, EBUSY);
	codec.claim.admission.tries = ADMISSION_MAX_TRIES;
	ck_assert(!admission_begin(&codec.claim, 0, &error));
	admission_succeeded(&codec.claim);
	ck_assert(admission_begin(&codec.claim, 0, &error));
	settle(&books, &codec.refused, 1);
	claim_leave(&codec.claim);
	close_books(&books);
}
END_TEST

/* Nobody knew how many there are until the driver said so. */
START_TEST(the_limit_is_learned_from_the_driver)
{
	struct account_key unknown = key;
	struct books books;
	struct codec codecs[4];
	struct wc_error error;

	unknown.device_quota = 0;
	unknown.path = "/dev/video7";
	unknown.identity = "unknown";
	open_books(&books);
	for (int i = 0; i < 4; i++) {
		enter(&books, &codecs[i], false);
		if (i < 3)
			ck_assert_int_eq(claim_take(&codecs[i].claim, &unknown, "vp8", &error), 0);
	}
	ck_assert_int_eq(claim_refused(&codecs[2].claim, WC_STAGE_BUFFERS, ENOMEM, &error),
			 WC_QUOTA_EXCEEDED_ERROR);
	claim_give(&codecs[2].claim);
	ck_assert_uint_eq(error.quota, 2);
	ck_assert_uint_eq(error.requested, 3);
	ck_assert_int_eq(error.stage, WC_STAGE_BUFFERS);
	/* The driver has the last word: it may have been somebody who counts nothing. */
	ck_assert_int_eq(claim_take(&codecs[3].claim, &unknown, "vp8", &error), 0);
	admission_succeeded(&codecs[3].claim);
	ck_assert_int_eq(claim_take(&codecs[2].claim, &unknown, "vp8", &error), 0);
	ck_assert_int_eq(claim_refused(&codecs[2].claim, WC_STAGE_OPEN, EBUSY, &error),
			 WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_uint_eq(error.quota, 3);
	claim_give(&codecs[2].claim);
	for (int i = 0; i < 4; i++)
		claim_leave(&codecs[i].claim);
	close_books(&books);
}
END_TEST

/* ---- pixel rate ---- */

#define HD_RATE 108000                 /* 1280x720 at 30 */

static const struct rate_load hd = { 1280, 720, 30000 };

static struct account_key rated = {
	.path = "/dev/video3", .identity = "platform:rated", .role = "encoder",
	.device_rate = 2 * HD_RATE,
};

static int take_rated(struct codec *codec, const struct rate_load *load)
{
	int ret;

	claim_set_load(&codec->claim, load);
	ret = claim_take(&codec->claim, &rated, "h264", &codec->error);
	claim_set_session(&codec->claim, ret == 0);
	return ret;
}

static void enter_all(struct books *books, struct codec *codecs, unsigned n)
{
	open_books(books);
	for (unsigned i = 0; i < n; i++)
		enter(books, &codecs[i], false);
}

static void leave_all(struct books *books, struct codec *codecs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		claim_leave(&codecs[i].claim);
	close_books(books);
}

START_TEST(rates_add_up)
{
	struct books here, there;
	struct codec mine[2], yours[1];

	enter_all(&here, mine, 2);
	enter_all(&there, yours, 1);
	ck_assert_int_eq(take_rated(&mine[0], &hd), 0);
	ck_assert_int_eq(take_rated(&yours[0], &hd), 0);
	ck_assert_int_eq(take_rated(&mine[1], &(struct rate_load) { 16, 16, 1000 }),
			 WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(mine[1].error.resource, WC_RESOURCE_PIXEL_RATE);
	ck_assert_uint_eq(mine[1].error.quota, 2 * HD_RATE);
	ck_assert_uint_eq(mine[1].error.requested, 2 * HD_RATE + 1);
	ck_assert_uint_eq(mine[1].error.holder_count, 2);
	ck_assert_uint_eq(mine[1].error.holders[0].rate, HD_RATE);
	ck_assert_str_eq(mine[1].error.device, rated.path);
	ck_assert_ptr_nonnull(strstr(mine[1].error.message, "pixel rate"));
	ck_assert_uint_eq(here.core->counters.hardware_contexts, 1);
	/* Nothing of it was kept. */
	claim_give(&yours[0].claim);
	ck_assert_int_eq(take_rated(&mine[1], &hd), 0);
	leave_all(&there, yours, 1);
	leave_all(&here, mine, 2);
}
END_TEST

START_TEST(without_a_rate_nothing_is_refused)
{
	struct account_key plain = rated;
	struct books books;
	struct codec codecs[2];

	plain.device_rate = 0;
	enter_all(&books, codecs, 2);
	for (int i = 0; i < 2; i++) {
		claim_set_load(&codecs[i].claim, &(struct rate_load) { 65536, 65536, 1000000 });
		ck_assert_int_eq(claim_take(&codecs[i].claim, &plain, "h264", &codecs[i].error),
				 0);
	}
	leave_all(&books, codecs, 2);
}
END_TEST

START_TEST(the_application_knows_the_rate_better)
{
	struct books books;
	struct codec codecs[2];

	enter_all(&books, codecs, 2);
	ck_assert_int_eq(accountant_set_rate(&books.accountant, &rated, HD_RATE), 0);
	ck_assert_int_eq(take_rated(&codecs[0], &hd), 0);
	ck_assert_int_eq(take_rated(&codecs[1], &hd), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_uint_eq(codecs[1].error.quota, HD_RATE);
	ck_assert_int_eq(accountant_set_rate(&books.accountant, &rated, 0), 0);
	ck_assert_int_eq(take_rated(&codecs[1], &hd), 0);
	leave_all(&books, codecs, 2);
}
END_TEST

/* Of whom nothing is known comes in alone, whatever the default, and counts when it tells. */
START_TEST(what_is_not_known_counts_as_it_becomes_known)
{
	static const struct rate_load nothing = { 0, 0, 0 };
	struct books books;
	struct codec codecs[2];

	enter_all(&books, codecs, 2);
	ck_assert_int_eq(accountant_set_rate(&books.accountant, &rated, HD_RATE), 0);
	ck_assert_int_eq(take_rated(&codecs[0], &nothing), 0);
	ck_assert_int_eq(take_rated(&codecs[1], &(struct rate_load) { 320, 240, 1000 }),
			 WC_QUOTA_EXCEEDED_ERROR);
	claim_set_size(&codecs[0].claim, 640, 480);
	ck_assert_int_eq(take_rated(&codecs[1], &(struct rate_load) { 320, 240, 1000 }), 0);
	/* What grows keeps its context. */
	claim_set_size(&codecs[0].claim, 8192, 4320);
	ck_assert(codecs[0].claim.is_taken);
	claim_give(&codecs[1].claim);
	ck_assert_int_eq(take_rated(&codecs[1], &(struct rate_load) { 320, 240, 1000 }),
			 WC_QUOTA_EXCEEDED_ERROR);
	leave_all(&books, codecs, 2);
}
END_TEST

START_TEST(an_idle_codec_makes_room_for_the_rate)
{
	struct books books;
	struct codec codecs[3];

	enter_all(&books, codecs, 3);
	take_rated(&codecs[0], &hd);
	take_rated(&codecs[1], &hd);
	let_pass(&books, 3 * INACTIVITY);
	claim_progress(&codecs[0].claim);
	ck_assert_int_eq(take_rated(&codecs[2], &hd), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert(admission_begin(&codecs[2].claim, 0, &codecs[2].error));
	settle(&books, &codecs[2].retried, 1);
	ck_assert_uint_eq(codecs[0].reclaimed, 0);
	ck_assert_uint_eq(codecs[1].reclaimed, 1);
	ck_assert_int_eq(codecs[1].error.resource, WC_RESOURCE_PIXEL_RATE);
	ck_assert_uint_eq(codecs[1].error.quota, 2 * HD_RATE);
	ck_assert_uint_eq(codecs[1].error.requested, 3 * HD_RATE);
	ck_assert_uint_eq(codecs[1].error.holder_count, 2);
	ck_assert_int_eq(take_rated(&codecs[2], &hd), 0);
	claim_leave(&codecs[0].claim);
	claim_leave(&codecs[2].claim);
	close_books(&books);
}
END_TEST

START_TEST(waiting_for_the_rate_is_tried_again)
{
	struct books books;
	struct codec codecs[2];

	enter_all(&books, codecs, 2);
	ck_assert_int_eq(accountant_set_rate(&books.accountant, &rated, HD_RATE), 0);
	take_rated(&codecs[0], &hd);
	claim_progress(&codecs[0].claim);
	ck_assert_int_eq(take_rated(&codecs[1], &hd), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert(admission_begin(&codecs[1].claim, PATIENCE, &codecs[1].error));
	claim_give(&codecs[0].claim);
	settle(&books, &codecs[1].retried, 1);
	ck_assert_int_eq(take_rated(&codecs[1], &hd), 0);
	leave_all(&books, codecs, 2);
}
END_TEST

START_TEST(waiting_for_the_rate_ends)
{
	struct books books;
	struct codec codecs[2];

	enter_all(&books, codecs, 2);
	ck_assert_int_eq(accountant_set_rate(&books.accountant, &rated, HD_RATE), 0);
	take_rated(&codecs[0], &hd);
	claim_progress(&codecs[0].claim);
	take_rated(&codecs[1], &hd);
	ck_assert(admission_begin(&codecs[1].claim, INACTIVITY / 4, &codecs[1].error));
	settle(&books, &codecs[1].refused, 1);
	ck_assert_int_eq(codecs[1].error.resource, WC_RESOURCE_PIXEL_RATE);
	ck_assert_uint_eq(codecs[1].error.quota, HD_RATE);
	ck_assert_uint_eq(codecs[1].error.requested, 2 * HD_RATE);
	ck_assert_uint_eq(codecs[1].error.holder_count, 1);
	leave_all(&books, codecs, 2);
}
END_TEST

/* Nobody is closed for one that does not fit anyway. */
START_TEST(what_is_too_large_by_itself_fails_at_once)
{
	struct books books;
	struct codec codecs[2];

	enter_all(&books, codecs, 2);
	take_rated(&codecs[0], &hd);
	let_pass(&books, 3 * INACTIVITY);
	ck_assert_int_eq(take_rated(&codecs[1], &(struct rate_load) { 1920, 1080, 30000 }),
			 WC_QUOTA_EXCEEDED_ERROR);
	ck_assert(!admission_begin(&codecs[1].claim, PATIENCE, &codecs[1].error));
	ck_assert_uint_eq(codecs[0].reclaimed, 0);
	leave_all(&books, codecs, 2);
}
END_TEST

/* A record that nobody could have written honestly says nothing: its holder counts as unknown. */
START_TEST(a_hostile_record_counts_as_an_unknown_one)
{
	static const struct slot_record bad[] = {
		{ .width = 16, .height = 16, .framerate = UINT32_MAX, .role = "encoder" },
		{ .width = UINT32_MAX, .height = 16, .framerate = 1, .role = "encoder" },
	};
	struct account_key wide = rated;
	struct slot_table table;
	struct books books;
	struct codec codecs[1];
	struct slot slot;

	wide.device_rate = 244800 + HD_RATE;
	ck_assert_int_eq(slot_table_open(&table, directory, "platform:rated encoder"), 0);
	ck_assert_int_eq(slot_take(&table, 0, &bad[_i], &slot, clock_now()), 0);
	enter_all(&books, codecs, 1);
	claim_set_load(&codecs[0].claim, &hd);
	ck_assert_int_eq(claim_take(&codecs[0].claim, &wide, "h264", &codecs[0].error), 0);
	claim_give(&codecs[0].claim);
	claim_set_load(&codecs[0].claim, &(struct rate_load) { 1280, 720, 30001 });
	ck_assert_int_eq(claim_take(&codecs[0].claim, &wide, "h264", &codecs[0].error),
			 WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_uint_eq(codecs[0].error.requested, 244800 + HD_RATE + 4);
	leave_all(&books, codecs, 1);
	slot_give(&slot);
	slot_table_close(&table);
}
END_TEST

/* ---- contexts that ask each other ---- */

/* One that wants a context, and the holders of both that there are. */
struct three {
	struct books books[3];
	struct codec wants, first, second;
};

static void open_three(struct three *three)
{
	for (int i = 0; i < 3; i++)
		open_books(&three->books[i]);
	enter(&three->books[0], &three->wants, false);
	enter(&three->books[1], &three->first, false);
	enter(&three->books[2], &three->second, false);
	ck_assert_int_eq(take(&three->first), 0);
	ck_assert_int_eq(take(&three->second), 0);
}

static void close_three(struct three *three)
{
	claim_leave(&three->wants.claim);
	claim_leave(&three->first.claim);
	claim_leave(&three->second.claim);
	for (int i = 0; i < 3; i++)
		close_books(&three->books[i]);
}

static void run_three(struct three *three, int64_t microseconds)
{
	int64_t end = clock_now() + microseconds;

	while (clock_now() < end)
		for (int i = 0; i < 3; i++)
			loop_dispatch(&three->books[i].loop, 1);
}

static void ask_three(struct three *three)
{
	int64_t end = clock_now() + 5000000;

	ck_assert_int_eq(take(&three->wants), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert(admission_begin(&three->wants.claim, 0, &three->wants.error));
	while (!three->wants.retried && !three->wants.refused && clock_now() < end)
		run_three(three, 1);
}

/* However short the time is after which codecs are inactive: a tick is shorter. */
START_TEST(who_is_idle_for_longest_is_asked)
{
	struct three three;

	open_three(&three);
	run_three(&three, INACTIVITY);
	claim_progress(&three.first.claim);
	run_three(&three, 3 * INACTIVITY);
	ask_three(&three);
	ck_assert_uint_eq(three.wants.retried, 1);
	ck_assert_uint_eq(three.first.reclaimed, 0);
	ck_assert_uint_eq(three.second.reclaimed, 1);
	close_three(&three);
}
END_TEST

/* To judge takes a look at who made progress. What it finds is not lost for others. */
START_TEST(progress_is_seen_by_others_whoever_found_it)
{
	struct reclaim_request request = { .resource = 1 };
	struct three three;

	open_three(&three);
	run_three(&three, INACTIVITY);
	claim_progress(&three.first.claim);
	ck_assert_ptr_null(admission_choose_victim(&three.books[1].accountant, &request));
	run_three(&three, 3 * INACTIVITY);
	ask_three(&three);
	ck_assert_uint_eq(three.first.reclaimed, 0);
	ck_assert_uint_eq(three.second.reclaimed, 1);
	close_three(&three);
}
END_TEST

START_TEST(who_offers_to_go_is_asked_first)
{
	struct reclaim_traits traits = { .pending_removal = true };
	struct three three;

	open_three(&three);
	run_three(&three, INACTIVITY);
	claim_progress(&three.second.claim);
	claim_set_traits(&three.second.claim, &traits);
	run_three(&three, 3 * INACTIVITY);
	ask_three(&three);
	ck_assert_uint_eq(three.first.reclaimed, 0);
	ck_assert_uint_eq(three.second.reclaimed, 1);
	close_three(&three);
}
END_TEST

/* The one that would go first says no: the next one is asked. */
START_TEST(after_a_denial_the_next_is_asked)
{
	struct reclaim_traits background = { .background = true };
	struct three three;

	open_three(&three);
	claim_leave(&three.first.claim);
	enter(&three.books[1], &three.first, true);
	ck_assert_int_eq(take(&three.first), 0);
	/* In the background, so it is asked first; but it is an encoder at work. */
	claim_set_traits(&three.first.claim, &background);
	for (int i = 0; i < 5; i++) {
		run_three(&three, INACTIVITY / 2);
		claim_progress(&three.first.claim);
	}
	ask_three(&three);
	ck_assert_uint_eq(three.wants.retried, 1);
	ck_assert_uint_eq(three.first.reclaimed, 0);
	ck_assert_uint_eq(three.second.reclaimed, 1);
	close_three(&three);
}
END_TEST

/* ---- contexts in threads ---- */

#define THREADS 5
#define ROUNDS 12

static atomic_int inside, most, served;

static void wait_for_context(struct codec *codec)
{
	while (take(codec) != 0) {
		ck_assert_int_eq(codec->error.name, WC_QUOTA_EXCEEDED_ERROR);
		codec->retried = 0;
		ck_assert(admission_begin(&codec->claim, 10 * PATIENCE, &codec->error));
		while (!codec->retried && !codec->refused)
			loop_dispatch(&codec->books->loop, 100);
		ck_assert_uint_eq(codec->refused, 0);
	}
}

static void *contend(void *unused)
{
	struct books books;
	struct codec codec;

	(void)unused;
	open_books(&books);
	enter(&books, &codec, false);
	for (int i = 0; i < ROUNDS; i++) {
		int n, old;

		wait_for_context(&codec);
		n = atomic_fetch_add(&inside, 1) + 1;
		old = atomic_load(&most);
		while (n > old && !atomic_compare_exchange_weak(&most, &old, n))
			;
		claim_progress(&codec.claim);
		usleep(200);
		atomic_fetch_sub(&inside, 1);
		atomic_fetch_add(&served, 1);
		admission_succeeded(&codec.claim);
		claim_give(&codec.claim);
		loop_dispatch(&books.loop, 0);
	}
	ck_assert_uint_eq(codec.reclaimed, 0);
	claim_leave(&codec.claim);
	close_books(&books);
	return NULL;
}

/* They ask each other, and wait in line, each in its loop. For those who look for races. */
START_TEST(threads_hand_contexts_over)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, contend, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(served, THREADS * ROUNDS);
	ck_assert_int_gt(most, 0);
	ck_assert_int_le(most, 2);
}
END_TEST

/* ---- processes ---- */

/* Hold one context until killed; told by a byte that it is held. Never returns. */
static pid_t fork_holder(bool idle, bool dispatch)
{
	struct books books;
	struct codec codec;
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid) {
		close(ready[1]);
		ck_assert_int_eq(read(ready[0], &byte, 1), 1);
		close(ready[0]);
		return pid;
	}
	open_books(&books);
	enter(&books, &codec, false);
	if (take(&codec) != 0)
		_exit(1);
	if (write(ready[1], "x", 1) != 1)
		_exit(1);
	while (!dispatch)
		pause();
	while (!codec.reclaimed) {
		if (!idle)
			claim_progress(&codec.claim);
		loop_dispatch(&books.loop, 10);
	}
	loop_dispatch(&books.loop, 10);
	_exit(codec.reclaimed == 1 && codec.error.name == WC_QUOTA_EXCEEDED_ERROR ? 0 : 1);
}

static void end_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(another_process_yields_what_is_idle)
{
	struct books books;
	struct codec mine;
	pid_t busy = fork_holder(false, true), idle = fork_holder(true, true);
	int status;

	open_books(&books);
	enter(&books, &mine, false);
	let_pass(&books, 5 * INACTIVITY);
	ck_assert_int_eq(take(&mine), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert(admission_begin(&mine.claim, 0, &mine.error));
	settle(&books, &mine.retried, 1);
	ck_assert_int_eq(waitpid(idle, &status, 0), idle);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(take(&mine), 0);
	end_holder(busy);
	claim_leave(&mine.claim);
	close_books(&books);
}
END_TEST

START_TEST(busy_processes_deny)
{
	struct books books;
	struct codec mine;
	pid_t first = fork_holder(false, true), second = fork_holder(false, true);

	open_books(&books);
	enter(&books, &mine, false);
	let_pass(&books, 3 * INACTIVITY);
	take(&mine);
	ck_assert(admission_begin(&mine.claim, 0, &mine.error));
	settle(&books, &mine.refused, 1);
	ck_assert_uint_eq(mine.error.holder_count, 2);
	ck_assert(mine.error.holders[0].pid == first || mine.error.holders[0].pid == second);
	end_holder(first);
	end_holder(second);
	/* Killed holders leave nothing behind. */
	ck_assert_int_eq(take(&mine), 0);
	claim_leave(&mine.claim);
	close_books(&books);
}
END_TEST

START_TEST(silent_processes_are_named)
{
	struct books books;
	struct codec mine;
	pid_t first = fork_holder(true, false), second = fork_holder(false, true);
	bool silent = false;

	open_books(&books);
	enter(&books, &mine, false);
	let_pass(&books, 3 * INACTIVITY);
	take(&mine);
	ck_assert(admission_begin(&mine.claim, 0, &mine.error));
	settle(&books, &mine.refused, 1);
	ck_assert_uint_eq(mine.error.holder_count, 2);
	for (int i = 0; i < 2; i++) {
		if (mine.error.holders[i].pid != first)
			continue;
		silent = mine.error.holders[i].state == WC_HOLDER_SILENT;
	}
	ck_assert(silent);
	end_holder(first);
	end_holder(second);
	claim_leave(&mine.claim);
	close_books(&books);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("accountant");
	TCase *all = tcase_create("accountant");
	TCase *threads = tcase_create("threads");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_set_timeout(all, 30);
	tcase_add_test(all, contexts_are_counted);
	tcase_add_test(all, claims_come_and_go);
	tcase_add_test(all, roles_are_counted_apart);
	tcase_add_test(all, nobody_goes_while_there_is_room);
	tcase_add_test(all, all_contexts_count_together);
	tcase_add_test(all, the_longest_idle_makes_room);
	tcase_add_test(all, active_codecs_stay);
	tcase_add_test(all, who_becomes_active_in_time_is_spared);
	tcase_add_test(all, the_victim_may_end_the_one_that_asked);
	tcase_add_test(all, who_waits_gets_what_is_given_back);
	tcase_add_test(all, a_wait_that_is_over_is_over_in_spite_of_a_child);
	tcase_add_test(all, waiting_goes_on_where_nobody_counts);
	tcase_add_test(all, what_is_free_meanwhile_is_had_at_once);
	tcase_add_test(all, waiting_may_be_without_end);
	tcase_add_test(all, a_slot_may_be_kept_over_a_change);
	tcase_add_test(all, memory_comes_from_codecs_that_have_some);
	tcase_add_test(all, waiting_ends);
	tcase_add_test(all, who_waited_is_told_who_holds_now);
	tcase_add_test(all, room_is_made_so_often_and_no_more);
	tcase_add_test(all, the_limit_is_learned_from_the_driver);
	tcase_add_test(all, rates_add_up);
	tcase_add_test(all, without_a_rate_nothing_is_refused);
	tcase_add_test(all, the_application_knows_the_rate_better);
	tcase_add_test(all, what_is_not_known_counts_as_it_becomes_known);
	tcase_add_test(all, an_idle_codec_makes_room_for_the_rate);
	tcase_add_test(all, waiting_for_the_rate_is_tried_again);
	tcase_add_test(all, waiting_for_the_rate_ends);
	tcase_add_test(all, what_is_too_large_by_itself_fails_at_once);
	tcase_add_loop_test(all, a_hostile_record_counts_as_an_unknown_one, 0, 2);
	tcase_add_test(all, who_is_idle_for_longest_is_asked);
	tcase_add_test(all, progress_is_seen_by_others_whoever_found_it);
	tcase_add_test(all, who_offers_to_go_is_asked_first);
	tcase_add_test(all, after_a_denial_the_next_is_asked);
	tcase_add_test(all, another_process_yields_what_is_idle);
	tcase_add_test(all, busy_processes_deny);
	tcase_add_test(all, silent_processes_are_named);
	suite_add_tcase(suite, all);
	tcase_add_checked_fixture(threads, set_up, tear_down);
	tcase_set_timeout(threads, 60);
	tcase_add_test(threads, threads_hand_contexts_over);
	suite_add_tcase(suite, threads);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
