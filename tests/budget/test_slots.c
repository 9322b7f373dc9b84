/* SPDX-License-Identifier: MIT */
/* Slots: counting, records, learned quotas, and everything that may be wrong with the file. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slot_rig.h"

#define SECOND INT64_C(1000000)

static struct slot_table table, other;
static struct slot slots[SLOT_MAX + 1];
static struct slot_holder holders[SLOT_RECORDS];

static void set_up(void)
{
	rig_set_up();
	rig_open(&table);
	rig_open(&other);
	for (unsigned i = 0; i <= SLOT_MAX; i++)
		slots[i].fd = -1;
}

static void tear_down(void)
{
	for (unsigned i = 0; i <= SLOT_MAX; i++)
		slot_give(&slots[i]);
	slot_table_close(&table);
	slot_table_close(&other);
	rig_tear_down();
}

static int take(struct slot_table *from, unsigned limit, struct slot *slot)
{
	return slot_take(from, limit, &rig_record, slot, 1);
}

static void expect_reason(const struct slot_table *of, const char *part)
{
	ck_assert_msg(strstr(slot_table_reason(of), part) != NULL, "<%s> does not say <%s>",
		      slot_table_reason(of), part);
}

static unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* ---- counting -------------------------------------------------------------------------------- */

START_TEST(there_are_as_many_as_the_limit)
{
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(take(&table, 4, &slots[i]), 0);
		ck_assert_uint_eq(slots[i].index, i);
	}
	ck_assert_int_eq(take(&table, 4, &slots[4]), -EAGAIN);
	ck_assert_int_eq(slots[4].fd, -1);
	expect_reason(&table, "all slots are held, of 4");
	slot_give(&slots[2]);
	slot_give(&slots[2]);
	ck_assert_int_eq(slot_table_live(&table), 3);
	ck_assert_int_eq(take(&table, 4, &slots[4]), 0);
	ck_assert_uint_eq(slots[4].index, 2);
}
END_TEST

START_TEST(two_contexts_of_a_process_are_counted_together)
{
	ck_assert(slot_table_is_shared(&table));
	ck_assert_int_eq(take(&table, 2, &slots[0]), 0);
	ck_assert_int_eq(take(&other, 2, &slots[1]), 0);
	ck_assert_int_eq(take(&table, 2, &slots[2]), -EAGAIN);
	ck_assert_int_eq(take(&other, 2, &slots[2]), -EAGAIN);
	slot_give(&slots[0]);
	ck_assert_int_eq(take(&other, 2, &slots[2]), 0);
}
END_TEST

START_TEST(no_limit_is_all_that_there_are)
{
	for (unsigned i = 0; i < SLOT_MAX; i++)
		ck_assert_int_eq(take(i % 2 ? &table : &other, 0, &slots[i]), 0);
	ck_assert_int_eq(take(&table, 0, &slots[SLOT_MAX]), -EAGAIN);
	ck_assert_int_eq(take(&table, 1000, &slots[SLOT_MAX]), -EAGAIN);
	ck_assert_int_eq(slot_table_live(&table), SLOT_MAX);
}
END_TEST

/* Others hold the upper slots: of the lower four as many are free as of eight are not held. */
START_TEST(each_keeps_to_its_own_limit)
{
	for (unsigned i = 0; i < 8; i++)
		ck_assert_int_eq(take(&table, 8, &slots[i]), 0);
	for (unsigned i = 0; i < 4; i++)
		slot_give(&slots[i]);
	ck_assert_int_eq(take(&other, 4, &slots[0]), -EAGAIN);
	ck_assert_int_eq(slot_table_live(&table), 4);
	ck_assert_int_eq(take(&other, 5, &slots[0]), 0);
	ck_assert_int_eq(take(&other, 5, &slots[1]), -EAGAIN);
	ck_assert_int_eq(take(&table, 8, &slots[1]), 0);
	ck_assert_int_eq(slot_table_live(&table), 6);
}
END_TEST

START_TEST(a_killed_holder_frees_its_slot)
{
	pid_t pid = rig_start(rig_hold_one);

	ck_assert_int_eq(take(&table, 1, &slots[0]), -EAGAIN);
	ck_assert_uint_eq(slot_table_holders(&table, holders, SLOT_MAX, false), 1);
	ck_assert_int_eq(holders[0].kind, SLOT_HOLDER_KNOWN);
	ck_assert_int_eq(holders[0].record.pid, pid);
	rig_kill(pid);
	ck_assert_uint_eq(slot_table_holders(&table, holders, SLOT_MAX, false), 0);
	ck_assert_int_eq(take(&table, 1, &slots[0]), 0);
}
END_TEST

