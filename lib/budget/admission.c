/* SPDX-License-Identifier: MIT */
/*
 *                       a codec of ours may go          it went
 *     RESTING ------+---------------------> RECLAIMING --------------------> ENDED (retry)
 *                   |   a holder may be asked          it yields, or is dead
 *                   +---------------------> ASKING ------------------------> ENDED (retry)
 *                   |                        |  denied, silent: the next one, else
 *                   |   it may wait          v          a slot is free
 *                   +---------------------> WAITING -----------------------> ENDED (retry)
 *                   |                        |  the time is up
 *                   |   nothing of these     v
 *                   +--------------------------------------------------------> ENDED (refused)
 *
 *     ENDED -- retry or refused is called --> RESTING
 *     any -- admission_cancel() ------------> RESTING
 */
#include "budget/admission.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/clock.h"
#include "util/error.h"

/* Microseconds between tries while nothing tells when to. */
#define BLIND_RETRY 250000

/* For ever, without an overflow. */
#define MAX_PATIENCE (INT64_MAX / 2)

static void proceed(struct claim *claim);

static bool may_make_room(const struct claim *claim)
{
	return claim->account && claim->admission.tries < ADMISSION_MAX_TRIES;
}

static struct loop *loop_of(const struct claim *claim)
{
	return claim->accountant->loop;
}

/* ---- ENDED ----------------------------------------------------------------------------------- */

static void end(struct claim *claim, bool is_refused)
{
	struct admission *admission = &claim->admission;

	admission->state = ADMISSION_ENDED;
	admission->is_refused = is_refused;
	loop_post(loop_of(claim), &admission->task);
}

static void mark_silent(struct claim *claim)
{
	struct wc_error *error = &claim->admission.error;
	struct slot_holder holders[SLOT_MAX];
	unsigned n = slot_table_holders(&claim->account->table, holders, SLOT_MAX, false);

	for (unsigned i = 0; i < n && i < SLOT_MAX; i++) {
		if (!(claim->admission.silent & UINT64_C(1) << holders[i].index) ||
		    holders[i].record.taken > claim->admission.heard)
			continue;
		for (uint32_t k = 0; k < error->holder_count && k < WC_ERROR_MAX_HOLDERS; k++)
			if (error->holders[k].pid == holders[i].record.pid)
				error->holders[k].state = WC_HOLDER_SILENT;
	}
}

static void count_again(const struct claim *claim, struct wc_error *error)
{
	uint64_t in_use = error->holder_count;

	error->quota = account_quota(claim->account, clock_now());
	/* A slot that is free now is kept for somebody else. */
	if (claim->lacking == claim->account && error->quota > in_use)
		in_use = error->quota;
	error->requested = in_use + 1;
}

/* Who has contexts now: those who had them when the waiting began may be gone. */
static void list_again(struct claim *claim)
{
	struct wc_error *error = &claim->admission.error;
	int64_t now = clock_now();

	if (!claim->account)
		return;
	account_list_holders(claim->account, -1, now, error);
	/* If the rate suffices by now, the numbers of the last try stand. */
	if (error->resource == WC_RESOURCE_PIXEL_RATE)
		claim_check_rate(claim, now, error);
	else
		count_again(claim, error);
	mark_silent(claim);
}

static void run_end(struct claim *claim)
{
	struct wc_error error;

	claim->admission.state = ADMISSION_RESTING;
	if (!claim->admission.is_refused) {
		claim->ops->retry(claim);
		return;
	}
	list_again(claim);
	error = claim->admission.error;
	claim->ops->refused(claim, &error);
}

/* ---- RECLAIMING ------------------------------------------------------------------------------ */

struct claim *admission_choose_victim(struct accountant *accountant,
				      const struct reclaim_request *request)
{
	struct reclaim_candidate *best;
	int64_t now = clock_now();

	accountant_sample(accountant, now);
	best = reclaim_choose(accountant->candidates, accountant->n_candidates, request,
			      &accountant->clock, now);
	return best ? claim_of(best) : NULL;
}

static struct claim *find_victim(struct claim *claim)
{
	struct reclaim_request request = {
		.resource = claim->account->number,
		.id = claim->candidate->id,
		.priority = claim->candidate->traits.priority,
	};

	return admission_choose_victim(claim->accountant, &request);
}

