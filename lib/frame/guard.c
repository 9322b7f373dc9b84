/* SPDX-License-Identifier: MIT */
#include "frame/guard.h"

/* The word when nobody has seized the guard. */
static unsigned wait_for_seizure(struct guard *guard, pthread_mutex_t *seizures)
{
	unsigned word = atomic_load_explicit(&guard->word, memory_order_acquire);

	while (word & GUARD_SEIZED) {
		pthread_mutex_lock(seizures);
		pthread_mutex_unlock(seizures);
		word = atomic_load_explicit(&guard->word, memory_order_acquire);
	}
	return word;
}

static unsigned add(unsigned word, unsigned field)
{
	return field == GUARD_MAP && (word & GUARD_MAPS) == GUARD_MAPS ? word : word + field;
}

bool guard_use_slowly(struct guard *guard, unsigned field, pthread_mutex_t *seizures)
{
	unsigned word;

	do {
		word = wait_for_seizure(guard, seizures);
		if (word & GUARD_CLOSED)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&guard->word, &word, add(word, field),
							memory_order_acquire,
							memory_order_relaxed));
	return true;
}

bool guard_close_slowly(struct guard *guard, pthread_mutex_t *seizures)
{
	unsigned word;

	do {
		word = wait_for_seizure(guard, seizures);
		if (word & GUARD_CLOSED)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&guard->word, &word,
							word | GUARD_CLOSED,
							memory_order_acquire,
							memory_order_relaxed));
	return true;
}

/* A mapping keeps others from seizing, so there is none to wait for. */
void guard_unmap(struct guard *guard)
{
	unsigned word = atomic_load_explicit(&guard->word, memory_order_relaxed);
	unsigned maps;

	do {
		maps = word & GUARD_MAPS;
		if (!maps || maps == GUARD_MAPS)
			return;
	} while (!atomic_compare_exchange_weak_explicit(&guard->word, &word, word - GUARD_MAP,
							memory_order_release,
							memory_order_relaxed));
}

bool guard_seize(struct guard *guard)
{
	unsigned idle = 0;

	return atomic_compare_exchange_strong_explicit(&guard->word, &idle, GUARD_SEIZED,
						       memory_order_acquire,
						       memory_order_relaxed);
}
