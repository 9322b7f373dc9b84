/* SPDX-License-Identifier: MIT */
#include "top/screen.h"

int screen_run(const struct place *place, bool utf8, struct failure *failure)
{
	(void)place;
	(void)utf8;
	return failure_set(failure, "there is no display, this was built without ncurses; "
			   "try --once");
}