START_TEST(without_a_directory_a_table_counts_alone)
{
	struct slot_table lonely;

	ck_assert_int_eq(slot_table_open(&lonely, NULL, RIG_DEVICE), 0);
	ck_assert(!slot_table_is_shared(&lonely));
	ck_assert_int_eq(take(&table, 1, &slots[0]), 0);
	ck_assert_int_eq(take(&lonely, 2, &slots[1]), 0);
	ck_assert_int_eq(take(&lonely, 2, &slots[2]), 0);
	ck_assert_int_eq(take(&lonely, 2, &slots[3]), -EAGAIN);
	ck_assert_uint_eq(slot_table_holders(&lonely, holders, SLOT_MAX, false), 2);
	ck_assert_str_eq(holders[1].record.label, "door camera");
	slot_give(&slots[1]);
	ck_assert_int_eq(take(&lonely, 2, &slots[3]), 0);
	slot_give(&slots[2]);
	slot_give(&slots[3]);
	slot_table_close(&lonely);
}
END_TEST

START_TEST(no_descriptor_is_left)
{
	unsigned before = count_descriptors();
	struct slot_table third;
	struct slot slot;

	rig_open(&third);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(take(&third, 1, &slot), 0);
		ck_assert_int_eq(take(&third, 1, &slots[1]), -EAGAIN);
		slot_give(&slot);
	}
	slot_table_close(&third);
	slot_table_close(&third);
	ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

/* ---- records --------------------------------------------------------------------------------- */

START_TEST(holders_say_who_they_are)
{
	struct slot_record expected = rig_record;

	ck_assert_int_eq(take(&table, 4, &slots[0]), 0);
	ck_assert_uint_eq(slot_table_holders(&other, holders, SLOT_MAX, true), 1);
	ck_assert_int_eq(holders[0].kind, SLOT_HOLDER_KNOWN);
	ck_assert_uint_eq(holders[0].index, 0);
	ck_assert(!holders[0].stopped);
	slot_table_sign(&other, &expected, 4, 1);
	slot_record_seal(&expected);
	ck_assert_mem_eq(&holders[0].record, &expected, sizeof expected);
	ck_assert_int_eq(expected.pid, getpid());
	ck_assert_uint_ne(expected.start, 0);

	expected.width = 640;
	strcpy(expected.codec, "vp9");
	ck_assert_int_eq(slot_update(&slots[0], &expected), 0);
	ck_assert_uint_eq(slot_table_holders(&other, holders, 0, false), 1);
	ck_assert_uint_eq(slot_table_holders(&other, holders, 1, false), 1);
	ck_assert_uint_eq(holders[0].record.width, 640);
	ck_assert_str_eq(holders[0].record.codec, "vp9");
}
END_TEST

START_TEST(activity_is_written)
{
	ck_assert_int_eq(take(&table, 4, &slots[0]), 0);
	slot_table_holders(&other, holders, 1, false);
	ck_assert_int_eq(holders[0].record.progress, rig_record.progress);
	ck_assert_int_eq(slot_touch(&slots[0], SECOND + 1), 0);
	slot_table_holders(&other, holders, 1, false);
	ck_assert_int_eq(holders[0].record.progress, SECOND + 1);
}
END_TEST

START_TEST(a_damaged_record_is_nobody)
{
	int fd = open(rig_path, O_RDWR);
	char junk[300];
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(take(&table, 4, &slots[0]), 0);
	fstat(fd, &st);
	memset(junk, 0xa5, sizeof junk);
	for (off_t at = 1024; at < st.st_size; at += 256)
		ck_assert_int_eq(pwrite(fd, junk, 256, at), 256);
	close(fd);
	ck_assert_uint_eq(slot_table_holders(&other, holders, SLOT_MAX, true), 1);
	ck_assert_int_eq(holders[0].kind, SLOT_HOLDER_UNKNOWN);
	ck_assert_int_eq(holders[0].opener, getpid());
	ck_assert_int_eq(holders[0].record.pid, 0);
	/* It still counts, and the next update says who it is. */
	ck_assert_int_eq(take(&other, 1, &slots[1]), -EAGAIN);
	ck_assert_int_eq(slot_update(&slots[0], &rig_record), 0);
	slot_table_holders(&other, holders, SLOT_MAX, false);
	ck_assert_int_eq(holders[0].kind, SLOT_HOLDER_KNOWN);
}
END_TEST

