/* SPDX-License-Identifier: MIT */
/*
 * hold_slots DIRECTORY DEVICE LIMIT LABEL [wait]: take a slot, or get in line for one, say so on
 * standard output, and stay until standard input ends or somebody kills this.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "budget/slot_wait.h"
#include "util/clock.h"

static void wait_for_end(const char *word)
{
	char byte;

	puts(word);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static int fail(const struct slot_table *table, int error)
{
	fprintf(stderr, "hold_slots: %s (%s)\n", slot_table_reason(table), strerror(-error));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct slot_record record = {
		.progress = clock_now() - 2500000, .bytes = 4096, .width = 1280, .height = 720,
		.framerate = 25000, .rate_limit = 400000, .priority = -7, .background = 1,
		.role = "decoder", .codec = "h264",
	};
	struct slot_table table;
	struct slot_wait wait;
	struct slot slot;
	unsigned limit;
	int ret;

	if (argc < 5)
		return 2;
	limit = (unsigned)atoi(argv[3]);
	snprintf(record.label, sizeof record.label, "%s", argv[4]);
	ret = slot_table_open(&table, argv[1], argv[2]);
	if (ret < 0)
		return fail(&table, ret);
	if (argc > 5) {
		ret = slot_wait_begin(&wait, &table, limit, &record, &slot, clock_now());
		if (ret != -EAGAIN)
			return fail(&table, ret);
		wait_for_end("waiting");
		slot_wait_cancel(&wait);
	} else {
		ret = slot_take(&table, limit, &record, &slot, clock_now());
		if (ret < 0)
			return fail(&table, ret);
		wait_for_end("held");
		slot_give(&slot);
	}
	slot_table_close(&table);
	return EXIT_SUCCESS;
}
