/* SPDX-License-Identifier: MIT */
/*
 * Who may be reclaimed, and who first. All times are made up.
 *
 * What other systems test of the same, and where it is tested here; without a file: in this one.
 *
 * Chromium, codec_pressure_manager_test and reclaimable_codec_test
 *	a manager for each context       an_encoder_of_another_context_protects_nobody
 *	all share what is global         test_accountant: all_contexts_count_together
 *	decoders and encoders apart      test_accountant: roles_are_counted_apart
 *	codecs are added and removed     test_accountant: claims_come_and_go, contexts_are_counted
 *	one that is lost counts no more  test_accountant: busy_processes_deny, once it is killed
 *	never in the foreground          never_in_the_foreground_while_active; inactive ones may go
 *	nothing at the threshold, only   test_accountant: nobody_goes_while_there_is_room; ours is
 *	  above; timers start and stop     the quota. There is one timer, of progress
 *	a threshold of zero              there is none: a quota of 0 is an unknown one, see
 *	                                   test_accountant: the_limit_is_learned_from_the_driver
 *	software is no pressure          software_codecs_hold_no_context_but_protect
 *	fresh at the first tick          a_new_codec_is_fresh_at_its_first_tick
 *	one period too short, two enough one_period_is_not_enough_but_two_are
 *	to the background and back       to_the_background_and_back, back_in_the_foreground_in_time
 *	events of life repeated          to_be_told_twice_gives_no_more_time
 *	three sets of feature flags      section 11 is not switched off; the_threshold_can_be_set
 *
 * Android, ResourceManagerService_test
 *	priority is the pid              the_lowest_process_and_its_biggest_codec
 *	the lowest priority              the_lowest_priority_whatever_its_size
 *	nothing as high as who asks      nothing_of_higher_priority_is_taken; equals share here
 *	the biggest                      the_biggest_of_equals
 *	marked for removal               pending_removal_goes_first; in other processes,
 *	                                   test_accountant: who_offers_to_go_is_asked_first
 *	only the same kind, three times  only_what_is_wanted_is_taken
 *	a partial match                  only_what_is_wanted_is_taken: a request names one resource
 *	of itself                        who_asks_is_no_victim
 *	importance within a process      the_lowest_process_and_its_biggest_codec, by priority
 *	secure and other codecs exclude  there are no secure ones; the four ways of section 11,
 *	  each other, four ways            active or not in foreground or background:
 *	                                   all_of_section_11
 *	resources combined, negative     one context a claim, and a lock counts itself
 *	concurrent codecs, peaks         test_accountant: contexts_are_counted; peaks are not kept
 *	all clients                      test_accountant: silent_processes_are_named
 *	another pid, or its priority     nobody speaks for others: the kernel says who asks
 *	battery, CPU sets                not ours
 *
 * webOS, ResourceManager and AcquireQueue
 *	denied: the next candidate       test_accountant: after_a_denial_the_next_is_asked
 *	all deny                         test_accountant: busy_processes_deny
 *	priority, foreground, then least the_background_before_the_longest_inactive,
 *	  recently used                    the_longest_inactive_before_the_biggest
 *	order                            the_order_is_total
 *	not beyond who asks              nothing_of_higher_priority_is_taken, who_asks_is_no_victim
 *	first come, first served         test_slot_wait: first_come_first_served
 *	a dead client in the queue       test_slot_wait: a_killed_waiter_is_out_of_the_line
 *	one that does not answer         test_accountant: silent_processes_are_named; not there
 *	to try, and not to wait          test_accountant: active_codecs_stay
 *	alternatives, several resources  a request names one; session/select.c tries one device
 *	                                   after the other, and then software
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "budget/reclaim.h"

#define SECOND 1000000
/* Not 0: the clock of a machine that has been up for a while. */
#define START ((int64_t)5000 * SECOND)
#define DECODERS 7
#define ENCODERS 8

static struct reclaim_clock ticker;
static struct reclaim_group alone;

static void set_up(void)
{
	reclaim_clock_init(&ticker, 0);
	memset(&alone, 0, sizeof alone);
}

/* A video decoder in the foreground that made progress at START. */
static struct reclaim_candidate decoder(uint64_t id)
{
	struct reclaim_candidate candidate = {
		.resource = DECODERS, .bytes = 1000, .id = id, .has_session = true,
	};

	activity_init(&candidate.activity, START);
	return candidate;
}

