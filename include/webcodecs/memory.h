/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/memory.h
 * Kinds of memory that pictures and chunks lie in.
 */
#ifndef WEBCODECS_MEMORY_H
#define WEBCODECS_MEMORY_H

#ifdef __cplusplus
extern "C" {
#endif

/** Who made the memory of a buffer. The numbers are those of ::wc_counters.bytes_by_kind. */
enum wc_memory_kind {
	WC_MEMORY_PLAIN = 0,     /**< the library, on the heap */
	WC_MEMORY_WRAPPED,       /**< the application: wc_video_frame_new_wrapped() */
	WC_MEMORY_DRIVER,        /**< a codec's driver; exported as DMA-BUF where it can */
	WC_MEMORY_DUMB,          /**< a display's driver: a DRM dumb buffer, as DMA-BUF */
	WC_MEMORY_HEAP,          /**< a dma-heap, as DMA-BUF */
	WC_MEMORY_UDMABUF,       /**< sealed memfd pages, as DMA-BUF by way of udmabuf */
	WC_MEMORY_IMPORTED,      /**< somebody else: a DMA-BUF that was imported */
};

/** How many kinds there are. */
#define WC_MEMORY_KINDS 7

/** The name of a kind, for instance "dumb"; a constant string, never NULL. Any thread. */
const char *wc_memory_kind_name(enum wc_memory_kind kind);

#ifdef __cplusplus
}
#endif

#endif
