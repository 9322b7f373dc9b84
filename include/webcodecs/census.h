/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/census.h
 * The census: which objects of a context exist, since when, how large, and where they were made;
 * and what language bindings need to keep objects that a garbage collector owns.
 *
 * Every frame, chunk and codec is in the census from its creation to the end of its last
 * reference, at no noticeable cost. Only what is asked for with wc_context_set_census() costs
 * more: stacks of callers, and warnings.
 *
 * **To find a leak**: set a mark, do what should leave nothing behind, and ask for the census since
 * the mark. With ::wc_census_options.sample_every each object tells where it was made, and
 * wc_census_get_site() lists the places with the most objects first.
 *
 *     struct wc_census_mark mark;
 *     wc_context_mark_census(context, &mark);
 *     play_a_file(context);
 *     if (wc_leak_check(context, &mark))       // writes what it finds to the log
 *             abort();
 *
 * What a codec or a cache keeps for itself, for instance a frame that waits to be encoded, is
 * marked as internal and is never called a leak of the application.
 *
 * **LeakSanitizer** sees lost frames as if there were no census: the library's tables refer to
 * objects in a way that is not taken for a pointer.
 *
 * **Weak handles** (wc_video_frame_get_handle()) are numbers that find their frame as long as it is
 * alive and open, and nothing afterwards. They may be kept anywhere, for any time.
 *
 * A library that was configured with `--disable-census` has no table of objects: then
 * wc_context_set_census() and wc_census_new() return ::WC_NOT_SUPPORTED_ERROR, handles are 0 and
 * find nothing, and wc_leak_check() looks at nothing but LeakSanitizer.
 *
 * All functions here may be called from any thread, while the caller holds a reference to the
 * context, except wc_context_set_census(), which belongs to the thread of the context.
 */
#ifndef WEBCODECS_CENSUS_H
#define WEBCODECS_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;
struct wc_encoded_video_chunk;
struct wc_video_frame;

/** The kinds of objects. More may come. */
enum wc_object_class {
	WC_OBJECT_VIDEO_FRAME,            /**< struct wc_video_frame */
	WC_OBJECT_ENCODED_VIDEO_CHUNK,    /**< struct wc_encoded_video_chunk */
	WC_OBJECT_VIDEO_DECODER,          /**< struct wc_video_decoder */
	WC_OBJECT_VIDEO_ENCODER,          /**< struct wc_video_encoder */
	WC_OBJECT_VIDEO_CONVERTER,        /**< struct wc_video_converter */
};

/** The name as the specification writes it, "VideoFrame"; "unknown" for other values. */
const char *wc_object_class_name(enum wc_object_class object_class);

/** What the census does beyond counting. All zero, the default: nothing. */
struct wc_census_options {
	/**
	 * Keep the stack of callers of one object in so many: 0 none, 1 each. A stack costs about a
	 * microsecond. Objects that exist already have none.
	 */
	uint32_t sample_every;
	/**
	 * Warn when the last reference to a frame goes while it is open. In C that is the usual end
	 * of a frame; it is a mistake where frames are to be closed, and a garbage collector drops
	 * the reference at any later time.
	 */
	bool warn_unclosed;
	/**
	 * Warn, once for each, of frames and chunks that the application holds open for longer than
	 * so many microseconds, and of configured codecs that did nothing for as long; 0: never.
	 * Looked at inside dispatch, a quarter of the limit apart, four objects of a class a time.
	 * Not below 1000.
	 */
	int64_t open_limit;
	uint64_t reserved[8];             /**< must be zero */
};

/**
 * Choose what the census does. Warnings go to the log handler of the context, with the stack of
 * callers where it is known. Those of one kind come at most once a second and tell how many were
 * left out.
 *
 * @param options NULL: the defaults; copied
 * @return ::WC_OK; ::WC_TYPE_ERROR when a reserved field is not zero or the limit is negative or
 *         below 1000; ::WC_NOT_SUPPORTED_ERROR in a library without a census;
 *         ::WC_OPERATION_ERROR without memory or descriptors. On failure nothing has changed.
 */
int wc_context_set_census(struct wc_context *context, const struct wc_census_options *options);

/** A point in the life of a context: what exists later and not now was made in between. */
struct wc_census_mark {
	uint64_t numbers[16];             /**< private to the library */
};

/** Set a mark. It needs no end, and may be used any number of times. */
void wc_context_mark_census(struct wc_context *context, struct wc_census_mark *mark);

/** No creation site is known. */
#define WC_CENSUS_NO_SITE UINT32_MAX

/** Most callers that a creation site tells. */
#define WC_CENSUS_MAX_CALLERS 16

/** An object that exists. */
struct wc_census_object {
	enum wc_object_class object_class;
	bool closed;      /**< closed, and still referred to: it has no memory any more */
	bool internal;    /**< a codec or a cache has it, not the application */
	/** Names the object in its class; for a frame see wc_video_frame_get_handle(). */
	uint64_t handle;
	uint64_t number;  /**< 1 for the first object of its class in this context, 2, 3, ... */
	/**
	 * Microseconds that it exists, at most: the clock is not read for each object. Too much by
	 * no more than the time in which 512 objects of its class were made, and, when there is
	 * a ::wc_census_options.open_limit, by no more than a quarter of that.
	 */
	int64_t age;
	/** Bytes of its buffer, which other objects may share; 0 when closed, and for codecs. */
	size_t bytes;
	/** Index for wc_census_get_site(), or ::WC_CENSUS_NO_SITE. */
	uint32_t site;
	char label[32];   /**< the codec's label; of a frame "NV12 1920x1080" */
	uint64_t reserved[4];
};

