/* SPDX-License-Identifier: MIT */
/*
 * test_camera NODE: cameras on vivid, with the public interface. The driver counts the pictures it
 * takes, those without a buffer too, so that what was lost can be told from what was not.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "player.h"
#include "tap.h"

#define MAX_FRAMES 256
#define BUFFERS 6

static const char *node;

struct viewer {
	struct wc_context *context;
	struct wc_camera *camera;
	struct wc_video_frame *kept[BUFFERS];
	unsigned keep, n_kept;
	unsigned n_frames, n_errors;
	uint64_t lost;
	int64_t times[MAX_FRAMES];
	struct wc_error error;
};

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct viewer *viewer = user_data;

	if (viewer->n_frames < MAX_FRAMES)
		viewer->times[viewer->n_frames] = wc_video_frame_get_timestamp(frame);
	viewer->n_frames++;
	if (viewer->n_kept < viewer->keep)
		viewer->kept[viewer->n_kept++] = frame;
	else
		wc_video_frame_unref(frame);
}

static void on_lost(uint64_t count, void *user_data)
{
	struct viewer *viewer = user_data;

	viewer->lost += count;
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct viewer *viewer = user_data;

	viewer->n_errors++;
	viewer->error = *error;
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static struct wc_camera_init settings(struct viewer *viewer)
{
	return (struct wc_camera_init) {
		.frame = on_frame, .error = on_error, .lost = on_lost, .user_data = viewer,
		.device = node, .width = 640, .height = 360, .framerate = 30,
		.buffers = BUFFERS, .exact = true,
	};
}

static int try_open(struct viewer *viewer)
{
	struct wc_camera_init init;

	memset(viewer, 0, sizeof *viewer);
	init = settings(viewer);
	if (wc_context_new(NULL, &viewer->context) < 0)
		tap_bail("no context");
	return wc_camera_new(viewer->context, &init, &viewer->camera);
}

static void begin(struct viewer *viewer)
{
	if (try_open(viewer) < 0 || wc_camera_start(viewer->camera) < 0)
		tap_bail("no camera: %s", wc_context_get_error(viewer->context)->message);
}

static void close_kept(struct viewer *viewer)
{
	for (unsigned i = 0; i < viewer->n_kept; i++)
		wc_video_frame_unref(viewer->kept[i]);
	viewer->n_kept = 0;
	viewer->keep = 0;
}

static void finish(struct viewer *viewer)
{
	close_kept(viewer);
	wc_camera_destroy(viewer->camera);
	wc_context_unref(viewer->context);
}

/* Until so many came in all, an error, or the time is up. */
static bool wait_frames(struct viewer *viewer, unsigned n, int milliseconds)
{
	int64_t end = now() + milliseconds * INT64_C(1000);

	while (viewer->n_frames < n && !viewer->n_errors && now() < end)
		wc_context_dispatch(viewer->context, 50);
	return viewer->n_frames >= n;
}

static struct wc_camera_info info_of(const struct viewer *viewer)
{
	struct wc_camera_info info;

	wc_camera_get_info(viewer->camera, &info);
	return info;
}

/* ---- what comes ------------------------------------------------------------------------------ */

/*
 * All of one clock, and none before the camera was started. vivid tells when the picture will have
 * ended, which is less than its interval from now.
 */
static bool times_are_good(const struct viewer *viewer, int64_t start)
{
	for (unsigned i = 0; i < viewer->n_frames; i++)
		if (viewer->times[i] <= (i ? viewer->times[i - 1] : start) ||
		    viewer->times[i] > now() + 33333)
			return false;
	return true;
}

static void test_frames(void)
{
	struct wc_counters counters;
	struct wc_camera_info info;
	struct viewer viewer;
	int64_t start = now(), took;

	begin(&viewer);
	tap_ok(wait_frames(&viewer, 31, 5000), "frames come");
	info = info_of(&viewer);
	tap_ok(info.fourcc == DRM_FORMAT_NV12 && info.width == 640 && info.height == 360 &&
	       info.framerate > 29.9 && info.framerate < 30.1 && info.exported,
	       "NV12, 640x360, 30 frames a second, as DMA-BUF");
	tap_ok(strcmp(info.driver, "vivid") == 0 && info.buffers == BUFFERS, "vivid, six buffers");
	tap_ok(times_are_good(&viewer, start), "their times are the clock's, and increase");
	took = viewer.times[30] - viewer.times[0];
	tap_ok(took > 900000, "thirty take a second: %lld us", (long long)took);
	wc_context_get_counters(viewer.context, &counters);
	tap_ok(counters.bytes_copied == 0, "nothing was copied");
	tap_ok(viewer.lost == info.lost, "losses that were told are those that were counted");
	finish(&viewer);
}

