/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/webcodecs.h
 * @mainpage libwebcodecs
 *
 * WebCodecs for C on embedded Linux. The objects of the W3C WebCodecs specification, over the
 * hardware codecs that Linux offers as V4L2 memory-to-memory devices, and over software codecs
 * where there are none.
 *
 *     application            wc_video_decoder, wc_video_encoder, wc_video_frame, ...
 *     ------------------------------------------------------------------------------
 *     libwebcodecs           control message queues, V4L2 protocols, buffers, budgets
 *     ------------------------------------------------------------------------------
 *     libv4l2, libavcodec    kernel: V4L2 stateful decoders and encoders, DMA-BUF
 *
 * It is not a player, a demultiplexer or a pipeline: chunks go in, frames come out, or the other
 * way round.
 *
 * Where to read what:
 * - webcodecs/codec.h: how every codec behaves (states, queues, flush, errors). Read it first.
 * - webcodecs/context.h: the descriptor to wait on, dispatch, log, counters.
 * - webcodecs/video_decoder.h, webcodecs/video_encoder.h: the codecs.
 * - webcodecs/video_converter.h: scaling and conversion of frames.
 * - webcodecs/video_frame.h, webcodecs/encoded_video_chunk.h: what goes in and out.
 * - webcodecs/budget.h: hardware contexts, how they are shared and reclaimed.
 * - webcodecs/pressure.h: what is done when memory is short.
 * - webcodecs/memory.h: kinds of memory.
 * - webcodecs/frame_cache.h: frames that may soon be wanted again.
 * - webcodecs/camera.h: frames from capture devices.
 * - webcodecs/device.h: which devices there are and what they can do.
 * - webcodecs/census.h: what exists, what leaks, and hooks for language bindings.
 * - webcodecs/scope.h: references that end with their scope.
 * - webcodecs/error.h: names and details of failures.
 *
 * Conventions of all headers:
 * - Objects are opaque. `new` makes one with one reference or one owner; `ref` and `unref`, or
 *   `destroy`, end it; they take NULL where they end.
 * - Functions that can fail return ::WC_OK or a negative ::wc_status and have then changed
 *   nothing; output pointers are then NULL.
 * - NULL for an object that is passed in, or for an output pointer, is ::WC_TYPE_ERROR where it is
 *   checked; do not rely on it for the first argument.
 * - Structs that describe something are zero by default and end with reserved fields, which must
 *   be zero, so that they can grow.
 * - Times are microseconds, sizes are bytes or pixels as said; descriptors are close-on-exec.
 * - Functions belong to the thread of their context unless they say "Any thread".
 */
#ifndef WEBCODECS_WEBCODECS_H
#define WEBCODECS_WEBCODECS_H

#include <webcodecs/budget.h>
#include <webcodecs/camera.h>
#include <webcodecs/census.h>
#include <webcodecs/codec.h>
#include <webcodecs/context.h>
#include <webcodecs/device.h>
#include <webcodecs/encoded_video_chunk.h>
#include <webcodecs/error.h>
#include <webcodecs/frame_cache.h>
#include <webcodecs/memory.h>
#include <webcodecs/pressure.h>
#include <webcodecs/scope.h>
#include <webcodecs/version.h>
#include <webcodecs/video_converter.h>
#include <webcodecs/video_decoder.h>
#include <webcodecs/video_encoder.h>
#include <webcodecs/video_frame.h>

#endif
