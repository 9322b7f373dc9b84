/* SPDX-License-Identifier: MIT */
#include "budget/slot_record.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <webcodecs/memory.h>
#include <webcodecs/pressure.h>

#include "budget/rate.h"

/* Wider than any codec of V4L2, and narrow enough that products of two fit 64 bits. */
#define MAX_PIXELS 65536

_Static_assert(WC_MEMORY_KINDS <= SLOT_MEMORY_KINDS, "a record has room for each kind");

uint64_t slot_hash(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

uint32_t slot_checksum(const void *data, size_t size)
{
	uint64_t hash = SLOT_HASH_SEED;
	const uint8_t *p = data;
	uint64_t word;

	/* By words: this is done for every slot that is taken. */
	for (; size >= sizeof word; size -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 29;
	}
	hash = slot_hash(hash, p, size);
	return (uint32_t)(hash ^ hash >> 32) | 1;
}

/* State and start of a process from /proc/PID/stat. 0, or a negative errno. */
static int read_stat(int32_t pid, char *state, uint64_t *start)
{
	char path[32], text[1024], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	/* The name in parentheses may hold anything; fields 3 and 22 follow its end. */
	p = strrchr(text, ')');
	if (!p || p[1] != ' ')
		return -EIO;
	*state = p[2];
	for (int field = 2; field < 22 && p; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -EIO;
	*start = strtoull(p + 1, NULL, 10);
	return 0;
}

void slot_process_self(struct slot_process *self)
{
	struct stat st;
	char state;

	memset(self, 0, sizeof *self);
	self->pid = getpid();
	self->uid = geteuid();
	if (read_stat(self->pid, &state, &self->start) < 0)
		self->start = 0;
	if (stat("/proc/self/ns/pid", &st) == 0)
		self->pid_namespace = st.st_ino;
}

enum slot_life slot_record_life(const struct slot_record *record, const struct slot_process *self)
{
	uint64_t start;
	char state;

	if (record->pid_namespace != self->pid_namespace || self->start == 0 || record->start == 0)
		return SLOT_UNKNOWN;
	if (read_stat(record->pid, &state, &start) < 0)
		/* /proc may hide the processes of others; the null signal does not. */
		return kill(record->pid, 0) < 0 && errno == ESRCH ? SLOT_DEAD : SLOT_UNKNOWN;
	if (start != record->start || state == 'Z' || state == 'X')
		return SLOT_DEAD;
	return state == 'T' || state == 't' ? SLOT_STOPPED : SLOT_ALIVE;
}

static void end_string(char *text, size_t size)
{
	size_t n = strnlen(text, size - 1);

	memset(text + n, 0, size - n);
}

static bool has_memory(const struct slot_record *record)
{
	return strcmp(record->role, SLOT_ROLE_MEMORY) == 0;
}

static void end_strings(struct slot_record *record)
{
	end_string(record->role, sizeof record->role);
	end_string(record->codec, sizeof record->codec);
	end_string(record->label, sizeof record->label);
	end_string(record->socket, sizeof record->socket);
	if (!has_memory(record))
		end_string(record->node, sizeof record->node);
}

static uint32_t checksum(const struct slot_record *record)
{
	return slot_checksum(&record->index, sizeof *record - sizeof record->checksum);
}

void slot_record_seal(struct slot_record *record)
{
	end_strings(record);
	record->checksum = checksum(record);
}

/* What is no text in UTF-8 or ASCII anyway, and must not reach a terminal. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

bool slot_record_check(struct slot_record *record, unsigned index)
{
	if (record->checksum != checksum(record) || record->index != index || record->pid <= 0 ||
	    record->width > MAX_PIXELS || record->height > MAX_PIXELS ||
	    record->framerate > RATE_MAX_FRAMERATE || record->background > 1 ||
	    record->pending_removal > 1)
		return false;
	end_strings(record);
	make_printable(record->role);
	make_printable(record->codec);
	make_printable(record->label);
	make_printable(record->socket);
	/* A name in the directory of the table, and nowhere else. */
	if (strchr(record->socket, '/') || record->socket[0] == '.')
		record->socket[0] = '\0';
	if (has_memory(record))
		return record->memory.level <= WC_PRESSURE_CRITICAL;
	make_printable(record->node);
	return true;
}
