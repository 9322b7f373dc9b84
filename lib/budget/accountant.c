/* SPDX-License-Identifier: MIT */
#include "budget/accountant.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget/admission.h"
#include "util/clock.h"
#include "util/error.h"

/* ---- who is active --------------------------------------------------------------------------- */

static void touch(struct claim *claim, int64_t now)
{
	if (claim->slot.fd >= 0)
		slot_touch(&claim->slot, now);
}

/* Between looks at who made progress: a second, by default. */
static int64_t tick_period(const struct accountant *accountant)
{
	return accountant->clock.threshold / 10 + 1;
}

void accountant_sample(struct accountant *accountant, int64_t now)
{
	for (size_t i = 0; i < accountant->n_candidates; i++) {
		struct reclaim_candidate *candidate = &accountant->candidates[i];

		if (activity_sample(&candidate->activity, now))
			touch(claim_of(candidate), now);
	}
}

static bool is_any_active(const struct accountant *accountant, int64_t now)
{
	for (size_t i = 0; i < accountant->n_candidates; i++)
		if (reclaim_is_active(&accountant->candidates[i], &accountant->clock, now))
			return true;
	return false;
}

/* The clock rests when all are inactive; claim_wake() begins anew. */
static void on_tick(struct timer *timer)
{
	struct accountant *accountant = container_of(timer, struct accountant, tick);
	int64_t now = clock_now(), period = tick_period(accountant);

	accountant_sample(accountant, now);
	reclaim_tick(&accountant->clock, now, period);
	if (!is_any_active(accountant, now))
		reclaim_tick(&accountant->clock, now, 0);
	else if (loop_set_timer(accountant->loop, &accountant->tick, period) < 0)
		reclaim_tick(&accountant->clock, now, 0);
}

void claim_wake(struct claim *claim)
{
	struct accountant *accountant = claim->accountant;
	int64_t period;

	if (!accountant || !list_empty(&accountant->tick.link))
		return;
	period = tick_period(accountant);
	if (loop_set_timer(accountant->loop, &accountant->tick, period) == 0)
		reclaim_tick(&accountant->clock, clock_now(), period);
}

/* Others see what decides here: whom they ask first is who would go first by reclaim_compare(). */
static void copy_candidate(const struct reclaim_candidate *candidate, int64_t now,
			   struct slot_record *record)
{
	record->progress = activity_last(&candidate->activity, now);
	record->bytes = candidate->bytes;
	record->priority = candidate->traits.priority;
	record->background = candidate->traits.background;
	record->pending_removal = candidate->traits.pending_removal;
}

static void set_traits(struct claim *claim, const struct reclaim_traits *traits, int64_t now)
{
	reclaim_set_traits(claim->candidate, traits, now);
	if (claim->slot.fd < 0)
		return;
	copy_candidate(claim->candidate, now, &claim->slot.record);
	slot_update(&claim->slot, &claim->slot.record);
}

