/* SPDX-License-Identifier: MIT */
/* What a looker sees of the slots in a directory, and of what else somebody put there. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <webcodecs/pressure.h>

#include "budget/holder.h"
#include "budget/presence.h"
#include "budget/slot_wait.h"
#include "budget/usage.h"
#include "util/clock.h"

static char directory[64];
static struct usage usage;

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

static void open_table(struct slot_table *table, const char *device)
{
	ck_assert_int_eq(slot_table_open(table, directory, device), 0);
}

static void take(struct slot_table *table, unsigned limit, const char *label, struct slot *slot)
{
	struct slot_record record = { .width = 640, .height = 480, .role = "decoder",
				      .codec = "h264", .progress = clock_now() };

	snprintf(record.label, sizeof record.label, "%s", label);
	ck_assert_int_eq(slot_take(table, limit, &record, slot, clock_now()), 0);
}

static void look(void)
{
	ck_assert_int_eq(usage_init(&usage, directory, true), 0);
}

/* A path in the directory. */
static const char *inside(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const void *data, size_t size)
{
	int fd = open(inside(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
	close(fd);
}

START_TEST(no_directory_has_nothing)
{
	ck_assert_int_eq(usage_init(&usage, NULL, true), 0);
	ck_assert_uint_eq(usage.n_tables, 0);
	usage_finish(&usage);
	ck_assert_int_eq(usage_init(&usage, "", true), 0);
	ck_assert_uint_eq(usage.n_tables, 0);
	usage_finish(&usage);
	ck_assert_int_eq(usage_init(&usage, inside("nothing"), true), -ENOENT);
	look();
	ck_assert_uint_eq(usage.n_tables, 0);
	ck_assert_uint_eq(usage.n_skipped, 0);
	usage_finish(&usage);
}
END_TEST

START_TEST(holders_are_listed)
{
	struct slot_table zebra, ant;
	struct slot slots[3];
	struct wc_holder holder;

	open_table(&zebra, "zebra decoder");
	open_table(&ant, "ant encoder");
	take(&zebra, 4, "first", &slots[0]);
	take(&zebra, 2, "second", &slots[1]);
	take(&ant, 0, "", &slots[2]);
	look();
	ck_assert_uint_eq(usage.n_tables, 2);
	ck_assert_str_eq(usage.tables[0].device, "ant encoder");
	ck_assert_uint_eq(usage.tables[0].n_holders, 1);
	ck_assert_uint_eq(usage.tables[0].quota, 0);
	ck_assert_str_eq(usage.tables[1].device, "zebra decoder");
	ck_assert_uint_eq(usage.tables[1].n_holders, 2);
	ck_assert_uint_eq(usage.tables[1].n_waiters, 0);
	ck_assert_uint_eq(usage.tables[1].quota, 4);
	holder_describe(&usage.tables[1].holders[1], clock_now() + 3000000, &holder);
	ck_assert_int_eq(holder.pid, getpid());
	ck_assert_int_eq(holder.state, WC_HOLDER_RUNNING);
	ck_assert_uint_eq(holder.width, 640);
	ck_assert_uint_eq(holder.height, 480);
	ck_assert_int_ge(holder.idle, 3000000);
	ck_assert_str_eq(holder.codec, "h264");
	ck_assert_str_eq(holder.role, "decoder");
	ck_assert_str_eq(holder.label, "second");
	usage_finish(&usage);

	for (int i = 0; i < 3; i++)
		slot_give(&slots[i]);
	look();
	ck_assert_uint_eq(usage.n_tables, 2);
	ck_assert_uint_eq(usage.tables[1].n_holders, 0);
	ck_assert_uint_eq(usage.tables[1].quota, 0);
	usage_finish(&usage);
	slot_table_close(&zebra);
	slot_table_close(&ant);
}
END_TEST

START_TEST(what_was_learned_counts_until_proved_wrong)
{
	struct slot_table table;
	struct slot slots[3];

	open_table(&table, "device");
	take(&table, 5, "", &slots[0]);
	take(&table, 5, "", &slots[1]);
	ck_assert_int_eq(slot_table_learn(&table, 2, WC_STAGE_OPEN, clock_now()), 0);
	look();
	ck_assert_uint_eq(usage.tables[0].quota, 2);
	usage_finish(&usage);
	take(&table, 5, "", &slots[2]);
	look();
	ck_assert_uint_eq(usage.tables[0].quota, 5);
	usage_finish(&usage);
	for (int i = 0; i < 3; i++)
		slot_give(&slots[i]);
	slot_table_close(&table);
}
END_TEST

static void begin_waiting(struct slot_table *table, const char *label, struct slot_wait *wait,
			  struct slot *slot)
{
	struct slot_record record = { .role = "decoder", .codec = "vp8" };

	snprintf(record.label, sizeof record.label, "%s", label);
	ck_assert_int_eq(slot_wait_begin(wait, table, 1, &record, slot, clock_now()), -EAGAIN);
}

/* Who leaves and comes back has the same place in the file, but not in the line. */
START_TEST(waiters_are_listed_in_their_turn)
{
	struct slot_table table;
	struct slot_wait waits[3];
	struct slot slot, wanted[3];

	open_table(&table, "device");
	take(&table, 1, "holder", &slot);
	begin_waiting(&table, "one", &waits[0], &wanted[0]);
	begin_waiting(&table, "two", &waits[1], &wanted[1]);
	begin_waiting(&table, "three", &waits[2], &wanted[2]);
	slot_wait_cancel(&waits[0]);
	begin_waiting(&table, "late", &waits[0], &wanted[0]);
	look();
	ck_assert_uint_eq(usage.tables[0].n_holders, 1);
	ck_assert_uint_eq(usage.tables[0].n_waiters, 3);
	ck_assert_str_eq(usage.tables[0].waiters[0].record.label, "two");
	ck_assert_str_eq(usage.tables[0].waiters[1].record.label, "three");
	ck_assert_str_eq(usage.tables[0].waiters[2].record.label, "late");
	usage_finish(&usage);
	for (int i = 0; i < 3; i++)
		slot_wait_cancel(&waits[i]);
	slot_give(&slot);
	slot_table_close(&table);
}
END_TEST

START_TEST(a_table_may_be_full)
{
	struct slot_table table;
	struct slot slots[SLOT_MAX];

	open_table(&table, "device");
	for (int i = 0; i < SLOT_MAX; i++)
		take(&table, 0, "", &slots[i]);
	look();
	ck_assert_uint_eq(usage.tables[0].n_holders, SLOT_MAX);
	ck_assert_uint_eq(usage.tables[0].holders[SLOT_MAX - 1].index, SLOT_MAX - 1);
	usage_finish(&usage);
	for (int i = 0; i < SLOT_MAX; i++)
		slot_give(&slots[i]);
	slot_table_close(&table);
}
END_TEST

static void copy_file(const char *from, const char *to)
{
	char data[65536];
	int fd = open(inside(from), O_RDONLY);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	n = read(fd, data, sizeof data);
	ck_assert_int_gt(n, 0);
	close(fd);
	write_file(to, data, (size_t)n);
}

/* None of them is waited for, believed, repaired or removed. */
START_TEST(foreign_files_are_skipped)
{
	static const char text[] = "this is not a slot file\n";
	struct slot_table table;
	char name[SLOT_NAME_SIZE];
	struct slot slot;
	struct stat st;

	open_table(&table, "device");
	take(&table, 1, "", &slot);
	slot_file_name("device", name);
	write_file("0000000000000001.slots", text, sizeof text);
	write_file("0000000000000002.slots", "", 0);
	copy_file(name, "0000000000000003.slots");
	ck_assert_int_eq(mkdir(inside("0000000000000004.slots"), 0700), 0);
	ck_assert_int_eq(mkfifo(inside("0000000000000005.slots"), 0600), 0);
	ck_assert_int_eq(symlink(name, inside("0000000000000006.slots")), 0);
	write_file("a name that is longer than any of ours.slots", text, sizeof text);
	write_file(".123.0000000000000001.slots", text, sizeof text);
	write_file("README", text, sizeof text);
	look();
	ck_assert_uint_eq(usage.n_tables, 1);
	ck_assert_str_eq(usage.tables[0].device, "device");
	ck_assert_uint_eq(usage.n_skipped, 7);
	ck_assert_uint_gt(strlen(usage.reason), 0);
	usage_finish(&usage);
	ck_assert_int_eq(stat(inside("0000000000000001.slots"), &st), 0);
	ck_assert_int_eq(st.st_size, sizeof text);
	slot_give(&slot);
	slot_table_close(&table);
}
END_TEST

START_TEST(a_damaged_record_is_a_holder_all_the_same)
{
	struct slot_table table;
	char name[SLOT_NAME_SIZE], noise[256];
	struct slot slot;
	struct wc_holder holder;
	int fd;

	open_table(&table, "device");
	take(&table, 7, "", &slot);
	slot_file_name("device", name);
	memset(noise, 0xff, sizeof noise);
	fd = open(inside(name), O_WRONLY);
	ck_assert_int_eq(pwrite(fd, noise, sizeof noise, 1024), sizeof noise);
	close(fd);
	look();
	ck_assert_uint_eq(usage.tables[0].n_holders, 1);
	ck_assert_uint_eq(usage.tables[0].quota, 0);
	holder_describe(&usage.tables[0].holders[0], clock_now(), &holder);
	ck_assert_int_eq(holder.state, WC_HOLDER_UNKNOWN);
	ck_assert_int_eq(holder.pid, getpid());
	ck_assert_int_eq(holder.idle, 0);
	usage_finish(&usage);
	slot_give(&slot);
	slot_table_close(&table);
}
END_TEST

START_TEST(files_without_end_are_not_read)
{
	struct slot_table table;
	char device[32];

	for (int i = 0; i < USAGE_MAX_TABLES + 3; i++) {
		snprintf(device, sizeof device, "device %d", i);
		open_table(&table, device);
		slot_table_close(&table);
	}
	look();
	ck_assert_uint_eq(usage.n_tables, USAGE_MAX_TABLES);
	ck_assert_uint_eq(usage.n_skipped, 3);
	usage_finish(&usage);
}
END_TEST

/* ---- processes ---- */

/* A child that holds a slot until killed; with heir also a grandchild, which keeps the lock. */
static pid_t fork_holder(const char *device, pid_t *heir)
{
	struct slot_table table;
	struct slot slot;
	int ready[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		pid_t child;

		open_table(&table, device);
		take(&table, 2, "child", &slot);
		child = heir ? fork() : 0;
		if (heir && child == 0)
			pause();
		if (write(ready[1], &child, sizeof child) != sizeof child)
			_exit(1);
		pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], heir ? heir : &(pid_t) { 0 }, sizeof pid), sizeof pid);
	close(ready[0]);
	return pid;
}

