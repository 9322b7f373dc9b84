/* SPDX-License-Identifier: MIT */
/* Two threads count together without a lock: who looks for races must find this one. */
#include <pthread.h>
#include <stdlib.h>

static unsigned volatile sum;

static void *count(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++)
		sum++;
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, count, NULL) != 0)
			return EXIT_FAILURE;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return EXIT_SUCCESS;
}