void claim_set_traits(struct claim *claim, const struct reclaim_traits *traits)
{
	struct accountant *accountant = claim->accountant;
	int64_t now = clock_now();

	set_traits(claim, traits, now);
	for (size_t i = 0; i < accountant->n_candidates; i++) {
		struct claim *other = claim_of(&accountant->candidates[i]);

		if (other->helped == claim)
			set_traits(other, traits, now);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

void accountant_init(struct accountant *accountant, struct core *core, struct loop *loop,
		     const struct accountant_options *options)
{
	char reason[SLOT_REASON_SIZE];

	memset(accountant, 0, sizeof *accountant);
	accountant->core = core;
	accountant->loop = loop;
	list_init(&accountant->accounts);
	reclaim_clock_init(&accountant->clock, options ? options->inactivity : 0);
	timer_init(&accountant->tick, on_tick);
	if (options && options->directory)
		snprintf(accountant->directory, sizeof accountant->directory, "%s",
			 options->directory);
	else
		slot_directory_choose(SLOT_SHARED_DIRECTORY, secure_getenv("XDG_RUNTIME_DIR"),
				      accountant->directory, reason);
}

void accountant_finish(struct accountant *accountant)
{
	struct list *item;

	timer_cancel(&accountant->tick);
	if (accountant->has_post)
		post_finish(&accountant->post);
	while ((item = list_pop(&accountant->accounts))) {
		struct account *account = container_of(item, struct account, link);

		account_close(account);
		free(account);
	}
	free(accountant->candidates);
}

/* ---- candidates ------------------------------------------------------------------------------ */

static int make_room(struct accountant *accountant)
{
	size_t room = accountant->room ? 2 * accountant->room : 8;
	struct reclaim_candidate *moved;

	if (accountant->n_candidates < accountant->room)
		return 0;
	moved = reallocarray(accountant->candidates, room, sizeof *moved);
	if (!moved)
		return -ENOMEM;
	for (size_t i = 0; i < accountant->n_candidates; i++)
		claim_of(&moved[i])->candidate = &moved[i];
	accountant->candidates = moved;
	accountant->room = room;
	return 0;
}

static void add_candidate(struct accountant *accountant, struct claim *claim, bool encoder)
{
	struct reclaim_candidate *candidate = &accountant->candidates[accountant->n_candidates++];

	*candidate = (struct reclaim_candidate) {
		.kind = RECLAIM_VIDEO,
		.encoder = encoder,
		.id = ++accountant->last_claim,
		.owner = claim,
	};
	activity_init(&candidate->activity, clock_now());
	claim->candidate = candidate;
}

/* The last one moves into the gap: their order in the array means nothing. */
static void remove_candidate(struct accountant *accountant, struct claim *claim)
{
	struct reclaim_candidate *last = &accountant->candidates[--accountant->n_candidates];

	if (claim->candidate != last) {
		*claim->candidate = *last;
		claim_of(last)->candidate = claim->candidate;
	}
	claim->candidate = NULL;
}

/* ---- claims ---------------------------------------------------------------------------------- */

int accountant_enter(struct accountant *accountant, struct claim *claim,
		     const struct claim_ops *ops, bool encoder, const char *label)
{
	int ret;

	memset(claim, 0, sizeof *claim);
	ret = make_room(accountant);
	if (ret < 0)
		return ret;
	claim->accountant = accountant;
	claim->ops = ops;
	snprintf(claim->label, sizeof claim->label, "%s", label ? label : "");
	claim->slot.fd = -1;
	admission_init(claim);
	add_candidate(accountant, claim, encoder);
	return 0;
}

int accountant_enter_helper(struct claim *codec, struct claim *claim, const struct claim_ops *ops)
{
	int ret = accountant_enter(codec->accountant, claim, ops, codec->candidate->encoder,
				   codec->label);

	if (ret < 0)
		return ret;
	claim->helped = codec;
	set_traits(claim, &codec->candidate->traits, clock_now());
	return 0;
}

void claim_leave(struct claim *claim)
{
	if (!claim->candidate)
		return;
	admission_cancel(claim);
	claim->keeps_slot = false;
	claim_give(claim);
	remove_candidate(claim->accountant, claim);
}

void claim_set_session(struct claim *claim, bool has_session)
{
	claim->candidate->has_session = has_session;
}

/* ---- accounts -------------------------------------------------------------------------------- */

static struct account *find_account(struct accountant *accountant, const struct account_key *key)
{
	struct list *pos;

	list_for_each(pos, &accountant->accounts) {
		struct account *account = container_of(pos, struct account, link);

		if (!strcmp(account->path, key->path) && !strcmp(account->role, key->role))
			return account;
	}
	return NULL;
}

/* The post is opened with the first account: only who holds contexts is asked for one. */
static void set_up(struct accountant *accountant)
{
	int ret = -ENOENT;

	if (accountant->is_set_up)
		return;
	accountant->is_set_up = true;
	if (accountant->directory[0])
		ret = post_init(&accountant->post, accountant->loop, accountant->directory,
				admission_asked, accountant);
	accountant->has_post = ret == 0;
	if (ret < 0)
		log_info(&accountant->core->log,
			 "other processes cannot ask for hardware contexts: %s", strerror(-ret));
}

static struct account *have_account(struct accountant *accountant, const struct account_key *key,
				    int *error)
{
	struct account *account = find_account(accountant, key);

	if (account)
		return account;
	set_up(accountant);
	account = malloc(sizeof *account);
	*error = account ? account_open(account, key, ++accountant->last_account,
					accountant->directory, &accountant->core->log) : -ENOMEM;
	if (*error < 0) {
		free(account);
		return NULL;
	}
	list_append(&accountant->accounts, &account->link);
	return account;
}

int accountant_set_quota(struct accountant *accountant, const struct account_key *key,
			 unsigned quota)
{
	int ret = 0;
	struct account *account = have_account(accountant, key, &ret);

	if (!account)
		return ret;
	account->set_quota = quota < SLOT_MAX ? quota : SLOT_MAX;
	return 0;
}

int accountant_set_rate(struct accountant *accountant, const struct account_key *key,
			uint32_t rate)
{
	int ret = 0;
	struct account *account = have_account(accountant, key, &ret);

	if (!account)
		return ret;
	account->set_rate = rate;
	return 0;
}

/* ---- taking and giving ----------------------------------------------------------------------- */

static void fill_record(const struct claim *claim, const struct account *account,
			const char *codec, int64_t now, struct slot_record *record)
{
	const struct accountant *accountant = claim->accountant;

	memset(record, 0, sizeof *record);
	copy_candidate(claim->candidate, now, record);
	record->width = claim->load.width;
	record->height = claim->load.height;
	record->framerate = claim->load.framerate;
	record->rate_limit = account_rate_limit(account);
	snprintf(record->role, sizeof record->role, "%s", account->role);
	snprintf(record->codec, sizeof record->codec, "%s", codec);
	snprintf(record->node, sizeof record->node, "%.47s", account->path);
	snprintf(record->label, sizeof record->label, "%s", claim->label);
	if (accountant->has_post)
		snprintf(record->socket, sizeof record->socket, "%s", accountant->post.name);
}

static int no_context(const struct account *account, int64_t now, struct wc_error *error)
{
	uint64_t quota = account_quota(account, now);

	error_set(error, WC_QUOTA_EXCEEDED_ERROR, WC_STAGE_OPEN, 0,
		  "all contexts of the device are in use, or somebody is in line for them");
	error_set_device(error, account->path);
	account_list_holders(account, -1, now, error);
	error->quota = quota;
	error->requested = (quota > error->holder_count ? quota : error->holder_count) + 1;
	return error->name;
}

int claim_check_rate(const struct claim *claim, int64_t now, struct wc_error *error)
{
	const struct account *account = claim->account;
	int slot = claim->slot.fd >= 0 ? (int)claim->slot.index : -1;
	uint64_t limit = account_rate_limit(account);
	uint64_t own = rate_of(&claim->load, limit), others;

	if (!limit)
		return 0;
	others = account_rate(account, slot);
	if (others + own <= limit)
		return 0;
	error_set(error, WC_QUOTA_EXCEEDED_ERROR, WC_STAGE_OPEN, 0,
		  "the pixel rate does not suffice: the device does %" PRIu64 " macroblocks a "
		  "second, %" PRIu64 " are in use, and this takes %" PRIu64, limit, others, own);
	error_set_device(error, account->path);
	account_list_holders(account, slot, now, error);
	error->resource = WC_RESOURCE_PIXEL_RATE;
	error->quota = limit;
	error->requested = others + own;
	return error->name;
}

bool claim_may_fit(const struct claim *claim, const struct account *account,
		   const struct wc_error *error)
{
	uint64_t limit;

	if (error->resource != WC_RESOURCE_PIXEL_RATE || !account)
		return error->resource == WC_RESOURCE_CONTEXTS;
	limit = account_rate_limit(account);
	return rate_of(&claim->load, limit) <= limit;
}

static void note_taken(struct claim *claim, const char *codec)
{
	snprintf(claim->codec, sizeof claim->codec, "%s", codec);
	claim->is_taken = true;
	claim->is_proved = false;
	claim->candidate->resource = claim->account->number;
	counter_add(&claim->accountant->core->counters.hardware_contexts, 1);
}

/* A slot of another device, brought by waiting, is kept until this one is had. */
static int take_slot(struct claim *claim, struct account *wanted, const char *codec, int64_t now)
{
	struct slot_record record;
	struct slot slot;
	int ret;

	fill_record(claim, wanted, codec, now, &record);
	if (claim->slot.fd >= 0 && claim->account == wanted) {
		slot_update(&claim->slot, &record);
		return 0;
	}
	ret = slot_take(&wanted->table, account_limit(wanted), &record, &slot, now);
	if (ret == -EAGAIN)
		return ret;
	claim_let_go(claim);
	claim->account = wanted;
	if (ret == 0)
		claim->slot = slot;
	return ret;
}

int claim_take(struct claim *claim, const struct account_key *key, const char *codec,
	       struct wc_error *error)
{
	struct account *wanted;
	int64_t now = clock_now();
	int ret = 0;

	wanted = have_account(claim->accountant, key, &ret);
	if (!wanted)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_OPEN, -ret,
				 "cannot count the contexts of the device");
	if (claim->slot.fd < 0)
		claim->account = wanted;
	ret = take_slot(claim, wanted, codec, now);
	if (ret == -EAGAIN) {
		claim->lacking = wanted;
		return no_context(wanted, now, error);
	}
	if (claim->lacking == wanted)
		claim->lacking = NULL;
	/*
	 * The slot is ours and its record written: of two who look at the same time, at least one
	 * sees both.
	 */
	if (ret == 0 && claim_check_rate(claim, now, error) < 0) {
		claim_let_go(claim);
		return error->name;
	}
	/* Others do not see it then; that is better than none. */
	if (ret < 0)
		log_warning(&claim->accountant->core->log, "%s: a context is not counted: %s",
			    wanted->path, slot_table_reason(&wanted->table));
	note_taken(claim, codec);
	return 0;
}

void claim_let_go(struct claim *claim)
{
	if (!claim->is_taken && claim->slot.fd >= 0)
		slot_give(&claim->slot);
}

void claim_give(struct claim *claim)
{
	bool keep = claim->keeps_slot;

	claim->keeps_slot = false;
	if (!claim->is_taken)
		return;
	claim->is_taken = false;
	claim->candidate->resource = 0;
	counter_sub(&claim->accountant->core->counters.hardware_contexts, 1);
	if (!keep)
		claim_let_go(claim);
}

void claim_proved(struct claim *claim)
{
	int live;

	if (!claim->is_taken || claim->is_proved)
		return;
	claim->is_proved = true;
	live = slot_table_live(&claim->account->table);
	if (live > 0)
		slot_table_proved(&claim->account->table, (unsigned)live);
}

void claim_set_load(struct claim *claim, const struct rate_load *load)
{
	claim->load = *load;
	/* Of one picture: what codecs of other sizes hold is in proportion. */
	claim->candidate->bytes = (uint64_t)load->width * load->height * 3 / 2;
	if (!claim->is_taken || claim->slot.fd < 0)
		return;
	claim->slot.record.width = load->width;
	claim->slot.record.height = load->height;
	claim->slot.record.framerate = load->framerate;
	claim->slot.record.bytes = claim->candidate->bytes;
	slot_update(&claim->slot, &claim->slot.record);
}

void claim_set_size(struct claim *claim, uint32_t width, uint32_t height)
{
	struct rate_load load = { width, height, claim->load.framerate };

	claim_set_load(claim, &load);
}

int claim_refused(struct claim *claim, enum wc_stage stage, int sys_errno, struct wc_error *error)
{
	struct account *account = claim->account;
	int64_t now = clock_now();
	int own = claim->slot.fd >= 0 ? (int)claim->slot.index : -1;

	error_set(error, WC_QUOTA_EXCEEDED_ERROR, stage, sys_errno,
		  "the device gave no context for another %s %s", claim->codec, account->role);
	error_set_device(error, account->path);
	account_list_holders(account, own, now, error);
	/* Without a holder: programs that count nothing have them, or something else is short. */
	if (error->holder_count)
		slot_table_learn(&account->table, error->holder_count, stage, now);
	error->quota = account_quota(account, now);
	error->requested = (uint64_t)error->holder_count + 1;
	return error->name;
}
