/* SPDX-License-Identifier: MIT */
/* The listing for people. */
#ifndef WC_TOOLS_TABLE_H
#define WC_TOOLS_TABLE_H

#include <webcodecs/webcodecs.h>

#include "list/options.h"

/* Print on standard output; its errors stay with the stream. */
void table_print(struct wc_context *context, const struct wc_device_list *devices,
		 const struct list_options *options);

#endif
