/* SPDX-License-Identifier: MIT */
/* What the census is made of: handles, creation sites, sets of addresses, limits of warnings. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/address_set.h"
#include "util/census.h"
#include "util/external_memory.h"
#include "util/roll.h"
#include "util/sites.h"
#include "util/slab.h"

/* calloc() fails at the n-th call from now. */
static int fail_in;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	if (fail_in && !--fail_in)
		return NULL;
	return __real_calloc(n, size);
}

/* ---- roll ---- */

#define MANY 5000

static struct roll_entry entries[MANY];

static void begin(struct roll *roll, struct roll_entry *entry)
{
	entry->number = ++roll->number;
	roll_entry_set_state(entry, ROLL_READY);
}

START_TEST(each_handle_finds_its_object)
{
	static uint64_t handles[MANY];
	struct roll roll;

	roll_init(&roll, 12345);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(roll_add(&roll, &entries[i]), 0);
		begin(&roll, &entries[i]);
		handles[i] = roll_handle(&entries[i]);
		ck_assert_uint_ne(handles[i], 0);
	}
	for (int i = 0; i < MANY; i++)
		ck_assert_ptr_eq(roll_find(&roll, handles[i]), &entries[i]);
	ck_assert_ptr_null(roll_find(&roll, 0));
	ck_assert_ptr_null(roll_find(&roll, UINT64_MAX));
	ck_assert_ptr_null(roll_find(&roll, handles[7] + 1));
	ck_assert_ptr_null(roll_find(&roll, (uint64_t)(MANY + 1) << ROLL_NUMBER_BITS));
	roll_finish(&roll);
}
END_TEST

START_TEST(a_handle_dies_with_its_object)
{
	struct roll_entry *entry = &entries[0];
	struct roll roll;
	uint64_t old;

	roll_init(&roll, 1);
	ck_assert_int_eq(roll_add(&roll, entry), 0);
	begin(&roll, entry);
	old = roll_handle(entry);
	/* Idle, then used again: the same memory, the same slot, another object. */
	roll_entry_set_state(entry, 0);
	ck_assert_ptr_null(roll_find(&roll, old));
	begin(&roll, entry);
	ck_assert_ptr_null(roll_find(&roll, old));
	ck_assert_ptr_eq(roll_find(&roll, roll_handle(entry)), entry);
	/* Gone, and its slot taken by other memory. */
	old = roll_handle(entry);
	roll_remove(&roll, entry);
	ck_assert_ptr_null(roll_find(&roll, old));
	ck_assert_int_eq(roll_add(&roll, &entries[1]), 0);
	begin(&roll, &entries[1]);
	ck_assert_ptr_null(roll_find(&roll, old));
	ck_assert_uint_eq(roll_handle(&entries[1]) >> ROLL_NUMBER_BITS, old >> ROLL_NUMBER_BITS);
	roll_finish(&roll);
}
END_TEST

START_TEST(slots_are_bounded_by_the_peak)
{
	struct roll roll;

	roll_init(&roll, 1);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 200; i++)
			ck_assert_int_eq(roll_add(&roll, &entries[i]), 0);
		for (int i = 0; i < 200; i++)
			roll_remove(&roll, &entries[(i * 7 + round) % 200]);
	}
	ck_assert_uint_eq(roll.n_slots, 201);
	/* Blocks of 64, 128, 256. */
	ck_assert_ptr_null(roll.blocks[3]);
	roll_finish(&roll);
}
END_TEST

START_TEST(a_roll_without_memory_stays_as_it_is)
{
	struct roll roll;

	roll_init(&roll, 1);
	fail_in = 1;
	ck_assert_int_eq(roll_add(&roll, &entries[0]), -ENOMEM);
	ck_assert_uint_eq(roll.n_slots, 1);
	ck_assert_int_eq(roll_add(&roll, &entries[0]), 0);
	roll_remove(&roll, &entries[0]);
	/* Never in it. */
	roll_remove(&roll, &entries[0]);
	roll_finish(&roll);
}
END_TEST

