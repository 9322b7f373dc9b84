/* SPDX-License-Identifier: MIT */
#include "util/shrinker.h"

void shrinker_list_init(struct shrinker_list *list)
{
	pthread_mutex_init(&list->lock, NULL);
	list_init(&list->shrinkers);
	list->held = false;
	list->ticked = 0;
	list->age = 0;
}

void shrinker_list_finish(struct shrinker_list *list)
{
	pthread_mutex_destroy(&list->lock);
}

void shrinker_enter(struct shrinker_list *list, struct shrinker *shrinker,
		    const struct shrinker_ops *ops)
{
	shrinker->ops = ops;
	pthread_mutex_lock(&list->lock);
	list_append(&list->shrinkers, &shrinker->link);
	if (list->held && ops->hold_growth)
		ops->hold_growth(shrinker, true);
	pthread_mutex_unlock(&list->lock);
}

void shrinker_leave(struct shrinker_list *list, struct shrinker *shrinker)
{
	pthread_mutex_lock(&list->lock);
	list_remove(&shrinker->link);
	pthread_mutex_unlock(&list->lock);
}

/* Until something is left, or there is nothing more. */
static size_t shrink_locked(struct shrinker_list *list, size_t bytes, struct shrinker_left *left)
{
	struct list *pos;
	size_t freed = 0;

	pthread_mutex_lock(&list->lock);
	list_for_each(pos, &list->shrinkers) {
		struct shrinker *shrinker = container_of(pos, struct shrinker, link);

		if (freed >= bytes || left->object)
			break;
		freed += shrinker->ops->shrink(shrinker, bytes - freed, left);
	}
	pthread_mutex_unlock(&list->lock);
	return freed;
}

size_t shrinker_list_shrink(struct shrinker_list *list, size_t bytes)
{
	struct shrinker_left left;
	size_t freed = 0;

	do {
		left = (struct shrinker_left) { .object = NULL };
		freed += shrink_locked(list, bytes - freed, &left);
		if (left.object)
			freed += left.let_go(left.object);
	} while (left.object && freed < bytes);
	return freed;
}

void shrinker_list_hold_growth(struct shrinker_list *list, bool hold)
{
	struct list *pos;

	pthread_mutex_lock(&list->lock);
	list->held = hold;
	list_for_each(pos, &list->shrinkers) {
		struct shrinker *shrinker = container_of(pos, struct shrinker, link);

		if (shrinker->ops->hold_growth)
			shrinker->ops->hold_growth(shrinker, hold);
	}
	pthread_mutex_unlock(&list->lock);
}

bool shrinker_list_tick(struct shrinker_list *list, int64_t now)
{
	struct list *pos;
	bool ages = false;

	pthread_mutex_lock(&list->lock);
	list->age += now - list->ticked < 2 * SHRINKER_PERIOD ? now - list->ticked :
		     2 * SHRINKER_PERIOD;
	list->ticked = now;
	list_for_each(pos, &list->shrinkers) {
		struct shrinker *shrinker = container_of(pos, struct shrinker, link);

		if (shrinker->ops->tick)
			ages |= shrinker->ops->tick(shrinker, list->age);
	}
	pthread_mutex_unlock(&list->lock);
	return ages;
}

size_t shrinker_list_idle(struct shrinker_list *list)
{
	struct list *pos;
	size_t bytes = 0;

	pthread_mutex_lock(&list->lock);
	list_for_each(pos, &list->shrinkers) {
		struct shrinker *shrinker = container_of(pos, struct shrinker, link);

		if (shrinker->ops->idle)
			bytes += shrinker->ops->idle(shrinker);
	}
	pthread_mutex_unlock(&list->lock);
	return bytes;
}
