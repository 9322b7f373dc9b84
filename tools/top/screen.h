/* SPDX-License-Identifier: MIT */
/* The live display: screen.c with ncurses, no_screen.c without. */
#ifndef WC_TOOLS_TOP_SCREEN_H
#define WC_TOOLS_TOP_SCREEN_H

#include <stdbool.h>

#include "common/failure.h"
#include "top/snapshot.h"

/*
 * Show what is in a place, renewed every second, until the user quits, a signal comes, or the
 * terminal goes away. The terminal is as before when this returns. -1 with the failure set.
 */
int screen_run(const struct place *place, bool utf8, struct failure *failure);

#endif
