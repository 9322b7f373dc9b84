/* SPDX-License-Identifier: MIT */
#include "transcode/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Microseconds between two drawings. */
#define PAUSE 200000
#define BAR_WIDTH 24
#define ERASE_LINE "\r\033[K"

int64_t progress_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void progress_begin(struct progress *progress, uint64_t total, double real_rate, bool quiet)
{
	*progress = (struct progress) {
		.shown = !quiet && isatty(STDERR_FILENO),
		.total = total,
		.real_rate = real_rate,
		.start = progress_now(),
	};
	progress->drawn = progress->start;
}

static void draw_bar(const struct progress *progress, uint64_t done)
{
	uint64_t filled = done * BAR_WIDTH / progress->total;
	char bar[BAR_WIDTH + 1];

	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '=', filled < BAR_WIDTH ? filled : BAR_WIDTH);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "[%s] %3" PRIu64 "%%  %" PRIu64 "/%" PRIu64 " frames", bar,
		done * 100 / progress->total, done, progress->total);
}

static void draw(const struct progress *progress, uint64_t done, int64_t now)
{
	double speed = (double)done * 1e6 / (double)(now - progress->start);

	fputs(ERASE_LINE, stderr);
	if (progress->total && done <= progress->total)
		draw_bar(progress, done);
	else
		fprintf(stderr, "%" PRIu64 " frames", done);
	fprintf(stderr, "  %.0f fps", speed);
	fprintf(stderr, "  %.1fx", speed / progress->real_rate);
	if (progress->total > done && speed > 0) {
		uint64_t left = (uint64_t)((double)(progress->total - done) / speed);

		fprintf(stderr, "  %" PRIu64 ":%02u left", left / 60, (unsigned)(left % 60));
	}
	fflush(stderr);
}

void progress_step(struct progress *progress, uint64_t done)
{
	int64_t now;

	if (!progress->shown)
		return;
	now = progress_now();
	if (now - progress->drawn < PAUSE)
		return;
	progress->drawn = now;
	progress->dirty = true;
	draw(progress, done, now);
}

void progress_end(struct progress *progress)
{
	if (progress->dirty)
		fputs(ERASE_LINE, stderr);
	progress->dirty = false;
}

void progress_note(const char *format, ...)
{
	va_list args;

	if (isatty(STDERR_FILENO))
		fputs(ERASE_LINE, stderr);
	fputs("wc-transcode: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
