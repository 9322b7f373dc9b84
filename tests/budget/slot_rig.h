/* SPDX-License-Identifier: MIT */
/* A directory for slot files, and other processes that hold slots or wait for them. */
#ifndef WC_TESTS_BUDGET_SLOT_RIG_H
#define WC_TESTS_BUDGET_SLOT_RIG_H

#include <sys/types.h>

#include "budget/slot_wait.h"

#define RIG_DEVICE "platform:testdrv/video0 decoder"

extern char rig_directory[64];      /* mode 0700 */
extern char rig_path[128];          /* of the file of RIG_DEVICE in it */
extern const struct slot_record rig_record;

void rig_set_up(void);
void rig_tear_down(void);

/* Open the table of RIG_DEVICE; must succeed. */
void rig_open(struct slot_table *table);

/*
 * Start a process with a table of its own that calls work, tells that it came back, and stays until
 * it is killed. Returns when work is done.
 */
pid_t rig_start(void (*work)(struct slot_table *table));
void rig_hold_one(struct slot_table *table);
void rig_kill(pid_t pid);

/* Wait at most a second for the process to be in that state of /proc/PID/stat. */
void rig_await_state(pid_t pid, char state);

#endif
