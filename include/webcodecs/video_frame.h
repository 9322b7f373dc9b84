/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/video_frame.h
 * VideoFrame: a picture, its geometry, its colours and its time (W3C WebCodecs, section 9.4).
 *
 * A frame is a small object that refers to a *buffer*: the memory of the picture, often a
 * DMA-BUF that belongs to a codec. Several frames may refer to one buffer.
 *
 * - wc_video_frame_ref() and wc_video_frame_unref() count references to one frame object.
 * - wc_video_frame_clone() makes a second frame on the same buffer.
 * - wc_video_frame_close() lets go of the buffer at once, for every holder of that frame object;
 *   what is left has a time stamp and nothing else. The last unref closes too.
 *
 * The buffer outlives its codec and its context: a frame stays readable after
 * wc_video_decoder_destroy() and wc_context_unref(). As long as a frame is open its codec has one
 * buffer less; the library never waits for it, it adds buffers or copies the picture out
 * (counted in ::wc_counters.bytes_copied), so that a flush completes whatever the application
 * holds.
 *
 * Some devices decode to pictures that do not lie in rows: in tiles, in columns, or compressed.
 * Such a frame has the format ::WC_PIXEL_FORMAT_NONE and in its layout a modifier other than
 * DRM_FORMAT_MOD_LINEAR, and nothing takes it for one of rows: it cannot be mapped. It can be
 * exported, with its modifier. wc_video_frame_copy_to(), and encoders that copy, make rows of the
 * tilings that the library knows: of NV12 those of s5p-mfc, hantro, cedrus, mtk-vcodec, amphion
 * and ivtv, and the columns of the Raspberry Pi, also those of 10 bits. DRM_FORMAT_MOD_INVALID in
 * the layout of a frame stands for one that the kernel has no modifier for: such frames can be
 * copied, but not exported.
 *
 * All functions here may be called from any thread; one frame object may be used by several
 * threads when they only read it. close() must not race with a use of the same object; give
 * each thread a clone.
 *
 * Under memory pressure, in contexts that watch it (pressure.h), a frame that nobody maps may get
 * other memory: its content and layout stay, but it is no DMA-BUF any more. A frame that only
 * devices can read stays where it is. And if the application allows that, the oldest frames are
 * closed: see wc_video_frame_get_close_reason().
 */
#ifndef WEBCODECS_VIDEO_FRAME_H
#define WEBCODECS_VIDEO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/error.h>
#include <webcodecs/memory.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;
struct wc_video_frame;

/** Most planes of a picture, and most memory objects. */
#define WC_MAX_PLANES 4

/** VideoPixelFormat of the specification. ::WC_PIXEL_FORMAT_NONE is its null. */
enum wc_pixel_format {
	WC_PIXEL_FORMAT_NONE = 0,    /**< a format without a name in the specification, or closed */
	WC_PIXEL_FORMAT_I420,
	WC_PIXEL_FORMAT_I420P10,
	WC_PIXEL_FORMAT_I420P12,
	WC_PIXEL_FORMAT_I420A,
	WC_PIXEL_FORMAT_I422,
	WC_PIXEL_FORMAT_I422P10,
	WC_PIXEL_FORMAT_I422P12,
	WC_PIXEL_FORMAT_I444,
	WC_PIXEL_FORMAT_I444P10,
	WC_PIXEL_FORMAT_I444P12,
	WC_PIXEL_FORMAT_NV12,
	WC_PIXEL_FORMAT_RGBA,
	WC_PIXEL_FORMAT_RGBX,
	WC_PIXEL_FORMAT_BGRA,
	WC_PIXEL_FORMAT_BGRX,
};

/** The specification's name, for instance "I420"; "null" for ::WC_PIXEL_FORMAT_NONE. */
const char *wc_pixel_format_name(enum wc_pixel_format format);

/**
 * Colour description. The numbers are those of ITU-T H.273, except that 0 is the specification's
 * null and that the RGB matrix, 0 in H.273, is 256.
 */
