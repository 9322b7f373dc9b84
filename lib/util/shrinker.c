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

size_t shrinker_list_shrink(struct shrinker_list *list, size_t bytes)
{
	struct list *pos;
	size_t freed = 0;

	pthread_mutex_lock(&list->lock);
	list_for_each(pos, &list->shrinkers) {
		struct shrinker *shrinker = container_of(pos, struct shrinker, link);

		if (freed >= bytes)
			break;
		freed += shrinker->ops->shrink(shrinker, bytes - freed);
	}
	pthread_mutex_unlock(&list->lock);
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
