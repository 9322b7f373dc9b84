/* SPDX-License-Identifier: MIT */
#include "transcode/av_message.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/error.h>
#include <libavutil/log.h>

/* The log callback of libavutil has no user pointer, and worker threads call it. */
static struct {
	pthread_mutex_t lock;
	char text[AV_MESSAGE_SIZE];
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

__attribute__((format(printf, 3, 0)))
static void keep(void *object, int level, const char *format, va_list args)
{
	(void)object;
	if (level > AV_LOG_ERROR)
		return;
	pthread_mutex_lock(&kept.lock);
	vsnprintf(kept.text, sizeof kept.text, format, args);
	kept.text[strcspn(kept.text, "\n")] = '\0';
	pthread_mutex_unlock(&kept.lock);
}

void av_message_catch(void)
{
	av_log_set_callback(keep);
}

void av_message_clear(void)
{
	pthread_mutex_lock(&kept.lock);
	kept.text[0] = '\0';
	pthread_mutex_unlock(&kept.lock);
}

const char *av_message_reason(int error, char *text, size_t size)
{
	char name[AV_ERROR_MAX_STRING_SIZE];

	av_strerror(error, name, sizeof name);
	pthread_mutex_lock(&kept.lock);
	if (kept.text[0])
		snprintf(text, size, "%s (%s)", name, kept.text);
	else
		snprintf(text, size, "%s", name);
	pthread_mutex_unlock(&kept.lock);
	return text;
}