enum wc_color_primaries {
	WC_PRIMARIES_UNSPECIFIED = 0,
	WC_PRIMARIES_BT709 = 1,
	WC_PRIMARIES_BT470BG = 5,
	WC_PRIMARIES_SMPTE170M = 6,
	WC_PRIMARIES_BT2020 = 9,
	WC_PRIMARIES_SMPTE432 = 12,
};

/** Transfer characteristics (VideoTransferCharacteristics); see ::wc_color_primaries. */
enum wc_color_transfer {
	WC_TRANSFER_UNSPECIFIED = 0,
	WC_TRANSFER_BT709 = 1,
	WC_TRANSFER_SMPTE170M = 6,
	WC_TRANSFER_LINEAR = 8,
	WC_TRANSFER_IEC61966_2_1 = 13,
	WC_TRANSFER_PQ = 16,
	WC_TRANSFER_HLG = 18,
};

/** Matrix coefficients (VideoMatrixCoefficients); see ::wc_color_primaries. */
enum wc_color_matrix {
	WC_MATRIX_UNSPECIFIED = 0,
	WC_MATRIX_BT709 = 1,
	WC_MATRIX_BT470BG = 5,
	WC_MATRIX_SMPTE170M = 6,
	WC_MATRIX_BT2020_NCL = 9,
	WC_MATRIX_RGB = 256,
};

/** Range of the numbers (fullRange of the specification). */
enum wc_color_range {
	WC_COLOR_RANGE_UNSPECIFIED = 0,
	WC_COLOR_RANGE_LIMITED = 1,
	WC_COLOR_RANGE_FULL = 2,
};

/** VideoColorSpace of the specification; a member that is 0 is null. */
struct wc_video_color_space {
	enum wc_color_primaries primaries;
	enum wc_color_transfer transfer;
	enum wc_color_matrix matrix;
	enum wc_color_range range;
};

/** A rectangle in pixels; x and y from the upper left corner of the coded picture. */
struct wc_rect {
	uint32_t x, y, width, height;
};

/** Where a plane lies: bytes from the start of its memory, and bytes from row to row. */
struct wc_plane_layout {
	size_t offset;
	size_t stride;
};

/** What describes a new frame. Zero means the default where one is named. */
struct wc_video_frame_init {
	/** DRM fourcc of the picture, for instance DRM_FORMAT_YUV420 (I420) or DRM_FORMAT_NV12. */
	uint32_t fourcc;
	uint32_t coded_width;          /**< pixels, not 0 */
	uint32_t coded_height;         /**< pixels, not 0 */
	struct wc_rect visible_rect;   /**< default: all of the coded picture */
	uint32_t display_width;        /**< default: visible width; both or none */
	uint32_t display_height;
	int64_t timestamp;             /**< microseconds */
	uint64_t duration;             /**< microseconds, if has_duration */
	bool has_duration;
	bool flip;                     /**< mirror horizontally, after the rotation */
	uint16_t rotation;             /**< clockwise degrees: 0, 90, 180 or 270 */
	struct wc_video_color_space color_space;
	/** Layout of the data; default (plane_count 0): tight planes one after the other. */
	uint32_t plane_count;
	struct wc_plane_layout planes[WC_MAX_PLANES];
	uint64_t reserved[8];          /**< must be zero */
};

/**
 * Make a frame from a copy of @p data (the constructor of the specification that takes a
 * BufferSource).
 *
 * @param context whose counters and log the frame belongs to
 * @param data the planes as @p init lays them out; copied, stays the caller's
 * @param size bytes of @p data; larger than needed is allowed
 * @param init geometry, format and time
 * @param[out] frame on success a frame with one reference, to be given back with
 *        wc_video_frame_unref(); NULL on failure
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p init is not valid or @p size too small;
 *         ::WC_NOT_SUPPORTED_ERROR for a fourcc without a linear layout known to the library;
 *         ::WC_OPERATION_ERROR without memory.
 */
int wc_video_frame_new(struct wc_context *context, const void *data, size_t size,
		       const struct wc_video_frame_init *init, struct wc_video_frame **frame);

/**
 * Called once when the memory given to wc_video_frame_new_wrapped() or
 * wc_video_frame_new_dma_buf() is no longer used: from any thread, and from inside any call that
 * may drop the last use, which are those too that make frames and chunks, since cached frames go
 * when a budget is used up. It may close frames and give them back, and wait for locks of the
 * application's. It must not call codecs or the context.
 */
