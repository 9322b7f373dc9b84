/* SPDX-License-Identifier: MIT */
#include <webcodecs/budget.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/context.h"
#include "budget/holder.h"
#include "budget/usage.h"
#include "util/clock.h"

_Static_assert(WC_MAX_CONTEXTS == SLOT_MAX, "every slot can be listed");

struct wc_usage_list {
	size_t count;
	struct wc_usage entries[];
};

static void describe(const struct usage_table *from, int64_t now, struct wc_usage *to)
{
	snprintf(to->device, sizeof to->device, "%s", from->device);
	to->quota = from->quota;
	to->holder_count = from->n_holders;
	for (unsigned i = 0; i < from->n_holders; i++)
		holder_describe(&from->holders[i], now, &to->holders[i]);
	to->waiter_count = from->n_waiters;
	to->rate_quota = from->rate_quota;
	to->rate = from->rate;
}

static struct wc_usage_list *make_list(const struct usage *usage)
{
	struct wc_usage_list *list;
	int64_t now = clock_now();

	list = calloc(1, sizeof *list + usage->n_tables * sizeof list->entries[0]);
	if (!list)
		return NULL;
	list->count = usage->n_tables;
	for (size_t i = 0; i < usage->n_tables; i++)
		describe(&usage->tables[i], now, &list->entries[i]);
	return list;
}

int wc_usage_list_new(struct wc_context *context, struct wc_usage_list **out)
{
	struct usage usage;
	int ret;

	if (!out)
		return context_fail(context, WC_TYPE_ERROR, "no place for the list");
	*out = NULL;
	ret = usage_init(&usage, context->accountant.directory, true);
	if (ret < 0)
		return context_fail_errno(context, -ret, "look at the slots of devices");
	*out = make_list(&usage);
	usage_finish(&usage);
	if (!*out)
		return context_fail_errno(context, ENOMEM, "list the usage of devices");
	return WC_OK;
}

void wc_usage_list_destroy(struct wc_usage_list *list)
{
	free(list);
}

size_t wc_usage_list_get_count(const struct wc_usage_list *list)
{
	return list->count;
}

const struct wc_usage *wc_usage_list_get(const struct wc_usage_list *list, size_t index)
{
	return index < list->count ? &list->entries[index] : NULL;
}
