/* SPDX-License-Identifier: MIT */
#include "api/budget.h"

#include <string.h>

#include "api/codec.h"
#include "session/device_account.h"
#include "util/reserved.h"
#include "v4l2/registry.h"

bool reclaim_traits_read(const struct wc_reclaim_traits *from, struct reclaim_traits *to)
{
	if (HAS_RESERVED(from))
		return false;
	*to = (struct reclaim_traits) {
		.background = from->background,
		.audible = from->audible,
		.pending_removal = from->pending_removal,
		.priority = from->priority,
	};
	return true;
}

int wc_context_set_reclaim_traits(struct wc_context *context,
				  const struct wc_reclaim_traits *traits)
{
	static const struct wc_reclaim_traits none;
	struct accountant *accountant = &context->accountant;

	if (!reclaim_traits_read(traits ? traits : &none, &context->traits))
		return context_fail(context, WC_TYPE_ERROR, "a reserved field is not zero");
	for (size_t i = 0; i < accountant->n_candidates; i++) {
		struct claim *claim = claim_of(&accountant->candidates[i]);
		struct codec *codec = codec_of_claim(claim);

		if (codec && !codec->has_own_traits)
			claim_set_traits(claim, &context->traits);
	}
	return WC_OK;
}

static const struct v4l2_device_info *find_device(struct wc_context *context, const char *path)
{
	for (size_t i = 0; i < device_registry_count(context->devices); i++) {
		const struct v4l2_device_info *info = device_registry_get(context->devices, i);
		enum wc_device_role role = info->device.role;

		if ((role == WC_DEVICE_ROLE_DECODER || role == WC_DEVICE_ROLE_ENCODER ||
		     role == WC_DEVICE_ROLE_CONVERTER) && !strcmp(info->device.path, path))
			return info;
	}
	return NULL;
}

typedef int (*limit_setter)(struct accountant *accountant, const struct account_key *key,
			    uint32_t limit);

static int set_limit(struct wc_context *context, const char *path, limit_setter set, uint32_t limit)
{
	const struct v4l2_device_info *device;
	struct device_identity identity;
	struct account_key key;
	int ret;

	if (!path)
		return context_fail(context, WC_TYPE_ERROR, "no device is named");
	ret = device_registry_refresh(context->devices);
	if (ret < 0)
		return context_fail_errno(context, -ret, "list the devices");
	device = find_device(context, path);
	if (!device)
		return context_fail(context, WC_NOT_SUPPORTED_ERROR,
				    "there is no decoder, encoder or converter at %s", path);
	device_account_key(device, &identity, &key);
	ret = set(&context->accountant, &key, limit);
	return ret < 0 ? context_fail_errno(context, -ret, "count contexts") : WC_OK;
}

int wc_context_set_quota(struct wc_context *context, const char *path, uint32_t contexts)
{
	if (contexts > WC_MAX_CONTEXTS)
		return context_fail(context, WC_TYPE_ERROR, "%u contexts of a device are too many",
				    contexts);
	return set_limit(context, path, accountant_set_quota, contexts);
}

int wc_context_set_rate_quota(struct wc_context *context, const char *path,
			      uint32_t macroblocks_per_second)
{
	return set_limit(context, path, accountant_set_rate, macroblocks_per_second);
}