/** A place where objects were made that exist. */
struct wc_census_site {
	uint64_t objects;         /**< objects in this census that were made here */
	uint64_t bytes;           /**< the sum of their bytes */
	uint64_t made;            /**< objects made here in all, those that are gone included */
	uint32_t caller_count;
	void *callers[WC_CENSUS_MAX_CALLERS];   /**< return addresses, the innermost first */
	uint64_t reserved[4];
};

/** A census: a list that does not change any more. */
struct wc_census;

/**
 * Take a census. Holds the lock of each class for as long as it takes to copy its list.
 *
 * @param since NULL: all objects that exist; else only those made after that mark
 * @param[out] census on success to be given back with wc_census_destroy(); NULL on failure. It
 *        refers to nothing: objects and the context may go.
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p census is NULL; ::WC_NOT_SUPPORTED_ERROR in a library
 *         without a census; ::WC_OPERATION_ERROR without memory.
 */
int wc_census_new(struct wc_context *context, const struct wc_census_mark *since,
		  struct wc_census **census);

/** Forget a census. NULL is allowed. */
void wc_census_destroy(struct wc_census *census);

/** Number of objects. */
size_t wc_census_get_count(const struct wc_census *census);

/** An object: class by class, in the order of creation. NULL when @p index is too large. */
const struct wc_census_object *wc_census_get_object(const struct wc_census *census, size_t index);

/** Number of creation sites of the objects. */
size_t wc_census_get_site_count(const struct wc_census *census);

/** A site: the one with the most objects first. NULL when @p index is too large. */
const struct wc_census_site *wc_census_get_site(const struct wc_census *census, size_t index);

/**
 * Write the callers of a site as text, "inner < outer < outermost". Names are looked up here, not
 * earlier; functions without a dynamic symbol are told as file+offset, for addr2line.
 *
 * @param buffer may be NULL when @p size is 0
 * @param size bytes of @p buffer; longer text is cut off, and always ended by NUL
 */
void wc_census_site_format(const struct wc_census_site *site, char *buffer, size_t size);

/**
 * For the end of a test: count what the application still has, and write a warning for each object
 * to the log, at most 16 of a class and then how many more.
 *
 * Where the process runs under LeakSanitizer, that is asked too, and prints what it finds.
 *
 * @param since NULL: all objects; else only those made after that mark
 * @return the number of objects that are not internal; if there is none and LeakSanitizer found
 *         something, 1.
 */
size_t wc_leak_check(struct wc_context *context, const struct wc_census_mark *since);

/**
 * A number that finds this frame object as long as it is open: a weak reference. Valid in this
 * context only. Never 0, and never that of another frame of the context, also when that one has
 * the same memory. The caller holds a reference.
 */
uint64_t wc_video_frame_get_handle(const struct wc_video_frame *frame);

/**
 * The frame that had this handle.
 *
 * @return a new reference, the caller's; NULL when the frame is closed or gone, for 0, and for a
 *         number that is no handle. The reference keeps the object, it does not keep the object
 *         open: as everywhere, who closes it must know that no other thread uses it.
 */
struct wc_video_frame *wc_context_find_video_frame(struct wc_context *context, uint64_t handle);

/**
 * For the finalizer of a garbage collector, in whatever thread that runs: close the frame and give
 * the reference back. If it was open, the application forgot to close it: that is counted in
 * ::wc_counters.finalizer_closed, and a warning with the creation site is written. NULL is allowed.
 */
void wc_video_frame_finalize(struct wc_video_frame *frame);

/**
 * The same for a chunk: its data goes, and the reference. Chunks of the specification cannot be
 * closed, so to be found open by a finalizer is their usual end: it is not counted, and no warning
 * is written. NULL is allowed.
 */
void wc_encoded_video_chunk_finalize(struct wc_encoded_video_chunk *chunk);

/**
 * Told of memory that the application keeps alive, for garbage collectors that decide by it.
 *
 * @param change bytes more, or less when negative
 *
 * Called from any thread and inside any call that makes or closes frames and chunks; one at a time.
 * It must not call the library.
 */
typedef void (*wc_external_memory_hook)(int64_t change, void *user_data);

/**
 * Be told of the bytes of buffers that frames and chunks of the application keep alive.
 *
 * The bytes of a buffer are told once when the first frame or chunk on it goes to the application,
 * and once taken back when the last one is closed or its last reference is gone, whatever comes
 * first; clones add nothing. Buffers that only codecs have are not told. A hook that is set later
 * does not learn of objects that exist already. When a hook is replaced, all that it was told is
 * taken back from it, and told to the new one. The sum of all changes is therefore never negative,
 * and 0 in the end.
 *
 * @param hook NULL: nobody. When this returns the old one is not running and is not called again.
 */
void wc_context_set_external_memory_hook(struct wc_context *context, wc_external_memory_hook hook,
					 void *user_data);

#ifdef __cplusplus
}
#endif

#endif
