/* SPDX-License-Identifier: MIT */
/* The snapshot for programs; wc-top(1) describes it. */
#ifndef WC_TOOLS_TOP_JSON_H
#define WC_TOOLS_TOP_JSON_H

#include "top/snapshot.h"

/* Print on standard output; its errors stay with the stream. 0, or -ENOMEM with nothing printed. */
int json_print(const struct snapshot *snapshot);

#endif