static struct reclaim_candidate encoder(uint64_t id)
{
	struct reclaim_candidate candidate = decoder(id);

	candidate.encoder = true;
	candidate.resource = ENCODERS;
	return candidate;
}

static enum reclaim_verdict judge(const struct reclaim_candidate *candidate, int64_t now)
{
	return reclaim_judge(candidate, &alone, &ticker, now);
}

static void set_background(struct reclaim_candidate *candidate, bool background, int64_t now)
{
	struct reclaim_traits traits = candidate->traits;

	traits.background = background;
	reclaim_set_traits(candidate, &traits, now);
}

/* ---- section 11: all there is ---- */

/*
 * The rules as sentences of the specification give them, one line each. A codec is written as
 *	e d    encoder, decoder
 *	a v    audio, video
 *	+ -    active, inactive
 *	f b    foreground, background
 *	! .    audible, not audible
 *	s o n  beside an active encoder of the same kind, of the other kind, of none
 * and exactly one line fits each codec; '*' fits anything.
 */
static const struct rule {
	const char *codec;
	enum reclaim_verdict verdict;
} rules[] = {
	/* "MUST only reclaim a codec that is inactive, a background codec, or both" */
	{ "**-***", RECLAIM_ALLOWED },
	{ "**+f**", RECLAIM_ACTIVE_FOREGROUND },
	/* "An encoder" */
	{ "e*+b**", RECLAIM_ACTIVE_ENCODER },
	/* "An AudioDecoder or VideoDecoder, when there is respectively an active encoder" */
	{ "da+b*s", RECLAIM_TRANSCODING },
	{ "dv+b*s", RECLAIM_TRANSCODING },
	/* "An AudioDecoder when its tab is audibly playing" */
	{ "da+b!o", RECLAIM_AUDIBLE },
	{ "da+b!n", RECLAIM_AUDIBLE },
	/* What is left. */
	{ "da+b.o", RECLAIM_ALLOWED },
	{ "da+b.n", RECLAIM_ALLOWED },
	{ "dv+b*o", RECLAIM_ALLOWED },
	{ "dv+b*n", RECLAIM_ALLOWED },
};

static bool fits(const char *codec, const char *rule)
{
	for (; *rule; codec++, rule++)
		if (*rule != '*' && *rule != *codec)
			return false;
	return true;
}

static enum reclaim_verdict expected(const char *codec)
{
	enum reclaim_verdict verdict = RECLAIM_VERDICTS;
	unsigned n = 0;

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		if (!fits(codec, rules[i].codec))
			continue;
		verdict = rules[i].verdict;
		n++;
	}
	ck_assert_msg(n == 1, "%u rules fit %s", n, codec);
	return verdict;
}

static void make(const char *codec, int64_t now, struct reclaim_candidate *candidate)
{
	*candidate = codec[0] == 'e' ? encoder(1) : decoder(1);
	candidate->kind = codec[1] == 'a' ? RECLAIM_AUDIO : RECLAIM_VIDEO;
	candidate->activity.last = codec[2] == '+' ? now - 9 * SECOND : now - 11 * SECOND;
	candidate->traits.background = codec[3] == 'b';
	candidate->traits.audible = codec[4] == '!';
}

/* Through the whole way: two codecs, two passes, a request. */
static void check_codec(const char *codec)
{
	const struct reclaim_request request = { 0 };
	int64_t now = START + 100 * SECOND;
	struct reclaim_candidate codecs[2];
	struct reclaim_group group = { { false } };
	enum reclaim_verdict want = expected(codec), verdict;
	size_t n = 1;

	make(codec, now, &codecs[0]);
	if (codec[5] != 'n') {
		codecs[1] = encoder(2);
		codecs[1].kind = (codec[1] == 'a') == (codec[5] == 's') ? RECLAIM_AUDIO :
									  RECLAIM_VIDEO;
		codecs[1].activity.last = now;
		n = 2;
	}
	for (size_t i = 0; i < n; i++)
		reclaim_group_add(&group, &codecs[i], &ticker, now);
	verdict = reclaim_judge(&codecs[0], &group, &ticker, now);
	ck_assert_msg(verdict == want, "%s: %s", codec, reclaim_verdict_name(verdict));
	ck_assert_ptr_eq(reclaim_choose(codecs, n, &request, &ticker, now),
			 want == RECLAIM_ALLOWED ? &codecs[0] : NULL);
}