typedef void (*wc_release_callback)(void *user_data);

/**
 * Make a frame on memory of the application's, without a copy.
 *
 * As wc_video_frame_new(), but @p data must stay valid and unchanged until @p release was called,
 * from whatever thread drops the last use. On failure @p release is not called.
 *
 * @param release NULL when nobody needs to be told
 * @return as wc_video_frame_new(), and ::WC_INVALID_STATE_ERROR when a buffer of this context was
 *         wrapped at the same address and is not released yet: two would not know of each other's
 *         use of the memory. Make a clone of the frame there is.
 */
int wc_video_frame_new_wrapped(struct wc_context *context, void *data, size_t size,
			       const struct wc_video_frame_init *init,
			       wc_release_callback release, void *user_data,
			       struct wc_video_frame **frame);

/**
 * Make a frame to draw into, in memory that others can share: what an encoder is fed with, or a
 * display shows, without a copy. The content is undefined. Write it between wc_video_frame_map()
 * and wc_video_frame_unmap(), or let a device write it: wc_video_frame_export_dma_buf().
 *
 * Buffers of frames that are gone are used again for frames of the same kind; what is idle for
 * long, or when memory is short, is freed.
 *
 * @param init geometry, format and time. With plane_count 0 planes follow each other without gaps,
 *        rows are as long as they need to be, or longer where the driver of a display wants it so:
 *        see wc_video_frame_get_layout(). Else planes lie as given.
 * @param use set of ::wc_memory_use: who shares the memory
 * @param[out] frame on success a frame with one reference, to be given back with
 *        wc_video_frame_unref(); NULL on failure
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p init is not valid or @p use is no set of uses;
 *         ::WC_NOT_SUPPORTED_ERROR for a fourcc without a linear layout known to the library, and
 *         when no memory for that use is to be had: the message says what was tried;
 *         ::WC_QUOTA_EXCEEDED_ERROR when the budgets of the context have no room for it in any
 *         kind of memory that fits, or no descriptor is left; ::WC_OPERATION_ERROR without memory.
 */
int wc_video_frame_alloc(struct wc_context *context, const struct wc_video_frame_init *init,
			 unsigned use, struct wc_video_frame **frame);

struct wc_dma_buf;

/**
 * Make a frame on DMA-BUFs of any maker: a camera, a decoder, a GPU, a display, another process.
 * Nothing is copied, and an encoder whose device can reads the memory where it is.
 *
 * The descriptors stay the caller's, who may close them as soon as this returns: the frame has
 * duplicates. The *content* must stay unchanged until @p release was called.
 *
 * Import each DMA-BUF of a circulating set once, and make a frame for each use of it with
 * wc_video_frame_new_from(), or import it anew for each use: in both cases a device attaches it
 * once only, since DMA-BUFs are recognised by their inodes and not by descriptors.
 *
 * The CPU sees the picture when it is mapped or copied, not before: only then is the memory mapped,
 * and the kernel told of the access (DMA_BUF_IOCTL_SYNC), which waits for devices that still write.
 * An exporter may refuse the CPU; then wc_video_frame_map() and wc_video_frame_copy_to() say
 * ::WC_NOT_SUPPORTED_ERROR, and the frame is good for devices. A descriptor that is open for
 * reading only makes a read-only frame.
 *
 * The picture need not be finished yet. Encoders wait, without blocking, for the fences that the
 * devices which write it have left on the objects (implicit fences), and for ::wc_dma_buf
 * .acquire_fence; frames stay in order. See wc_video_frame_export_sync_file() for the rest of
 * fences.
 *
 * Needs Linux 5.3.
 *
 * @param dma_buf what the picture is and how it lies; read during the call. An object that is named
 *        twice is joined with itself. Offsets are from the start of the object. With another
 *        modifier than DRM_FORMAT_MOD_LINEAR the planes are handed on as they are. Tilings that
 *        the library knows must lie within the objects, and can be copied out; of the others it
 *        checks where planes begin, and no more.
 * @param init time, visible part, display size, rotation and colours; NULL for none of these.
 *        fourcc, coded size and planes are @p dma_buf's: leave them 0.
 * @param release NULL when nobody needs to be told; else called once when the memory is no longer
 *        used, as ::wc_release_callback says. Not called when this fails.
 * @param[out] frame on success a frame with one reference; NULL on failure
 * @return ::WC_OK; ::WC_TYPE_ERROR with a message that says which object or plane is wrong: a
 *         descriptor that is closed or no DMA-BUF, an object that is too small for its planes, one
 *         that there is not, a stride below the bytes of a row, planes that overlap, numbers that
 *         overflow, no planes; ::WC_NOT_SUPPORTED_ERROR for DRM_FORMAT_MOD_INVALID, or for a fourcc
 *         without a linear layout known to the library and a linear modifier;
 *         ::WC_QUOTA_EXCEEDED_ERROR when the budgets of the context have no room for its bytes or
 *         descriptors, or no descriptor is left; ::WC_OPERATION_ERROR without memory.
 */
