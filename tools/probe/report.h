/* SPDX-License-Identifier: MIT */
/* What was measured, for people. */
#ifndef WC_TOOLS_PROBE_REPORT_H
#define WC_TOOLS_PROBE_REPORT_H

#include "probe/round.h"

#define REPORT_ROUNDS 2

void report_target(const struct target *target, const struct coded *coded);
void report_round(unsigned number, const struct round *round);

/* The result, and what to do with it. */
void report_result(const struct target *target, const struct round rounds[REPORT_ROUNDS],
		   const struct others *others);

#endif
