/* SPDX-License-Identifier: MIT */
#include "probe/wait.h"

#include "common/interrupt.h"
#include "util/clock.h"

#define PATIENCE INT64_C(10000000)
#define STEP_MS 100

bool wait_until(struct wc_context *context, const bool *done)
{
	int64_t end = clock_now() + PATIENCE;

	while (!*done && clock_now() < end && !interrupt_signal())
		if (wc_context_dispatch(context, STEP_MS) < 0)
			break;
	return *done;
}
