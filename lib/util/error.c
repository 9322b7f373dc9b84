/* SPDX-License-Identifier: MIT */
#include "util/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct wc_error *error, enum wc_status name, enum wc_stage stage, int sys_errno,
	      const char *format, ...)
{
	va_list args;

	memset(error, 0, sizeof *error);
	error->name = name;
	error->stage = stage;
	error->sys_errno = sys_errno;
	va_start(args, format);
	vsnprintf(error->message, sizeof error->message, format, args);
	va_end(args);
	return name;
}

void error_set_device(struct wc_error *error, const char *device)
{
	snprintf(error->device, sizeof error->device, "%s", device ? device : "");
}