START_TEST(what_a_record_says_is_made_harmless)
{
	struct slot_record record = rig_record;

	ck_assert_int_eq(take(&table, 4, &slots[0]), 0);
	memset(record.label, 'x', sizeof record.label);
	memcpy(record.label, "\033[2J\n", 5);
	strcpy(record.socket, "../../etc/passwd");
	ck_assert_int_eq(slot_update(&slots[0], &record), 0);
	slot_table_holders(&other, holders, 1, false);
	ck_assert_str_eq(holders[0].record.label, "?[2J?xxxxxxxxxxxxxxxxxxxxxxxxxx");
	ck_assert_str_eq(holders[0].record.socket, "");
	record.width = 1000000;
	ck_assert_int_eq(slot_update(&slots[0], &record), 0);
	slot_table_holders(&other, holders, 1, false);
	ck_assert_int_eq(holders[0].kind, SLOT_HOLDER_UNKNOWN);
}
END_TEST

/* The process number is there, but it is another process by now. */
START_TEST(a_reused_pid_is_not_the_holder)
{
	struct slot_record record;

	ck_assert_int_eq(take(&table, 4, &slots[0]), 0);
	record = slots[0].record;
	record.start--;
	ck_assert_int_eq(slot_file_write_record(slots[0].fd, 0, &record), 0);
	ck_assert_uint_eq(slot_table_holders(&other, holders, 1, true), 1);
	ck_assert_int_eq(holders[0].kind, SLOT_HOLDER_ORPHANED);
	ck_assert_int_eq(holders[0].opener, getpid());
	/* In another namespace nothing can be said against it. */
	record.pid_namespace++;
	ck_assert_int_eq(slot_file_write_record(slots[0].fd, 0, &record), 0);
	slot_table_holders(&other, holders, 1, true);
	ck_assert_int_eq(holders[0].kind, SLOT_HOLDER_KNOWN);
}
END_TEST

/* Records of 256 bytes written over and over, and never half a one read. */
START_TEST(readers_see_whole_records)
{
	struct slot_record a = rig_record, b = rig_record;
	unsigned seen_a = 0, seen_b = 0;
	pid_t pid;

	memset(a.label, 'a', 31);
	memset(b.label, 'b', 31);
	memset(a.role, 'a', 15);
	memset(b.role, 'b', 15);
	ck_assert_int_eq(take(&table, 4, &slots[0]), 0);
	ck_assert_int_eq(slot_update(&slots[0], &a), 0);
	pid = fork();
	if (pid == 0) {
		table.self.pid = getpid();
		for (;;) {
			slot_update(&slots[0], &a);
			slot_update(&slots[0], &b);
		}
	}
	for (int i = 0; i < 20000 || ((!seen_a || !seen_b) && i < 2000000); i++) {
		struct slot_record record;

		if (slot_file_read_record(&other.file, 0, &record) < 0)
			continue;
		ck_assert_int_eq(record.label[0], record.role[14]);
		ck_assert_int_eq(record.label[0], record.label[30]);
		seen_a += record.label[0] == 'a';
		seen_b += record.label[0] == 'b';
	}
	rig_kill(pid);
	ck_assert_uint_gt(seen_a, 0);
	ck_assert_uint_gt(seen_b, 0);
}
END_TEST

/* ---- fork ------------------------------------------------------------------------------------ */

