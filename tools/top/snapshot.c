/* SPDX-License-Identifier: MIT */
#include "top/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget/holder.h"
#include "util/clock.h"

int place_choose(struct place *place, const char *directory, struct failure *failure)
{
	if (!directory) {
		slot_directory_choose(SLOT_SHARED_DIRECTORY, secure_getenv("XDG_RUNTIME_DIR"),
				      place->directory, place->reason);
		return 0;
	}
	place->reason[0] = '\0';
	if (strlen(directory) >= sizeof place->directory)
		return failure_set_errno(failure, "--directory", ENAMETOOLONG);
	strcpy(place->directory, directory);
	return 0;
}

int snapshot_take(struct snapshot *snapshot, const struct place *place, struct failure *failure)
{
	int ret;

	snapshot->place = place;
	slot_process_self(&snapshot->self);
	memory_read(&snapshot->memory);
	snapshot->now = clock_now();
	ret = usage_init(&snapshot->usage, place->directory, true);
	return ret < 0 ? failure_set_errno(failure, place->directory, -ret) : 0;
}

void snapshot_finish(struct snapshot *snapshot)
{
	usage_finish(&snapshot->usage);
}

static void read_command(int32_t pid, char *command, size_t size)
{
	char path[32];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(command, (int)size, file))
		command[0] = '\0';
	command[strcspn(command, "\n")] = '\0';
	fclose(file);
}

/* In another pid namespace the number stands for another process, or for none. */
static bool is_pid_of_ours(const struct snapshot *snapshot, const struct slot_holder *holder)
{
	return holder->opener || holder->record.pid_namespace == snapshot->self.pid_namespace;
}

void snapshot_describe(const struct snapshot *snapshot, const struct slot_holder *holder,
		       struct person *person)
{
	const struct slot_record *record = &holder->record;

	memset(person, 0, sizeof *person);
	holder_describe(holder, snapshot->now, &person->holder);
	person->bytes = record->bytes;
	person->taken = record->pid && record->taken <= snapshot->now ?
			snapshot->now - record->taken : -1;
	person->priority = record->priority;
	person->background = record->background;
	person->has_memory = !strcmp(record->role, SLOT_ROLE_MEMORY);
	if (person->has_memory)
		person->memory = record->memory;
	if (person->holder.pid && is_pid_of_ours(snapshot, holder))
		read_command(person->holder.pid, person->command, sizeof person->command);
}

const char *person_state(const struct person *person)
{
	switch (person->holder.state) {
	case WC_HOLDER_RUNNING:
		return "running";
	case WC_HOLDER_STOPPED:
		return "stopped";
	case WC_HOLDER_SILENT:
		return "silent";
	case WC_HOLDER_ORPHANED:
		return "orphaned";
	case WC_HOLDER_BLOCKED:
		return "blocked";
	case WC_HOLDER_UNKNOWN:
		break;
	}
	return "unknown";
}
