/* SPDX-License-Identifier: MIT */
/*
 * What frames and chunks need after their context is gone: the log, the counters, the census, the
 * stocks of small objects, and the list of what can give memory back. Counted references; the
 * context holds one, every frame, chunk, buffer, pool and cache too.
 */
#ifndef WC_UTIL_CORE_H
#define WC_UTIL_CORE_H

#include <stdatomic.h>
#include <stdint.h>

#include <webcodecs/memory.h>

#include "util/address_set.h"
#include "util/census.h"
#include "util/external_memory.h"
#include "util/log.h"
#include "util/memory_budget.h"
#include "util/shrinker.h"
#include "util/slab.h"
#include "util/waker.h"

typedef _Atomic uint64_t counter;

struct core {
	atomic_uint refs;
	struct log log;
	struct {
		counter video_frames, video_chunks;
		counter video_decoders, video_encoders, video_converters;
		counter hardware_contexts, buffers, buffer_bytes;
		counter frames_decoded, chunks_encoded, frames_converted, bytes_copied;
		counter bytes_by_kind[WC_MEMORY_KINDS];   /* of buffer_bytes */
		counter descriptors;     /* of devices and buffers */
		counter libv4l2_devices; /* places in the table of libv4l2 */
		counter fence_waits;     /* in the loop, for fences of other devices */
	} counters;
	struct census census;
	struct external_memory external_memory;
	struct address_set wrapped;      /* memory of the application's that buffers refer to */
	struct memory_budget memory;     /* limits of what buffers may have */
	struct shrinker_list shrinkers;  /* pools and caches */
	pthread_mutex_t seizures;        /* held while frames are seized: frame/guard.h */
	struct waker waker;      /* asked when there is a new buffer, or a pool keeps one */
	struct slab frames;      /* struct wc_video_frame */
	struct slab chunks;      /* struct wc_encoded_video_chunk */
};

/*
 * One reference, or NULL without memory. The object sizes are those of frames and chunks, which
 * begin with a struct roll_entry.
 */
struct core *core_new(size_t frame_size, size_t chunk_size);
struct core *core_ref(struct core *core);
void core_unref(struct core *core);

static inline void counter_add(counter *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static inline void counter_sub(counter *c, uint64_t n)
{
	atomic_fetch_sub_explicit(c, n, memory_order_relaxed);
}

#endif
