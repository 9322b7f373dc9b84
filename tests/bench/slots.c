/* SPDX-License-Identifier: MIT */
/*
 * What a slot costs: taken and returned, beside the least that a lock on a file can cost, which is
 * to open it, lock a byte, unlock it and close it. In turns, five times, in a file system in
 * memory, as /run is. Prints nanoseconds of ours and of the peer, and the median of the ratios of
 * the pairs. With a number as argument that many other slots are held meanwhile.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "budget/slots.h"
#include "util/clock.h"

#define PAIRS 5
#define ROUNDS 20000
#define LIMIT 16
#define DEVICE "platform:bench/video0 decoder"

static char directory[64];

static double per_round(int64_t start)
{
	return (double)(clock_now() - start) * 1000 / ROUNDS;
}

static double measure_bare(int dir_fd)
{
	struct flock lock = { .l_whence = SEEK_SET, .l_start = 1, .l_len = 1 };
	int64_t start = clock_now();

	for (int i = 0; i < ROUNDS; i++) {
		int fd = openat(dir_fd, "bare", O_RDWR | O_CLOEXEC);

		lock.l_type = F_WRLCK;
		if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) < 0)
			die("cannot lock a file");
		lock.l_type = F_UNLCK;
		if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
			die("cannot unlock a file");
		close(fd);
	}
	return per_round(start);
}

static double measure_slots(struct slot_table *table)
{
	static const struct slot_record record = { .role = "decoder", .codec = "h264" };
	int64_t start = clock_now();
	struct slot slot;

	for (int i = 0; i < ROUNDS; i++) {
		if (slot_take(table, LIMIT, &record, &slot, start) < 0)
			die("no slot: %s", slot_table_reason(table));
		slot_give(&slot);
	}
	return per_round(start);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double values[PAIRS])
{
	qsort(values, PAIRS, sizeof values[0], compare);
	return values[PAIRS / 2];
}

static void measure(int dir_fd, struct slot_table *table)
{
	double ours[PAIRS], peer[PAIRS], ratio[PAIRS];

	measure_bare(dir_fd);
	measure_slots(table);
	for (int i = 0; i < PAIRS; i++) {
		peer[i] = measure_bare(dir_fd);
		ours[i] = measure_slots(table);
		ratio[i] = ours[i] / peer[i];
	}
	printf("%.0f %.0f %.3f\n", median(ours), median(peer), median(ratio));
}

static void hold(struct slot_table *table, struct slot *slots, int n)
{
	static const struct slot_record record = { .role = "encoder", .codec = "h264" };

	for (int i = 0; i < n; i++)
		if (slot_take(table, LIMIT, &record, &slots[i], clock_now()) < 0)
			die("no slot: %s", slot_table_reason(table));
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	char name[SLOT_NAME_SIZE];
	struct slot slots[LIMIT];
	struct slot_table table;
	int dir_fd;

	if (n < 0 || n >= LIMIT)
		die("at most %d can be held", LIMIT - 1);
	strcpy(directory, access("/dev/shm", W_OK) == 0 ? "/dev/shm/slots.XXXXXX" :
							  "/tmp/slots.XXXXXX");
	if (!mkdtemp(directory))
		die("no directory");
	dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* The peer's file is there, as ours is. */
	if (dir_fd < 0 || close(openat(dir_fd, "bare", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
		die("no file in %s", directory);
	if (slot_table_open(&table, directory, DEVICE) < 0)
		die("no table: %s", slot_table_reason(&table));
	hold(&table, slots, n);
	measure(dir_fd, &table);
	for (int i = 0; i < n; i++)
		slot_give(&slots[i]);
	slot_table_close(&table);
	slot_file_name(DEVICE, name);
	unlinkat(dir_fd, name, 0);
	unlinkat(dir_fd, "bare", 0);
	close(dir_fd);
	rmdir(directory);
	return 0;
}
