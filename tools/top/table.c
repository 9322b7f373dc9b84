/* SPDX-License-Identifier: MIT */
#include "top/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <webcodecs/pressure.h>
#include <webcodecs/version.h>

#include "common/printable.h"

#define CELL 32
#define MEBIBYTE (1024.0 * 1024.0)

/* A time in few characters. */
static void format_time(int64_t microseconds, char text[CELL])
{
	double seconds = (double)microseconds / 1e6;

	if (seconds < 10)
		snprintf(text, CELL, "%.1f s", seconds);
	else if (seconds < 180)
		snprintf(text, CELL, "%.0f s", seconds);
	else if (seconds < 3 * 3600)
		snprintf(text, CELL, "%.0f min", seconds / 60);
	else if (seconds < 3 * 86400)
		snprintf(text, CELL, "%.0f h", seconds / 3600);
	else
		snprintf(text, CELL, "%.0f d", seconds / 86400);
}

static void format_size(const struct wc_holder *holder, char text[CELL])
{
	if (holder->width && holder->height)
		snprintf(text, CELL, "%" PRIu32 "x%" PRIu32, holder->width, holder->height);
	else
		strcpy(text, "-");
}

static void format_priority(const struct person *person, char text[CELL])
{
	snprintf(text, CELL, "%" PRId32 "%s", person->priority,
		 person->background ? " back" : "");
}

/* Fill up to a width in characters, where "%-16s" would count bytes. */
static void pad(char *text, size_t size, size_t width)
{
	size_t bytes = strlen(text), length = printable_length(text);

	for (; length < width && bytes + 1 < size; length++)
		text[bytes++] = ' ';
	text[bytes] = '\0';
}

static void add_heading(struct lines *lines)
{
	lines_add(lines, LINE_HEADING, "%9s %-16s %-8s %-6s %-11s %7s  %-10s %-9s %s", "PID",
		  "COMMAND", "ROLE", "CODEC", "SIZE", "IDLE", "PRIORITY", "STATE", "LABEL");
}

static void add_person(struct lines *lines, struct person *person, bool is_waiting, bool utf8)
{
	char idle[CELL] = "-", size[CELL], priority[CELL], pid[CELL] = "-";
	bool is_well = person->holder.state == WC_HOLDER_RUNNING;

	if (person->holder.pid)
		snprintf(pid, sizeof pid, "%" PRId32, person->holder.pid);
	if (person->taken >= 0)
		format_time(is_waiting ? person->taken : person->holder.idle, idle);
	format_size(&person->holder, size);
	format_priority(person, priority);
	printable(person->command, utf8);
	printable(person->holder.role, utf8);
	printable(person->holder.codec, utf8);
	printable(person->holder.label, utf8);
	pad(person->command, sizeof person->command, 16);
	lines_add(lines, is_well ? LINE_PLAIN : LINE_ALARM,
		  "%9s %s %-8s %-6s %-11s %7s  %-10s %-9s %s", pid, person->command,
		  person->holder.role, person->holder.codec, size, idle, priority,
		  is_waiting && is_well ? "waiting" : person_state(person), person->holder.label);
}

static void add_device(struct lines *lines, const struct snapshot *snapshot,
		       const struct usage_table *table, bool utf8)
{
	char device[SLOT_DEVICE_SIZE], quota[CELL] = "", waiting[CELL] = "", rate[80] = "";
	char node[sizeof table->node + 3] = "";
	struct person person;

	snprintf(device, sizeof device, "%s", table->device);
	printable(device, utf8);
	if (table->quota)
		snprintf(quota, sizeof quota, " of %u", table->quota);
	if (table->n_waiters)
		snprintf(waiting, sizeof waiting, ", %u waiting", table->n_waiters);
	if (table->node[0])
		snprintf(node, sizeof node, " (%s)", table->node);
	if (table->rate_quota)
		snprintf(rate, sizeof rate, ", %" PRIu64 " of %u macroblocks a second",
			 table->rate, table->rate_quota);
	lines_add(lines, LINE_DEVICE, "%s%s: %u%s in use%s%s", device, node, table->n_holders,
		  quota, waiting, rate);
	for (unsigned i = 0; i < table->n_holders; i++) {
		snapshot_describe(snapshot, &table->holders[i], &person);
		add_person(lines, &person, false, utf8);
	}
	for (unsigned i = 0; i < table->n_waiters; i++) {
		snapshot_describe(snapshot, &table->waiters[i], &person);
		add_person(lines, &person, true, utf8);
	}
}

static double mebibytes(uint64_t bytes)
{
	return (double)bytes / MEBIBYTE;
}