START_TEST(all_of_section_11)
{
	static const char *const choices[6] = { "ed", "av", "+-", "fb", "!.", "son" };
	unsigned n = 0;
	char codec[7] = "";

	for (unsigned number = 0; number < 2 * 2 * 2 * 2 * 2 * 3; number++) {
		unsigned rest = number;

		for (int i = 0; i < 6; i++) {
			codec[i] = choices[i][rest % strlen(choices[i])];
			rest /= (unsigned)strlen(choices[i]);
		}
		check_codec(codec);
		n++;
	}
	ck_assert_uint_eq(n, 96);
}
END_TEST

START_TEST(an_inactive_encoder_protects_nobody)
{
	int64_t now = START + 20 * SECOND;
	struct reclaim_candidate codecs[2] = { decoder(1), encoder(2) };
	const struct reclaim_request request = { .resource = DECODERS };

	codecs[0].activity.last = now;
	codecs[0].traits.background = true;
	ck_assert_ptr_eq(reclaim_choose(codecs, 2, &request, &ticker, now), &codecs[0]);
	codecs[1].activity.last = now;
	ck_assert_ptr_null(reclaim_choose(codecs, 2, &request, &ticker, now));
}
END_TEST

START_TEST(an_encoder_of_another_context_protects_nobody)
{
	int64_t now = START + SECOND;
	struct reclaim_candidate here = decoder(1), there = encoder(2);
	struct reclaim_group group = { { false } }, other = { { false } };

	here.traits.background = true;
	reclaim_group_add(&group, &here, &ticker, now);
	reclaim_group_add(&other, &there, &ticker, now);
	ck_assert_int_eq(reclaim_judge(&here, &group, &ticker, now), RECLAIM_ALLOWED);
	reclaim_group_add(&other, &here, &ticker, now);
	ck_assert_int_eq(reclaim_judge(&here, &other, &ticker, now), RECLAIM_TRANSCODING);
}
END_TEST

START_TEST(software_codecs_hold_no_context_but_protect)
{
	int64_t now = START + SECOND;
	struct reclaim_candidate codecs[2] = { decoder(1), encoder(2) };
	struct reclaim_request request = { .resource = DECODERS };

	codecs[0].traits.background = true;
	codecs[1].resource = 0;
	ck_assert_ptr_null(reclaim_choose(codecs, 2, &request, &ticker, now));
	now += 30 * SECOND;
	ck_assert_ptr_eq(reclaim_choose(codecs, 2, &request, &ticker, now), &codecs[0]);
	request.resource = ENCODERS;
	ck_assert_ptr_null(reclaim_choose(codecs, 2, &request, &ticker, now));
	/* Memory is another matter. */
	codecs[1].bytes = 1 << 20;
	codecs[0].traits.background = false;
	request.resource = RECLAIM_ANY_RESOURCE;
	ck_assert_ptr_eq(reclaim_choose(codecs, 2, &request, &ticker, now), &codecs[1]);
	/* Without a session there is none in it. */
	codecs[1].has_session = false;
	ck_assert_ptr_eq(reclaim_choose(codecs, 2, &request, &ticker, now), &codecs[0]);
}
END_TEST

/* ---- time ---- */

