/* SPDX-License-Identifier: MIT */
/*
 * A buffer taken from the pool and given back, beside the same with GStreamer's GstBufferPool.
 *
 *     pool THREADS PAIRS ours|peer
 *
 * Both are measured, one after the other; the last argument says which comes first. Each thread
 * makes PAIRS pairs of get and put on one pool of ten buffers of 4096 bytes, and both pools are
 * warm. Prints pairs a second of both.
 */
#include <gst/gst.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "frame/encoded_video_chunk.h"
#include "frame/pool.h"
#include "frame/video_frame.h"

#define BUFFERS 10
#define BUFFER_SIZE 4096
#define MOST_THREADS 16

struct subject {
	void (*turn)(void *pool);      /* one get and one put */
	void *pool;
	unsigned pairs;
	pthread_barrier_t start;
};

static void our_turn(void *pool)
{
	struct buffer *buffer;

	if (pool_try(pool, 0, &buffer) < 0)
		die("the pool has no buffer");
	buffer_unpin(buffer);
}

static void peer_turn(void *pool)
{
	GstBuffer *buffer;

	if (gst_buffer_pool_acquire_buffer(pool, &buffer, NULL) != GST_FLOW_OK)
		die("GstBufferPool has no buffer");
	gst_buffer_unref(buffer);
}

static void *run(void *data)
{
	struct subject *subject = data;

	pthread_barrier_wait(&subject->start);
	for (unsigned i = 0; i < subject->pairs; i++)
		subject->turn(subject->pool);
	return NULL;
}

/* Pairs a second of all threads together. */
static double measure(struct subject *subject, unsigned n)
{
	struct timespec begin, end;
	pthread_t threads[MOST_THREADS];

	for (unsigned i = 0; i < subject->pairs / 10; i++)
		subject->turn(subject->pool);
	pthread_barrier_init(&subject->start, NULL, n);
	for (unsigned i = 1; i < n; i++)
		if (pthread_create(&threads[i], NULL, run, subject) != 0)
			die("cannot start a thread");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	run(subject);
	for (unsigned i = 1; i < n; i++)
		pthread_join(threads[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	pthread_barrier_destroy(&subject->start);
	return (double)n * subject->pairs / ((double)(end.tv_sec - begin.tv_sec) +
					     (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
}

static double measure_ours(unsigned threads, unsigned pairs)
{
	struct pool_options options = { .key.size = BUFFER_SIZE, .min = BUFFERS,
					.max.buffers = BUFFERS };
	struct core *core = core_new(sizeof(struct wc_video_frame),
				     sizeof(struct wc_encoded_video_chunk));
	struct subject subject = { .turn = our_turn, .pairs = pairs };
	struct pool *pool;
	double speed;

	if (!core || pool_new_with(core, &options, &pool) < 0)
		die("cannot make the pool");
	subject.pool = pool;
	speed = measure(&subject, threads);
	pool_close(pool);
	core_unref(core);
	return speed;
}

static double measure_peer(unsigned threads, unsigned pairs)
{
	GstBufferPool *pool = gst_buffer_pool_new();
	GstStructure *config = gst_buffer_pool_get_config(pool);
	struct subject subject = { .turn = peer_turn, .pool = pool, .pairs = pairs };
	double speed;

	gst_buffer_pool_config_set_params(config, NULL, BUFFER_SIZE, BUFFERS, BUFFERS);
	if (!gst_buffer_pool_set_config(pool, config) || !gst_buffer_pool_set_active(pool, TRUE))
		die("cannot make the GstBufferPool");
	speed = measure(&subject, threads);
	gst_buffer_pool_set_active(pool, FALSE);
	gst_object_unref(pool);
	return speed;
}

int main(int argc, char **argv)
{
	unsigned threads = argc == 4 ? (unsigned)atoi(argv[1]) : 0;
	unsigned pairs = argc == 4 ? (unsigned)atoi(argv[2]) : 0;
	double ours = 0, peer;

	if (threads < 1 || threads > MOST_THREADS || pairs < 1 ||
	    (strcmp(argv[3], "ours") && strcmp(argv[3], "peer")))
		die("usage: THREADS PAIRS ours|peer");
	gst_init(NULL, NULL);
	if (!strcmp(argv[3], "ours"))
		ours = measure_ours(threads, pairs);
	peer = measure_peer(threads, pairs);
	if (!strcmp(argv[3], "peer"))
		ours = measure_ours(threads, pairs);
	printf("threads=%u ours=%.0f peer=%.0f\n", threads, ours, peer);
	gst_deinit();
	return 0;
}
