/* SPDX-License-Identifier: MIT */
/* The inside of struct wc_video_frame, for those who make frames. */
#ifndef WC_FRAME_VIDEO_FRAME_H
#define WC_FRAME_VIDEO_FRAME_H

#include <stdatomic.h>

#include <webcodecs/video_frame.h>

#include "frame/buffer.h"
#include "frame/guard.h"
#include "util/tiling.h"

struct convert_image;
struct pixel_format;
struct tally;

/*
 * How a picture lies in the objects of a buffer. With a tiling, stride is that of util/tiling.h; of
 * columns it is the bytes of all columns together, as displays want it. A tiling without a DRM
 * modifier has DRM_FORMAT_MOD_INVALID; a modifier whose tiling is not told is opaque.
 */
struct frame_format {
	uint32_t fourcc;
	uint64_t modifier;
	enum tiling tiling;                /* TILING_LINEAR with DRM_FORMAT_MOD_LINEAR only */
	uint32_t width, height;            /* coded size in pixels */
	unsigned n_planes;
	struct {
		unsigned object;
		size_t offset, stride;
	} planes[WC_MAX_PLANES];
};

/* Time of a picture or a chunk. */
struct timing {
	int64_t timestamp;                 /* microseconds */
	uint64_t duration;
	bool has_duration;
};

struct wc_video_frame {
	struct roll_entry entry;
	atomic_uint refs;
	struct guard guard;                /* of the memory */
	struct core *core;                 /* a reference */
	/*
	 * A pin; NULL when closed. Of a frame that was given it may become another one, or NULL,
	 * while the guard is seized and the lock of the roll is held: so it is looked into by who
	 * uses the guard or has the lock. memory and next_seized are for who has both.
	 */
	_Atomic(struct buffer *) buffer;
	enum wc_memory_kind memory;        /* of the buffer */
	struct wc_video_frame *next_seized;

	/* All else is constant once the frame was given, also when it is closed. */
	struct tally *tally;               /* a reference, entered while open; NULL: none */
	unsigned n_objects;                /* of the buffer */
	struct frame_format format;
	struct wc_rect visible;
	uint32_t display_width, display_height;
	struct timing timing;
	struct wc_video_color_space color_space;
	uint16_t rotation;
	bool flip;
	bool writable;                     /* map for writing is allowed */
	bool held;                         /* external memory was told of the buffer */
	atomic_uint accesses;              /* to a shared buffer, begun and not ended */
};

/*
 * A frame on buffer, of which it takes a pin of its own; everything else is set by the caller,
 * display size to the visible size. Nobody's leak until video_frame_give(). NULL without memory.
 */
struct wc_video_frame *video_frame_new(struct core *core, struct buffer *buffer,
				       const struct frame_format *format,
				       const struct wc_rect *visible, const struct timing *timing);

/* The second half of video_frame_new(), on an object of core->frames: cannot fail. */
void video_frame_setup(struct wc_video_frame *frame, struct core *core, struct buffer *buffer,
		       const struct frame_format *format, const struct wc_rect *visible,
		       const struct timing *timing);

/*
 * From here on the frame is the application's: it may be found by its handle, and counts as a leak.
 * Once, by who made the frame or is about to hand it out.
 */
void video_frame_give(struct wc_video_frame *frame);

/* Count the frame, and clones of it, in a tally. Once, before anybody else knows of the frame. */
void video_frame_count_in(struct wc_video_frame *frame, struct tally *tally);

/* For who closed the guard: the frame is closed from here on; its pin of the buffer is left. */
void video_frame_mark_closed(struct wc_video_frame *frame);

/* Undo what the frame did to a buffer that is no longer its own: calls the application's hook. */
void video_frame_drop(struct wc_video_frame *frame, struct buffer *buffer);

/*
 * With the lock of the roll held, for who found the frame there: a reference, unless another thread
 * is giving the last one back.
 */
bool video_frame_try_ref(struct wc_video_frame *frame);

