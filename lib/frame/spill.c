/* SPDX-License-Identifier: MIT */
/*
 * Frames move from scarce memory to plain memory: all frames on a buffer at once, so that they go
 * on sharing. Each is seized while the bytes are copied; clones may be made meanwhile, and then
 * nothing is moved, since the old memory would stay in any case.
 */
#include <errno.h>
#include <string.h>

#include "frame/frame_search.h"
#include "frame/pixel_format.h"
#include "frame/relief.h"
#include "util/macros.h"

#define SCARCE_KINDS (1u << WC_MEMORY_DRIVER | 1u << WC_MEMORY_DUMB | 1u << WC_MEMORY_HEAP | \
		      1u << WC_MEMORY_UDMABUF)

/* Plain memory is worth a copy when it is more than so many times what the picture needs. */
#define TOO_LARGE 2

/* The frames on a buffer. */
struct group {
	struct buffer *buffer;
	struct wc_video_frame *first;  /* the others through next_seized */
	unsigned n;
	bool blocked;                  /* one of the frames is in use, or not the application's */
	size_t sizes[BUFFER_MAX_OBJECTS];
	size_t total;                  /* of sizes */
};

/* The bytes of an object up to the end of the picture: all when it has no rows. */
static size_t needed_of(const struct frame_format *format, unsigned object, size_t size)
{
	const struct pixel_format *pixels = pixel_format_find(format->fourcc);
	size_t needed = 0;

	if (!pixels || format->modifier != DRM_FORMAT_MOD_LINEAR)
		return size;
	for (unsigned i = 0; i < format->n_planes; i++) {
		size_t rows = pixel_format_rows(pixels, i, format->height);
		size_t end;

		if (format->planes[i].object != object)
			continue;
		if (__builtin_mul_overflow(rows, format->planes[i].stride, &end) ||
		    __builtin_add_overflow(end, format->planes[i].offset, &end) || end > size)
			return size;
		needed = end > needed ? end : needed;
	}
	return needed;
}

/* What can be told without a look at the buffer, which another thread may be freeing. */
static bool is_worth_a_look(const struct wc_video_frame *frame)
{
	size_t bytes = roll_entry_bytes(&frame->entry), needed = 0;

	if (frame->memory != WC_MEMORY_PLAIN)
		return true;
	for (unsigned i = 0; i < frame->n_objects; i++)
		needed += needed_of(&frame->format, i, bytes);
	return needed < bytes / TOO_LARGE;
}

/* With the roll locked. */
static void join(struct roll_entry *entry, void *arg)
{
	struct wc_video_frame *frame = container_of(entry, struct wc_video_frame, entry);
	struct group *group = arg;

	if (frame == group->first || group->blocked ||
	    atomic_load_explicit(&frame->buffer, memory_order_relaxed) != group->buffer)
		return;
	if (!frame_seize(frame)) {
		group->blocked = true;
		return;
	}
	frame->next_seized = group->first->next_seized;
	group->first->next_seized = frame;
	group->n++;
}

/* The frames on the buffer of the next candidate. False: there is none. */
static bool seize_group(struct frame_search *search, struct group *group)
{
	struct wc_video_frame *first = frame_search_next(search);

	if (!first)
		return false;
	first->next_seized = NULL;
	*group = (struct group) { .buffer = first->buffer, .first = first, .n = 1 };
	roll_walk(&search->core->census.rolls[WC_OBJECT_VIDEO_FRAME], join, group);
	for (unsigned i = 0; i < group->buffer->n_objects; i++) {
		group->sizes[i] = needed_of(&first->format, i, group->buffer->objects[i].size);
		group->total += group->sizes[i];
	}
	return true;
}

static void release_group(struct group *group)
{
	for (struct wc_video_frame *frame = group->first; frame; frame = frame->next_seized)
		guard_release(&frame->guard);
}

/* Nobody but the frames has it, so it is freed when they let go. */
static bool is_theirs_alone(const struct group *group)
{
	return atomic_load_explicit(&group->buffer->refs, memory_order_acquire) == group->n;
}

/* Nobody but the frames needs the content. */
static bool is_needed_by_them_alone(const struct group *group)
{
	return atomic_load_explicit(&group->buffer->pins, memory_order_acquire) == group->n;
}

static bool may_move(const struct group *group, enum spill_scope scope)
{
	const struct buffer *buffer = group->buffer;

	if (group->blocked || !is_needed_by_them_alone(group) ||
	    atomic_load_explicit(&buffer->exported, memory_order_relaxed))
		return false;
	/* What devices alone can read would be lost in memory that they cannot. */
	if (!frame_format_pixels(&group->first->format))
		return false;
	for (unsigned i = 0; i < buffer->n_objects; i++)
		if (!buffer->objects[i].map && !buffer->is_shared)
			return false;
	if (buffer->kind == WC_MEMORY_PLAIN)
		return group->total < buffer->bytes / TOO_LARGE && is_theirs_alone(group);
	return scope == SPILL_ALL || is_theirs_alone(group);
}

