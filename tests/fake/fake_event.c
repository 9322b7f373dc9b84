/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <errno.h>
#include <string.h>

/*
 * Events after v4l2-event.c: one element a subscription for SOURCE_CHANGE, whose changes are
 * merged; two for EOS. An event nobody subscribed to is lost.
 */
#define EOS_ELEMENTS 2

static struct fake_subscription *subscription_find(struct fake_file *file, uint32_t type,
						   uint32_t id)
{
	unsigned int i;

	for (i = 0; i < file->subscription_count; i++)
		if (file->subscriptions[i].type == type && file->subscriptions[i].id == id)
			return &file->subscriptions[i];
	return NULL;
}

static void event_remove(struct fake_file *file, unsigned int index)
{
	file->event_count--;
	memmove(&file->events[index], &file->events[index + 1],
		(file->event_count - index) * sizeof(file->events[0]));
}

/* Makes room for a new event; returns the changes of the one that it replaces. */
static uint32_t event_make_room(struct fake_file *file, uint32_t type)
{
	unsigned int limit = type == V4L2_EVENT_EOS ? EOS_ELEMENTS : 1;
	unsigned int oldest = FAKE_MAX_EVENTS;
	unsigned int in_use = 0;
	uint32_t changes = 0;
	unsigned int i;

	for (i = file->event_count; i--;) {
		if (file->events[i].type == type) {
			in_use++;
			oldest = i;
		}
	}
	if (in_use < limit)
		return 0;
	if (type == V4L2_EVENT_SOURCE_CHANGE)
		changes = file->events[oldest].u.src_change.changes;
	event_remove(file, oldest);
	return changes;
}

void fake_event_queue(struct fake_file *file, uint32_t type, uint32_t changes)
{
	struct v4l2_event event = { .type = type };

	if (!subscription_find(file, type, 0))
		return;
	changes |= event_make_room(file, type);
	if (type == V4L2_EVENT_SOURCE_CHANGE)
		event.u.src_change.changes = changes;
	event.sequence = file->event_sequence++;
	file->events[file->event_count++] = event;
}

int fake_subscribe_event(struct fake_file *file, struct v4l2_event_subscription *sub)
{
	struct fake_subscription *free_entry;

	if (sub->reserved[0] || sub->reserved[1] || sub->reserved[2] || sub->reserved[3] ||
	    sub->reserved[4])
		fake_violate("reserved field of v4l2_event_subscription is not zero");
	if (sub->type == V4L2_EVENT_ALL || sub->type >= 32 ||
	    !(file->model->events >> sub->type & 1))
		return -EINVAL;
	if (subscription_find(file, sub->type, sub->id))
		return 0;
	if (file->subscription_count ==
	    sizeof(file->subscriptions) / sizeof(file->subscriptions[0]))
		return -ENOMEM;
	free_entry = &file->subscriptions[file->subscription_count++];
	free_entry->type = sub->type;
	free_entry->id = sub->id;
	return 0;
}

int fake_unsubscribe_event(struct fake_file *file, struct v4l2_event_subscription *sub)
{
	struct fake_subscription *found;
	unsigned int i;

	if (sub->type == V4L2_EVENT_ALL) {
		file->subscription_count = 0;
		file->event_count = 0;
		return 0;
	}
	found = subscription_find(file, sub->type, sub->id);
	if (!found)
		return 0;
	*found = file->subscriptions[--file->subscription_count];
	for (i = file->event_count; i--;)
		if (file->events[i].type == sub->type && file->events[i].id == sub->id)
			event_remove(file, i);
	return 0;
}

int fake_dqevent(struct fake_file *file, struct v4l2_event *event, bool nonblocking)
{
	while (file->event_count == 0) {
		if (nonblocking)
			return -ENOENT;
		if (!fake_step()) {
			fake_hang("blocking VIDIOC_DQEVENT without an event to come");
			return -EINTR;
		}
	}
	*event = file->events[0];
	event_remove(file, 0);
	event->pending = file->event_count;
	return 0;
}