START_TEST(a_slab_without_memory_gives_none)
{
	struct census census;
	struct slab slab;
	struct log log;
	void *object;

	log_init(&log);
	census_init(&census, &log);
	slab_init(&slab, &census, WC_OBJECT_VIDEO_FRAME, sizeof(struct roll_entry), 1);
	for (int i = 1; i <= 2; i++) {
		fail_in = i;
		ck_assert_ptr_null(slab_get(&slab));
		ck_assert_int_eq(fail_in, 0);
	}
	object = slab_get(&slab);
	ck_assert_ptr_nonnull(object);
	slab_put(&slab, object);
	slab_finish(&slab);
	census_finish(&census);
	log_finish(&log);
}
END_TEST

static void count_entry(struct roll_entry *entry, void *arg)
{
	(void)entry;
	(*(int *)arg)++;
}

START_TEST(a_walk_meets_what_is_ready)
{
	struct roll roll;
	int met = 0;

	roll_init(&roll, 1);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(roll_add(&roll, &entries[i]), 0);
	for (int i = 0; i < 10; i++)
		roll_entry_set_state(&entries[i], i % 2 ? ROLL_READY | ROLL_GIVEN : 0);
	roll_remove(&roll, &entries[1]);
	roll_walk(&roll, count_entry, &met);
	ck_assert_int_eq(met, 4);
	roll_finish(&roll);
}
END_TEST

/* ---- sites ---- */

__attribute__((noinline)) static uint32_t from_here(struct sites *sites)
{
	return sites_here(sites);
}

__attribute__((noinline)) static uint32_t from_there(struct sites *sites)
{
	uint32_t id = sites_here(sites);

	__asm__ volatile("");
	return id;
}

START_TEST(equal_stacks_are_one_site)
{
	struct sites *sites = sites_new();
	uint32_t first = 0, other;
	struct site site;

	for (int i = 0; i < 5; i++) {
		uint32_t id = from_here(sites);

		ck_assert_uint_ne(id, 0);
		if (i)
			ck_assert_uint_eq(id, first);
		first = id;
	}
	other = from_there(sites);
	ck_assert_uint_ne(other, first);
	sites_get(sites, first, &site);
	ck_assert_uint_eq(site.made, 5);
	ck_assert_uint_gt(site.depth, 0);
	ck_assert_uint_le(site.depth, SITE_DEPTH);
	sites_free(sites);
}
END_TEST

__attribute__((noinline)) static uint32_t at_depth(struct sites *sites, int depth)
{
	uint32_t id = depth ? at_depth(sites, depth - 1) : sites_here(sites);

	__asm__ volatile("" : "+r"(id));
	return id;
}

/* One bit of n at each level makes a stack of its own. */
__attribute__((noinline)) static uint32_t by_bits(struct sites *sites, unsigned n, int bits)
{
	uint32_t id;

	if (!bits)
		return at_depth(sites, 1);
	/* Texts that differ keep the compiler from making one call of the two. */
	if (n & 1) {
		id = by_bits(sites, n >> 1, bits - 1);
		__asm__ volatile("/* one */" : "+r"(id));
	} else {
		id = by_bits(sites, n >> 1, bits - 1);
		__asm__ volatile("/* zero */" : "+r"(id));
	}
	return id;
}

START_TEST(a_full_table_names_no_site)
{
	struct sites *sites = sites_new();
	uint32_t highest = 0;
	bool refused = false;

	for (unsigned n = 0; n < 2 * SITES_MAX; n++) {
		uint32_t id = by_bits(sites, n, 11);

		refused |= id == 0;
		highest = id > highest ? id : highest;
	}
	ck_assert_uint_le(highest, SITES_MAX);
	ck_assert_uint_eq(highest, SITES_MAX);
	ck_assert(refused);
	sites_free(sites);
}
END_TEST

