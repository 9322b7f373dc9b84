/* SPDX-License-Identifier: MIT */
/* The last line: what ran, how fast, and what was copied. */
#ifndef WC_TOOLS_SUMMARY_H
#define WC_TOOLS_SUMMARY_H

#include "transcode/pipeline.h"

/* Print it on standard error. The codecs must not be closed yet. */
void summary_print(const struct pipeline *pipeline);

#endif
