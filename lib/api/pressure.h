/* SPDX-License-Identifier: MIT */
/* Memory pressure in a context: the ladder is filled in with what the layers below can do. */
#ifndef WC_API_PRESSURE_H
#define WC_API_PRESSURE_H

struct wc_context;

/* Memory was taken: see whether it is getting short, if somebody watches. Cheap. */
void context_pressure_look(struct wc_context *context);

/* End the watch, if there is one: before the loop and the accountant go. */
void context_pressure_finish(struct wc_context *context);

#endif