START_TEST(a_site_is_told_in_the_room_there_is)
{
	void *callers[2] = { (void *)(uintptr_t)abort, (void *)16 };
	char text[200], small[8];

	site_format(callers, 2, text, sizeof text);
	ck_assert_ptr_nonnull(strstr(text, " < "));
	ck_assert_ptr_nonnull(strstr(text, "0x10"));
	site_format(callers, 2, small, sizeof small);
	ck_assert_uint_eq(strlen(small), sizeof small - 1);
	ck_assert_int_eq(strncmp(small, text, sizeof small - 1), 0);
	site_format(callers, 0, text, sizeof text);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(no_memory_for_sites)
{
	struct census census;
	struct log log;

	log_init(&log);
	census_init(&census, &log);
	fail_in = 1;
	ck_assert_int_eq(census_sample(&census, 3), -ENOMEM);
	ck_assert_uint_eq(census.sample_every, 0);
	ck_assert_int_eq(census_sample(&census, 3), 0);
	/* The first of three. */
	ck_assert_uint_ne(census_site(&census), 0);
	ck_assert_uint_eq(census_site(&census), 0);
	ck_assert_uint_eq(census_site(&census), 0);
	ck_assert_uint_ne(census_site(&census), 0);
	census_finish(&census);
	log_finish(&log);
}
END_TEST

/* ---- the rest ---- */

START_TEST(an_address_is_in_a_set_once)
{
	static struct address members[1000];
	static char memory[1000];
	struct address again = { .value = NULL };
	struct address_set set;

	address_set_init(&set);
	for (int i = 0; i < 1000; i++)
		ck_assert(address_set_add(&set, &members[i], &memory[i]));
	ck_assert(!address_set_add(&set, &again, &memory[500]));
	address_set_remove(&set, &again);
	address_set_remove(&set, &members[500]);
	address_set_remove(&set, &members[500]);
	ck_assert(address_set_add(&set, &again, &memory[500]));
	ck_assert(!address_set_add(&set, &members[500], &memory[500]));
	address_set_finish(&set);
}
END_TEST

START_TEST(one_message_a_second)
{
	struct limiter limiter = { .lock = PTHREAD_MUTEX_INITIALIZER };
	uint64_t silenced;

	ck_assert(limiter_passes(&limiter, 5000000, &silenced));
	ck_assert_uint_eq(silenced, 0);
	ck_assert(!limiter_passes(&limiter, 5999999, &silenced));
	ck_assert(!limiter_passes(&limiter, 5999999, &silenced));
	ck_assert(limiter_passes(&limiter, 6000000, &silenced));
	ck_assert_uint_eq(silenced, 2);
	ck_assert(limiter_passes(&limiter, 9000000, &silenced));
	ck_assert_uint_eq(silenced, 0);
}
END_TEST

static void add_up(int64_t change, void *user_data)
{
	*(int64_t *)user_data += change;
}

START_TEST(a_new_hook_takes_over)
{
	struct external_memory memory;
	int64_t first = 0, second = 0;

	external_memory_init(&memory);
	ck_assert(!external_memory_is_wanted(&memory));
	external_memory_set_hook(&memory, add_up, &first);
	ck_assert(external_memory_is_wanted(&memory));
	external_memory_change(&memory, 100);
	ck_assert_int_eq(first, 100);
	external_memory_set_hook(&memory, add_up, &second);
	ck_assert_int_eq(first, 0);
	ck_assert_int_eq(second, 100);
	external_memory_set_hook(&memory, NULL, NULL);
	ck_assert_int_eq(second, 0);
	external_memory_change(&memory, -40);
	ck_assert_int_eq(external_memory_total(&memory), 60);
	external_memory_set_hook(&memory, add_up, &first);
	ck_assert_int_eq(first, 60);
	external_memory_finish(&memory);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("roll");
	TCase *roll = tcase_create("roll");
	TCase *sites = tcase_create("sites");
	TCase *rest = tcase_create("rest");

	tcase_add_test(roll, each_handle_finds_its_object);
	tcase_add_test(roll, a_handle_dies_with_its_object);
	tcase_add_test(roll, slots_are_bounded_by_the_peak);
	tcase_add_test(roll, a_roll_without_memory_stays_as_it_is);
	tcase_add_test(roll, a_slab_without_memory_gives_none);
	tcase_add_test(roll, a_walk_meets_what_is_ready);
	suite_add_tcase(s, roll);

	tcase_add_test(sites, equal_stacks_are_one_site);
	tcase_add_test(sites, a_full_table_names_no_site);
	tcase_add_test(sites, a_site_is_told_in_the_room_there_is);
	tcase_add_test(sites, no_memory_for_sites);
	suite_add_tcase(s, sites);

	tcase_add_test(rest, an_address_is_in_a_set_once);
	tcase_add_test(rest, one_message_a_second);
	tcase_add_test(rest, a_new_hook_takes_over);
	suite_add_tcase(s, rest);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