int wc_video_frame_new_dma_buf(struct wc_context *context, const struct wc_dma_buf *dma_buf,
			       const struct wc_video_frame_init *init,
			       wc_release_callback release, void *user_data,
			       struct wc_video_frame **frame);

/** Take a reference to the frame object; returns @p frame. */
struct wc_video_frame *wc_video_frame_ref(struct wc_video_frame *frame);

/** Give a reference back; the last one closes and frees the frame. NULL is allowed. */
void wc_video_frame_unref(struct wc_video_frame *frame);

/**
 * Make a second frame on the same buffer (clone() of the specification).
 *
 * @param[out] clone on success a frame with one reference, the caller's; NULL on failure
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when @p frame is closed; ::WC_OPERATION_ERROR
 *         without memory.
 */
int wc_video_frame_clone(struct wc_video_frame *frame, struct wc_video_frame **clone);

/** What a second frame on the same buffer says otherwise. All zero: nothing. */
struct wc_video_frame_override {
	bool has_timestamp;
	bool has_duration;
	int64_t timestamp;             /**< microseconds, if has_timestamp */
	uint64_t duration;             /**< microseconds, if has_duration */
	struct wc_rect visible_rect;   /**< all 0: that of the first frame */
	/** All 0: the first frame's, scaled as the visible size is. Both or none. */
	uint32_t display_width, display_height;
	uint64_t reserved[4];          /**< must be zero */
};

/**
 * Make a second frame on the same buffer, with another time or another visible part (the
 * constructor of the specification that takes a frame).
 *
 * @param override NULL: as wc_video_frame_clone()
 * @param[out] out on success a frame with one reference, the caller's; NULL on failure
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when @p frame is closed; ::WC_TYPE_ERROR when the
 *         rectangle does not fit or is not aligned to the chroma samples, for one display size
 *         without the other, or when a reserved field is set; ::WC_NOT_SUPPORTED_ERROR for a
 *         rectangle on a format without a linear layout known to the library;
 *         ::WC_OPERATION_ERROR without memory.
 */
int wc_video_frame_new_from(struct wc_video_frame *frame,
			    const struct wc_video_frame_override *override,
			    struct wc_video_frame **out);

/**
 * Let go of the buffer now. The frame object stays, with format none and sizes 0; timestamp and
 * duration remain. Closing twice is fine. NULL is allowed.
 */
void wc_video_frame_close(struct wc_video_frame *frame);

/** True once the frame was closed. */
bool wc_video_frame_is_closed(const struct wc_video_frame *frame);

/** Why a frame is closed. */
enum wc_close_reason {
	WC_NOT_CLOSED = 0,           /**< it is open */
	WC_CLOSED_BY_APPLICATION,    /**< wc_video_frame_close() or wc_video_frame_finalize() */
	/** The library, for lack of memory; only where wc_context_allow_force_close() allows it. */
	WC_CLOSED_UNDER_PRESSURE,
};

/** Why the frame is closed, if it is. */
enum wc_close_reason wc_video_frame_get_close_reason(const struct wc_video_frame *frame);

/** The format, ::WC_PIXEL_FORMAT_NONE for formats the specification does not know, or closed. */
enum wc_pixel_format wc_video_frame_get_format(const struct wc_video_frame *frame);