START_TEST(the_threshold_is_strict)
{
	struct reclaim_candidate codec = decoder(1);

	ck_assert_int_eq(judge(&codec, START), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert_int_eq(judge(&codec, START + 10 * SECOND - 1), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert_int_eq(judge(&codec, START + 10 * SECOND), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert_int_eq(judge(&codec, START + 10 * SECOND + 1), RECLAIM_ALLOWED);
}
END_TEST

START_TEST(the_threshold_can_be_set)
{
	struct reclaim_candidate codec = decoder(1);

	reclaim_clock_init(&ticker, 90 * SECOND);
	ck_assert_int_eq(judge(&codec, START + 90 * SECOND), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert_int_eq(judge(&codec, START + 90 * SECOND + 1), RECLAIM_ALLOWED);
	reclaim_clock_init(&ticker, -1);
	ck_assert_int_eq(ticker.threshold, 10 * SECOND);
}
END_TEST

/* Ticks of half the threshold and a bit, as long as nothing happens. */
START_TEST(one_period_is_not_enough_but_two_are)
{
	const int64_t period = 5 * SECOND + 1;
	struct reclaim_candidate codec = decoder(1);

	ck_assert(!reclaim_tick(&ticker, START, period));
	ck_assert_int_eq(judge(&codec, START), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert(!reclaim_tick(&ticker, START + period, period));
	ck_assert(!activity_sample(&codec.activity, START + period));
	ck_assert_int_eq(judge(&codec, START + period), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert(!reclaim_tick(&ticker, START + 2 * period, period));
	ck_assert_int_eq(judge(&codec, START + 2 * period), RECLAIM_ALLOWED);
}
END_TEST

START_TEST(a_new_codec_is_fresh_at_its_first_tick)
{
	struct reclaim_candidate codec = decoder(1);
	int64_t now = START + 500 * SECOND;

	ck_assert(!reclaim_tick(&ticker, now - SECOND, SECOND));
	activity_init(&codec.activity, now - 1);
	ck_assert(!reclaim_tick(&ticker, now, SECOND));
	ck_assert_int_eq(judge(&codec, now), RECLAIM_ACTIVE_FOREGROUND);
}
END_TEST

START_TEST(progress_is_never_dated_too_early)
{
	struct reclaim_candidate codec = decoder(1);

	/* Made at some time before the sample; counts from the sample on. */
	activity_progress(&codec.activity);
	ck_assert(activity_sample(&codec.activity, START + 8 * SECOND));
	ck_assert(!activity_sample(&codec.activity, START + 9 * SECOND));
	ck_assert_int_eq(judge(&codec, START + 18 * SECOND), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert_int_eq(judge(&codec, START + 18 * SECOND + 1), RECLAIM_ALLOWED);
}
END_TEST

/* It became active between two samples, just before somebody asked. */
START_TEST(progress_not_sampled_yet_spares)
{
	struct reclaim_candidate codec = decoder(1);
	int64_t now = START + 60 * SECOND;

	ck_assert_int_eq(judge(&codec, now), RECLAIM_ALLOWED);
	activity_progress(&codec.activity);
	ck_assert_int_eq(judge(&codec, now), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert(activity_sample(&codec.activity, now));
	ck_assert_int_eq(judge(&codec, now + 10 * SECOND), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert_int_eq(judge(&codec, now + 10 * SECOND + 1), RECLAIM_ALLOWED);
}
END_TEST

START_TEST(a_count_that_wraps_is_progress)
{
	struct activity activity;

	activity_init(&activity, START);
	activity.units = activity.sampled = UINT64_MAX;
	activity_progress(&activity);
	ck_assert(activity_sample(&activity, START + 1));
	ck_assert_int_eq(activity.last, START + 1);
}
END_TEST

/* Ticks each second, with work, until a gap; returns when the last tick was. */
static int64_t tick_for_a_while(struct reclaim_candidate *codec)
{
	int64_t now = START;

	for (int i = 0; i < 30; i++, now += SECOND) {
		activity_progress(&codec->activity);
		ck_assert(!reclaim_tick(&ticker, now, SECOND));
		activity_sample(&codec->activity, now);
	}
	return now - SECOND;
}

START_TEST(a_process_that_was_stopped_gives_the_full_time_again)
{
	struct reclaim_candidate codec = decoder(1);
	int64_t now = tick_for_a_while(&codec) + 60 * SECOND;

	/* A request may be read before the tick is. */
	ck_assert_int_eq(judge(&codec, now), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert(reclaim_tick(&ticker, now, SECOND));
	ck_assert(!activity_sample(&codec.activity, now));
	ck_assert_int_eq(judge(&codec, now), RECLAIM_ACTIVE_FOREGROUND);
	for (int i = 1; i <= 10; i++) {
		ck_assert(!reclaim_tick(&ticker, now + i * SECOND, SECOND));
		ck_assert_int_eq(judge(&codec, now + i * SECOND), RECLAIM_ACTIVE_FOREGROUND);
	}
	ck_assert_int_eq(judge(&codec, now + 10 * SECOND + 1), RECLAIM_ALLOWED);
}
END_TEST

START_TEST(a_stopped_process_spares_background_encoders)
{
	struct reclaim_candidate codec = encoder(1);
	int64_t now = tick_for_a_while(&codec);

	set_background(&codec, true, now);
	now += 60 * SECOND;
	ck_assert_int_eq(judge(&codec, now), RECLAIM_ACTIVE_ENCODER);
	ck_assert(reclaim_tick(&ticker, now, SECOND));
	ck_assert_int_eq(judge(&codec, now), RECLAIM_ACTIVE_ENCODER);
}
END_TEST

START_TEST(a_tick_a_little_late_is_no_gap)
{
	struct reclaim_candidate codec = decoder(1);
	int64_t last = tick_for_a_while(&codec), due = last + SECOND;

	ck_assert_int_eq(judge(&codec, due + 5 * SECOND), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert(!reclaim_tick(&ticker, due + 5 * SECOND, SECOND));
	/* The time without ticks counts. */
	ck_assert_int_eq(judge(&codec, last + 10 * SECOND + 1), RECLAIM_ALLOWED);
	/* The same again, and a microsecond. */
	ck_assert(reclaim_tick(&ticker, due + 11 * SECOND + 1, SECOND));
	ck_assert_int_eq(judge(&codec, due + 11 * SECOND + 1), RECLAIM_ACTIVE_FOREGROUND);
}
END_TEST

START_TEST(a_clock_at_rest_knows_no_gap)
{
	struct reclaim_candidate codec = decoder(1);
	int64_t now = tick_for_a_while(&codec) + SECOND;

	ck_assert(!reclaim_tick(&ticker, now, 0));
	now += 3600 * (int64_t)SECOND;
	ck_assert_int_eq(judge(&codec, now), RECLAIM_ALLOWED);
	ck_assert(!reclaim_tick(&ticker, now, SECOND));
	ck_assert_int_eq(judge(&codec, now), RECLAIM_ALLOWED);
	/* Work that was done while it rested is found. */
	activity_progress(&codec.activity);
	ck_assert_int_eq(judge(&codec, now), RECLAIM_ACTIVE_FOREGROUND);
}
END_TEST

/* ---- foreground and background ---- */

START_TEST(never_in_the_foreground_while_active)
{
	struct reclaim_candidate codecs[2] = { decoder(1), encoder(2) };
	int64_t now = START;

	for (int i = 0; i < 100; i++, now += SECOND)
		for (int k = 0; k < 2; k++) {
			activity_progress(&codecs[k].activity);
			codecs[k].traits.pending_removal = true;
			activity_sample(&codecs[k].activity, now);
			ck_assert_int_eq(judge(&codecs[k], now), RECLAIM_ACTIVE_FOREGROUND);
		}
}
END_TEST

START_TEST(to_the_background_and_back)
{
	struct reclaim_candidate codec = encoder(1);
	int64_t now = START + 60 * SECOND;

	ck_assert_int_eq(judge(&codec, now), RECLAIM_ALLOWED);
	/* Its full time again. */
	set_background(&codec, true, now);
	ck_assert_int_eq(judge(&codec, now), RECLAIM_ACTIVE_ENCODER);
	ck_assert_int_eq(judge(&codec, now + 10 * SECOND), RECLAIM_ACTIVE_ENCODER);
	ck_assert_int_eq(judge(&codec, now + 10 * SECOND + 1), RECLAIM_ALLOWED);
	/* Nothing is given for coming back. */
	set_background(&codec, false, now + 20 * SECOND);
	ck_assert_int_eq(judge(&codec, now + 20 * SECOND), RECLAIM_ALLOWED);
	/* Again for going. */
	set_background(&codec, true, now + 30 * SECOND);
	ck_assert_int_eq(judge(&codec, now + 40 * SECOND), RECLAIM_ACTIVE_ENCODER);
	ck_assert_int_eq(judge(&codec, now + 40 * SECOND + 1), RECLAIM_ALLOWED);
}
END_TEST

START_TEST(back_in_the_foreground_in_time)
{
	struct reclaim_candidate codec = decoder(1);

	set_background(&codec, true, START);
	ck_assert_int_eq(judge(&codec, START + 1), RECLAIM_ALLOWED);
	set_background(&codec, false, START + 2);
	ck_assert_int_eq(judge(&codec, START + 2), RECLAIM_ACTIVE_FOREGROUND);
	ck_assert_int_eq(judge(&codec, START + 10 * SECOND), RECLAIM_ACTIVE_FOREGROUND);
}
END_TEST

START_TEST(to_be_told_twice_gives_no_more_time)
{
	struct reclaim_candidate codec = encoder(1);

	for (int i = 0; i <= 10; i++)
		set_background(&codec, true, START + i * SECOND);
	ck_assert_int_eq(judge(&codec, START + 10 * SECOND), RECLAIM_ACTIVE_ENCODER);
	ck_assert_int_eq(judge(&codec, START + 10 * SECOND + 1), RECLAIM_ALLOWED);
	for (int i = 0; i < 3; i++)
		set_background(&codec, false, START + 15 * SECOND);
	ck_assert_int_eq(judge(&codec, START + 15 * SECOND), RECLAIM_ALLOWED);
}
END_TEST

/* ---- who goes first ---- */

#define MANY 6

static struct reclaim_candidate many[MANY];
static int64_t later;

/* All equal, and inactive at `later`. */
static void set_up_many(void)
{
	set_up();
	for (unsigned i = 0; i < MANY; i++)
		many[i] = decoder(i + 1);
	later = START + 60 * SECOND;
}

/* The index of the victim, -1 for none. */
static int victim(int32_t priority)
{
	const struct reclaim_request request = { .resource = DECODERS, .priority = priority };
	const struct reclaim_candidate *best;

	best = reclaim_choose(many, MANY, &request, &ticker, later);
	return best ? (int)(best - many) : -1;
}

START_TEST(the_oldest_of_equals)
{
	ck_assert_int_eq(victim(0), 0);
	many[0].id = 100;
	ck_assert_int_eq(victim(0), 1);
}
END_TEST

START_TEST(the_biggest_of_equals)
{
	many[3].bytes = 3000;
	many[4].bytes = 2000;
	ck_assert_int_eq(victim(0), 3);
	many[5].bytes = 3001;
	ck_assert_int_eq(victim(0), 5);
	many[2].bytes = UINT64_MAX;
	ck_assert_int_eq(victim(0), 2);
}
END_TEST

START_TEST(the_lowest_priority_whatever_its_size)
{
	for (int i = 0; i < MANY; i++) {
		many[i].traits.priority = 10 * (i + 1);
		many[i].bytes = 1000 * (uint64_t)(i + 1);
	}
	ck_assert_int_eq(victim(100), 0);
	many[4].traits.priority = INT32_MIN;
	ck_assert_int_eq(victim(100), 4);
	ck_assert_int_eq(victim(INT32_MIN), 4);
	many[4].traits.priority = INT32_MAX;
	ck_assert_int_eq(victim(INT32_MAX), 0);
}
END_TEST

START_TEST(nothing_of_higher_priority_is_taken)
{
	for (int i = 0; i < MANY; i++)
		many[i].traits.priority = 5 + i;
	ck_assert_int_eq(victim(4), -1);
	/* Equals share. */
	ck_assert_int_eq(victim(5), 0);
	many[0].activity.last = later;
	ck_assert_int_eq(victim(5), -1);
	ck_assert_int_eq(victim(6), 1);
	/* To go first is an order, no permission. */
	many[5].traits.pending_removal = true;
	ck_assert_int_eq(victim(9), 1);
	ck_assert_int_eq(victim(10), 5);
}
END_TEST

START_TEST(pending_removal_goes_first)
{
	many[0].traits.priority = -10;
	many[0].traits.background = true;
	many[0].bytes = 1 << 30;
	many[3].traits.pending_removal = true;
	many[4].traits.pending_removal = true;
	many[4].bytes = 5000;
	ck_assert_int_eq(victim(0), 4);
	/* But not while it is active. */
	many[4].activity.last = later;
	ck_assert_int_eq(victim(0), 3);
	many[3].activity.last = later;
	ck_assert_int_eq(victim(0), 0);
}
END_TEST

START_TEST(the_background_before_the_longest_inactive)
{
	many[2].activity.last = START - 100;
	ck_assert_int_eq(victim(0), 2);
	many[5].traits.background = true;
	ck_assert_int_eq(victim(0), 5);
	/* An active decoder in the background, too. */
	many[5].activity.last = later;
	ck_assert_int_eq(victim(0), 5);
}
END_TEST

START_TEST(the_longest_inactive_before_the_biggest)
{
	many[1].bytes = 1 << 30;
	many[4].activity.last = START - 1;
	ck_assert_int_eq(victim(0), 4);
}
END_TEST

/* As if the priority were the process: of the lowest one, not above who asks, the biggest. */
START_TEST(the_lowest_process_and_its_biggest_codec)
{
	static const int32_t pids[MANY] = { 30, 10, 20, 10, 30, 20 };
	static const uint64_t sizes[MANY] = { 9, 3, 8, 4, 1, 7 };
	static const int order[MANY] = { 3, 1, 2, 5, 0, 4 };

	for (int i = 0; i < MANY; i++) {
		many[i].traits.priority = pids[i];
		many[i].bytes = sizes[i];
	}
	ck_assert_int_eq(victim(9), -1);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(victim(pids[order[i]] - 1), -1);
		ck_assert_int_eq(victim(pids[order[i]]), order[i]);
		ck_assert_int_eq(victim(30), order[i]);
		many[order[i]].resource = 0;
	}
	ck_assert_int_eq(victim(30), -1);
}
END_TEST

/* However much they offer, others have nothing of it. */
START_TEST(only_what_is_wanted_is_taken)
{
	static const uint64_t others[] = { ENCODERS, 0, DECODERS + 100 };

	for (unsigned i = 0; i < 3; i++) {
		for (int k = 0; k < MANY; k++) {
			many[k].resource = others[i];
			many[k].traits.pending_removal = true;
			many[k].traits.priority = -k;
		}
		ck_assert_int_eq(victim(0), -1);
		many[4].resource = DECODERS;
		many[4].traits.pending_removal = false;
		ck_assert_int_eq(victim(0), 4);
	}
}
END_TEST

START_TEST(none_eligible_is_none)
{
	const struct reclaim_request request = { .resource = DECODERS };
	struct reclaim_choice choice;

	for (int i = 0; i < MANY; i++)
		many[i].activity.last = later;
	many[0].traits.priority = 1;
	many[1].resource = ENCODERS;
	ck_assert_int_eq(victim(0), -1);
	reclaim_choice_init(&choice, &request, &ticker, later);
	for (int i = 0; i < MANY; i++)
		reclaim_choice_offer(&choice, &many[i]);
	ck_assert_ptr_null(choice.best);
	ck_assert_uint_eq(choice.verdicts[RECLAIM_HIGHER_PRIORITY], 1);
	ck_assert_uint_eq(choice.verdicts[RECLAIM_NOT_HELD], 1);
	ck_assert_uint_eq(choice.verdicts[RECLAIM_ACTIVE_FOREGROUND], MANY - 2);
	ck_assert_ptr_null(reclaim_choose(many, 0, &request, &ticker, later));
}
END_TEST

START_TEST(who_asks_is_no_victim)
{
	const struct reclaim_request request = { .resource = DECODERS, .id = 1 };

	ck_assert_ptr_eq(reclaim_choose(many, MANY, &request, &ticker, later), &many[1]);
	ck_assert_ptr_null(reclaim_choose(many, 1, &request, &ticker, later));
}
END_TEST

/* ---- the order is total ---- */

#define SAMPLES 60
static uint64_t seed;

static unsigned roll(unsigned sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % sides;
}

/* Few values each, so that all steps of the order decide now and then. */
static void fill(struct reclaim_candidate *candidates)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct reclaim_candidate *c = &candidates[i];

		*c = roll(4) ? decoder(i + 1) : encoder(i + 1);
		c->kind = roll(2) ? RECLAIM_AUDIO : RECLAIM_VIDEO;
		c->resource = roll(3) + 6;
		c->bytes = roll(2) ? UINT64_MAX - roll(2) : roll(2);
		c->traits.pending_removal = !roll(8);
		c->traits.background = roll(2);
		c->traits.audible = roll(2);
		c->traits.priority = roll(2) ? 0 : roll(2) ? INT32_MIN : INT32_MAX;
		c->activity.last = later - (int64_t)(roll(8) * 2 * SECOND);
		c->activity.units = !roll(8);
	}
}

START_TEST(the_order_is_total)
{
	struct reclaim_candidate c[SAMPLES];

	seed = (uint64_t)_i;
	fill(c);
	for (int i = 0; i < SAMPLES; i++)
		for (int j = 0; j < SAMPLES; j++) {
			int ij = reclaim_compare(&c[i], &c[j], later);

			ck_assert_int_eq(ij, -reclaim_compare(&c[j], &c[i], later));
			ck_assert_int_eq(ij == 0, i == j);
			for (int k = 0; ij < 0 && k < SAMPLES; k++)
				if (reclaim_compare(&c[j], &c[k], later) < 0)
					ck_assert_int_lt(reclaim_compare(&c[i], &c[k], later), 0);
		}
}
END_TEST

static int compare(const void *a, const void *b)
{
	return reclaim_compare(a, b, later);
}

/* Victims taken one after the other are those of a sorted list, where they are allowed at all. */
START_TEST(the_choice_is_the_first_that_is_allowed)
{
	const struct reclaim_request request = { .resource = DECODERS };
	struct reclaim_group group = { { false } };
	struct reclaim_candidate given[SAMPLES], sorted[SAMPLES];

	seed = (uint64_t)_i;
	fill(given);
	memcpy(sorted, given, sizeof sorted);
	qsort(sorted, SAMPLES, sizeof *sorted, compare);
	for (int i = 0; i < SAMPLES; i++)
		reclaim_group_add(&group, &given[i], &ticker, later);
	for (int i = 0; i < SAMPLES; i++) {
		struct reclaim_candidate *best;

		if (reclaim_judge_request(&sorted[i], &group, &request, &ticker, later))
			continue;
		best = reclaim_choose(given, SAMPLES, &request, &ticker, later);
		ck_assert_ptr_nonnull(best);
		ck_assert_uint_eq(best->id, sorted[i].id);
		best->resource = 0;
	}
	ck_assert_ptr_null(reclaim_choose(given, SAMPLES, &request, &ticker, later));
}
END_TEST

START_TEST(all_verdicts_have_names)
{
	for (int i = 0; i < RECLAIM_VERDICTS; i++) {
		const char *name = reclaim_verdict_name((enum reclaim_verdict)i);

		ck_assert_str_ne(name, "unknown");
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(name, reclaim_verdict_name((enum reclaim_verdict)j));
	}
	ck_assert_str_eq(reclaim_verdict_name(RECLAIM_VERDICTS), "unknown");
	ck_assert_str_eq(reclaim_verdict_name((enum reclaim_verdict)200), "unknown");
}
END_TEST

static TCase *rules_case(void)
{
	TCase *tc = tcase_create("rules");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, all_of_section_11);
	tcase_add_test(tc, an_inactive_encoder_protects_nobody);
	tcase_add_test(tc, an_encoder_of_another_context_protects_nobody);
	tcase_add_test(tc, software_codecs_hold_no_context_but_protect);
	tcase_add_test(tc, all_verdicts_have_names);
	return tc;
}

static TCase *time_case(void)
{
	TCase *tc = tcase_create("time");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, the_threshold_is_strict);
	tcase_add_test(tc, the_threshold_can_be_set);
	tcase_add_test(tc, one_period_is_not_enough_but_two_are);
	tcase_add_test(tc, a_new_codec_is_fresh_at_its_first_tick);
	tcase_add_test(tc, progress_is_never_dated_too_early);
	tcase_add_test(tc, progress_not_sampled_yet_spares);
	tcase_add_test(tc, a_count_that_wraps_is_progress);
	tcase_add_test(tc, a_process_that_was_stopped_gives_the_full_time_again);
	tcase_add_test(tc, a_stopped_process_spares_background_encoders);
	tcase_add_test(tc, a_tick_a_little_late_is_no_gap);
	tcase_add_test(tc, a_clock_at_rest_knows_no_gap);
	tcase_add_test(tc, never_in_the_foreground_while_active);
	tcase_add_test(tc, to_the_background_and_back);
	tcase_add_test(tc, back_in_the_foreground_in_time);
	tcase_add_test(tc, to_be_told_twice_gives_no_more_time);
	return tc;
}

static TCase *order_case(void)
{
	TCase *tc = tcase_create("order");

	tcase_add_checked_fixture(tc, set_up_many, NULL);
	tcase_add_test(tc, the_oldest_of_equals);
	tcase_add_test(tc, the_biggest_of_equals);
	tcase_add_test(tc, the_lowest_priority_whatever_its_size);
	tcase_add_test(tc, nothing_of_higher_priority_is_taken);
	tcase_add_test(tc, pending_removal_goes_first);
	tcase_add_test(tc, the_background_before_the_longest_inactive);
	tcase_add_test(tc, the_longest_inactive_before_the_biggest);
	tcase_add_test(tc, the_lowest_process_and_its_biggest_codec);
	tcase_add_test(tc, only_what_is_wanted_is_taken);
	tcase_add_test(tc, none_eligible_is_none);
	tcase_add_test(tc, who_asks_is_no_victim);
	tcase_add_loop_test(tc, the_order_is_total, 0, 20);
	tcase_add_loop_test(tc, the_choice_is_the_first_that_is_allowed, 0, 20);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("reclaim");
	SRunner *runner;
	int failed;

	suite_add_tcase(s, rules_case());
	suite_add_tcase(s, time_case());
	suite_add_tcase(s, order_case());
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
