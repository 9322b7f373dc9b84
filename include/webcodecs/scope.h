/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/scope.h
 * References that end with their scope, for C compilers that have the cleanup attribute (gcc and
 * clang). In C++ there are destructors; use std::unique_ptr.
 *
 *     WC_AUTO(video_frame) frame = NULL;
 *
 *     if (wc_video_frame_new(context, data, size, &init, &frame) < 0)
 *             return -1;
 *     if (write_picture(frame) < 0)
 *             return -1;                       // the frame is closed and released here
 *     keep(WC_TAKE(frame));                    // and here it is not: keep() owns it now
 *
 * Always give the variable a value, NULL at least. What happens to it at the end of its scope:
 *
 * | class                  | end                                                        |
 * |------------------------|------------------------------------------------------------|
 * | `video_frame`          | wc_video_frame_close() and wc_video_frame_unref()          |
 * | `encoded_video_chunk`  | wc_encoded_video_chunk_unref()                             |
 * | `video_decoder`        | wc_video_decoder_destroy()                                 |
 * | `video_encoder`        | wc_video_encoder_destroy()                                 |
 * | `video_converter`      | wc_video_converter_destroy()                               |
 * | `camera`               | wc_camera_destroy()                                        |
 * | `context`              | wc_context_unref()                                         |
 * | `camera_list`          | wc_camera_list_destroy()                                   |
 * | `device_list`          | wc_device_list_destroy()                                   |
 * | `census`               | wc_census_destroy()                                        |
 * | `frame_cache`          | wc_frame_cache_destroy()                                   |
 * | `usage_list`           | wc_usage_list_destroy()                                    |
 *
 * Variables end in the reverse order of their declaration, so declare the context first. A frame
 * that others hold references to, and shall stay open for them, is no case for this.
 */
#ifndef WEBCODECS_SCOPE_H
#define WEBCODECS_SCOPE_H

#include <webcodecs/budget.h>
#include <webcodecs/camera.h>
#include <webcodecs/census.h>
#include <webcodecs/context.h>
#include <webcodecs/device.h>
#include <webcodecs/encoded_video_chunk.h>
#include <webcodecs/frame_cache.h>
#include <webcodecs/video_converter.h>
#include <webcodecs/video_decoder.h>
#include <webcodecs/video_encoder.h>
#include <webcodecs/video_frame.h>

#if defined(__GNUC__) && !defined(__cplusplus)

/** A pointer to an object of the class, which ends with its scope. */
#define WC_AUTO(noun) __attribute__((cleanup(wc_auto_end_##noun))) struct wc_##noun *

/** The value of a variable of ::WC_AUTO, which is NULL afterwards: nothing ends with the scope. */
#define WC_TAKE(variable) \
	(__extension__({ \
		__typeof__(variable) wc_taken_ = (variable); \
		(variable) = NULL; \
		wc_taken_; \
	}))

/** @cond the functions behind WC_AUTO() */
#define WC_AUTO_DEFINE_(noun, end) \
	__attribute__((unused)) static inline void wc_auto_end_##noun(struct wc_##noun **object) \
	{ \
		end(*object); \
	}

WC_AUTO_DEFINE_(encoded_video_chunk, wc_encoded_video_chunk_unref)
WC_AUTO_DEFINE_(video_decoder, wc_video_decoder_destroy)
WC_AUTO_DEFINE_(video_encoder, wc_video_encoder_destroy)
WC_AUTO_DEFINE_(video_converter, wc_video_converter_destroy)
WC_AUTO_DEFINE_(camera, wc_camera_destroy)
WC_AUTO_DEFINE_(camera_list, wc_camera_list_destroy)
WC_AUTO_DEFINE_(context, wc_context_unref)
WC_AUTO_DEFINE_(device_list, wc_device_list_destroy)
WC_AUTO_DEFINE_(census, wc_census_destroy)
WC_AUTO_DEFINE_(frame_cache, wc_frame_cache_destroy)
WC_AUTO_DEFINE_(usage_list, wc_usage_list_destroy)

#define WC_AUTO_END_VIDEO_FRAME_(frame) (wc_video_frame_close(frame), wc_video_frame_unref(frame))
WC_AUTO_DEFINE_(video_frame, WC_AUTO_END_VIDEO_FRAME_)
/** @endcond */

#endif

#endif
