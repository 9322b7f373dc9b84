/* SPDX-License-Identifier: MIT */
#include "budget/usage.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "budget/presence.h"

#include "budget/holder.h"

#define SUFFIX ".slots"

/* Files that are made begin with a dot until they are whole. */
static bool is_slot_file(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length >= strlen(SUFFIX) &&
	       strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static int skip(struct usage *usage, const char *reason)
{
	usage->n_skipped++;
	snprintf(usage->reason, sizeof usage->reason, "%s", reason);
	return 0;
}

/*
 * A quota that more contexts than it allows have proved wrong is nothing to show. Takers without
 * a limit of their own are held to as many as a table has, which tells nothing.
 */
static unsigned quota_of(const struct slot_table *slots, const struct usage_table *table)
{
	struct slot_learned learned;
	unsigned largest = 0;

	slot_table_quota(slots, 0, &learned);
	if (learned.quota && learned.quota >= table->n_holders)
		return learned.quota;
	for (unsigned i = 0; i < table->n_holders; i++) {
		unsigned limit = table->holders[i].record.limit;

		if (limit > largest && limit < SLOT_MAX)
			largest = limit;
	}
	return largest;
}

/* Each by the limit that it came with itself: another one's may be anything. */
static void add_rates(struct usage_table *table)
{
	for (unsigned i = 0; i < table->n_holders; i++) {
		const struct slot_holder *holder = &table->holders[i];

		if (holder->record.rate_limit > table->rate_quota)
			table->rate_quota = holder->record.rate_limit;
		table->rate += holder_rate(holder, holder->record.rate_limit);
	}
}

/* Those whose record cannot be read have no ticket; less one, that is the largest number. */
static int by_ticket(const void *left, const void *right)
{
	const struct slot_holder *a = left, *b = right;
	uint64_t first = a->record.ticket - 1, second = b->record.ticket - 1;

	if (first != second)
		return first < second ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

/* What a record says is believed when there is such a device. */
static void find_node(struct usage_table *table)
{
	struct stat st;

	for (unsigned i = 0; i < table->n_holders && !table->node[0]; i++) {
		const char *node = table->holders[i].record.node;

		if (strncmp(node, "/dev/", 5) == 0 && !strstr(node, "/../") &&
		    stat(node, &st) == 0 && S_ISCHR(st.st_mode))
			snprintf(table->node, sizeof table->node, "%s", node);
	}
}

/* Both lists are one piece of memory. */
static int read_table(const struct slot_table *slots, bool find_openers, struct usage_table *table)
{
	struct slot_holder *all = calloc(SLOT_RECORDS, sizeof *all), *less;
	unsigned n;

	if (!all)
		return -ENOMEM;
	memset(table, 0, sizeof *table);
	snprintf(table->device, sizeof table->device, "%s", slots->device);
	make_printable(table->device);
	n = slot_table_holders(slots, all, SLOT_MAX, find_openers);
	table->n_holders = smaller(n, SLOT_MAX);
	n = slot_table_waiters(slots, all + table->n_holders, SLOT_MAX_WAITERS, find_openers);
	table->n_waiters = smaller(n, SLOT_MAX_WAITERS);
	n = table->n_holders + table->n_waiters;
	less = realloc(all, (n ? n : 1) * sizeof *all);
	table->holders = less ? less : all;
	table->waiters = table->holders + table->n_holders;
	qsort(table->waiters, table->n_waiters, sizeof *table->waiters, by_ticket);
	table->quota = quota_of(slots, table);
	add_rates(table);
	return 0;
}

static int append_table(struct usage *usage, const struct usage_table *table)
{
	struct usage_table *tables;

	tables = realloc(usage->tables, (usage->n_tables + 1) * sizeof *tables);
	if (!tables) {
		free(table->holders);
		return -ENOMEM;
	}
	usage->tables = tables;
	tables[usage->n_tables++] = *table;
	return 0;
}

static int add_open(struct usage *usage, const struct slot_table *slots, const char *name,
		    bool find_openers)
{
	char expected[SLOT_NAME_SIZE], reason[SLOT_REASON_SIZE];
	struct usage_table table;
	int ret;

	/* A copy, under a name that nobody looks for: what it says is of the past. */
	slot_file_name(slots->device, expected);
	if (strcmp(expected, name) != 0) {
		snprintf(reason, sizeof reason, "%.30s is a copy of %.30s", name, expected);
		return skip(usage, reason);
	}
	ret = read_table(slots, find_openers, &table);
	if (ret < 0)
		return ret;
	if (strcmp(table.device, PRESENCE_DEVICE) == 0) {
		usage->presence = table;
		return 0;
	}
	find_node(&table);
	return append_table(usage, &table);
}

static int add_file(struct usage *usage, const char *directory, const char *name,
		    bool find_openers)
{
	struct slot_table slots;
	int ret;

	if (usage->n_tables == USAGE_MAX_TABLES)
		return skip(usage, "there are too many of them");
	ret = slot_table_open_name(&slots, directory, name);
	if (ret == -ENOMEM)
		return ret;
	if (ret < 0)
		return skip(usage, slot_table_reason(&slots));
	ret = add_open(usage, &slots, name, find_openers);
	slot_table_close(&slots);
	return ret;
}

static int add_files(struct usage *usage, DIR *dir, const char *directory, bool find_openers)
{
	struct dirent *entry;
	int ret = 0;

	while (ret == 0) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (is_slot_file(entry->d_name))
			ret = add_file(usage, directory, entry->d_name, find_openers);
	}
	return ret;
}

static int by_device(const void *left, const void *right)
{
	const struct usage_table *a = left, *b = right;

	return strcmp(a->device, b->device);
}

int usage_init(struct usage *usage, const char *directory, bool find_openers)
{
	DIR *dir;
	int ret;

	memset(usage, 0, sizeof *usage);
	if (!directory || !directory[0])
		return 0;
	dir = opendir(directory);
	if (!dir)
		return -errno;
	ret = add_files(usage, dir, directory, find_openers);
	closedir(dir);
	if (ret < 0)
		usage_finish(usage);
	else if (usage->n_tables)
		qsort(usage->tables, usage->n_tables, sizeof *usage->tables, by_device);
	return ret;
}

void usage_finish(struct usage *usage)
{
	for (size_t i = 0; i < usage->n_tables; i++)
		free(usage->tables[i].holders);
	free(usage->presence.holders);
	free(usage->tables);
	memset(usage, 0, sizeof *usage);
}