int64_t admission_reclaim_for_memory(struct accountant *accountant)
{
	struct reclaim_request request = { RECLAIM_ANY_RESOURCE, 0, INT32_MAX };
	struct claim *victim = admission_choose_victim(accountant, &request);
	const counter *bytes = &accountant->core->counters.buffer_bytes;
	uint64_t before = atomic_load(bytes), after;
	struct wc_error error;

	if (!victim)
		return -1;
	error_set(&error, WC_QUOTA_EXCEEDED_ERROR, WC_STAGE_NONE, 0,
		  "the codec was closed because memory is short");
	log_info(&accountant->core->log, "%s \"%s\" is closed because memory is short",
		 victim->candidate->encoder ? "encoder" : "decoder", victim->label);
	victim->ops->reclaim(victim, &error);
	after = atomic_load(bytes);
	return before > after ? (int64_t)(before - after) : 0;
}

/*
 * What a codec is told that has to go: who has contexts, itself among them, and how many there are.
 * wanted: what was refused for want of something else than contexts, or NULL.
 */
static void reclaim(struct claim *victim, const char *for_whom, const struct wc_error *wanted)
{
	struct account *account = victim->account;
	int64_t now = clock_now();
	struct wc_error error;

	error_set(&error, WC_QUOTA_EXCEEDED_ERROR, WC_STAGE_NONE, 0,
		  "the hardware context was reclaimed for %s", for_whom);
	error_set_device(&error, account->path);
	account_list_holders(account, -1, now, &error);
	error.quota = account_quota(account, now);
	error.requested = (uint64_t)error.holder_count + 1;
	if (wanted && wanted->resource != WC_RESOURCE_CONTEXTS) {
		error.resource = wanted->resource;
		error.quota = wanted->quota;
		error.requested = wanted->requested;
	}
	log_info(&victim->accountant->core->log, "%s: the context of %s \"%s\" goes to %s",
		 account->path, victim->codec, victim->label, for_whom);
	victim->ops->reclaim(victim, &error);
}

/* The victim's callback may do anything, the end of our own codec included. */
static void run_reclaim(struct claim *claim)
{
	struct claim *victim = find_victim(claim);

	/* It may have become active, or have been closed, since it was chosen. */
	if (!victim) {
		proceed(claim);
		return;
	}
	claim->admission.tries++;
	end(claim, false);
	reclaim(victim, "another codec of this context", &claim->admission.error);
}

static void run_task(struct task *task)
{
	struct claim *claim = container_of(task, struct claim, admission.task);

	if (claim->admission.state == ADMISSION_RECLAIMING)
		run_reclaim(claim);
	else
		run_end(claim);
}

/* ---- ASKING ---------------------------------------------------------------------------------- */

static bool is_askable(const struct claim *claim, const struct slot_holder *holder)
{
	const struct accountant *accountant = claim->accountant;

	return holder->kind == SLOT_HOLDER_KNOWN && holder->record.socket[0] &&
	       strcmp(holder->record.socket, accountant->post.name) != 0 &&
	       holder->record.priority <= claim->candidate->traits.priority &&
	       !(claim->admission.asked & UINT64_C(1) << holder->index);
}

/*
 * As reclaim_compare(), by what records tell: it is what their holders know, except for progress
 * since their last tick. The holder itself judges in the end.
 */
static bool goes_before(const struct slot_record *a, const struct slot_record *b)
{
	if (a->pending_removal != b->pending_removal)
		return a->pending_removal;
	if (a->priority != b->priority)
		return a->priority < b->priority;
	if (a->background != b->background)
		return a->background;
	if (a->progress != b->progress)
		return a->progress < b->progress;
	return a->bytes > b->bytes;
}

static bool choose_holder(const struct claim *claim, struct slot_holder *chosen)
{
	struct slot_holder holders[SLOT_MAX];
	unsigned n = slot_table_holders(&claim->account->table, holders, SLOT_MAX, false);
	bool found = false;

	for (unsigned i = 0; i < n && i < SLOT_MAX; i++) {
		if (!is_askable(claim, &holders[i]))
			continue;
		if (!found || goes_before(&holders[i].record, &chosen->record))
			*chosen = holders[i];
		found = true;
	}
	return found;
}

static uint64_t device_hash(const struct account *account)
{
	return slot_hash(SLOT_HASH_SEED, account->table.device, strlen(account->table.device));
}

static bool ask_next(struct claim *claim)
{
	struct admission *admission = &claim->admission;
	struct slot_holder holder;

	while (claim->accountant->has_post && choose_holder(claim, &holder)) {
		struct post_request request = {
			.device = device_hash(claim->account),
			.generation = (uint64_t)holder.record.taken,
			.slot = holder.index,
			.priority = claim->candidate->traits.priority,
		};

		admission->asked |= UINT64_C(1) << holder.index;
		admission->asking = holder.index;
		if (post_ask(&claim->accountant->post, &admission->ask, holder.record.socket,
			     &request, 0) == 0)
			return true;
	}
	return false;
}