static void end_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static struct wc_holder first_holder(void)
{
	struct wc_holder holder;

	look();
	ck_assert_uint_eq(usage.tables[0].n_holders, 1);
	holder_describe(&usage.tables[0].holders[0], clock_now(), &holder);
	usage_finish(&usage);
	return holder;
}

START_TEST(a_killed_holder_is_gone)
{
	pid_t first = fork_holder("device", NULL), second = fork_holder("device", NULL);

	look();
	ck_assert_uint_eq(usage.tables[0].n_holders, 2);
	usage_finish(&usage);
	end_holder(first);
	ck_assert_int_eq(first_holder().pid, second);
	end_holder(second);
	look();
	ck_assert_uint_eq(usage.tables[0].n_holders, 0);
	usage_finish(&usage);
}
END_TEST

START_TEST(a_stopped_holder_is_told)
{
	pid_t pid = fork_holder("device", NULL);
	int status;

	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert_int_eq(first_holder().state, WC_HOLDER_STOPPED);
	end_holder(pid);
}
END_TEST

/* The pid is that of the one who can be talked to about it. */
START_TEST(an_orphan_is_told)
{
	struct wc_holder holder;
	pid_t heir, pid = fork_holder("device", &heir);

	end_holder(pid);
	holder = first_holder();
	ck_assert_int_eq(holder.state, WC_HOLDER_ORPHANED);
	ck_assert_int_eq(holder.pid, heir);
	ck_assert_str_eq(holder.label, "child");
	kill(heir, SIGKILL);
}
END_TEST