/** The DRM fourcc of the format, known for every open frame; 0 when closed. */
uint32_t wc_video_frame_get_fourcc(const struct wc_video_frame *frame);

/** Presentation time in microseconds: that of the chunk, or as given. */
int64_t wc_video_frame_get_timestamp(const struct wc_video_frame *frame);

/** Duration in microseconds. @return false, and @p duration untouched, when there is none. */
bool wc_video_frame_get_duration(const struct wc_video_frame *frame, uint64_t *duration);

/** Size of the picture in memory, in pixels; 0 when closed. */
uint32_t wc_video_frame_get_coded_width(const struct wc_video_frame *frame);
/** As wc_video_frame_get_coded_width(). */
uint32_t wc_video_frame_get_coded_height(const struct wc_video_frame *frame);

/** The part that is to be shown, in pixels of the coded picture; all 0 when closed. */
struct wc_rect wc_video_frame_get_visible_rect(const struct wc_video_frame *frame);

/** Size at which to show it, in square pixels, after rotation; 0 when closed. */
uint32_t wc_video_frame_get_display_width(const struct wc_video_frame *frame);
/** As wc_video_frame_get_display_width(). */
uint32_t wc_video_frame_get_display_height(const struct wc_video_frame *frame);

/** Clockwise degrees: 0, 90, 180 or 270. */
uint16_t wc_video_frame_get_rotation(const struct wc_video_frame *frame);

/** Whether to mirror horizontally, after the rotation. */
bool wc_video_frame_get_flip(const struct wc_video_frame *frame);

/** Colours; all null when closed. */
struct wc_video_color_space wc_video_frame_get_color_space(const struct wc_video_frame *frame);

/** How the planes of a frame lie in memory. */
struct wc_video_frame_layout {
	uint32_t plane_count;
	struct {
		uint32_t object;    /**< which memory object holds the plane */
		size_t offset;      /**< bytes from the start of that object */
		size_t stride;      /**< bytes from row to row */
		uint32_t rows;      /**< rows of the coded picture in this plane */
		size_t row_bytes;   /**< bytes of a row that carry coded pixels */
		/* Both are 0 for pictures that do not lie in rows known to the library. */
	} planes[WC_MAX_PLANES];
	uint32_t object_count;      /**< number of memory objects, 1 to plane_count */
	/** DRM format modifier; DRM_FORMAT_MOD_LINEAR is 0, DRM_FORMAT_MOD_INVALID: no name. */
	uint64_t modifier;
	uint64_t reserved[4];
};

/** Describe the planes. @return ::WC_OK or ::WC_INVALID_STATE_ERROR when closed. */
int wc_video_frame_get_layout(const struct wc_video_frame *frame,
			      struct wc_video_frame_layout *layout);

/** What the CPU will do with a mapping. */
enum wc_map_access {
	WC_MAP_READ = 1,     /**< read */
	WC_MAP_WRITE = 2,    /**< write */
};

/** Planes as the CPU sees them. */
struct wc_video_frame_mapping {
	uint32_t plane_count;
	struct {
		uint8_t *data;      /**< first byte of the first row of the coded picture */
		size_t stride;      /**< bytes from row to row */
		uint32_t rows;      /**< rows of the coded picture */
		size_t row_bytes;   /**< bytes of a row that carry coded pixels */
	} planes[WC_MAX_PLANES];
	uint64_t reserved[4];
};

/**
 * Give the CPU access to the picture.
 *
 * The pointers stay valid until wc_video_frame_unmap(), and at most until the frame is closed.
 * Mappings may nest. Memory of a codec's driver is mapped for good; other DMA-BUFs are mapped when
 * first needed, and what caches need is done here and in wc_video_frame_unmap()
 * (DMA_BUF_IOCTL_SYNC): this waits for devices that still work on the buffer. It waits for an
 * acquire fence of an imported picture, too, 10 seconds at most. Who must not block asks first,
 * with poll() on a sync file of wc_video_frame_export_sync_file(). Frames that came out of a
 * decoder may be a reference picture of the decoder: writing to them is refused.
 *
 * @param access ::WC_MAP_READ, ::WC_MAP_WRITE or both
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when closed; ::WC_TYPE_ERROR for an access that is
 *         none, or writing to a read-only frame; ::WC_NOT_SUPPORTED_ERROR for memory the CPU
 *         cannot see or does not see in rows (the log names the modifier or tiling, and
 *         wc_video_frame_copy_to() may help); ::WC_OPERATION_ERROR when mapping failed.
 */
