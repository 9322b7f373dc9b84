/* SPDX-License-Identifier: MIT */
/*
 * Frames that live longer than their codec likes: held through a flush, through close, elsewhere.
 */
#include <dirent.h>
#include <drm_fourcc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "player.h"
#include "tap.h"

#define FRAMES 44
#define HELD 32

static struct stream stream;
static uint64_t wanted[FRAMES];        /* hashes of its frames */

/* ---- what the process has open --------------------------------------------------------------- */

/* Descriptors whose file begins with prefix; "" counts all. */
static unsigned count_open(const char *prefix)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned count = 0;
	char target[300];

	if (!dir)
		tap_bail("no /proc");
	while ((entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

		if (n < 0)
			continue;
		target[n] = '\0';
		count += strncmp(target, prefix, strlen(prefix)) == 0;
	}
	closedir(dir);
	return count;
}

/* dma-bufs alive in the whole machine. */
static unsigned count_dma_bufs(void)
{
	FILE *file = fopen("/sys/kernel/debug/dma_buf/bufinfo", "r");
	unsigned count = 0;
	char line[300];

	if (!file)
		tap_bail("no census of dma-bufs");
	while (fgets(line, sizeof line, file))
		sscanf(line, "Total %u objects", &count);
	fclose(file);
	return count;
}

/* ---- helpers --------------------------------------------------------------------------------- */

static bool frames_match(const struct player *player, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (i >= player->n_frames || player->frames[i].hash != wanted[i] ||
		    player->frames[i].timestamp != (int64_t)i * STREAM_STEP)
			return false;
	return player->n_frames == count;
}

static bool held_match(const struct player *player, unsigned first)
{
	for (unsigned i = first; i < player->n_held; i++)
		if (frame_hash(player->held[i]) != wanted[i])
			return false;
	return true;
}

static bool play_all(struct player *player)
{
	player_forget(player);
	return player_feed(player, &stream, 0, stream.n, 0) == WC_OK &&
	       player_flush(player) == WC_OK && player_wait_flushes(player, 1) &&
	       player->flushes[0].status == WC_OK;
}

