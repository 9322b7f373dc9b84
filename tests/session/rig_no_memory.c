/* SPDX-License-Identifier: MIT */
#include "session/rig.h"

struct frame_memory *rig_memory_new(struct core *core)
{
	(void)core;
	return NULL;
}