/* ---- nodes, and memory ---- */

static void check_node(const char *node, const char *shown)
{
	struct slot_record record = { .role = "decoder" };
	struct slot_table table;
	struct slot slot;

	snprintf(record.node, sizeof record.node, "%s", node);
	open_table(&table, "device decoder");
	ck_assert_int_eq(slot_take(&table, 0, &record, &slot, clock_now()), 0);
	look();
	ck_assert_uint_eq(usage.n_tables, 1);
	ck_assert_str_eq(usage.tables[0].node, shown);
	usage_finish(&usage);
	slot_give(&slot);
	slot_table_close(&table);
}

START_TEST(a_node_is_shown_when_it_is_one)
{
	check_node("/dev/null", "/dev/null");
	check_node("/dev/there/is/no/such/thing", "");
	check_node("/etc/passwd", "");
	check_node("/dev", "");
	check_node("/dev/shm/../../etc/passwd", "");
	check_node("null", "");
	check_node("", "");
}
END_TEST

static void show_memory(const struct slot_record *record, enum slot_holder_kind kind)
{
	struct slot_table table;
	struct slot slot;

	open_table(&table, PRESENCE_DEVICE);
	ck_assert_int_eq(slot_take(&table, 0, record, &slot, clock_now()), 0);
	look();
	ck_assert_uint_eq(usage.n_tables, 0);
	ck_assert_uint_eq(usage.presence.n_holders, 1);
	ck_assert_int_eq(usage.presence.holders[0].kind, kind);
	slot_give(&slot);
	slot_table_close(&table);
}