/* A holder that is gone may have left its slot to a child. */
static bool has_free(const struct claim *claim)
{
	return slot_table_has_free(&claim->account->table,
				   account_wait_limit(claim->account, clock_now()));
}

static void on_answer(struct post_ask *ask)
{
	struct claim *claim = container_of(ask, struct claim, admission.ask);
	struct admission *admission = &claim->admission;

	log_info(&claim->accountant->core->log, "%s: asked the holder of slot %u: %s%s%s",
		 claim->account->path, admission->asking, post_outcome_name(ask->outcome),
		 ask->outcome == POST_DENIED ? ", " : "",
		 ask->outcome == POST_DENIED ? reclaim_verdict_name(ask->verdict) : "");
	if (ask->outcome == POST_GRANTED || (ask->outcome == POST_GONE && has_free(claim))) {
		admission->tries++;
		end(claim, false);
		return;
	}
	if (ask->outcome == POST_SILENT) {
		admission->silent |= UINT64_C(1) << admission->asking;
		admission->heard = clock_now();
	}
	proceed(claim);
}

static struct claim *find_claim(struct accountant *accountant, const struct post_request *request)
{
	for (size_t i = 0; i < accountant->n_candidates; i++) {
		struct claim *claim = claim_of(&accountant->candidates[i]);

		if (claim->is_taken && claim->slot.index == request->slot &&
		    (uint64_t)claim->slot.record.taken == request->generation &&
		    device_hash(claim->account) == request->device)
			return claim;
	}
	return NULL;
}

enum reclaim_verdict admission_asked(void *owner, const struct post_request *request)
{
	struct accountant *accountant = owner;
	struct claim *claim = find_claim(accountant, request);
	struct reclaim_request wanted = { .priority = request->priority };
	struct reclaim_group group = { 0 };
	enum reclaim_verdict verdict;
	int64_t now = clock_now();
	char whom[64];

	if (!claim)
		return RECLAIM_NOT_HELD;
	wanted.resource = claim->candidate->resource;
	accountant_sample(accountant, now);
	for (size_t i = 0; i < accountant->n_candidates; i++)
		reclaim_group_add(&group, &accountant->candidates[i], &accountant->clock, now);
	verdict = reclaim_judge_request(claim->candidate, &group, &wanted, &accountant->clock,
					now);
	if (verdict != RECLAIM_ALLOWED)
		return verdict;
	snprintf(whom, sizeof whom, "process %d", (int)request->pid);
	reclaim(claim, whom, NULL);
	return RECLAIM_ALLOWED;
}

/* ---- WAITING --------------------------------------------------------------------------------- */

static void leave_queue(struct claim *claim)
{
	struct admission *admission = &claim->admission;

	timer_cancel(&admission->retry);
	timer_cancel(&admission->deadline);
	loop_remove(loop_of(claim), &admission->source);
	slot_wait_cancel(&admission->wait);
}

static void go_on_waiting(struct claim *claim, int ret)
{
	struct admission *admission = &claim->admission;
	int64_t delay = admission->wait.retry_at - clock_now();

	if (ret == -EAGAIN)
		ret = loop_set_timer(loop_of(claim), &admission->retry, delay > 1 ? delay : 1);
	else if (ret == 0)
		ret = 1;
	if (ret == 0)
		return;
	leave_queue(claim);
	end(claim, ret < 0);
}

static void on_close(struct loop_source *source, uint32_t revents);

static void try_again(struct claim *claim)
{
	struct slot_wait *wait = &claim->admission.wait;
	int ret;

	/* The descriptor is closed inside when the wait is over, but a forked child may have it. */
	loop_remove(loop_of(claim), &claim->admission.source);
	wait->limit = account_wait_limit(claim->account, clock_now());
	ret = slot_wait_try(wait, &claim->slot, clock_now());
	if (ret == -EAGAIN && wait->fd >= 0)
		loop_add(loop_of(claim), &claim->admission.source, wait->fd, EPOLLIN, on_close);
	go_on_waiting(claim, ret);
}

static void on_close(struct loop_source *source, uint32_t revents)
{
	(void)revents;
	try_again(container_of(source, struct claim, admission.source));
}

static void on_retry(struct timer *timer)
{
	struct claim *claim = container_of(timer, struct claim, admission.retry);

	if (claim->admission.wait.table) {
		try_again(claim);
		return;
	}
	leave_queue(claim);
	end(claim, false);
}

