/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/pressure.h
 * Memory pressure: what the library notices, what it does about it, and what it tells.
 *
 * A context that watches (wc_context_watch_pressure()) knows one level of pressure. Reports come
 * from the service manager (`$MEMORY_PRESSURE_WATCH`), from the control group of the process
 * (`memory.pressure`, `memory.events`, `memory.current`), from the whole system
 * (`/proc/pressure/memory`), from contiguous device memory (CMA), from the budgets of the context,
 * and from the application (wc_context_note_pressure()). Each of them may be missing; none is an
 * error.
 *
 * The level rises with a report at once. It falls one step after 15 s without a report of its own
 * height or above, so that it takes 45 s at least from critical to none.
 *
 * On a report the context climbs a ladder and stops where enough has been freed, if it is known
 * how much is needed; else it takes every step of the level:
 *
 * | step                        | from level | what happens                                       |
 * |-----------------------------|------------|----------------------------------------------------|
 * | ::WC_PRESSURE_TRIM          | low        | idle buffers of pools and caches are freed         |
 * | ::WC_PRESSURE_STOP_GROWING  | medium     | pools take no more memory                          |
 * | ::WC_PRESSURE_THROTTLE      | medium     | decoders produce less ahead                        |
 * | ::WC_PRESSURE_SPILL         | medium     | frames that nobody uses move to plain memory       |
 * | ::WC_PRESSURE_RECLAIM       | critical   | codecs are closed that the W3C rules allow to close|
 * | ::WC_PRESSURE_FORCE_CLOSE   | critical   | if allowed, the oldest open frames are closed      |
 *
 * A throttled decoder loses nothing, and a flush of it completes whatever the application holds. On
 * a device it has as many output buffers queued as the driver needs, and no more made than the
 * application makes necessary by holding frames; beyond a few pictures are copied. What comes back
 * and is too much is freed if the driver can do that. In software it works on one chunk at a time,
 * and on the next when the application got what it made. While the application has more than 8 of
 * a decoder's frames open, clones included, the next ones come at least 20 ms apart. That goes for
 * all decoders of the context, also those made while the level is up. The step frees what a driver
 * lets go at once, often nothing.
 *
 * When the level falls, the steps that no longer belong to it are taken back, the last one first.
 * Closed codecs and frames stay closed.
 *
 * **Frames move to plain memory** (spill) from that of drivers, displays and heaps, when the
 * application has them open and nobody maps, copies or encodes them: all frames on a buffer, or
 * none. The frame, its handle and the layout stay, the content is copied
 * (::wc_counters.bytes_copied), and the buffer goes back to its codec or, when that is closed, is
 * freed. Such a frame is no DMA-BUF any more. Exported memory does not move. What is short decides
 * what moves: under pressure of the control group, or from the service manager, which speaks for
 * it, only plain memory that is far larger than its picture, since plain memory is charged to the
 * group and that of drivers is not; under pressure of the whole system also buffers that are freed
 * by it; else all. Buffers that a codec has back do not count as freed. Without memory for the
 * copy a frame stays where it is.
 *
 * **Frames are closed by force** only after wc_context_allow_force_close(): those of the
 * application that were made first go first, one after the other until enough memory was let go
 * of. If nobody knows how much is needed, it is one frame each time, and only when no other step
 * freed anything. Spared are frames that are mapped or being copied, clones that a codec or a cache
 * keeps, and frames in memory whose end would not help: under pressure of the control group that of
 * drivers, heaps and displays, which is not charged to it, and under a lack of contiguous memory
 * all other. What the step frees counts only when nobody else has it: a buffer that a clone keeps,
 * or that a codec goes on with, does not.
 *
 * While the level stays, the ladder is climbed again at most every 15 s; when it freed less than
 * was needed, already with the first report after 2 s, then 4 s, then 8 s. Reports that say how
 * much is wanted need not wait as long as something could be freed.
 *
 * Without pressure nothing runs but a timer that looks at CMA and at the limit of the control group
 * every 2 s.
 */
#ifndef WEBCODECS_PRESSURE_H
#define WEBCODECS_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;

/** How short memory is. Levels compare: a higher value is worse. */
enum wc_pressure_level {
	WC_PRESSURE_NONE = 0,   /**< nothing was reported lately */
	WC_PRESSURE_LOW,        /**< programs begin to wait for memory */
	WC_PRESSURE_MEDIUM,     /**< programs wait noticeably */
	WC_PRESSURE_CRITICAL,   /**< nothing gets on, or a limit is reached: killing is near */
};

