/* SPDX-License-Identifier: MIT */
#include "slot_rig.h"

#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"

char rig_directory[64];
char rig_path[128];
const struct slot_record rig_record = {
	.role = "decoder", .codec = "h264", .label = "door camera", .socket = "12.sock",
	.width = 1920, .height = 1088, .framerate = 25000, .priority = -3, .background = 1,
	.bytes = UINT64_C(5) << 32, .progress = 77, .stage = WC_STAGE_BUFFERS,
};

void rig_set_up(void)
{
	const char *tmp = getenv("TMPDIR");
	char name[SLOT_NAME_SIZE];

	snprintf(rig_directory, sizeof rig_directory, "%.40s/slots.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(rig_directory));
	slot_file_name(RIG_DEVICE, name);
	snprintf(rig_path, sizeof rig_path, "%s/%s", rig_directory, name);
}

static void empty(const char *path)
{
	struct dirent *entry;
	char name[400];
	DIR *dir = opendir(path);

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		remove(name);
	}
	closedir(dir);
}

void rig_tear_down(void)
{
	empty(rig_directory);
	ck_assert_int_eq(rmdir(rig_directory), 0);
}

void rig_open(struct slot_table *table)
{
	ck_assert_msg(slot_table_open(table, rig_directory, RIG_DEVICE) == 0, "%s",
		      slot_table_reason(table));
}

static void run_child(void (*work)(struct slot_table *table), int done)
{
	struct slot_table table;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (slot_table_open(&table, rig_directory, RIG_DEVICE) < 0)
		_exit(2);
	work(&table);
	if (write(done, "", 1) != 1)
		_exit(3);
	for (;;)
		pause();
}

pid_t rig_start(void (*work)(struct slot_table *table))
{
	int done[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(done), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(done[0]);
		run_child(work, done[1]);
	}
	close(done[1]);
	ck_assert_int_eq(read(done[0], &byte, 1), 1);
	close(done[0]);
	return pid;
}

void rig_hold_one(struct slot_table *table)
{
	struct slot slot;

	if (slot_take(table, 0, &rig_record, &slot, clock_now()) < 0)
		_exit(4);
}

void rig_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

void rig_await_state(pid_t pid, char state)
{
	char path[40], text[200];

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 1000; i++) {
		FILE *file = fopen(path, "r");
		const char *end = file && fgets(text, sizeof text, file) ? strrchr(text, ')') : "";

		if (file)
			fclose(file);
		if (end && strlen(end) > 2 && end[2] == state)
			return;
		usleep(1000);
	}
	ck_abort_msg("process %d does not get into state %c", (int)pid, state);
}