START_TEST(a_forked_child_frees_nothing_of_its_parent)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(take(&table, 1, &slots[0]), 0);
	pid = fork();
	if (pid == 0) {
		struct slot slot;

		if (slot_update(&slots[0], &rig_record) != -ECHILD ||
		    take(&table, 0, &slot) != -ECHILD)
			_exit(1);
		slot_give(&slots[0]);
		slot_table_close(&table);
		_exit(slots[0].fd == -1 ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(take(&other, 1, &slots[1]), -EAGAIN);
	ck_assert_int_eq(slot_table_live(&other), 1);
}
END_TEST

static pid_t *grandchild;

static void hold_and_fork(struct slot_table *own)
{
	pid_t pid;

	rig_hold_one(own);
	pid = fork();
	while (pid == 0)
		pause();
	*grandchild = pid;
}

START_TEST(a_child_that_survives_its_parent_is_found)
{
	pid_t pid;

	grandchild = mmap(NULL, sizeof *grandchild, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = rig_start(hold_and_fork);
	rig_kill(pid);
	ck_assert_int_eq(take(&table, 1, &slots[0]), -EAGAIN);
	ck_assert_uint_eq(slot_table_holders(&table, holders, SLOT_MAX, true), 1);
	ck_assert_int_eq(holders[0].kind, SLOT_HOLDER_ORPHANED);
	ck_assert_int_eq(holders[0].record.pid, pid);
	ck_assert_int_eq(holders[0].opener, *grandchild);
	kill(*grandchild, SIGKILL);
	for (int i = 0; i < 1000 && take(&table, 1, &slots[0]) < 0; i++)
		usleep(1000);
	ck_assert_int_ge(slots[0].fd, 0);
	munmap(grandchild, sizeof *grandchild);
}
END_TEST

/* ---- somebody means no good ------------------------------------------------------------------ */

static int lock_for_reading(int fd, off_t byte, off_t n)
{
	struct flock lock = {
		.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = n,
	};

	return fcntl(fd, F_OFD_SETLK, &lock);
}

START_TEST(the_lock_of_a_reader_is_named)
{
	int fd = open(rig_path, O_RDONLY);

	ck_assert_int_eq(lock_for_reading(fd, 1, 2), 0);
	ck_assert_int_eq(take(&table, 2, &slots[0]), -EAGAIN);
	expect_reason(&table, "2 of them are not held but blocked by a read lock");
	ck_assert_uint_eq(slot_table_holders(&table, holders, SLOT_MAX, true), 2);
	ck_assert_int_eq(holders[1].kind, SLOT_HOLDER_BLOCKED);
	ck_assert_uint_eq(holders[1].index, 1);
	ck_assert_int_eq(holders[1].opener, getpid());
	/* Nobody holds it, so it does not count against others. */
	ck_assert_int_eq(slot_table_live(&table), 0);
	ck_assert_int_eq(take(&table, 3, &slots[0]), 0);
	ck_assert_uint_eq(slots[0].index, 2);
	close(fd);
	ck_assert_int_eq(take(&table, 2, &slots[1]), 0);
}
END_TEST

START_TEST(the_lock_of_a_reader_on_the_queue_is_nobody_who_waits)
{
	int fd = open(rig_path, O_RDONLY);

	ck_assert_int_eq(lock_for_reading(fd, 1 + SLOT_MAX, SLOT_MAX_WAITERS), 0);
	ck_assert_int_eq(take(&table, 2, &slots[0]), 0);
	close(fd);
}
END_TEST

static void expect_refused(int error, const char *part)
{
	struct slot_table refused;
	unsigned before = count_descriptors();

	ck_assert_int_eq(slot_table_open(&refused, rig_directory, RIG_DEVICE), error);
	expect_reason(&refused, part);
	ck_assert_uint_eq(count_descriptors(), before);
	slot_table_close(&refused);
}

START_TEST(a_symbolic_link_is_not_followed)
{
	char target[100];

	snprintf(target, sizeof target, "%s/target", rig_directory);
	ck_assert_int_eq(rename(rig_path, target), 0);
	ck_assert_int_eq(symlink(target, rig_path), 0);
	expect_refused(-ELOOP, "symbolic link");
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	ck_assert_int_eq(unlink(rig_path), 0);
	ck_assert_int_eq(mkfifo(rig_path, 0600), 0);
	expect_refused(-EINVAL, "not a regular file");
	ck_assert_int_eq(unlink(rig_path), 0);
	ck_assert_int_eq(mkdir(rig_path, 0700), 0);
	expect_refused(-EISDIR, "Is a directory");
}
END_TEST

START_TEST(a_file_with_two_names_is_refused)
{
	char second[100];

	snprintf(second, sizeof second, "%s/second", rig_directory);
	ck_assert_int_eq(link(rig_path, second), 0);
	expect_refused(-EPERM, "another name");
}
END_TEST

START_TEST(a_file_for_everybody_is_refused)
{
	ck_assert_int_eq(chmod(rig_path, 0664), 0);
	expect_refused(-EPERM, "everybody (mode 0664)");
}
END_TEST

/* Only root can give files away; without it, an owner that is refused cannot be arranged. */
START_TEST(a_wrong_owner_is_refused)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(rig_path, 65534, 65534), 0);
	expect_refused(-EPERM, "user 65534 and group 65534");
	/* In a directory of a group it is the group that counts. */
	ck_assert_int_eq(chown(rig_path, 65534, 0), 0);
	ck_assert_int_eq(chmod(rig_directory, 02770), 0);
	slot_table_close(&other);
	rig_open(&other);
	ck_assert_int_eq(chown(rig_path, 0, 65534), 0);
	expect_refused(-EPERM, "user 0 and group 65534");
	ck_assert_int_eq(chmod(rig_directory, 0700), 0);
	ck_assert_int_eq(chown(rig_directory, 65534, 0), 0);
	expect_refused(-EPERM, "an owner or a mode");
}
END_TEST

