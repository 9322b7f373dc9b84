/* SPDX-License-Identifier: MIT */
/* The constructor of caches: the only function of these objects that sees the context. */
#include "frame/frame_cache.h"

#include <errno.h>

#include "api/context.h"
#include "util/error.h"

static int fail(struct wc_context *context, int status, int sys_errno, const char *what)
{
	struct wc_error error;

	error_set(&error, status, WC_STAGE_NONE, sys_errno, "%s", what);
	return context_fail_anywhere(context, &error);
}

int wc_frame_cache_new(struct wc_context *context, const struct wc_frame_cache_options *options,
		       struct wc_frame_cache **cache)
{
	int ret;

	if (!cache)
		return WC_TYPE_ERROR;
	ret = frame_cache_new(context ? context->core : NULL, options, cache);
	if (ret == WC_OK || !context)
		return ret;
	if (ret == WC_OPERATION_ERROR)
		return fail(context, ret, ENOMEM, "no memory for a cache of frames");
	return fail(context, ret, 0, "a cache of more frames than can be, or a reserved field of "
		    "its options is not zero");
}
