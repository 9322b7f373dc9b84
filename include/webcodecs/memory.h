/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/memory.h
 * Memory of pictures and chunks: what kinds there are, which one pictures get, and how much of each
 * a context may have.
 *
 * What a picture should lie in depends on who has to share it, and on the board: a display without
 * an IOMMU shows contiguous memory only, which its own driver (DRM dumb buffers) or a dma-heap of
 * contiguous memory gives; a codec may take any pages; the processor alone needs no DMA-BUF.
 *
 * - wc_video_frame_alloc() makes a frame to draw into, in memory that fits its use.
 * - The library tries what fits in an order of its own, see ::wc_memory_use; the application may
 *   have the last word with wc_context_set_memory(), and then decoders' frames lie there, too.
 * - wc_context_get_memory_choice() tells what became of it, and why.
 *
 * Memory of another kind is never chosen silently: what is for a codec or a display is a DMA-BUF,
 * or there is an error.
 *
 * A context has budgets of bytes, one for each kind of memory and one for all kinds together, and
 * one of file descriptors. They bound what is made, and never touch what exists: frames and chunks
 * stay as they are when a budget is made smaller, and in each other respect.
 *
 * When a buffer would exceed a budget, what pools and caches keep idle is freed first. If that is
 * not enough there is no buffer:
 *
 * - a decoder that has lent its buffers to frames makes no more of them and copies pictures out
 *   into plain memory, as it does when the driver gives no more;
 * - where there is nothing to fall back to, wc_video_frame_new() and the like return
 *   ::WC_QUOTA_EXCEEDED_ERROR, and a codec closes with it: ::wc_error.resource tells what was
 *   short, quota how much there is, requested how much would have been in use. No other codec is
 *   closed for it.
 *
 * Long before, from 80 % of a budget of bytes on, a context that watches memory (see
 * webcodecs/pressure.h) is told of pressure ::WC_PRESSURE_BY_BUDGET, and climbs its ladder.
 */
#ifndef WEBCODECS_MEMORY_H
#define WEBCODECS_MEMORY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;

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

/**
 * Who shares the memory, as a set. What is tried, in this order:
 *
 * | use                       | tried                                |
 * |---------------------------|--------------------------------------|
 * | CPU alone                 | plain memory                         |
 * | display, with others too  | dumb buffers, dma-heaps, udmabuf     |
 * | codec and CPU             | dma-heaps, udmabuf, dumb buffers     |
 * | codec alone               | dma-heaps, dumb buffers, udmabuf     |
 *
 * Of the dma-heaps those of contiguous memory come first, then "system". The processor reads dumb
 * buffers slowly on many boards, because they are not cached.
 */
enum wc_memory_use {
	WC_MEMORY_FOR_CPU = 1,      /**< the processor reads and writes it */
	WC_MEMORY_FOR_CODEC = 2,    /**< codecs, cameras, converters: V4L2 */
	WC_MEMORY_FOR_DISPLAY = 4,  /**< KMS planes */
};

struct wc_context;

/** What the application decided. */
struct wc_memory_options {
	/** ::WC_MEMORY_PLAIN, ::WC_MEMORY_DUMB, ::WC_MEMORY_HEAP or ::WC_MEMORY_UDMABUF. */
	enum wc_memory_kind kind;
	/**
	 * Where from: a DRM primary node ("/dev/dri/card1"), a dma-heap (its name as "linux,cma",
	 * or a path), or NULL for the first display, or heap, that works. NULL for the other
	 * kinds. Copied.
	 */
	const char *name;
	uint64_t reserved[4];       /**< must be zero */
};