START_TEST(a_directory_for_everybody_is_refused)
{
	ck_assert_int_eq(chmod(rig_directory, 0777), 0);
	expect_refused(-EPERM, "an owner or a mode");
}
END_TEST

static void damage(off_t at)
{
	int fd = open(rig_path, O_RDWR);

	ck_assert_int_eq(pwrite(fd, "damage", 6, at), 6);
	close(fd);
}

START_TEST(a_damaged_header_is_made_anew_when_nobody_holds_a_slot)
{
	struct slot_table third;

	for (off_t at = 0; at < 32; at += 4) {
		damage(at);
		rig_open(&third);
		ck_assert_int_eq(take(&third, 1, &slots[0]), 0);
		ck_assert_int_eq(take(&table, 1, &slots[1]), -EAGAIN);
		slot_give(&slots[0]);
		slot_table_close(&third);
	}
}
END_TEST

START_TEST(a_damaged_header_with_holders_is_refused)
{
	ck_assert_int_eq(take(&table, 1, &slots[0]), 0);
	damage(0);
	expect_refused(-EUCLEAN, "damaged header, and somebody holds a slot");
	/* Those who have it open go on. */
	ck_assert_int_eq(take(&other, 1, &slots[1]), -EAGAIN);
	slot_give(&slots[0]);
	ck_assert_int_eq(take(&other, 1, &slots[1]), 0);
	slot_give(&slots[1]);
	slot_table_close(&other);
	rig_open(&other);
}
END_TEST

START_TEST(repair_does_not_wait_for_ever)
{
	int fd = open(rig_path, O_RDONLY);

	damage(0);
	ck_assert_int_eq(lock_for_reading(fd, 0, 1), 0);
	expect_refused(-EBUSY, "a read lock on byte 0");
	close(fd);
	slot_table_close(&other);
	rig_open(&other);
}
END_TEST

START_TEST(a_file_of_another_device_is_refused)
{
	char name[SLOT_NAME_SIZE], path[120];
	struct slot_table third;

	slot_file_name("another", name);
	snprintf(path, sizeof path, "%s/%s", rig_directory, name);
	ck_assert_int_eq(rename(rig_path, path), 0);
	ck_assert_int_eq(slot_table_open(&third, rig_directory, "another"), -ENOTUNIQ);
	expect_reason(&third, "another device, " RIG_DEVICE);
}
END_TEST

START_TEST(truncated_under_way_it_goes_on)
{
	ck_assert_int_eq(take(&table, 4, &slots[0]), 0);
	ck_assert_int_eq(take(&other, 4, &slots[1]), 0);
	ck_assert_int_eq(truncate(rig_path, 10), 0);
	ck_assert_uint_eq(slot_table_holders(&table, holders, SLOT_MAX, true), 2);
	ck_assert_int_eq(holders[0].kind, SLOT_HOLDER_UNKNOWN);
	ck_assert_int_eq(holders[0].opener, getpid());
	ck_assert_int_eq(take(&table, 2, &slots[2]), -EAGAIN);
	ck_assert_uint_eq(slot_table_quota(&table, 1, NULL), 0);
	ck_assert_int_eq(take(&table, 3, &slots[2]), 0);
	expect_refused(-EUCLEAN, "damaged header");
	for (int i = 0; i < 3; i++)
		slot_give(&slots[i]);
	slot_table_close(&other);
	rig_open(&other);
	ck_assert_int_eq(take(&other, 1, &slots[0]), 0);
	ck_assert_int_eq(take(&table, 1, &slots[1]), -EAGAIN);
}
END_TEST

