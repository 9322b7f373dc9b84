/* SPDX-License-Identifier: MIT */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_init(struct log *log)
{
	pthread_mutex_init(&log->lock, NULL);
	log->handler = NULL;
	log->user_data = NULL;
	atomic_init(&log->level, 0);
}

void log_finish(struct log *log)
{
	pthread_mutex_destroy(&log->lock);
}

void log_set_handler(struct log *log, wc_log_handler handler, enum wc_log_level level,
		     void *user_data)
{
	pthread_mutex_lock(&log->lock);
	log->handler = handler;
	log->user_data = user_data;
	atomic_store(&log->level, handler ? (int)(level ? level : WC_LOG_WARNING) : 0);
	pthread_mutex_unlock(&log->lock);
}

void log_write(struct log *log, enum wc_log_level level, const char *file, int line,
	       const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);

	/* Held during the call, so that a handler that was replaced is not running any more. */
	pthread_mutex_lock(&log->lock);
	if (log->handler)
		log->handler(level, file, line, message, log->user_data);
	pthread_mutex_unlock(&log->lock);
}