/**
 * Decide in what memory frames are made from now on, whatever they are for. The device is opened
 * once, to see that it is there. Frames that exist stay what they are.
 *
 * Decoders of devices heed it, too, when they get to know the size of a stream or it changes, and
 * so do converters when they are set up for a kind of frames: the device writes into DMA-BUFs of
 * that kind, which stay when the codec is closed, reset or reclaimed, while its hardware context is
 * free at once, whatever the driver. If the driver does not take them, and without a decision,
 * frames are in memory of the driver, ::WC_MEMORY_DRIVER; the log says why, as a warning, once for
 * each codec. Only of results for displays the library decides itself, see
 * ::wc_video_converter_config.use. ::wc_counters.bytes_by_kind tells what is where.
 *
 * @param options NULL: the library chooses again
 * @return ::WC_OK; ::WC_TYPE_ERROR for a kind that cannot be chosen, a name for a kind without
 *         names, one that is too long, or a reserved field that is set;
 *         ::WC_QUOTA_EXCEEDED_ERROR when the budgets, or the descriptors that are left, do not
 *         suffice to try it; ::WC_OPERATION_ERROR when the device cannot be opened or does not have
 *         such memory, with device and errno. On failure the choice before stays.
 *
 * Any thread; details of an error are kept for the thread of the context only.
 */
int wc_context_set_memory(struct wc_context *context, const struct wc_memory_options *options);

/** What frames of one use lie in. A plain value. */
struct wc_memory_choice {
	enum wc_memory_kind kind;
	char name[64];              /**< node or heap, NUL-terminated; empty: it has none */
	/**
	 * One line, NUL-terminated: what was chosen, who wanted it so, and what was tried before
	 * with the reason why not. Cut when too long.
	 */
	char reason[512];
	uint64_t reserved[4];
};

/**
 * What wc_video_frame_alloc() takes for a use, and why: of the last time that it chose, or if it
 * did not choose yet, by trying with a small buffer now.
 *
 * @param use set of ::wc_memory_use, not empty
 * @param[out] choice filled on success; when nothing works the reason is filled all the same
 * @return ::WC_OK; ::WC_TYPE_ERROR for a use that is none; ::WC_NOT_SUPPORTED_ERROR when nothing
 *         works; ::WC_QUOTA_EXCEEDED_ERROR when something might, and the budgets or the descriptors
 *         that are left do not suffice to try; ::WC_OPERATION_ERROR without memory.
 *
 * Any thread; details of an error are kept for the thread of the context only.
 */
int wc_context_get_memory_choice(struct wc_context *context, unsigned use,
				 struct wc_memory_choice *choice);

/** For wc_context_set_memory_budget(): all kinds together. */
#define WC_MEMORY_ALL_KINDS (-1)

/**
 * Say how much memory the buffers of a context may have.
 *
 * @param kind an enum wc_memory_kind, or ::WC_MEMORY_ALL_KINDS: what ::wc_counters.buffer_bytes
 *        counts, memory of the application's that is wrapped and of libavcodec's included
 * @param bytes 0: no limit, which is where each begins
 * @return ::WC_OK; ::WC_TYPE_ERROR when there is no such kind.
 *
 * Any thread. Counts for buffers that are made afterwards.
 */
int wc_context_set_memory_budget(struct wc_context *context, int kind, uint64_t bytes);

/**
 * Say how many file descriptors the devices and buffers of a context may have, as
 * ::wc_counters.descriptors counts them. Those of a context itself, a dozen at most, and those that
 * wc_video_frame_export_dma_buf() makes for the application are not among them.
 *
 * A device that exports its buffers needs one for each memory plane of each of them. A buffer for
 * which there is no descriptor is not made: without one its frames could not be shown, and would
 * keep the hardware context after their codec is closed. When the process or the system has none
 * left (EMFILE, ENFILE) the error is the same, with the limit of the process as quota.
 *
 * @param descriptors 0: the default, that is what RLIMIT_NOFILE allows the process now, less a
 *        quarter, but at most 256, for everything else. It is looked at when a context is made.
 *
 * Any thread. Counts for buffers that are made afterwards.
 */
void wc_context_set_descriptor_budget(struct wc_context *context, uint32_t descriptors);

#ifdef __cplusplus
}
#endif

#endif