/* A new reference to the application's open frame of that handle, or NULL. Any thread. */
struct wc_video_frame *video_frame_find(struct core *core, uint64_t handle);

/* Lay out tight planes of width by height pixels in one object; the bytes needed, 0 if too many. */
size_t frame_format_tight(struct frame_format *format, uint32_t fourcc, uint32_t width,
			  uint32_t height);

/*
 * The same with rows of stride bytes in the first plane, and of the others in proportion to their
 * samples. 0: as short as they can be with that rule. Returns 0 also when rows would not fit or
 * a stride not be a whole number.
 */
size_t frame_format_with_stride(struct frame_format *format, uint32_t fourcc, uint32_t width,
				uint32_t height, size_t stride);

/* Bytes of what a row of the first plane is made of: of one sample, or of YUYV half a one. */
unsigned frame_format_sample_bytes(const struct frame_format *format);

/*
 * What reading the picture gives: its own format of rows, or the rows that are made of its tiling.
 * NULL: the CPU cannot read it.
 */
const struct pixel_format *frame_format_pixels(const struct frame_format *format);

/*
 * Whether a plane of tiles or columns that we can undo lies within the first size bytes of its
 * object, and its stride and column have room for its rows.
 */
bool frame_format_tiles_fit(const struct frame_format *format, unsigned plane, size_t size);

/* Room for what frame_format_tiling_text() writes. */
#define TILING_TEXT 96

/*
 * For messages: the modifier's name, or of a layout without one that of its tiling. Returns text.
 */
const char *frame_format_tiling_text(const struct frame_format *format, char text[TILING_TEXT]);

/*
 * buffer_begin_access() of the frame's buffer, and its end; those without an end are ended when the
 * frame closes. What follows here, except video_frame_clone(), is for frames with an access.
 */
int video_frame_begin_access(struct wc_video_frame *frame, unsigned access);
void video_frame_end_access(struct wc_video_frame *frame);

/* The ::wc_status of an access, enum wc_map_access, that could not begin with that errno. */
int video_frame_access_status(int ret, unsigned access);

/* The CPU's address of a plane; NULL when the object is not mapped. */
uint8_t *video_frame_plane(const struct wc_video_frame *frame, unsigned plane);

/* Whether the CPU sees all planes. */
bool video_frame_is_mapped(const struct wc_video_frame *frame);

/*
 * A part of the picture as convert_frame() takes it. False when it does not lie in rows (see
 * video_frame_detile()), when the CPU cannot see it, or when a stride is beyond what libyuv and
 * libavcodec count. The part lies within the coded picture.
 */
bool video_frame_image(const struct wc_video_frame *frame, const struct wc_rect *part,
		       struct convert_image *image);

/*
 * Write a part of a picture that does not lie in rows to an image of rows: converted and scaled as
 * convert_frame() does where format or size differ, and then by way of a picture in plain memory.
 * The part lies within the coded picture and begins at a chroma sample. 0; -ENOTSUP when the CPU
 * cannot read or convert it, also when the memory is smaller than the layout says; -ENOMEM.
 */
int video_frame_detile(const struct wc_video_frame *frame, const struct wc_rect *part,
		       const struct convert_image *to);

/*
 * A part of the picture in rows: where it is, as video_frame_image() has it, with NULL in *memory;
 * or of what does not lie in rows, made in *memory, which goes to free(). 0, -ENOTSUP or -ENOMEM as
 * video_frame_detile(). The part lies within the coded picture and begins at a chroma sample.
 */
int video_frame_rows(const struct wc_video_frame *frame, const struct wc_rect *part,
		     struct convert_image *rows, uint8_t **memory);

/*
 * A new pin of the frame's buffer, for a codec that outlasts a close by the application. It is not
 * the application's, so its memory stays where it is. NULL without memory, or when the frame was
 * closed meanwhile, under pressure.
 */
struct wc_video_frame *video_frame_clone(const struct wc_video_frame *frame);

/* The ::wc_status of a clone that was not to be had. */
int video_frame_clone_failed(const struct wc_video_frame *frame);

#endif