START_TEST(memory_is_no_device_and_is_judged)
{
	struct slot_record record = { .role = SLOT_ROLE_MEMORY, .bytes = 5000 };

	record.memory = (struct slot_memory) {
		.frames = 3, .chunks = UINT32_MAX, .idle = 7, .level = WC_PRESSURE_CRITICAL,
		.kinds = { 1, 2, 3, 4, 5, 6, 7, 8 },
	};
	show_memory(&record, SLOT_HOLDER_KNOWN);
	ck_assert_mem_eq(&usage.presence.holders[0].record.memory, &record.memory,
			 sizeof record.memory);
	usage_finish(&usage);
	/* Beyond what there is. */
	record.memory.level = WC_PRESSURE_CRITICAL + 1;
	show_memory(&record, SLOT_HOLDER_UNKNOWN);
	ck_assert_uint_eq(usage.presence.holders[0].record.memory.level, 0);
	usage_finish(&usage);
	/* Who says to be something else has none. */
	memset(record.node, 'x', sizeof record.node);
	strcpy(record.role, "decoder");
	show_memory(&record, SLOT_HOLDER_KNOWN);
	ck_assert_uint_eq(strlen(usage.presence.holders[0].record.node), sizeof record.node - 1);
	usage_finish(&usage);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("usage");
	TCase *all = tcase_create("usage");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_set_timeout(all, 30);
	tcase_add_test(all, no_directory_has_nothing);
	tcase_add_test(all, a_node_is_shown_when_it_is_one);
	tcase_add_test(all, memory_is_no_device_and_is_judged);
	tcase_add_test(all, holders_are_listed);
	tcase_add_test(all, what_was_learned_counts_until_proved_wrong);
	tcase_add_test(all, waiters_are_listed_in_their_turn);
	tcase_add_test(all, a_table_may_be_full);
	tcase_add_test(all, foreign_files_are_skipped);
	tcase_add_test(all, a_damaged_record_is_a_holder_all_the_same);
	tcase_add_test(all, files_without_end_are_not_read);
	tcase_add_test(all, a_killed_holder_is_gone);
	tcase_add_test(all, a_stopped_holder_is_told);
	tcase_add_test(all, an_orphan_is_told);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
