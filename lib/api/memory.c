/* SPDX-License-Identifier: MIT */
/* In what memory a context's frames are made, and how much there may be. */
#include "api/memory.h"

#include <errno.h>
#include <string.h>

#include "api/context.h"
#include "frame/frame_memory.h"
#include "util/error.h"
#include "util/memory_budget.h"
#include "util/reserved.h"

#define ALL_USES (WC_MEMORY_FOR_CPU | WC_MEMORY_FOR_CODEC | WC_MEMORY_FOR_DISPLAY)

int context_check_memory_use(struct wc_context *context, unsigned use)
{
	struct wc_error error;

	if (use && !(use & ~(unsigned)ALL_USES))
		return WC_OK;
	error_set(&error, WC_TYPE_ERROR, WC_STAGE_NONE, 0, "use 0x%x is no set of uses of memory",
		  use);
	return context_fail_anywhere(context, &error);
}

/* What a budget, or the system's limit of descriptors, kept from being tried. */
static void tell_quota(struct wc_context *context, enum wc_memory_kind kind, int ret,
		       struct wc_error *error)
{
	if (ret == -EDQUOT)
		error_set(error, WC_QUOTA_EXCEEDED_ERROR, WC_STAGE_OPEN, 0,
			  "the budgets have no room to try memory of the kind %s",
			  wc_memory_kind_name(kind));
	else
		descriptors_refused(context->core, 1, -ret, WC_STAGE_OPEN, error);
}

static int refuse(struct wc_context *context, const struct wc_memory_options *options,
		  const char *name, int ret)
{
	struct wc_error error;

	if (options && HAS_RESERVED(options))
		error_set(&error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
			  "a reserved field of the options is not zero");
	else if (ret == -EINVAL)
		error_set(&error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
			  "memory of the kind %s%s cannot be chosen",
			  wc_memory_kind_name(options->kind),
			  options->name ? " and with this name" : "");
	else if (budget_is_refusal(ret))
		tell_quota(context, options->kind, ret, &error);
	else
		error_set(&error, WC_OPERATION_ERROR, WC_STAGE_OPEN, -ret,
			  "there is no memory of the kind %s",
			  wc_memory_kind_name(options->kind));
	error_set_device(&error, name);
	return context_fail_anywhere(context, &error);
}

int wc_context_set_memory(struct wc_context *context, const struct wc_memory_options *options)
{
	char name[ALLOCATOR_NAME_MAX] = "";
	int ret = -EINVAL;

	if (!options || !HAS_RESERVED(options))
		ret = frame_memory_decide(context->memory, options, name);
	return ret < 0 ? refuse(context, options, name, ret) : WC_OK;
}

int wc_context_get_memory_choice(struct wc_context *context, unsigned use,
				 struct wc_memory_choice *choice)
{
	struct wc_error error;
	int ret;

	if (!choice)
		return WC_TYPE_ERROR;
	memset(choice, 0, sizeof *choice);
	if (context_check_memory_use(context, use) < 0)
		return WC_TYPE_ERROR;
	ret = frame_memory_get_choice(context->memory, use, choice);
	if (ret == 0)
		return WC_OK;
	if (budget_is_refusal(ret))
		tell_quota(context, choice->kind, ret, &error);
	else
		error_set(&error, ret == -ENOMEM ? WC_OPERATION_ERROR : WC_NOT_SUPPORTED_ERROR,
			  WC_STAGE_OPEN, -ret, "no memory for this use: %s", choice->reason);
	return context_fail_anywhere(context, &error);
}

int wc_context_set_memory_budget(struct wc_context *context, int kind, uint64_t bytes)
{
	struct wc_error error;

	if (kind < WC_MEMORY_ALL_KINDS || kind >= WC_MEMORY_KINDS) {
		error_set(&error, WC_TYPE_ERROR, WC_STAGE_NONE, 0, "there is no kind of memory %d",
			  kind);
		return context_fail_anywhere(context, &error);
	}
	memory_set_limit(context->core, kind == WC_MEMORY_ALL_KINDS ? MEMORY_ALL_KINDS
								    : (unsigned)kind, bytes);
	return WC_OK;
}

void wc_context_set_descriptor_budget(struct wc_context *context, uint32_t descriptors)
{
	descriptors_set_limit(context->core, descriptors ? descriptors : descriptors_default());
}
