/* SPDX-License-Identifier: MIT */
/* The snapshot for people. */
#ifndef WC_TOOLS_TOP_TABLE_H
#define WC_TOOLS_TOP_TABLE_H

#include <stdbool.h>

#include "top/lines.h"
#include "top/snapshot.h"

/* Append it to lines; utf8: whether that may be on them. */
void table_format(const struct snapshot *snapshot, bool utf8, struct lines *lines);

/* Print it on standard output, whose errors stay with the stream. 0, or -ENOMEM. */
int table_print(const struct snapshot *snapshot, bool utf8);

#endif