static void on_deadline(struct timer *timer)
{
	struct claim *claim = container_of(timer, struct claim, admission.deadline);

	leave_queue(claim);
	end(claim, true);
}

/*
 * The device refuses although by all that is counted a context is free: somebody has it who counts
 * nothing. Or nobody can tell which device it is. Then only trying helps.
 */
static int wait_blindly(struct claim *claim)
{
	claim->admission.wait.table = NULL;
	return loop_set_timer(loop_of(claim), &claim->admission.retry, BLIND_RETRY);
}

static int get_in_line(struct claim *claim)
{
	struct admission *admission = &claim->admission;
	struct slot_record record = { 0 };
	int64_t now = clock_now();
	int ret;

	if (!claim->account)
		return wait_blindly(claim);
	snprintf(record.role, sizeof record.role, "%s", claim->account->role);
	snprintf(record.label, sizeof record.label, "%s", claim->label);
	record.priority = claim->candidate->traits.priority;
	ret = slot_wait_begin(&admission->wait, &claim->account->table,
			      account_wait_limit(claim->account, now), &record, &claim->slot, now);
	if (ret == 0 && claim->lacking != claim->account) {
		claim_let_go(claim);
		return wait_blindly(claim);
	}
	if (ret != 0 && ret != -EAGAIN)
		return ret;
	if (ret == -EAGAIN && admission->wait.fd >= 0)
		loop_add(loop_of(claim), &admission->source, admission->wait.fd, EPOLLIN,
			 on_close);
	go_on_waiting(claim, ret);
	return 0;
}

/* False: the time is up, or there is no place in the queue. */
static bool begin_waiting(struct claim *claim)
{
	struct admission *admission = &claim->admission;
	int64_t left = admission->until - clock_now();

	if (left <= 0 || loop_set_timer(loop_of(claim), &admission->deadline, left) < 0)
		return false;
	admission->state = ADMISSION_WAITING;
	if (get_in_line(claim) == 0)
		return true;
	leave_queue(claim);
	return false;
}

/* ---- the machine ----------------------------------------------------------------------------- */

static void proceed(struct claim *claim)
{
	struct admission *admission = &claim->admission;

	if (may_make_room(claim) && find_victim(claim)) {
		admission->state = ADMISSION_RECLAIMING;
		loop_post(loop_of(claim), &admission->task);
	} else if (may_make_room(claim) && ask_next(claim)) {
		admission->state = ADMISSION_ASKING;
	} else if (!begin_waiting(claim)) {
		end(claim, true);
	}
}

void admission_init(struct claim *claim)
{
	struct admission *admission = &claim->admission;

	memset(admission, 0, sizeof *admission);
	task_init(&admission->task, run_task);
	post_ask_init(&admission->ask, on_answer);
	timer_init(&admission->retry, on_retry);
	timer_init(&admission->deadline, on_deadline);
	admission->source.fd = -1;
}

/*
 * The account of the device that refused: others may have been tried since. A node has one role.
 * NULL: there is none, it could not even be looked at.
 */
static struct account *find_account(const struct claim *claim, const char *path)
{
	struct list *pos;

	list_for_each(pos, &claim->accountant->accounts) {
		struct account *account = container_of(pos, struct account, link);

		if (!strcmp(account->path, path))
			return account;
	}
	return NULL;
}

void admission_renew(struct claim *claim)
{
	claim->admission.tries = 0;
	claim->admission.until = 0;
}

bool admission_begin(struct claim *claim, int64_t patience, const struct wc_error *error)
{
	struct admission *admission = &claim->admission;
	struct account *account = find_account(claim, error->device);

	if (!claim_may_fit(claim, account, error))
		return false;
	claim_let_go(claim);
	claim->account = account;
	if (!admission->until)
		admission->until = clock_now() +
				   (patience < MAX_PATIENCE ? patience : MAX_PATIENCE);
	if (!may_make_room(claim) && clock_now() >= admission->until)
		return false;
	admission->asked = 0;
	admission->silent = 0;
	admission->error = *error;
	proceed(claim);
	return true;
}

void admission_cancel(struct claim *claim)
{
	struct admission *admission = &claim->admission;

	task_cancel(&admission->task);
	post_cancel(&admission->ask);
	if (admission->state == ADMISSION_WAITING)
		leave_queue(claim);
	/* What waiting brought, and nobody came for. */
	claim_let_go(claim);
	admission->state = ADMISSION_RESTING;
	admission_renew(claim);
}

void admission_succeeded(struct claim *claim)
{
	admission_renew(claim);
	claim_proved(claim);
}
