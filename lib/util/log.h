/* SPDX-License-Identifier: MIT */
/* The log of one context. Silent until the application sets a handler. */
#ifndef WC_UTIL_LOG_H
#define WC_UTIL_LOG_H

#include <pthread.h>
#include <stdatomic.h>

#include <webcodecs/context.h>

struct log {
	pthread_mutex_t lock;        /* guards handler and user_data */
	wc_log_handler handler;
	void *user_data;
	_Atomic int level;           /* least important level wanted, 0 when there is no handler */
};

void log_init(struct log *log);
void log_finish(struct log *log);
void log_set_handler(struct log *log, wc_log_handler handler, enum wc_log_level level,
		     void *user_data);

/* Any thread. Use the macros below: they test the level before anything is formatted. */
__attribute__((format(printf, 5, 6)))
void log_write(struct log *log, enum wc_log_level level, const char *file, int line,
	       const char *format, ...);

#define log_at(log, lvl, ...) \
	do { \
		if (atomic_load_explicit(&(log)->level, memory_order_relaxed) >= (int)(lvl)) \
			log_write((log), (lvl), __FILE__, __LINE__, __VA_ARGS__); \
	} while (0)

#define log_error(log, ...) log_at(log, WC_LOG_ERROR, __VA_ARGS__)
#define log_warning(log, ...) log_at(log, WC_LOG_WARNING, __VA_ARGS__)
#define log_info(log, ...) log_at(log, WC_LOG_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_at(log, WC_LOG_DEBUG, __VA_ARGS__)

#endif