START_TEST(a_removed_file_is_replaced_when_nothing_is_held)
{
	struct slot_table third;

	ck_assert_int_eq(take(&table, 2, &slots[0]), 0);
	ck_assert_int_eq(take(&other, 1, &slots[1]), -EAGAIN);
	ck_assert_int_eq(unlink(rig_path), 0);
	ck_assert_int_eq(take(&table, 2, &slots[1]), -ESTALE);
	expect_reason(&table, "was removed");
	rig_open(&third);
	ck_assert_int_eq(take(&table, 2, &slots[1]), -ESTALE);
	expect_reason(&table, "was replaced");
	/* other has a descriptor of the old file left from its failure. */
	ck_assert_int_eq(take(&other, 1, &slots[1]), 0);
	ck_assert_int_eq(take(&third, 1, &slots[2]), -EAGAIN);
	slot_give(&slots[0]);
	ck_assert_int_eq(take(&table, 1, &slots[2]), -EAGAIN);
	ck_assert_int_eq(take(&table, 2, &slots[2]), 0);
	slot_table_close(&third);
}
END_TEST

/* ---- the directory --------------------------------------------------------------------------- */

START_TEST(a_missing_directory_is_told)
{
	struct slot_table third;

	ck_assert_int_eq(slot_table_open(&third, "/nonexistent/slots", RIG_DEVICE), -ENOENT);
	expect_reason(&third, "/nonexistent/slots cannot be used: No such file or directory");
	ck_assert_int_eq(slot_table_open(&third, rig_directory, ""), -EINVAL);
	ck_assert_int_eq(slot_table_open_name(&third, rig_directory, "0.slots"), -ENOENT);
	ck_assert_int_eq(slot_table_open_name(&third, rig_directory, "../0.slots"), -EINVAL);
	ck_assert_int_eq(slot_table_open_name(&third, rig_directory, strrchr(rig_path, '/') + 1),
			 0);
	ck_assert_str_eq(third.device, RIG_DEVICE);
	slot_table_close(&third);
}
END_TEST

START_TEST(directories_are_tried_in_order)
{
	char path[PATH_MAX], reason[SLOT_REASON_SIZE], wanted[100];
	struct stat st;

	ck_assert_int_eq(slot_directory_choose(rig_directory, rig_directory, path, reason), 0);
	ck_assert_str_eq(path, rig_directory);
	ck_assert_str_eq(reason, "");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(slot_directory_choose("/nonexistent/a", rig_directory, path,
						       reason), 0);
		snprintf(wanted, sizeof wanted, "%s/webcodecs", rig_directory);
		ck_assert_str_eq(path, wanted);
		ck_assert_ptr_nonnull(strstr(reason, "/nonexistent/a cannot be used: No such"));
	}
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(chmod(path, 0777), 0);
	ck_assert_int_eq(slot_directory_choose(path, rig_directory, path, reason), -ENOENT);
	ck_assert_str_eq(path, "");
	ck_assert_int_eq(slot_directory_choose("/nonexistent/a", NULL, path, reason), -ENOENT);
	ck_assert_int_eq(slot_directory_choose("/nonexistent/a", "relative", path, reason),
			 -ENOENT);
	ck_assert_int_eq(rmdir(wanted), 0);
}
END_TEST