static void prepare(void)
{
	struct picture picture = { .fourcc = DRM_FORMAT_YUV420, .width = 640, .height = 360 };
	struct player player;

	stream_encode(&stream, &picture, FRAMES, 10);
	player_open(&player, NULL);
	if (!play_all(&player) || player.n_frames != FRAMES)
		tap_bail("the stream does not decode");
	for (unsigned i = 0; i < FRAMES; i++)
		wanted[i] = player.frames[i].hash;
	for (unsigned i = 1; i < FRAMES; i++)
		if (wanted[i] == wanted[i - 1])
			tap_bail("frames %u and %u look the same", i - 1, i);
	player_finish(&player);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_hold_and_flush(void)
{
	struct wc_counters counters;
	struct player player;

	player_open(&player, NULL);
	player.to_hold = HELD;
	tap_ok(play_all(&player), "a flush ends while %d frames are held", HELD);
	tap_ok(player.n_held == HELD && frames_match(&player, FRAMES),
	       "all %d frames came, in order and whole", FRAMES);
	tap_ok(held_match(&player, 0), "the held frames were not written over");
	wc_context_get_counters(player.context, &counters);
	tap_ok(counters.video_frames == HELD, "%d frames are counted as alive", HELD);
	tap_ok(play_all(&player) && frames_match(&player, FRAMES),
	       "the decoder goes on while they are held");
	tap_ok(held_match(&player, 0), "and does not write over them");
	player_release(&player);
	tap_ok(play_all(&player) && frames_match(&player, FRAMES),
	       "the decoder goes on when they were released");
	player_finish(&player);
}

static void test_no_copy(void)
{
	struct wc_counters counters;
	struct player player;
	uint64_t chunks = 0;

	/* Once into the chunk, once into the buffer of the device. */
	for (unsigned i = 0; i < stream.n; i++)
		chunks += 2 * stream.chunks[i].size;
	player_open(&player, NULL);
	player.to_hold = 8;
	play_all(&player);
	wc_context_get_counters(player.context, &counters);
	if (!tap_ok(counters.bytes_copied <= chunks,
		    "8 frames are held without a copy of a picture"))
		tap_note("%llu bytes were copied, of chunks %llu",
			 (unsigned long long)counters.bytes_copied, (unsigned long long)chunks);
	player_finish(&player);
}

static void test_close_while_mapped(void)
{
	unsigned before = count_open(""), dma_bufs = count_dma_bufs();
	struct wc_video_frame_mapping maps[10];
	struct wc_counters counters;
	struct player player;
	bool mapped = true;

	player_open(&player, NULL);
	player.to_hold = 10;
	play_all(&player);
	for (unsigned i = 0; i < player.n_held; i++)
		mapped &= wc_video_frame_map(player.held[i], WC_MAP_READ, &maps[i]) == WC_OK;
	tap_ok(player.n_held == 10 && mapped && count_dma_bufs() >= dma_bufs + 10,
	       "10 frames are held and mapped, each a dma-buf");
	tap_ok(count_open("/dev/video") == 1, "a working decoder has its device node open, once");
	wc_video_decoder_close(player.decoder);
	tap_ok(count_open("/dev/video") == 0, "close() closes the node although frames are mapped");
	wc_context_get_counters(player.context, &counters);
	tap_ok(counters.hardware_contexts == 0, "and no hardware context is counted");
	tap_ok(held_match(&player, 0), "frames are readable after close()");
	wc_video_decoder_destroy(player.decoder);
	player.decoder = NULL;
	tap_ok(held_match(&player, 0), "and after the decoder was destroyed");
	wc_context_unref(player.context);
	player.context = NULL;
	tap_ok(held_match(&player, 0), "and after the context has gone");
	for (unsigned i = 0; i < player.n_held; i++)
		wc_video_frame_unmap(player.held[i]);
	player_release(&player);
	tap_ok(count_open("") == before, "with the last frame the last descriptor is closed");
	tap_ok(count_dma_bufs() == dma_bufs, "and the last dma-buf has gone");
}

/* ---- frames that move under pressure --------------------------------------------------------- */

#define SPILLED 12

static struct wc_pressure_event spill;

static void on_pressure(struct wc_context *context, const struct wc_pressure_event *event,
			void *user_data)
{
	(void)context;
	(void)user_data;
	if (event->step == WC_PRESSURE_SPILL)
		spill = *event;
}

/* Contiguous memory is short, as the application knows. */
static void press(struct player *player)
{
	memset(&spill, 0, sizeof spill);
	wc_context_watch_pressure(player->context, on_pressure, NULL);
	wc_context_note_pressure(player->context, WC_PRESSURE_MEDIUM, 0);
	player_settle(player);
	wc_context_watch_pressure(player->context, NULL, NULL);
	player_settle(player);
}

static uint64_t bytes_of(struct player *player, enum wc_memory_kind kind)
{
	struct wc_counters counters;

	wc_context_get_counters(player->context, &counters);
	return counters.bytes_by_kind[kind];
}

static void test_spill_of_working_decoder(void)
{
	unsigned before = count_open(""), dma_bufs = count_dma_bufs();
	struct wc_video_frame_mapping map;
	struct wc_dma_buf exported, none;
	struct player player;
	uint64_t plain;

	player_open(&player, NULL);
	player.to_hold = SPILLED;
	play_all(&player);
	plain = bytes_of(&player, WC_MEMORY_PLAIN);
	wc_video_frame_map(player.held[0], WC_MAP_READ, &map);
	press(&player);
	tap_ok(spill.step == WC_PRESSURE_SPILL && spill.freed == 0,
	       "frames move, and what the decoder has back is not called free");
	tap_ok(bytes_of(&player, WC_MEMORY_PLAIN) - plain >=
	       (SPILLED - 1) * (uint64_t)(640 * 360 * 3 / 2), "to plain memory");
	tap_ok(held_match(&player, 0), "bit for bit");
	tap_ok(wc_video_frame_export_dma_buf(player.held[0], &exported) == WC_OK &&
	       wc_video_frame_export_dma_buf(player.held[1], &none) == WC_NOT_SUPPORTED_ERROR,
	       "only the mapped one is a dma-buf still");
	tap_ok(play_all(&player) && frames_match(&player, FRAMES) && held_match(&player, 0),
	       "the decoder goes on with its buffers");
	wc_video_frame_unmap(player.held[0]);
	wc_video_decoder_close(player.decoder);
	tap_ok(count_dma_bufs() == dma_bufs + 1,
	       "after close() only the exported buffer of the driver is left");
	tap_ok(held_match(&player, 0), "and the frames are whole");
	player_finish(&player);
	wc_dma_buf_finish(&exported);
	tap_ok(count_open("") == before && count_dma_bufs() == dma_bufs, "then all is given back");
}

static void test_spill_of_orphans(void)
{
	unsigned dma_bufs = count_dma_bufs();
	struct player player;
	uint64_t bytes;

	player_open(&player, NULL);
	player.to_hold = SPILLED;
	play_all(&player);
	wc_video_decoder_close(player.decoder);
	bytes = bytes_of(&player, WC_MEMORY_DRIVER);
	tap_ok(bytes && count_dma_bufs() == dma_bufs + SPILLED,
	       "%d frames of a closed decoder keep memory of its driver", SPILLED);
	press(&player);
	tap_ok(spill.freed == bytes && bytes_of(&player, WC_MEMORY_DRIVER) == 0,
	       "all of it comes free when they move");
	tap_ok(count_dma_bufs() == dma_bufs, "in the kernel, too");
	tap_ok(held_match(&player, 0), "and their pictures are the same");
	player_finish(&player);
}

/* The context goes back before frames do: another process, or codec, can have it. */
static void test_context_is_free(void)
{
	struct player first, second;

	player_open(&first, NULL);
	first.to_hold = 20;
	play_all(&first);
	wc_video_decoder_close(first.decoder);
	player_open(&second, NULL);
	tap_ok(play_all(&second) && frames_match(&second, FRAMES),
	       "another decoder works while frames of a closed one are held");
	tap_ok(held_match(&first, 0), "and does not touch them");
	player_finish(&second);
	player_finish(&first);
}

static void test_reopen(void)
{
	unsigned before = count_open(""), dma_bufs = count_dma_bufs();
	bool good = true;
	struct player player;

	for (int i = 0; i < 20; i++) {
		player_open(&player, NULL);
		player.to_hold = 3;
		good &= player_feed(&player, &stream, 0, 6, 0) == WC_OK &&
			player_wait_frames(&player, 3);
		player_finish(&player);
	}
	tap_ok(good, "20 decoders are made, used and destroyed in mid-stream");
	tap_ok(count_open("") == before && count_dma_bufs() == dma_bufs,
	       "and leave neither descriptors nor dma-bufs");
}

/* ---- frames that another thread releases ----------------------------------------------------- */

struct releaser {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct wc_video_frame *frames[STREAM_MAX];
	unsigned n_given, n_taken, n_wrong;
	bool end;
};

static struct releaser releaser = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER,
};

