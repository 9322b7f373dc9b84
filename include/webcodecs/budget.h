/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/budget.h
 * Hardware contexts: how many there are, who holds them, and who gives one up.
 *
 * A codec device runs a few streams at a time, two or four on many boards; each takes a *context*.
 * The library counts contexts per device and role, over all processes that use it: a file for each
 * device in /run/webcodecs (made by a tmpfiles.d entry), or in $XDG_RUNTIME_DIR/webcodecs, has a
 * locked place for each context. Without either, a process counts its own, and each of its contexts
 * for itself. What a process held is free the moment it ends, however it ends.
 *
 * How many may be taken is what the application says (wc_context_set_quota()), else the udev
 * property ID_WEBCODECS_CONTEXTS of the node, else the driver decides. What is known of drivers,
 * and what their refusals taught, is told in errors and keeps those who wait from trying in vain.
 *
 * **Pixel rate.** A device has so many macroblocks a second to share, too: ceil(width / 16) times
 * ceil(height / 16) times frames a second, of the coded size, summed over all that hold a context
 * of it in this role. How many there are is what the application says
 * (wc_context_set_rate_quota()), else the udev property ID_WEBCODECS_MACROBLOCK_RATE of the node;
 * if neither says anything, nobody is refused. What is not known of a codec counts as 1920x1080 and
 * as 30 frames a second, but at most as all that the device has: the first one always gets in. A
 * decoder's size is known when its configuration or its stream tells; its frame rate is not. What
 * turns out larger than it was taken for keeps its context, and counts for those that come later. A
 * configuration beyond the rate is treated like one that finds no context, as told next; one that
 * is too large for the device by itself fails at once.
 *
 * When a configuration finds no context, room is made, in this order:
 *
 * 1. a codec of the same context that may be reclaimed is closed;
 * 2. other contexts and processes are asked to give one up; their library decides by the same
 * rules;
 * 3. the configuration waits in line, as long as ::wc_video_decoder_config.context_wait says.
 *
 * Then the error callback gets QuotaExceededError, with quota, requested and holders, and
 * ::wc_error.resource tells whether it is contexts or the rate that is short. Those who wait for
 * the rate stand in no line: they look again four times a second, and a smaller picture that comes
 * later may be served first.
 *
 * **Who may be reclaimed** (W3C WebCodecs, section 11). A codec is *active* if it made progress on
 * its work queue in the last ten seconds (::wc_context_options.inactivity). An inactive codec may
 * be reclaimed. An active one in the foreground never; an active one in the background neither if
 * it is an encoder, a decoder beside an active encoder of the same kind in the same context, or an
 * audio decoder that can be heard. Nobody loses a context to a codec of lower priority. Codecs in
 * software hold no context. Converters count as decoders here.
 *
 * **Who goes first**: those marked for removal, then lower priority, then background before
 * foreground, then the longest without progress, then the larger picture, then the
 * oldest.
 *
 * A reclaimed codec is closed with QuotaExceededError: its error callback runs once, pending
 * flushes complete with it, and nothing comes out afterwards. Frames that came out before stay
 * valid.
 */
#ifndef WEBCODECS_BUDGET_H
#define WEBCODECS_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;
struct wc_video_converter;
struct wc_video_decoder;
struct wc_video_encoder;

/** What the application says of a codec, for reclaim. All zero is where each begins. */
struct wc_reclaim_traits {
	bool background;         /**< nobody looks at what it makes */
	bool audible;            /**< what it plays can be heard; audio decoders only */
	bool pending_removal;    /**< will be closed soon: of those that may go, this one first */
	int32_t priority;        /**< the higher, the more important */
	uint64_t reserved[4];    /**< must be zero */
};

/**
 * Say it of all codecs of a context that were told nothing of their own. A codec that goes to the
 * background counts as active anew.
 *
 * @param traits copied; NULL: all zero
 * @return ::WC_OK; ::WC_TYPE_ERROR for a reserved field that is not zero.
 *
 * Thread: that of the context.
 */
int wc_context_set_reclaim_traits(struct wc_context *context,
				  const struct wc_reclaim_traits *traits);

/**
 * Say it of one decoder.
 *
 * @param traits copied; NULL: those of the context again
 * @return ::WC_OK; ::WC_TYPE_ERROR for a reserved field that is not zero;
 *         ::WC_INVALID_STATE_ERROR when the decoder is closed.
 *
 * Thread: that of the context.
 */
int wc_video_decoder_set_reclaim_traits(struct wc_video_decoder *decoder,
					const struct wc_reclaim_traits *traits);

/** The same of one encoder. */
int wc_video_encoder_set_reclaim_traits(struct wc_video_encoder *encoder,
					const struct wc_reclaim_traits *traits);

/** The same of one converter. */
int wc_video_converter_set_reclaim_traits(struct wc_video_converter *converter,
					  const struct wc_reclaim_traits *traits);

/** Most contexts of one device that can be counted. */
#define WC_MAX_CONTEXTS 64

/**
 * Say how many contexts a device has; counts for codecs of this context.
 *
 * @param device node of a stateful decoder or encoder or of a converter: "/dev/video10"
 * @param contexts 1 to ::WC_MAX_CONTEXTS; 0: what is known otherwise
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p contexts is larger; ::WC_NOT_SUPPORTED_ERROR when there
 *         is no such device; ::WC_OPERATION_ERROR when devices or slots cannot be looked at.
 *
 * Thread: that of the context.
 */
int wc_context_set_quota(struct wc_context *context, const char *device, uint32_t contexts);

/**
 * Say how many macroblocks a second a device does in all; counts for codecs of this context that
 * are configured from now on.
 *
 * @param device node of a stateful decoder or encoder or of a converter: "/dev/video10"
 * @param macroblocks_per_second 0: what is known otherwise. 1920x1080 at 30 frames a second are
 *        244800.
 * @return as wc_context_set_quota().
 *
 * Thread: that of the context.
 */
int wc_context_set_rate_quota(struct wc_context *context, const char *device,
			      uint32_t macroblocks_per_second);

/** Contexts of one device in one role, as all processes hold them. A plain value. */
struct wc_usage {
	char device[256];        /**< what the device is, the same over reboots */
	uint32_t quota;          /**< how many there are, as far as was learned; 0: not known */
	uint32_t holder_count;   /**< contexts that are held */
	struct wc_holder holders[WC_MAX_CONTEXTS];
	uint32_t waiter_count;   /**< configurations that wait for one */
	uint32_t rate_quota;     /**< macroblocks a second that there are; 0: no holder knows */
	uint64_t rate;           /**< macroblocks a second that holders have together */
	uint64_t reserved[3];
};

struct wc_usage_list;

/**
 * Take a snapshot of the contexts of all devices that processes have used through the library,
 * since the machine started.
 *
 * @param[out] list to be given back with wc_usage_list_destroy(); NULL on failure
 * @return ::WC_OK, also when there is nothing; ::WC_OPERATION_ERROR.
 *
 * Thread: that of the context.
 */
int wc_usage_list_new(struct wc_context *context, struct wc_usage_list **list);

/** Free a list and what is in it. NULL is allowed. */
void wc_usage_list_destroy(struct wc_usage_list *list);

/** Number of devices and roles in the list. */
size_t wc_usage_list_get_count(const struct wc_usage_list *list);

/** @return an entry, which lives as long as the list; NULL when @p index is too large. */
const struct wc_usage *wc_usage_list_get(const struct wc_usage_list *list, size_t index);

#ifdef __cplusplus
}
#endif

#endif