START_TEST(the_mode_does_not_depend_on_the_umask)
{
	struct slot_table third;
	struct stat st;

	umask(077);
	ck_assert_int_eq(stat(rig_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(unlink(rig_path), 0);
	ck_assert_int_eq(chmod(rig_directory, 02770), 0);
	rig_open(&third);
	ck_assert_int_eq(stat(rig_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	slot_table_close(&third);
}
END_TEST

#define CREATORS 12

START_TEST(many_make_the_file_at_once)
{
	struct dirent *entry;
	unsigned files = 0;
	pid_t pids[CREATORS];
	int status, go[2];
	DIR *dir;

	for (int round = 0; round < 10; round++) {
		unlink(rig_path);
		ck_assert_int_eq(pipe(go), 0);
		for (unsigned i = 0; i < CREATORS; i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				char byte;

				close(go[1]);
				if (read(go[0], &byte, 1) != 0 ||
				    slot_table_open(&table, rig_directory, RIG_DEVICE) < 0)
					_exit(1);
				/* All in one file: so many, and in the end one more is too many. */
				_exit(take(&table, CREATORS, &slots[0]) < 0);
			}
		}
		close(go[0]);
		close(go[1]);
		for (unsigned i = 0; i < CREATORS; i++) {
			ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
			ck_assert_int_eq(status, 0);
		}
	}
	dir = opendir(rig_directory);
	while ((entry = readdir(dir)))
		files += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
	closedir(dir);
	ck_assert_uint_eq(files, 1);
}
END_TEST

/* A file system of its own, of which nobody else knows. */
static bool mount_small(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", rig_directory, "tmpfs", 0, "size=40k,mode=0700") == 0;
}

static void fill_up(void)
{
	static const char block[4096];
	char path[100];
	int fd;

	snprintf(path, sizeof path, "%s/filler", rig_directory);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	while (write(fd, block, sizeof block) > 0)
		;
	close(fd);
}

START_TEST(a_full_file_system_is_told)
{
	struct slot_table third;
	char path[100];

	slot_table_close(&table);
	slot_table_close(&other);
	if (!mount_small()) {
		/* Where that is not allowed, a limit does as well. */
		struct rlimit limit = { 4096, 4096 };

		unlink(rig_path);
		signal(SIGXFSZ, SIG_IGN);
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		expect_refused(-EFBIG, "File too large");
		return;
	}
	fill_up();
	expect_refused(-ENOSPC, "No space left");
	snprintf(path, sizeof path, "%s/filler", rig_directory);
	ck_assert_int_eq(unlink(path), 0);
	/* What is there when it gets full is not touched by that. */
	rig_open(&third);
	fill_up();
	for (unsigned i = 0; i < SLOT_MAX; i++) {
		ck_assert_int_eq(take(&third, 0, &slots[i]), 0);
		ck_assert_int_eq(slot_update(&slots[i], &rig_record), 0);
	}
	ck_assert_uint_eq(slot_table_holders(&third, holders, SLOT_MAX, false), SLOT_MAX);
	ck_assert_int_eq(holders[SLOT_MAX - 1].kind, SLOT_HOLDER_KNOWN);
	for (unsigned i = 0; i < SLOT_MAX; i++)
		slot_give(&slots[i]);
	slot_table_close(&third);
	ck_assert_int_eq(umount(rig_directory), 0);
}
END_TEST

START_TEST(no_descriptors_is_told)
{
	struct rlimit limit = { 0, 0 };
	int fd;

	getrlimit(RLIMIT_NOFILE, &limit);
	fd = dup(0);
	limit.rlim_cur = (rlim_t)fd;
	close(fd);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(take(&table, 4, &slots[0]), -EMFILE);
	expect_reason(&table, "Too many open files");
	limit.rlim_cur++;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(take(&table, 4, &slots[0]), 0);
}
END_TEST

/* ---- learned quotas -------------------------------------------------------------------------- */

START_TEST(a_quota_is_learned_by_all)
{
	struct slot_learned learned;

	ck_assert_uint_eq(slot_table_quota(&table, 5, &learned), 0);
	ck_assert_uint_eq(learned.quota, 0);
	ck_assert_int_eq(slot_table_learn(&table, 4, WC_STAGE_STREAM_ON, 5), 0);
	ck_assert_uint_eq(slot_table_quota(&other, 6, &learned), 4);
	ck_assert_uint_eq(learned.stage, WC_STAGE_STREAM_ON);
	ck_assert_int_eq(learned.pid, getpid());
	ck_assert_int_eq(slot_table_learn(&table, 0, WC_STAGE_OPEN, 5), -EINVAL);
	ck_assert_int_eq(slot_table_learn(&table, SLOT_MAX + 1, WC_STAGE_OPEN, 5), -EINVAL);
}
END_TEST

START_TEST(what_was_learned_is_tried_again_later)
{
	int64_t now = 5;

	for (int64_t time = SLOT_LEARNED_MIN; time < SLOT_LEARNED_MAX; time *= 2) {
		slot_table_learn(&table, 4, WC_STAGE_OPEN, now);
		ck_assert_uint_eq(slot_table_quota(&other, now + time - 1, NULL), 4);
		now += time;
		ck_assert_uint_eq(slot_table_quota(&other, now, NULL), 5);
	}
	slot_table_learn(&table, 4, WC_STAGE_OPEN, now);
	ck_assert_uint_eq(slot_table_quota(&other, now + SLOT_LEARNED_MAX - 1, NULL), 4);
	ck_assert_uint_eq(slot_table_quota(&other, now + SLOT_LEARNED_MAX, NULL), 5);
	/* Another number begins anew. */
	slot_table_learn(&table, 3, WC_STAGE_OPEN, now);
	ck_assert_uint_eq(slot_table_quota(&other, now + SLOT_LEARNED_MIN - 1, NULL), 3);
	ck_assert_uint_eq(slot_table_quota(&other, now + SLOT_LEARNED_MIN, NULL), 4);
	/* Of the time before the machine was started. */
	ck_assert_uint_eq(slot_table_quota(&other, 0, NULL), 4);
}
END_TEST

START_TEST(success_makes_it_forgotten)
{
	slot_table_learn(&table, 4, WC_STAGE_OPEN, 5);
	ck_assert_int_eq(slot_table_proved(&other, 4), 0);
	ck_assert_uint_eq(slot_table_quota(&table, 6, NULL), 4);
	ck_assert_int_eq(slot_table_proved(&other, 5), 0);
	ck_assert_uint_eq(slot_table_quota(&table, 6, NULL), 0);
	slot_table_learn(&table, 4, WC_STAGE_OPEN, 5);
	damage(324);
	ck_assert_uint_eq(slot_table_quota(&table, 6, NULL), 0);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_counting(Suite *suite)
{
	TCase *tcase = add_case(suite, "counting");

	tcase_add_test(tcase, there_are_as_many_as_the_limit);
	tcase_add_test(tcase, two_contexts_of_a_process_are_counted_together);
	tcase_add_test(tcase, no_limit_is_all_that_there_are);
	tcase_add_test(tcase, each_keeps_to_its_own_limit);
	tcase_add_test(tcase, a_killed_holder_frees_its_slot);
	tcase_add_test(tcase, without_a_directory_a_table_counts_alone);
	tcase_add_test(tcase, no_descriptor_is_left);
	tcase_add_test(tcase, a_quota_is_learned_by_all);
	tcase_add_test(tcase, what_was_learned_is_tried_again_later);
	tcase_add_test(tcase, success_makes_it_forgotten);
}

static void add_records(Suite *suite)
{
	TCase *tcase = add_case(suite, "records");

	tcase_add_test(tcase, holders_say_who_they_are);
	tcase_add_test(tcase, activity_is_written);
	tcase_add_test(tcase, a_damaged_record_is_nobody);
	tcase_add_test(tcase, what_a_record_says_is_made_harmless);
	tcase_add_test(tcase, a_reused_pid_is_not_the_holder);
	tcase_add_test(tcase, readers_see_whole_records);
	tcase_add_test(tcase, a_forked_child_frees_nothing_of_its_parent);
	tcase_add_test(tcase, a_child_that_survives_its_parent_is_found);
}

static void add_file(Suite *suite)
{
	TCase *tcase = add_case(suite, "file");

	tcase_add_test(tcase, the_lock_of_a_reader_is_named);
	tcase_add_test(tcase, the_lock_of_a_reader_on_the_queue_is_nobody_who_waits);
	tcase_add_test(tcase, a_symbolic_link_is_not_followed);
	tcase_add_test(tcase, what_is_no_file_is_refused);
	tcase_add_test(tcase, a_file_with_two_names_is_refused);
	tcase_add_test(tcase, a_file_for_everybody_is_refused);
	tcase_add_test(tcase, a_wrong_owner_is_refused);
	tcase_add_test(tcase, a_damaged_header_is_made_anew_when_nobody_holds_a_slot);
	tcase_add_test(tcase, a_damaged_header_with_holders_is_refused);
	tcase_add_test(tcase, repair_does_not_wait_for_ever);
	tcase_add_test(tcase, a_file_of_another_device_is_refused);
	tcase_add_test(tcase, truncated_under_way_it_goes_on);
	tcase_add_test(tcase, a_removed_file_is_replaced_when_nothing_is_held);
	tcase_add_test(tcase, many_make_the_file_at_once);
	tcase_add_test(tcase, a_full_file_system_is_told);
	tcase_add_test(tcase, no_descriptors_is_told);
}

static void add_directory(Suite *suite)
{
	TCase *tcase = add_case(suite, "directory");

	tcase_add_test(tcase, a_directory_for_everybody_is_refused);
	tcase_add_test(tcase, a_missing_directory_is_told);
	tcase_add_test(tcase, directories_are_tried_in_order);
	tcase_add_test(tcase, the_mode_does_not_depend_on_the_umask);
}

int main(void)
{
	Suite *suite = suite_create("slots");
	SRunner *runner = srunner_create(suite);
	int failed;

	add_counting(suite);
	add_records(suite);
	add_file(suite);
	add_directory(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