static void release_one(struct releaser *r)
{
	struct wc_video_frame *frame = r->frames[r->n_taken];
	int64_t index = wc_video_frame_get_timestamp(frame) / STREAM_STEP;

	pthread_mutex_unlock(&r->lock);
	usleep(2000);
	pthread_mutex_lock(&r->lock);
	r->n_wrong += frame_hash(frame) != wanted[index];
	wc_video_frame_unref(frame);
	r->n_taken++;
}

static void *release_frames(void *data)
{
	struct releaser *r = data;

	pthread_mutex_lock(&r->lock);
	while (!r->end || r->n_taken < r->n_given) {
		if (r->n_taken < r->n_given)
			release_one(r);
		else
			pthread_cond_wait(&r->changed, &r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void give_away(struct player *player, struct wc_video_frame *frame)
{
	(void)player;
	pthread_mutex_lock(&releaser.lock);
	releaser.frames[releaser.n_given++] = wc_video_frame_ref(frame);
	pthread_cond_signal(&releaser.changed);
	pthread_mutex_unlock(&releaser.lock);
}

/* The last frames are released after the context has gone. */
static void test_other_thread(void)
{
	struct player player;
	pthread_t thread;
	bool played = true;

	if (pthread_create(&thread, NULL, release_frames, &releaser))
		tap_bail("no thread");
	player_open(&player, NULL);
	player.on_frame = give_away;
	for (int i = 0; i < 3; i++)
		played &= play_all(&player) && frames_match(&player, FRAMES);
	player_finish(&player);
	pthread_mutex_lock(&releaser.lock);
	releaser.end = true;
	pthread_cond_signal(&releaser.changed);
	pthread_mutex_unlock(&releaser.lock);
	pthread_join(thread, NULL);
	tap_ok(played, "a decoder goes on while another thread holds and releases its frames");
	tap_ok(releaser.n_taken == 3 * FRAMES && releaser.n_wrong == 0,
	       "which were whole until then");
}

int main(void)
{
	prepare();
	test_hold_and_flush();
	test_no_copy();
	test_close_while_mapped();
	test_spill_of_working_decoder();
	test_spill_of_orphans();
	test_context_is_free();
	test_reopen();
	test_other_thread();
	stream_finish(&stream);
	return tap_end();
}