/* What another process would see of the buffer. */
static bool dma_buf_shows_frame(struct wc_video_frame *frame)
{
	struct wc_video_frame_mapping mapping;
	struct wc_dma_buf dma_buf;
	const uint8_t *map;
	bool same = false;
	size_t size = 640 * 360;

	if (wc_video_frame_export_dma_buf(frame, &dma_buf) < 0)
		return false;
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, dma_buf.objects[0].fd, 0);
	if (map != MAP_FAILED && wc_video_frame_map(frame, WC_MAP_READ, &mapping) == WC_OK) {
		same = memcmp(map, mapping.planes[0].data, size) == 0;
		wc_video_frame_unmap(frame);
	}
	if (map != MAP_FAILED)
		munmap((void *)map, size);
	wc_dma_buf_finish(&dma_buf);
	return same;
}

static void test_lost(void)
{
	struct viewer viewer;
	uint64_t hashes[BUFFERS], span, seen;
	bool same = true;

	begin(&viewer);
	viewer.keep = BUFFERS;
	if (!wait_frames(&viewer, BUFFERS, 3000))
		tap_bail("no frames");
	for (unsigned i = 0; i < BUFFERS; i++)
		hashes[i] = frame_hash(viewer.kept[i]);
	tap_ok(!wait_frames(&viewer, BUFFERS + 1, 500) && viewer.n_errors == 0 &&
	       info_of(&viewer).starved == 1, "all buffers held: no frame, no error");
	for (unsigned i = 0; i < BUFFERS; i++)
		same = same && frame_hash(viewer.kept[i]) == hashes[i] &&
		       dma_buf_shows_frame(viewer.kept[i]);
	tap_ok(same, "the device did not write into frames that are held");
	close_kept(&viewer);
	tap_ok(wait_frames(&viewer, BUFFERS + 10, 3000), "given back, frames come again");
	tap_ok(viewer.lost >= 10 && info_of(&viewer).lost == viewer.lost,
	       "and what was lost is told: %llu", (unsigned long long)viewer.lost);
	/* What came and what was lost are together what a camera of that rate takes. */
	span = (uint64_t)(viewer.times[viewer.n_frames - 1] - viewer.times[0]);
	seen = viewer.n_frames - 1 + viewer.lost;
	tap_ok(seen * 33333 > span - 60000 && seen * 33333 < span + 60000,
	       "%llu frames in %llu us", (unsigned long long)seen, (unsigned long long)span);
	finish(&viewer);
}

static void *unref_all(void *data)
{
	struct viewer *viewer = data;

	for (unsigned i = 0; i < viewer->n_kept; i++)
		wc_video_frame_unref(viewer->kept[i]);
	return NULL;
}

static void test_threads(void)
{
	struct viewer viewer;
	pthread_t thread;
	bool good = true;

	begin(&viewer);
	for (unsigned round = 1; round <= 10 && good; round++) {
		viewer.keep = BUFFERS;
		good = wait_frames(&viewer, viewer.n_frames + BUFFERS, 3000);
		if (pthread_create(&thread, NULL, unref_all, &viewer))
			tap_bail("no thread");
		pthread_join(thread, NULL);
		viewer.n_kept = 0;
	}
	tap_ok(good && !viewer.n_errors, "frames that end in another thread go back");
	viewer.keep = 0;
	finish(&viewer);
}

static void test_lifetime(void)
{
	uint64_t hashes[BUFFERS];
	struct viewer viewer, other;
	bool same = true;

	begin(&viewer);
	viewer.keep = BUFFERS;
	if (!wait_frames(&viewer, BUFFERS, 3000))
		tap_bail("no frames");
	for (unsigned i = 0; i < BUFFERS; i++)
		hashes[i] = frame_hash(viewer.kept[i]);
	wc_camera_destroy(viewer.camera);
	wc_context_unref(viewer.context);
	begin(&other);
	tap_ok(wait_frames(&other, 10, 3000), "another camera has the device at once");
	for (unsigned i = 0; i < BUFFERS; i++)
		same = same && frame_hash(viewer.kept[i]) == hashes[i];
	tap_ok(same, "frames outlive their camera and its context");
	close_kept(&viewer);
	finish(&other);
}

