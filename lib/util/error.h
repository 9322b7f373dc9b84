/* SPDX-License-Identifier: MIT */
/* Building error values. */
#ifndef WC_UTIL_ERROR_H
#define WC_UTIL_ERROR_H

#include <webcodecs/error.h>

/*
 * Fill error anew: everything that is not named here becomes zero. sys_errno is a positive errno
 * or 0. The message ends up as one sentence without a full stop. Returns name, so that a caller
 * may write `return error_set(...)`.
 */
__attribute__((format(printf, 5, 6)))
int error_set(struct wc_error *error, enum wc_status name, enum wc_stage stage, int sys_errno,
	      const char *format, ...);

/* Name the device of an error; cut when it is longer than the field. */
void error_set_device(struct wc_error *error, const char *device);

#endif