/*
 * 0; *to is NULL when the old memory cannot be read. -ENOMEM or -EDQUOT: there is no new memory.
 * While frames are seized nothing idle is freed for it: that may call the application, which may
 * close one of them.
 */
static int copy(struct core *core, const struct group *group, struct buffer **copy_of)
{
	struct buffer *from = group->buffer;
	struct buffer *to = buffer_try_plain_objects(core, group->sizes, from->n_objects);

	*copy_of = NULL;
	if (!to)
		return -errno;
	if (buffer_begin_access(from, WC_MAP_READ) < 0) {
		buffer_unref(to);
		return 0;
	}
	to->read_only = from->read_only;
	for (unsigned i = 0; i < from->n_objects; i++)
		memcpy(to->objects[i].map, from->objects[i].map, group->sizes[i]);
	buffer_end_access(from);
	counter_add(&core->counters.bytes_copied, group->total);
	*copy_of = to;
	return 0;
}

static void count(const struct group *group, struct relief *relief)
{
	size_t bytes = group->buffer->bytes;

	if (!is_theirs_alone(group))
		relief->returned += bytes;
	else if (group->buffer->kind == WC_MEMORY_PLAIN)
		relief->freed += bytes - group->total;
	else
		relief->freed += bytes;
}

/*
 * Give the frames their new buffer. All that keep the old one are seized, and clones are made under
 * the lock: if the pins are still those of the frames, nobody else needs it. What the hook for
 * external memory knows of goes along; the difference is told afterwards.
 */
static bool exchange(struct core *core, const struct group *group, struct buffer *to,
		     struct relief *relief)
{
	struct roll *roll = &core->census.rolls[WC_OBJECT_VIDEO_FRAME];
	bool alone;

	pthread_mutex_lock(&roll->lock);
	alone = is_needed_by_them_alone(group);
	if (alone)
		count(group, relief);
	for (struct wc_video_frame *frame = group->first; alone && frame;
	     frame = frame->next_seized) {
		atomic_store_explicit(&frame->buffer, buffer_pin(to), memory_order_relaxed);
		frame->memory = to->kind;
		roll_entry_set_bytes(&frame->entry, to->bytes);
	}
	if (alone)
		atomic_store(&to->held, atomic_exchange(&group->buffer->held, 0));
	pthread_mutex_unlock(&roll->lock);
	return alone;
}

/* Without locks: the last pin and the last reference may call anybody. */
static void let_go(const struct group *group, struct buffer *moved_to, bool told)
{
	struct buffer *from = group->buffer;
	struct wc_video_frame *frame = group->first, *next;

	if (told && moved_to->bytes != from->bytes)
		external_memory_change(&from->core->external_memory,
				       (int64_t)moved_to->bytes - (int64_t)from->bytes);
	for (; frame; frame = next) {
		next = frame->next_seized;
		if (moved_to)
			buffer_unpin(from);
		wc_video_frame_unref(frame);
	}
}

/*
 * Move the frames of the next buffer that may be. 1; 0: there is none left; -ENOMEM, or -EDQUOT and
 * *lacking is what the copy needed.
 */
static int try_next(struct frame_search *search, enum spill_scope scope, struct relief *relief,
		    size_t *lacking)
{
	struct core *core = search->core;
	struct buffer *to = NULL;
	bool found, told = false, moved = false;
	struct group group;
	int ret = 0;

	pthread_mutex_lock(&core->seizures);
	found = seize_group(search, &group);
	if (found && may_move(&group, scope)) {
		ret = copy(core, &group, &to);
		moved = to && exchange(core, &group, to, relief);
		told = moved && atomic_load(&to->held);
	}
	if (found)
		release_group(&group);
	pthread_mutex_unlock(&core->seizures);
	if (found)
		let_go(&group, moved ? to : NULL, told);
	buffer_unref(to);
	*lacking = found ? group.total : 0;
	return ret < 0 ? ret : found;
}

/* False: there is none left, or no memory. Without room some is made, once, with nothing seized. */
static bool move_next(struct frame_search *search, enum spill_scope scope, struct relief *relief)
{
	uint64_t before = search->after;
	size_t lacking;
	int ret = try_next(search, scope, relief, &lacking);

	if (ret == -EDQUOT && memory_fits(search->core, WC_MEMORY_PLAIN, lacking)) {
		search->after = before;
		ret = try_next(search, scope, relief, &lacking);
	}
	return ret > 0;
}

struct relief frames_spill(struct core *core, enum spill_scope scope, uint64_t wanted)
{
	struct frame_search search = {
		.core = core,
		.kinds = 1u << WC_MEMORY_PLAIN | (scope == SPILL_TO_SHRINK ? 0 : SCARCE_KINDS),
		.is_wanted = is_worth_a_look,
	};
	struct relief relief = { 0 };

	while (move_next(&search, scope, &relief) &&
	       (!wanted || relief.freed + relief.returned < wanted))
		;
	return relief;
}