static void test_stop(void)
{
	struct viewer viewer;
	unsigned before;

	begin(&viewer);
	viewer.keep = 2;
	wait_frames(&viewer, 5, 3000);
	wc_camera_stop(viewer.camera);
	before = viewer.n_frames;
	tap_ok(!wait_frames(&viewer, before + 1, 200), "stopped, nothing comes");
	wc_camera_start(viewer.camera);
	tap_ok(wait_frames(&viewer, before + 10, 3000), "started again, frames come");
	finish(&viewer);
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

static void test_busy(void)
{
	struct viewer viewer, other;
	const struct wc_error *error;
	struct wc_camera_list *list;
	int ret;

	begin(&viewer);
	ret = try_open(&other);
	error = wc_context_get_error(other.context);
	tap_ok(ret == WC_OPERATION_ERROR && error->sys_errno == EBUSY &&
	       strcmp(error->device, node) == 0, "a second camera is refused: %s", error->message);
	tap_ok(wc_camera_list_new(other.context, &list) == WC_OK &&
	       wc_camera_list_get_count(list) == 1 && wc_camera_list_get(list, 0)->mode_count > 100,
	       "but the device can be listed");
	wc_camera_list_destroy(list);
	finish(&other);
	tap_ok(wait_frames(&viewer, 10, 3000), "the first is not disturbed");
	finish(&viewer);
}

static void test_exact(void)
{
	struct wc_camera_init init;
	struct viewer viewer;
	int ret;

	if (try_open(&viewer) < 0)
		tap_bail("no camera");
	wc_camera_destroy(viewer.camera);
	init = settings(&viewer);
	init.width = 641;
	ret = wc_camera_new(viewer.context, &init, &viewer.camera);
	tap_ok(ret == WC_NOT_SUPPORTED_ERROR, "a size that it does not have, exactly: %s",
	       wc_context_get_error(viewer.context)->message);
	init.exact = false;
	ret = wc_camera_new(viewer.context, &init, &viewer.camera);
	tap_ok(ret == WC_OK && info_of(&viewer).width == 640, "or nearly");
	finish(&viewer);
}

static void write_driver(const char *file)
{
	char path[100];
	FILE *out;

	snprintf(path, sizeof path, "/sys/bus/platform/drivers/vivid/%s", file);
	out = fopen(path, "w");
	if (!out || fputs("vivid.0", out) < 0 || fclose(out))
		tap_bail("cannot write %s", path);
}

static bool is_gone(const struct viewer *viewer)
{
	return viewer->n_errors == 1 && viewer->error.name == WC_OPERATION_ERROR &&
	       viewer->error.sys_errno == ENODEV && strcmp(viewer->error.device, node) == 0;
}

/* 0: at work; 1: stopped; 2: all buffers held */
static void test_gone(unsigned how)
{
	static const char *const names[] = { "at work", "stopped", "without a buffer" };
	uint64_t hashes[BUFFERS];
	struct viewer viewer;
	bool same = true;

	begin(&viewer);
	viewer.keep = how == 2 ? BUFFERS : 2;
	wait_frames(&viewer, BUFFERS, 3000);
	for (unsigned i = 0; i < viewer.n_kept; i++)
		hashes[i] = frame_hash(viewer.kept[i]);
	if (how == 1)
		wc_camera_stop(viewer.camera);
	write_driver("unbind");
	wait_frames(&viewer, MAX_FRAMES, 1000);
	tap_ok(is_gone(&viewer), "unplugged %s: one error: %s", names[how], viewer.error.message);
	tap_ok(wc_camera_start(viewer.camera) == WC_INVALID_STATE_ERROR, "it cannot be started");
	for (unsigned i = 0; i < viewer.n_kept; i++)
		same = same && frame_hash(viewer.kept[i]) == hashes[i];
	tap_ok(same, "frames that are held stay readable");
	finish(&viewer);
	write_driver("bind");
}

/* The node may have another number now. */
static void test_back(void)
{
	static char path[64];
	struct wc_camera_list *list;
	struct viewer viewer;

	if (wc_context_new(NULL, &viewer.context) < 0 ||
	    wc_camera_list_new(viewer.context, &list) < 0 || wc_camera_list_get_count(list) != 1)
		tap_bail("the camera did not come back");
	snprintf(path, sizeof path, "%s", wc_camera_list_get(list, 0)->path);
	wc_camera_list_destroy(list);
	wc_context_unref(viewer.context);
	node = path;
	begin(&viewer);
	tap_ok(wait_frames(&viewer, 5, 3000), "the device is back, as %s", node);
	finish(&viewer);
}

struct news {
	bool removed, added;
};

static void on_change(enum wc_device_event event, const char *path, void *user_data)
{
	struct news *news = user_data;

	news->removed |= event == WC_DEVICE_EVENT_REMOVED && strcmp(path, node) == 0;
	news->added |= event == WC_DEVICE_EVENT_ADDED && strcmp(path, node) == 0;
}

/* News of udev's. The node gets its number again, for nobody has it open. */
static void test_watch(void)
{
	struct news news = { false, false };
	struct wc_context *context;

	if (wc_context_new(NULL, &context) < 0 ||
	    wc_context_watch_devices(context, on_change, &news) < 0)
		tap_bail("no watch");
	write_driver("unbind");
	for (unsigned i = 0; i < 50 && !news.removed; i++)
		wc_context_dispatch(context, 100);
	tap_ok(news.removed, "a watch tells of a camera that goes");
	write_driver("bind");
	for (unsigned i = 0; i < 50 && !news.added; i++)
		wc_context_dispatch(context, 100);
	tap_ok(news.added, "and of one that comes");
	wc_context_unref(context);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		tap_bail("usage: test_camera NODE");
	node = argv[1];
	test_frames();
	test_lost();
	test_threads();
	test_lifetime();
	test_stop();
	test_busy();
	test_exact();
	for (unsigned how = 0; how < 3; how++) {
		test_gone(how);
		test_back();
	}
	test_watch();
	return tap_end();
}
