/* SPDX-License-Identifier: MIT */
/* The listing for programs; wc-list(1) describes it. */
#ifndef WC_TOOLS_JSON_H
#define WC_TOOLS_JSON_H

#include <webcodecs/webcodecs.h>

#include "list/options.h"

/* Print on standard output; its errors stay with the stream. 0, or -ENOMEM with nothing printed. */
int json_print(struct wc_context *context, const struct wc_device_list *devices,
	       const struct list_options *options);

#endif