int wc_video_frame_map(struct wc_video_frame *frame, int access,
		       struct wc_video_frame_mapping *mapping);

/**
 * End an access begun with wc_video_frame_map(). Each successful map needs one, before a device
 * gets to see what was written; a frame that stays mapped cannot give up scarce memory under
 * pressure. Closing the frame ends what is left. One too many, and one after the frame was closed,
 * has no effect.
 */
void wc_video_frame_unmap(struct wc_video_frame *frame);

/** A picture as DMA-BUFs, as KMS, EGL and other codecs take it, and give it. */
struct wc_dma_buf {
	uint32_t fourcc;            /**< DRM fourcc */
	uint32_t width, height;     /**< coded size in pixels */
	uint64_t modifier;
	uint32_t object_count;
	uint32_t plane_count;
	struct {
		int fd;             /**< DMA-BUF; exported ones are close-on-exec */
		size_t size;        /**< bytes; for import 0: ask the DMA-BUF */
	} objects[WC_MAX_PLANES];
	struct {
		uint32_t object;    /**< index into objects */
		size_t offset;
		/** Of tiles: bytes of one row of samples. Of columns: of all columns together. */
		size_t stride;
	} planes[WC_MAX_PLANES];
	/**
	 * For import, if has_acquire_fence: a sync file that is signalled when the picture is
	 * finished. It stays the caller's, who may close it at once: the frame has a duplicate.
	 * Exported ones have none: see wc_video_frame_export_sync_file().
	 */
	int acquire_fence;
	bool has_acquire_fence;
	/**
	 * For import: whoever writes the objects leaves no fences on them and is done, as a camera
	 * or a codec of V4L2. So nobody has to look for fences, which is a system call (poll()) for
	 * each frame that is encoded.
	 */
	bool no_implicit_fences;
	uint64_t reserved[3];       /**< must be zero for import */
};

/**
 * Export the memory of a frame.
 *
 * @param[out] dma_buf on success new descriptors that the caller owns and closes, with
 *        wc_dma_buf_finish(). The memory lives as long as any of them, but the *content* is only
 *        promised while a frame on it is open. Memory that was exported once stays where it is:
 *        it is not exchanged under memory pressure.
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when closed; ::WC_NOT_SUPPORTED_ERROR when the memory
 *         is no DMA-BUF (software codecs, copies, frames that were moved to plain memory under
 *         pressure), or its layout has no modifier; ::WC_OPERATION_ERROR when no descriptor is
 *         left.
 */
int wc_video_frame_export_dma_buf(struct wc_video_frame *frame, struct wc_dma_buf *dma_buf);

/** Close the descriptors of an exported frame and clear the struct. NULL is allowed. */
void wc_dma_buf_finish(struct wc_dma_buf *dma_buf);