static void add_keeper(struct lines *lines, struct person *person, bool utf8)
{
	const struct slot_memory *memory = &person->memory;
	bool is_well = person->holder.state == WC_HOLDER_RUNNING && !memory->level;
	char pid[CELL] = "-";

	if (person->holder.pid)
		snprintf(pid, sizeof pid, "%" PRId32, person->holder.pid);
	printable(person->command, utf8);
	pad(person->command, sizeof person->command, 16);
	lines_add(lines, is_well ? LINE_PLAIN : LINE_ALARM,
		  "%9s %s %" PRIu32 " frames, %" PRIu32 " chunks, %.1f MiB, %.1f MiB idle in "
		  "pools, pressure: %s", pid, person->command, memory->frames, memory->chunks,
		  mebibytes(person->bytes), mebibytes((uint64_t)memory->idle * 1024),
		  wc_pressure_level_name((enum wc_pressure_level)memory->level));
}

/* Who keeps memory, whether or not with a device. */
static void add_keepers(struct lines *lines, const struct snapshot *snapshot, bool utf8)
{
	const struct usage_table *table = &snapshot->usage.presence;
	struct person person;

	if (table->n_holders)
		lines_add(lines, LINE_DEVICE, "memory of frames and chunks:");
	for (unsigned i = 0; i < table->n_holders; i++) {
		snapshot_describe(snapshot, &table->holders[i], &person);
		add_keeper(lines, &person, utf8);
	}
}

static void add_title(struct lines *lines, const struct snapshot *snapshot, bool utf8)
{
	char directory[PATH_MAX], hour[CELL] = "";
	time_t now = time(NULL);
	struct tm tm;

	snprintf(directory, sizeof directory, "%s", snapshot->place->directory);
	printable(directory, utf8);
	if (localtime_r(&now, &tm))
		strftime(hour, sizeof hour, "%H:%M:%S", &tm);
	lines_add(lines, LINE_PLAIN, "wc-top %s  %s  %s", wc_version(), hour, directory);
}

static void add_memory(struct lines *lines, const struct memory *memory)
{
	char cma[80] = "", available[80] = "";

	if (memory->has_pressure)
		lines_add(lines, memory->full[0] > 0 ? LINE_ALARM : LINE_PLAIN,
			  "memory pressure over 10, 60, 300 s: some %.2f %.2f %.2f, "
			  "full %.2f %.2f %.2f %%", memory->some[0], memory->some[1],
			  memory->some[2], memory->full[0], memory->full[1], memory->full[2]);
	if (memory->has_cma)
		snprintf(cma, sizeof cma, "; contiguous (CMA): %.1f of %.1f MiB free",
			 (double)memory->cma_free / MEBIBYTE, (double)memory->cma_total / MEBIBYTE);
	if (memory->has_available)
		snprintf(available, sizeof available, "memory: %.1f of %.1f MiB available",
			 (double)memory->available / MEBIBYTE, (double)memory->total / MEBIBYTE);
	if (memory->has_cma || memory->has_available)
		lines_add(lines, LINE_PLAIN, "%s%s", available, available[0] ? cma :
			  cma[0] ? cma + 2 : "");
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* What explains an empty table, or one that is not whole. */
static void add_notes(struct lines *lines, const struct snapshot *snapshot, bool utf8)
{
	const struct usage *usage = &snapshot->usage;
	char reason[SLOT_REASON_SIZE];

	if (snapshot->place->reason[0]) {
		snprintf(reason, sizeof reason, "%s", snapshot->place->reason);
		printable(reason, utf8);
		lines_add(lines, LINE_ALARM, "%s", reason);
	}
	if (usage->n_skipped) {
		snprintf(reason, sizeof reason, "%s", usage->reason);
		printable(reason, utf8);
		lines_add(lines, LINE_ALARM, "%u file%s skipped: %s", usage->n_skipped,
			  plural(usage->n_skipped), reason);
	}
	if (!usage->n_tables)
		lines_add(lines, LINE_PLAIN, "No device has been used.");
}

void table_format(const struct snapshot *snapshot, bool utf8, struct lines *lines)
{
	add_title(lines, snapshot, utf8);
	add_memory(lines, &snapshot->memory);
	lines_add(lines, LINE_PLAIN, "%s", "");
	add_heading(lines);
	lines->n_fixed = lines->count;
	for (size_t i = 0; i < snapshot->usage.n_tables; i++)
		add_device(lines, snapshot, &snapshot->usage.tables[i], utf8);
	add_keepers(lines, snapshot, utf8);
	add_notes(lines, snapshot, utf8);
}

int table_print(const struct snapshot *snapshot, bool utf8)
{
	struct lines lines = { .items = NULL };
	bool failed;

	table_format(snapshot, utf8, &lines);
	for (size_t i = 0; i < lines.count && !lines.failed; i++)
		puts(lines.items[i].text);
	failed = lines.failed;
	lines_finish(&lines);
	return failed ? -ENOMEM : 0;
}
