/* SPDX-License-Identifier: MIT */
#include "budget/reclaim.h"

#include <string.h>

void activity_init(struct activity *activity, int64_t now)
{
	activity->units = 0;
	activity->sampled = 0;
	activity->last = now;
}

bool activity_sample(struct activity *activity, int64_t now)
{
	if (activity->units == activity->sampled)
		return false;
	activity->sampled = activity->units;
	activity->last = now;
	return true;
}

void reclaim_clock_init(struct reclaim_clock *clock, int64_t threshold)
{
	clock->threshold = threshold > 0 ? threshold : RECLAIM_THRESHOLD;
	clock->next_tick = 0;
	clock->awake_since = INT64_MIN;
}

static bool is_overdue(const struct reclaim_clock *clock, int64_t now)
{
	return clock->next_tick && now - clock->next_tick > clock->threshold / 2;
}

bool reclaim_tick(struct reclaim_clock *clock, int64_t now, int64_t period)
{
	bool gap = is_overdue(clock, now);

	if (gap)
		clock->awake_since = now;
	clock->next_tick = period ? now + period : 0;
	return gap;
}

void reclaim_set_traits(struct reclaim_candidate *candidate, const struct reclaim_traits *traits,
			int64_t now)
{
	if (traits->background && !candidate->traits.background)
		candidate->activity.last = now;
	candidate->traits = *traits;
}

bool reclaim_is_active(const struct reclaim_candidate *candidate,
		       const struct reclaim_clock *clock, int64_t now)
{
	int64_t since = activity_last(&candidate->activity, now);

	if (is_overdue(clock, now))
		return true;
	if (since < clock->awake_since)
		since = clock->awake_since;
	return now - since <= clock->threshold;
}

const char *reclaim_verdict_name(enum reclaim_verdict verdict)
{
	static const char *const names[RECLAIM_VERDICTS] = {
		[RECLAIM_ALLOWED] = "allowed",
		[RECLAIM_ACTIVE_FOREGROUND] = "active in the foreground",
		[RECLAIM_ACTIVE_ENCODER] = "an active encoder",
		[RECLAIM_TRANSCODING] = "a decoder beside an active encoder",
		[RECLAIM_AUDIBLE] = "an audible audio decoder",
		[RECLAIM_HIGHER_PRIORITY] = "of higher priority",
		[RECLAIM_NOT_HELD] = "does not hold it",
	};

	return (unsigned)verdict < RECLAIM_VERDICTS ? names[verdict] : "unknown";
}

void reclaim_group_add(struct reclaim_group *group, const struct reclaim_candidate *candidate,
		       const struct reclaim_clock *clock, int64_t now)
{
	if (candidate->encoder && !group->active_encoder[candidate->kind])
		group->active_encoder[candidate->kind] =
			reclaim_is_active(candidate, clock, now);
}

enum reclaim_verdict reclaim_judge(const struct reclaim_candidate *candidate,
				   const struct reclaim_group *group,
				   const struct reclaim_clock *clock, int64_t now)
{
	if (!reclaim_is_active(candidate, clock, now))
		return RECLAIM_ALLOWED;
	if (!candidate->traits.background)
		return RECLAIM_ACTIVE_FOREGROUND;
	if (candidate->encoder)
		return RECLAIM_ACTIVE_ENCODER;
	if (group->active_encoder[candidate->kind])
		return RECLAIM_TRANSCODING;
	if (candidate->kind == RECLAIM_AUDIO && candidate->traits.audible)
		return RECLAIM_AUDIBLE;
	return RECLAIM_ALLOWED;
}

static bool is_wanted(const struct reclaim_candidate *candidate,
		      const struct reclaim_request *request)
{
	if (request->id && candidate->id == request->id)
		return false;
	if (request->resource == RECLAIM_ANY_RESOURCE)
		return candidate->has_session;
	return candidate->resource == request->resource;
}

enum reclaim_verdict reclaim_judge_request(const struct reclaim_candidate *candidate,
					   const struct reclaim_group *group,
					   const struct reclaim_request *request,
					   const struct reclaim_clock *clock, int64_t now)
{
	if (!is_wanted(candidate, request))
		return RECLAIM_NOT_HELD;
	if (candidate->traits.priority > request->priority)
		return RECLAIM_HIGHER_PRIORITY;
	return reclaim_judge(candidate, group, clock, now);
}

/* Negative when a is the smaller one. */
static int order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int order_unsigned(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int reclaim_compare(const struct reclaim_candidate *a, const struct reclaim_candidate *b,
		    int64_t now)
{
	int ret;

	ret = order(b->traits.pending_removal, a->traits.pending_removal);
	if (!ret)
		ret = order(a->traits.priority, b->traits.priority);
	if (!ret)
		ret = order(b->traits.background, a->traits.background);
	if (!ret)
		ret = order(activity_last(&a->activity, now), activity_last(&b->activity, now));
	if (!ret)
		ret = order_unsigned(b->bytes, a->bytes);
	if (!ret)
		ret = order_unsigned(a->id, b->id);
	return ret;
}

void reclaim_choice_init(struct reclaim_choice *choice, const struct reclaim_request *request,
			 const struct reclaim_clock *clock, int64_t now)
{
	memset(choice, 0, sizeof *choice);
	choice->request = request;
	choice->clock = clock;
	choice->now = now;
}

void reclaim_choice_offer(struct reclaim_choice *choice, struct reclaim_candidate *candidate)
{
	enum reclaim_verdict verdict =
		reclaim_judge_request(candidate, &choice->group, choice->request, choice->clock,
				      choice->now);

	choice->verdicts[verdict]++;
	if (verdict != RECLAIM_ALLOWED)
		return;
	if (!choice->best || reclaim_compare(candidate, choice->best, choice->now) < 0)
		choice->best = candidate;
}

struct reclaim_candidate *reclaim_choose(struct reclaim_candidate *candidates, size_t n,
					 const struct reclaim_request *request,
					 const struct reclaim_clock *clock, int64_t now)
{
	struct reclaim_choice choice;

	reclaim_choice_init(&choice, request, clock, now);
	for (size_t i = 0; i < n; i++)
		reclaim_choice_see(&choice, &candidates[i]);
	for (size_t i = 0; i < n; i++)
		reclaim_choice_offer(&choice, &candidates[i]);
	return choice.best;
}
