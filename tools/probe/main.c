/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <webcodecs/budget.h>
#include <webcodecs/webcodecs.h>

#include "common/failure.h"
#include "common/interrupt.h"
#include "probe/options.h"
#include "probe/report.h"

static int measure(struct wc_context *context, const struct target *target,
		   const struct coded *coded, unsigned max, struct failure *failure)
{
	struct round rounds[REPORT_ROUNDS];
	struct others others = { .count = 0 };
	char line[400];

	report_target(target, coded);
	for (unsigned i = 0; i < REPORT_ROUNDS; i++) {
		if (round_measure(&rounds[i], context, target, coded, max, &others, failure) < 0)
			return -1;
		report_round(i + 1, &rounds[i]);
	}
	if (rounds[0].count == 0 && rounds[0].error.name != WC_QUOTA_EXCEEDED_ERROR) {
		wc_error_format(&rounds[0].error, line, sizeof line);
		return failure_set(failure, "%s", line);
	}
	report_result(target, rounds, &others);
	return 0;
}

/* What is known of the device must not be what is measured. */
static int forget_limits(struct wc_context *context, const struct target *target,
			 struct failure *failure)
{
	if (wc_context_set_quota(context, target->device.path, WC_MAX_CONTEXTS) == WC_OK)
		return 0;
	return failure_set(failure, "%s: %s", target->device.path,
			   wc_context_get_error(context)->message);
}

static void probe(struct wc_context *context, const struct probe_options *options,
		  struct failure *failure)
{
	struct coded coded = { .data = NULL };
	struct target target;

	if (target_find(&target, context, options, failure) < 0 ||
	    forget_limits(context, &target, failure) < 0)
		return;
	if (!target.encodes)
		coded = picture_encode(&target);
	measure(context, &target, &coded, options->max, failure);
	free(coded.data);
	if ((fflush(stdout) || ferror(stdout)) && !failure->set)
		failure_set_errno(failure, "standard output", errno);
}

static struct wc_context *open_context(const char *device, struct failure *failure)
{
	const char *const devices[] = { device, NULL };
	struct wc_context_options settings = { .device_paths = devices };
	struct wc_context *context;

	if (wc_context_new(&settings, &context) < 0)
		failure_set(failure, "no context for codecs: %m");
	return context;
}

int main(int argc, char **argv)
{
	struct failure failure = { .set = false };
	struct probe_options options;
	struct wc_context *context;
	int status = probe_options_parse(&options, argc, argv);

	if (status >= 0)
		return status;
	interrupt_catch();
	context = open_context(options.device, &failure);
	if (context)
		probe(context, &options, &failure);
	wc_context_unref(context);
	failure_print(&failure, "wc-probe");
	return failure.set ? EXIT_FAILURE : EXIT_SUCCESS;
}