/**
 * Which devices still work on the picture, as a sync file (Linux 6.0; the kernel's
 * driver-api/dma-buf.rst, "DMA-BUF locking and fences"): to be polled (POLLIN: all are done), or to
 * be given to a GPU or a display that takes fences explicitly (EGL_ANDROID_native_fence_sync,
 * VK_KHR_external_semaphore_fd, IN_FENCE_FD of KMS).
 *
 * What came out of a codec, a camera or a converter is finished, so the file is signalled from the
 * start, unless somebody else works on it.
 *
 * Fences the other way: what a GPU or display does with a frame, from which its DMA-BUFs were
 * exported with wc_video_frame_export_dma_buf(), is known by the fences that it leaves there
 * itself, as almost all drivers do, or by those given to wc_video_frame_import_sync_file().
 * - Encoders wait for who writes a frame before they read it. One that fails is an EncodingError,
 *   and after 10 seconds it is an OperationError; the codec is closed with it.
 *   wc_video_encoder_reset(), close() and destroy() end the wait at once.
 * - A frame may be closed while a device reads it: its buffer goes back to the decoder, encoder or
 *   camera that it belongs to when all are done. Until then it counts as held by the application.
 *   Who exports nothing, and gives no fence, pays nothing.
 * ::wc_counters.fence_waits tells how often either had to wait.
 *
 * @param access what the caller's device is going to do: ::WC_MAP_READ waits for those who write,
 *        ::WC_MAP_WRITE for those who read, too
 * @param[out] sync_file on success a descriptor, close-on-exec, which the caller owns; else -1
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when closed; ::WC_TYPE_ERROR for an access that is
 * none;
 *         ::WC_NOT_SUPPORTED_ERROR when the memory is no DMA-BUF, or by kernels before 6.0: there
 *         only poll() on the exported DMA-BUF tells; ::WC_OPERATION_ERROR without memory or
 *         descriptors.
 */
int wc_video_frame_export_sync_file(struct wc_video_frame *frame, int access, int *sync_file);

/**
 * Say that a device works on the picture until a sync file is signalled: one that does not leave
 * fences on DMA-BUFs itself. Everybody who looks at these DMA-BUFs sees it, other processes
 * included. See wc_video_frame_export_sync_file() for who waits.
 *
 * @param access what the device does: ::WC_MAP_READ (a release fence) or ::WC_MAP_WRITE
 * @param sync_file stays the caller's, who may close it at once
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when closed; ::WC_TYPE_ERROR for an access that is
 * none,
 *         for writing to a read-only frame, or for a descriptor that is no sync file;
 *         ::WC_NOT_SUPPORTED_ERROR when the memory is no DMA-BUF, or by kernels before 6.0: then
 *         the frame has to be kept open until the device is done; ::WC_OPERATION_ERROR without
 *         memory. A frame in several DMA-BUFs may then have the fence on some of them.
 */
int wc_video_frame_import_sync_file(struct wc_video_frame *frame, int access, int sync_file);

/** What to copy and how to lay it out (VideoFrameCopyToOptions). All zero is the default. */
struct wc_video_frame_copy_options {
	struct wc_rect rect;           /**< default (all 0): the visible rectangle */
	/** Layout of the destination; default (plane_count 0): tight, planes in order. */
	uint32_t plane_count;
	struct wc_plane_layout planes[WC_MAX_PLANES];
	/**
	 * DRM fourcc to convert to; 0: no conversion. Of tiles and columns that gives the same
	 * samples in rows: NV12 of NV12, P010 of DRM_FORMAT_P030.
	 */
	uint32_t fourcc;
	uint64_t reserved[4];          /**< must be zero */
};

/**
 * Bytes that wc_video_frame_copy_to() needs with the same options.
 *
 * @param options NULL for the defaults
 * @param[out] size bytes
 * @return as wc_video_frame_copy_to().
 */
int wc_video_frame_allocation_size(const struct wc_video_frame *frame,
				   const struct wc_video_frame_copy_options *options,
				   size_t *size);

/**
 * Copy the picture, or a part, into memory of the caller's (copyTo() of the specification, but
 * done when the call returns). Bytes of @p data outside the rows stay untouched.
 *
 * @param options NULL for the defaults
 * @param data destination
 * @param size bytes of @p data
 * @param[out] layout NULL, or room for ::WC_MAX_PLANES entries that receive offset and stride of
 *        each plane
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when closed; ::WC_TYPE_ERROR for a rectangle or
 *         layout that does not fit, a rectangle not aligned to the chroma samples, or too small a
 *         destination; ::WC_NOT_SUPPORTED_ERROR for a conversion that is not there, a layout that
 *         is neither linear nor a tiling that is known and fits its memory (compressed ones are
 *         not), or memory the CPU cannot see; ::WC_OPERATION_ERROR when mapping or the
 *         conversion failed.
 */
int wc_video_frame_copy_to(struct wc_video_frame *frame,
			   const struct wc_video_frame_copy_options *options,
			   void *data, size_t size, struct wc_plane_layout *layout);

#ifdef __cplusplus
}
#endif

#endif