/** A step of the ladder. */
enum wc_pressure_step {
	WC_PRESSURE_NO_STEP = 0,    /**< the level changed, no step was taken yet */
	WC_PRESSURE_TRIM,           /**< free what is idle */
	WC_PRESSURE_STOP_GROWING,   /**< let pools take no more */
	WC_PRESSURE_THROTTLE,       /**< let decoders produce less ahead */
	WC_PRESSURE_SPILL,          /**< move idle frames to plain memory */
	WC_PRESSURE_RECLAIM,        /**< close codecs with ::WC_QUOTA_EXCEEDED_ERROR */
	WC_PRESSURE_FORCE_CLOSE,    /**< close the oldest open frames */
};

/** Who reported pressure. */
enum wc_pressure_cause {
	WC_PRESSURE_BY_NOBODY = 0,    /**< the level fell by itself */
	WC_PRESSURE_BY_MANAGER,       /**< `$MEMORY_PRESSURE_WATCH` */
	WC_PRESSURE_BY_CGROUP,        /**< stalls, events or the limit of the own control group */
	WC_PRESSURE_BY_SYSTEM,        /**< stalls of the whole system */
	WC_PRESSURE_BY_DEVICE_MEMORY, /**< contiguous memory (CMA) is short or was refused */
	WC_PRESSURE_BY_BUDGET,        /**< a budget of the context is nearly used up */
	WC_PRESSURE_BY_APPLICATION,   /**< wc_context_note_pressure() */
};

/** What happened. A plain value that owns nothing. */
struct wc_pressure_event {
	/** The level now; for a step the level that it was taken for, which may be lower. */
	enum wc_pressure_level level;
	enum wc_pressure_step step;     /**< what was done; no step: the level changed */
	enum wc_pressure_cause cause;   /**< the report that led to it */
	int relaxed;                    /**< not 0: the step was taken back, since the level fell */
	uint64_t freed;                 /**< bytes that the step freed; as far as it is known */
	uint64_t wanted;                /**< bytes that were still wanted before it, 0 if unknown */
	uint64_t reserved[4];
};

/**
 * Is told of changes of the level and of each step, after it was taken.
 *
 * @param context the context
 * @param event valid during the call
 * @param user_data as given with the handler
 *
 * Runs inside wc_context_dispatch(), after the error callbacks of codecs that the step closed.
 * May call everything that callbacks may call; closing frames here is welcome.
 */
typedef void (*wc_pressure_handler)(struct wc_context *context,
				    const struct wc_pressure_event *event, void *user_data);

/**
 * Begin to watch memory, or end it. Until the first call nothing is watched and nothing is done:
 * a context that watches has up to nine descriptors more.
 *
 * @param context the context
 * @param handler is told; NULL ends the watch, and takes back what can be taken back
 * @param user_data handed to @p handler; the library never looks at it
 * @return ::WC_OK; ::WC_OPERATION_ERROR without memory.
 *
 * Thread: that of the context.
 */
int wc_context_watch_pressure(struct wc_context *context, wc_pressure_handler handler,
			      void *user_data);

/**
 * Report pressure that the application knows of. Counts as any other report: the level rises at
 * once, the ladder is climbed inside the next wc_context_dispatch(), and the level falls by itself.
 * ::WC_PRESSURE_NONE has no effect.
 *
 * @param context the context
 * @param level how short memory is
 * @param wanted bytes that would be enough, 0 if unknown
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p level is none of ::wc_pressure_level;
 *         ::WC_INVALID_STATE_ERROR when the context does not watch memory.
 *
 * Thread: that of the context.
 */
int wc_context_note_pressure(struct wc_context *context, enum wc_pressure_level level,
			     uint64_t wanted);

/**
 * Allow the library to close frames of the application's, as the last step of the ladder, or forbid
 * it, as at first. May be called before and during a watch.
 *
 * A frame that was closed so is as if the application had closed it at that moment, in whatever
 * thread it is used: no call on it crashes, those that need the picture return
 * ::WC_INVALID_STATE_ERROR, an encoder refuses it with an error that says why, and
 * wc_video_frame_get_close_reason() tells ::WC_CLOSED_UNDER_PRESSURE. References to the frame stay
 * the application's; closing it once more has no effect. To keep a frame from it, map it.
 *
 * @return ::WC_OK; ::WC_NOT_SUPPORTED_ERROR for true in a library without a census, which cannot
 *         find frames.
 *
 * Thread: that of the context.
 */
int wc_context_allow_force_close(struct wc_context *context, bool allow);

/** The level now; ::WC_PRESSURE_NONE when the context does not watch memory. */
enum wc_pressure_level wc_context_get_pressure(const struct wc_context *context);

/** The name of a level, for instance "critical"; a constant string, never NULL. Any thread. */
const char *wc_pressure_level_name(enum wc_pressure_level level);

/** The name of a step, for instance "stop growing"; a constant string, never NULL. Any thread. */
const char *wc_pressure_step_name(enum wc_pressure_step step);

#ifdef __cplusplus
}
#endif

#endif
