/* SPDX-License-Identifier: MIT */
#include "session/stateful.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/device_account.h"
#include "util/error.h"
#include "v4l2/probe.h"

/* Bounds of stateful_coded_size(), bytes. */
#define MIN_CODED_SIZE (512u * 1024)
#define MAX_CODED_SIZE (4096u * 1024)

static void on_ready(struct loop_source *source, uint32_t revents);
static void on_watchdog(struct timer *timer);
static void drop_kept(struct stateful *s);
static void on_rested(struct timer *timer);

static bool is_alive(const struct stateful *s)
{
	return !s->dead && !s->failed;
}

/* ---- errors ---------------------------------------------------------------------------------- */

bool stateful_is_refusal(enum wc_stage stage, int sys_errno)
{
	switch (sys_errno) {
	case ENODEV:
	case ENXIO:
	case EMFILE:
	case ENFILE:
	case EFAULT:
	case ENOTTY:
		return false;
	case ENOENT:
	case EPERM:
	case EACCES:
	case EROFS:
	case ELOOP:
	case ENOTDIR:
	case EISDIR:
		return stage == WC_STAGE_BUFFERS || stage == WC_STAGE_STREAM_ON;
	default:
		return stage == WC_STAGE_OPEN || stage == WC_STAGE_BUFFERS ||
		       stage == WC_STAGE_STREAM_ON;
	}
}

int stateful_error(struct stateful *s, enum wc_stage stage, int sys_errno, const char *what,
		   struct wc_error *error)
{
	enum wc_status name = stage == WC_STAGE_FORMAT ? WC_NOT_SUPPORTED_ERROR
							: WC_OPERATION_ERROR;

	if (sys_errno == EMFILE || sys_errno == ENFILE) {
		descriptors_refused(s->env.core, 1, sys_errno, stage, error);
		error_set_device(error, s->device.path);
		return error->name;
	}
	if (stateful_is_refusal(stage, sys_errno))
		return claim_refused(s->env.claim, stage, sys_errno, error);
	if (sys_errno == ENODEV || sys_errno == ENXIO)
		error_set(error, WC_OPERATION_ERROR, stage, sys_errno, "the device is gone");
	else
		error_set(error, name, stage, sys_errno, "cannot %s", what);
	error_set_device(error, s->device.path);
	return error->name;
}

static void stop_serving(struct stateful *s)
{
	timer_cancel(&s->watchdog);
	timer_cancel(&s->rest);
	loop_remove(s->env.loop, &s->source);
}

int stateful_fail_with(struct stateful *s, const struct wc_error *error)
{
	if (s->failed)
		return s->error.name;
	s->error = *error;
	s->failed = true;
	stop_serving(s);
	loop_post(s->env.loop, &s->later);
	return s->error.name;
}

int stateful_fail(struct stateful *s, enum wc_stage stage, int sys_errno, const char *what)
{
	struct wc_error error;

	if (s->failed)
		return s->error.name;
	stateful_error(s, stage, sys_errno, what, &error);
	return stateful_fail_with(s, &error);
}

int stateful_fail_copy(struct stateful *s, int sys_errno, size_t size, const char *what)
{
	struct wc_error error;

	if (sys_errno != EDQUOT)
		return stateful_fail(s, WC_STAGE_JOB, sys_errno, what);
	memory_refused(s->env.core, WC_MEMORY_PLAIN, size, WC_STAGE_JOB, &error);
	error_set_device(&error, s->device.path);
	return stateful_fail_with(s, &error);
}

int stateful_fail_stream(struct stateful *s, const char *what)
{
	struct wc_error error;

	error_set(&error, WC_ENCODING_ERROR, WC_STAGE_JOB, 0, "%s", what);
	error_set_device(&error, s->device.path);
	return stateful_fail_with(s, &error);
}

int stateful_fail_call(struct stateful *s, const struct wc_error *error)
{
	s->failed = true;
	s->error = *error;
	stop_serving(s);
	task_cancel(&s->later);
	return s->error.name;
}

bool stateful_has_failed(struct stateful *s, struct wc_error *error)
{
	if (!s->failed)
		return false;
	*error = s->error;
	task_cancel(&s->later);
	return true;
}

static void run_later(struct task *task)
{
	struct stateful *s = container_of(task, struct stateful, later);

	if (s->dead)
		return;
	if (s->failed) {
		struct wc_error error = s->error;

		s->base.sink_ops->failed(s->base.sink, &error);
	} else if (s->drained_later) {
		s->drained_later = false;
		s->base.sink_ops->drained(s->base.sink);
	}
}

void stateful_drained_later(struct stateful *s)
{
	s->drained_later = true;
	loop_post(s->env.loop, &s->later);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void run_free(struct task *task)
{
	struct stateful *s = container_of(task, struct stateful, free_task);

	s->ops->free(s);
	free(s);
}

/* In the books first: who looks at them knows of us before the driver does. */
static int take_context(struct stateful *s, const struct v4l2_device_info *info,
			const char *work, struct wc_error *error)
{
	struct device_identity identity;
	struct account_key key;

	device_account_key(info, &identity, &key);
	return claim_take(s->env.claim, &key, work, error);
}

/* Others in the process use libv4l2, too: only it knows when its table is full. */
static void note_attached(struct stateful *s)
{
	struct core *core = s->env.core;

	if (s->device.attached == 0)
		counter_add(&core->counters.libv4l2_devices, 1);
	else
		log_info(&core->log, "%s: used without plugins, since libv4l2 %s: %s",
			 s->device.path, s->device.attached == -EBUSY ?
			 "has 16 devices already" : "did not take it",
			 strerror(-s->device.attached));
}

static int no_descriptor(struct stateful *s, const struct v4l2_device_info *info,
			 struct wc_error *error)
{
	descriptors_refused(s->env.core, 1, EDQUOT, WC_STAGE_OPEN, error);
	error_set_device(error, info->device.path);
	return error->name;
}

int stateful_open(struct stateful *s, const struct stateful_ops *ops,
		  const struct session_env *env, const struct v4l2_device_info *info,
		  enum wc_device_role role, const char *work, struct wc_error *error)
{
	int ret;

	s->ops = ops;
	s->env = *env;
	s->source.fd = -1;
	timer_init(&s->watchdog, on_watchdog);
	timer_init(&s->rest, on_rested);
	task_init(&s->later, run_later);
	task_init(&s->free_task, run_free);
	s->device.fd = -1;
	snprintf(s->card, sizeof s->card, "%s", info->device.card);

	ret = take_context(s, info, work, error);
	if (ret < 0)
		return ret;
	if (descriptors_take(s->env.core, 1) < 0)
		return no_descriptor(s, info, error);
	ret = device_open(&s->device, info);
	if (ret < 0)
		descriptors_give(s->env.core, 1);
	else
		note_attached(s);
	s->quirks = quirks_find(info->device.driver, role, s->device.kernel);
	if (ret < 0)
		return stateful_error(s, WC_STAGE_OPEN, -ret, "open the device", error);
	queue_init(&s->in, &s->device, device_output_type(&s->device));
	queue_init(&s->out, &s->device, device_capture_type(&s->device));
	return 0;
}

/* Order: no more events, no more returns, then the driver's context, then our entry for it. */
static void release_device(struct stateful *s)
{
	stop_serving(s);
	if (s->device.fd >= 0) {
		stateful_stop(s);
		stateful_free_inputs(s);
		stateful_free_outputs(s);
		if (s->device.attached == 0)
			counter_sub(&s->env.core->counters.libv4l2_devices, 1);
		device_close(&s->device);
		descriptors_give(s->env.core, 1);
		drop_kept(s);
	}
	claim_give(s->env.claim);
}

void stateful_abandon(struct stateful *s)
{
	s->dead = true;
	release_device(s);
	task_cancel(&s->later);
	run_free(&s->free_task);
}

void stateful_destroy(struct session *session)
{
	struct stateful *s = (struct stateful *)session;

	s->dead = true;
	release_device(s);
	task_cancel(&s->later);
	/* Called from a handler of ours, perhaps: the struct must outlive it. */
	if (s->env.loop->dispatching)
		loop_post(s->env.loop, &s->free_task);
	else
		run_free(&s->free_task);
}

void stateful_describe(const struct session *session, struct wc_session_info *info)
{
	const struct stateful *s = (const struct stateful *)session;

	memset(info, 0, sizeof *info);
	info->kind = WC_SESSION_STATEFUL;
	snprintf(info->device, sizeof info->device, "%s", s->device.path);
	snprintf(info->name, sizeof info->name, "%s", s->card);
	info->bytes_copied = s->bytes_copied;
	info->units_in = s->units_in;
	info->units_out = s->units_out;
	info->bypasses_plugins = s->device.attached != 0;
}

/* ---- buffers --------------------------------------------------------------------------------- */

static void on_input_returned(void *owner, unsigned index)
{
	struct stateful *s = owner;

	queue_release(&s->in, index);
	stateful_tell_ready(s);
}

static void on_output_returned(void *owner, unsigned index)
{
	struct stateful *s = owner;

	stateful_requeue_output(s, index);
}

static int make_port(struct stateful *s, struct queue *queue, bool writable,
		     port_returned returned, struct port **port, struct wc_error *error)
{
	int ret;

	*port = port_new(s->env.core, s->env.loop, queue, writable, returned, s);
	ret = *port ? port_fill(*port) : -ENOMEM;
	if (ret == 0)
		return 0;
	/* Memory, descriptors and address space are the machine's: no matter of contexts. */
	if (budget_is_refusal(ret))
		port_refused(*port, -ret, error);
	else
		error_set(error, WC_OPERATION_ERROR, WC_STAGE_BUFFERS, -ret,
			  "cannot map the buffers");
	error_set_device(error, s->device.path);
	return error->name;
}

static bool has_memory(struct stateful *s, const struct queue *queue, unsigned count)
{
	return memory_fits(s->env.core, WC_MEMORY_DRIVER,
			   count * queue_buffer_size(queue, queue->n_buffers));
}

/* Looked at before the driver is asked: it would take the memory first. */
static int allocate(struct stateful *s, struct queue *queue, unsigned count, unsigned least,
		    struct wc_error *error)
{
	int ret;

	while (count > least && !has_memory(s, queue, count))
		count--;
	if (!has_memory(s, queue, count)) {
		memory_refused(s->env.core, WC_MEMORY_DRIVER,
			       count * queue_buffer_size(queue, queue->n_buffers),
			       WC_STAGE_BUFFERS, error);
		error_set_device(error, s->device.path);
		return error->name;
	}
	ret = queue_allocate(queue, count);
	if (ret < 0)
		return stateful_error(s, WC_STAGE_BUFFERS, -ret,
				      queue == &s->in ? "get buffers on OUTPUT"
						      : "get buffers on CAPTURE", error);
	return 0;
}

int stateful_free_inputs(struct stateful *s)
{
	if (s->imports)
		log_debug(&s->env.core->log, "%s: %llu frames read in place, %llu times attached",
			  s->device.path, (unsigned long long)s->imports->submits,
			  (unsigned long long)s->imports->attached);
	free(s->imports);
	s->imports = NULL;
	port_close(s->in_port);
	s->in_port = NULL;
	return queue_free(&s->in);
}

/* As deep as with buffers of its own, unless the driver says that it needs more. */
static unsigned import_limit(struct stateful *s)
{
	int32_t least = 0;

	if (device_get_control(&s->device, V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, &least) < 0 ||
	    least < STATEFUL_INPUTS)
		return STATEFUL_INPUTS;
	return (unsigned)least + 1;
}

int stateful_allocate_imports(struct stateful *s)
{
	bool orphans = s->in.capabilities & V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS;
	struct imports *imports;
	int ret;

	if (!queue_may_import(&s->in))
		return -EOPNOTSUPP;
	if (port_count_in_use(s->in_port) && !orphans)
		return -EBUSY;
	imports = calloc(1, sizeof *imports);
	if (!imports)
		return -ENOMEM;
	imports->limit = import_limit(s);
	ret = stateful_free_inputs(s);
	if (ret == 0)
		ret = queue_allocate_imports(&s->in, STATEFUL_IMPORTS);
	if (ret < 0)
		free(imports);
	else
		s->imports = imports;
	return ret;
}

/* What says nothing of imports: it may be well the next time. */
static bool is_passing(int ret)
{
	return budget_is_refusal(ret) || ret == -ENOMEM || ret == -EBUSY;
}

static void give_imports_up(struct stateful *s, struct importing *importing, int ret)
{
	importing->refused = true;
	snprintf(importing->reason, sizeof importing->reason,
		 "the driver does not take the DMA-BUF (%s)", strerror(-ret));
	log_info(&s->env.core->log, "%s: %s", s->device.path, importing->reason);
}

int stateful_imports_failed(struct stateful *s, struct importing *importing,
			    enum wc_copy_policy copy, int ret, enum wc_stage stage,
			    struct wc_error *error)
{
	bool is_gone = ret == -ENODEV || ret == -ENXIO;

	if (!is_gone && !is_passing(ret)) {
		give_imports_up(s, importing, ret);
		return 0;
	}
	if (!is_gone && copy != WC_COPY_NEVER) {
		importing->settled = true;
		log_info(&s->env.core->log, "%s: no import for now (%s)", s->device.path,
			 strerror(-ret));
		return 0;
	}
	if (ret != -EDQUOT)
		return stateful_error(s, stage, -ret, "import a DMA-BUF", error);
	budget_refused(s->env.core, WC_MEMORY_IMPORTED, 0, 1, EDQUOT, stage, error);
	error_set_device(error, s->device.path);
	return error->name;
}

int stateful_allocate_inputs(struct stateful *s, bool writable, struct wc_error *error)
{
	int ret = allocate(s, &s->in, STATEFUL_INPUTS, 2, error);

	return ret < 0 ? ret : make_port(s, &s->in, writable, on_input_returned, &s->in_port,
					 error);
}

int stateful_allocate_outputs(struct stateful *s, unsigned count, bool writable,
			      struct wc_error *error)
{
	unsigned least = s->keep < count ? s->keep + 1 : count;
	int ret = allocate(s, &s->out, count, least, error);

	return ret < 0 ? ret : make_port(s, &s->out, writable, on_output_returned, &s->out_port,
					 error);
}

/*
 * Whether pictures are to be in other memory than the driver's: that which the application decided
 * on, if a driver can import it, and without a decision what displays can show, for these.
 */
static bool get_wish(const struct stateful *s, struct memory_wish *wish)
{
	if (!s->env.memory)
		return false;
	frame_memory_get_wish(s->env.memory, s->use, wish);
	for (unsigned i = 0; i < s->out.format.n_planes; i++)
		if (wish->key.size < s->out.format.planes[i].sizeimage)
			wish->key.size = s->out.format.planes[i].sizeimage;
	return wish->forced ? wish->kind != WC_MEMORY_PLAIN : s->use & WC_MEMORY_FOR_DISPLAY;
}

/* 0, or a negative errno and the queue as it was: empty. */
static int make_imports(struct stateful *s, unsigned count, struct pool_allocator *allocator)
{
	int ret = queue_allocate_imports(&s->out, count);

	if (ret < 0) {
		allocator_release(allocator);
		return ret;
	}
	s->out_port = port_new_imports(s->env.core, s->env.loop, &s->out, allocator,
				       on_output_returned, s);
	ret = s->out_port ? port_fill(s->out_port) : -ENOMEM;
	if (ret == 0)
		return 0;
	stateful_free_outputs(s);
	return ret;
}

/* Not tried again in this session, and the log says so. */
static void refuse_imports(struct stateful *s, int sys_errno)
{
	struct memory_wish wish;

	frame_memory_get_wish(s->env.memory, s->use, &wish);
	s->imports_refused = true;
	log_warning(&s->env.core->log,
		    "%s: CAPTURE does not import memory %s (%s): frames are in the driver's",
		    s->device.path, wish.forced ? "as decided on" : "for displays",
		    strerror(sys_errno));
}

static bool import_outputs(struct stateful *s, unsigned count)
{
	struct pool_allocator *allocator;
	struct wc_memory_choice choice;
	struct memory_wish wish;
	int ret;

	if (s->imports_refused || !get_wish(s, &wish))
		return false;
	ret = allocator_choose(s->env.core, &wish, &allocator, &choice);
	if (ret == 0)
		ret = make_imports(s, count, allocator);
	if (ret < 0)
		refuse_imports(s, -ret);
	else
		log_info(&s->env.core->log, "%s: CAPTURE imports %s %s", s->device.path,
			 wc_memory_kind_name(choice.kind), choice.name);
	return ret == 0;
}

int stateful_make_outputs(struct stateful *s, struct wc_error *error)
{
	unsigned count = stateful_wanted_outputs(s);

	return import_outputs(s, count) ? 0 : stateful_allocate_outputs(s, count, false, error);
}

bool stateful_has_imports(const struct stateful *s)
{
	return s->out.state != QUEUE_EMPTY && s->out.memory == V4L2_MEMORY_DMABUF;
}

int stateful_free_outputs(struct stateful *s)
{
	port_close(s->out_port);
	s->out_port = NULL;
	return queue_free(&s->out);
}

int stateful_queue_first(struct stateful *s, struct wc_error *error)
{
	int ret = stateful_queue_outputs(s);

	if (ret < 0 && stateful_has_imports(s)) {
		refuse_imports(s, -ret);
		ret = stateful_free_outputs(s);
		if (ret < 0)
			return stateful_error(s, WC_STAGE_JOB, -ret, "give buffers back", error);
		ret = stateful_make_outputs(s, error);
		if (ret < 0)
			return ret;
		ret = stateful_queue_outputs(s);
	}
	if (ret < 0)
		return stateful_error(s, WC_STAGE_STREAM_ON, -ret, "queue buffers on CAPTURE",
				      error);
	return 0;
}

int stateful_stream_on(struct stateful *s, struct queue *queue, struct wc_error *error)
{
	int ret = queue_stream_on(queue);

	if (ret < 0)
		return stateful_error(s, WC_STAGE_STREAM_ON, -ret,
				      queue == &s->in ? "start OUTPUT" : "start CAPTURE", error);
	return 0;
}

/* EINVAL is what vb2 and drivers say of buffers; of contexts they say something else. */
int stateful_start_inputs(struct stateful *s, struct importing *importing, struct wc_error *error)
{
	int ret = queue_stream_on(&s->in);

	if (ret == 0)
		return 0;
	if (ret != -EINVAL || !s->imports)
		return stateful_error(s, WC_STAGE_STREAM_ON, -ret, "start OUTPUT", error);
	give_imports_up(s, importing, ret);
	ret = stateful_stop(s);
	return ret < 0 ? stateful_error(s, WC_STAGE_JOB, -ret, "stop the queues", error)
		       : -EOPNOTSUPP;
}

unsigned stateful_wanted_outputs(const struct stateful *s)
{
	return s->keep + (s->throttled ? 1 : STATEFUL_EXTRA_OUTPUTS);
}

/* A throttled decoder decodes as far ahead as the driver cannot do without. */
static bool has_enough_outputs(const struct stateful *s)
{
	return s->throttled && s->out.n_queued >= s->keep;
}

int stateful_queue_outputs(struct stateful *s)
{
	int ret = 0;

	for (unsigned i = 0; i < s->out.n_buffers && ret == 0 && !has_enough_outputs(s); i++)
		if (s->out.slots[i] == SLOT_FREE)
			ret = port_enqueue(s->out_port, i);
	return ret;
}

/* Bytes of the next buffer, with size bytes in plane 0 or as many as the format says. */
static uint64_t grown_size(const struct queue *queue, size_t size)
{
	uint64_t usual = queue_buffer_size(queue, queue->n_buffers);
	uint32_t plane = queue->format.planes[0].sizeimage;

	return size > plane ? usual - plane + size : usual;
}

/*
 * One buffer more, with its memory; first the one whose memory could not be had at an earlier call.
 * That one counts as held, so that nobody gives it to the driver. The index or a negative errno.
 */
static int grow(struct stateful *s, struct queue *queue, struct port *port, size_t size)
{
	unsigned index = port_count(port);
	int ret;

	if (index == queue->n_buffers) {
		if (!memory_fits(s->env.core, WC_MEMORY_DRIVER, grown_size(queue, size)))
			return -EDQUOT;
		ret = queue_grow(queue, (uint32_t)size);
		if (ret < 0)
			return ret;
		queue->slots[index] = SLOT_HELD;
	}
	ret = port_fill(port);
	if (ret < 0)
		return ret;
	queue_release(queue, index);
	return (int)index;
}

/* The output side gets one buffer more, for the driver. */
static bool add_output(struct stateful *s)
{
	int index = grow(s, &s->out, s->out_port, 0);

	if (index < 0 || port_enqueue(s->out_port, (unsigned)index) < 0)
		return false;
	log_debug(&s->env.core->log, "%s: %u buffers on CAPTURE, %u with the driver",
		  s->device.path, s->out.n_buffers, s->out.n_queued);
	return true;
}

/*
 * A throttled output side copies sooner: copies go when the application closes the frames, buffers
 * of the device stay as long as the codec.
 */
static unsigned max_outputs(const struct stateful *s)
{
	return s->throttled ? s->keep + STATEFUL_EXTRA_OUTPUTS : STATEFUL_MAX_OUTPUTS;
}

bool stateful_can_lend(struct stateful *s)
{
	int spare;

	if (s->out.n_queued >= s->keep)
		return true;
	spare = queue_find_free(&s->out, 0);
	if (spare >= 0 && port_enqueue(s->out_port, (unsigned)spare) < 0)
		return false;
	if (spare < 0 && (s->out.n_buffers >= max_outputs(s) || !add_output(s)))
		return false;
	return s->out.n_queued >= s->keep;
}

static unsigned count_spare(const struct stateful *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->out.n_buffers; i++)
		n += s->out.slots[i] == SLOT_FREE;
	return n;
}

/* Free what a throttled decoder does not need, from the end. Returns bytes. */
static uint64_t free_spare_outputs(struct stateful *s)
{
	uint64_t freed = 0;

	while (s->throttled && s->out.n_buffers > s->keep + 1 &&
	       count_spare(s) > STATEFUL_SPARE_OUTPUTS &&
	       s->out.slots[s->out.n_buffers - 1] == SLOT_FREE && queue_shrink(&s->out) == 0)
		freed += port_shrink(s->out_port);
	return freed;
}

void stateful_requeue_output(struct stateful *s, unsigned index)
{
	int ret;

	queue_release(&s->out, index);
	if (s->out.state != QUEUE_STREAMING || s->failed)
		return;
	if (has_enough_outputs(s)) {
		free_spare_outputs(s);
		return;
	}
	ret = port_enqueue(s->out_port, index);
	if (ret < 0)
		stateful_fail(s, WC_STAGE_JOB, -ret, "queue a buffer on CAPTURE");
	else
		stateful_update_events(s);
}

/* All free buffers, and those that were done without. What cannot be had now is had when needed. */
static int restore_outputs(struct stateful *s)
{
	while (s->lean && s->out.n_buffers < stateful_wanted_outputs(s) && add_output(s))
		continue;
	s->lean = s->throttled;
	return stateful_queue_outputs(s);
}

uint64_t stateful_throttle(struct session *session, bool on)
{
	struct stateful *s = (struct stateful *)session;
	int ret = 0;

	s->throttled = on;
	s->lean |= on;
	if (!is_alive(s))
		return 0;
	if (on)
		return free_spare_outputs(s);
	timer_cancel(&s->rest);
	/* Behind its end the output side waits for stateful_resume(). */
	if (s->out.state == QUEUE_STREAMING && !s->out_ended)
		ret = restore_outputs(s);
	if (ret < 0)
		stateful_fail(s, WC_STAGE_JOB, -ret, "queue a buffer on CAPTURE");
	else
		stateful_update_events(s);
	return 0;
}

/* What came meanwhile stays with the driver, which stops when it has no buffers left. */
void stateful_rest(struct session *session, int64_t delay)
{
	struct stateful *s = (struct stateful *)session;

	/* Without a timer there is no rest. */
	if (is_alive(s))
		loop_set_timer(s->env.loop, &s->rest, delay);
}

static void on_rested(struct timer *timer)
{
	stateful_update_events(container_of(timer, struct stateful, rest));
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

int stateful_copy_out(struct stateful *s, unsigned index, size_t size, struct buffer **out)
{
	struct buffer *from = port_buffer(s->out_port, index);
	struct buffer *copy = buffer_new_plain(s->env.core, size);
	size_t at = 0;
	int ret = copy ? buffer_begin_access(from, WC_MAP_READ) : -errno;

	*out = NULL;
	if (ret < 0) {
		buffer_unref(copy);
		return ret;
	}
	for (unsigned i = 0; i < from->n_objects && at < size; i++) {
		/* A driver's memory may be longer than the format says. */
		size_t n = smaller(s->out.format.planes[i].sizeimage,
				   smaller(from->objects[i].size, size - at));

		memcpy(copy->objects[0].map + at, from->objects[i].map, n);
		at += n;
	}
	buffer_end_access(from);
	s->bytes_copied += at;
	counter_add(&s->env.core->counters.bytes_copied, at);
	*out = copy;
	return 0;
}

uint32_t stateful_coded_size(uint32_t width, uint32_t height)
{
	uint64_t guess = (uint64_t)width * height / 2;

	if (guess < MIN_CODED_SIZE)
		return MIN_CODED_SIZE;
	return guess > MAX_CODED_SIZE ? MAX_CODED_SIZE : (uint32_t)guess;
}

static unsigned count_inputs(const struct stateful *s, size_t size)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->in.n_buffers; i++)
		n += s->in.lengths[i] >= size;
	return n;
}

/*
 * Whether to wait for an input buffer of that size rather than to ask for another: the driver has
 * some and will give them back. If it has none, the caller has them all, maybe for ever.
 */
static bool may_wait_for_input(const struct stateful *s, size_t size)
{
	unsigned n = count_inputs(s, size);

	return n >= STATEFUL_MAX_INPUTS || (n >= STATEFUL_INPUTS && s->in.n_queued);
}

/* An input buffer that neither the driver nor the caller has; growing when all are too small. */
int stateful_find_input(struct stateful *s, size_t size)
{
	int index = -1;

	if (size <= INT32_MAX)
		index = queue_find_free(&s->in, (uint32_t)size);
	if (index >= 0)
		return index;
	if (may_wait_for_input(s, size))
		return -EAGAIN;
	if (size > INT32_MAX || (s->max_input && size > s->max_input))
		return -E2BIG;
	index = grow(s, &s->in, s->in_port, size);
	/* There are such buffers, but the driver or the caller has them, and gives them back. */
	if (index < 0)
		return count_inputs(s, size) ? -EAGAIN : index;
	if (s->in.lengths[index] >= size)
		return index;
	s->max_input = s->in.lengths[index];
	return -E2BIG;
}

static void expect_room(struct stateful *s)
{
	if (s->in.n_queued && list_empty(&s->watchdog.link))
		stateful_expect(s, STATEFUL_PATIENCE);
}

static void input_queued(struct stateful *s)
{
	s->units_in++;
	stateful_update_events(s);
	/* The next submit will have to wait: not without end. */
	if (stateful_saturated(&s->base))
		expect_room(s);
}

int stateful_enqueue_import(struct stateful *s, const struct import_source *source,
			    size_t bytesused, const struct timing *timing)
{
	int index = imports_find(s->imports, &s->in, source);
	int ret = index;

	if (index >= 0)
		ret = imports_enqueue(s->imports, &s->in, (unsigned)index, source, bytesused,
				      cookies_put(&s->cookies, timing));
	if (ret == 0)
		input_queued(s);
	return ret;
}

int stateful_enqueue_input(struct stateful *s, unsigned index, size_t bytesused,
			   const struct timing *timing, struct wc_error *error)
{
	bool first = s->units_in == 0;
	int ret;

	ret = queue_enqueue(&s->in, index, bytesused, cookies_put(&s->cookies, timing));
	if (ret < 0)
		/* vb2 starts a queue when the first buffer arrives: so may a refusal. */
		return stateful_error(s, first ? WC_STAGE_STREAM_ON : WC_STAGE_JOB, -ret,
				      "queue a buffer on OUTPUT", error);
	/* Kept until the driver is done with it; then, or when the caller lets go, it is free. */
	buffer_pin(port_buffer(s->in_port, index));
	input_queued(s);
	return 0;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/*
 * What to ask epoll for. v4l2_m2m_poll() reports EPOLLERR while no queue is usable, but only to
 * those who ask for more than EPOLLPRI; and EPOLLIN for ever after the last buffer of a drain. The
 * mask stays the same while the codec runs, so that it costs no system call.
 */
static bool awaits_input(const struct stateful *s)
{
	return s->in.state == QUEUE_STREAMING && s->in.n_queued > 0;
}

static bool awaits_output(const struct stateful *s)
{
	return s->out.state == QUEUE_STREAMING && s->out.n_queued > 0 && !s->out_ended;
}

static bool is_resting(const struct stateful *s)
{
	return !list_empty(&s->rest.link);
}

static uint32_t wanted_events(const struct stateful *s)
{
	if (awaits_output(s) && !is_resting(s))
		return EPOLLPRI | EPOLLIN | EPOLLOUT;
	return awaits_input(s) ? EPOLLPRI | EPOLLOUT : EPOLLPRI;
}

void stateful_update_events(struct stateful *s)
{
	int ret;

	if (!is_alive(s))
		return;
	if (s->source.fd < 0)
		ret = loop_add(s->env.loop, &s->source, s->device.fd, wanted_events(s), on_ready);
	else
		ret = loop_change(s->env.loop, &s->source, wanted_events(s));
	if (ret < 0)
		stateful_fail(s, WC_STAGE_JOB, -ret, "watch the device");
}

void stateful_expect(struct stateful *s, int64_t delay)
{
	int ret = 0;

	if (delay)
		ret = loop_set_timer(s->env.loop, &s->watchdog, delay);
	else
		timer_cancel(&s->watchdog);
	if (ret < 0)
		stateful_fail(s, WC_STAGE_JOB, -ret, "set a timer");
}

bool stateful_progressed(struct stateful *s, uint64_t done)
{
	bool moved = done != s->seen_done || s->units_out != s->seen_out;

	s->seen_done = done;
	s->seen_out = s->units_out;
	s->stalls = moved ? 0 : s->stalls + 1;
	return moved;
}

void stateful_on_no_room(struct stateful *s, uint64_t done)
{
	if (stateful_progressed(s, done) || s->stalls < STATEFUL_MAX_STALLS)
		stateful_expect(s, STATEFUL_PATIENCE);
	else
		stateful_fail(s, WC_STAGE_JOB, ETIMEDOUT, "go on: the device does not answer");
}

int stateful_no_room(struct stateful *s)
{
	s->want_ready = true;
	expect_room(s);
	return SESSION_FULL;
}

bool stateful_is_full(const struct stateful *s)
{
	if (s->imports)
		return s->in.n_queued >= s->imports->limit;
	return queue_find_free(&s->in, 0) < 0;
}

bool stateful_lacks_room(const struct stateful *s)
{
	return s->in.n_queued && (s->want_ready || stateful_is_full(s));
}

/*
 * The caller may have all buffers, and something else to encode or decode: once the driver has
 * none, none will come back, and a submit makes the queue grow.
 */
bool stateful_saturated(struct session *session)
{
	const struct stateful *s = (const struct stateful *)session;

	return s->in.n_queued && stateful_is_full(s);
}

void stateful_tell_ready(struct stateful *s)
{
	if (!s->want_ready || !is_alive(s) || stateful_saturated(&s->base))
		return;
	s->want_ready = false;
	s->base.sink_ops->ready(s->base.sink);
}

static void serve_events(struct stateful *s)
{
	struct v4l2_event event;

	while (is_alive(s) && device_next_event(&s->device, &event) == 0)
		if (event.type == V4L2_EVENT_SOURCE_CHANGE)
			s->ops->source_changed(s, event.u.src_change.changes);
}

static void serve_output(struct stateful *s)
{
	struct queue_done done;
	int ret = queue_dequeue(&s->out, &done);

	if (ret == 0)
		s->ops->output_done(s, &done);
	else if (ret == -EPIPE)
		s->ops->output_ended(s);
	else if (ret != -EAGAIN)
		stateful_fail(s, WC_STAGE_JOB, -ret, "take a buffer from the device");
}

/* The driver is done with an input. It is free, unless the caller still has the chunk or frame. */
static void input_done(struct stateful *s, unsigned index)
{
	struct buffer *imported = s->imports ? imports_take(s->imports, index) : NULL;

	if (!s->imports) {
		/* Ends in on_input_returned(). */
		buffer_unpin(port_buffer(s->in_port, index));
		return;
	}
	queue_release(&s->in, index);
	buffer_unpin(imported);
	stateful_tell_ready(s);
}

/* Take one input back. False: there is none. */
static bool serve_input(struct stateful *s)
{
	unsigned generation = s->generation;
	struct queue_done done;
	int ret = queue_dequeue(&s->in, &done);

	if (ret == -EAGAIN)
		return false;
	if (ret < 0) {
		stateful_fail(s, WC_STAGE_JOB, -ret, "take a buffer from the device");
		return false;
	}
	claim_progress(s->env.claim);
	input_done(s, done.index);
	/* Who waits for the driver to have no input is told even if the caller keeps this one. */
	if (s->in.n_queued == 0)
		stateful_tell_ready(s);
	if (!s->dead && generation == s->generation && (done.flags & V4L2_BUF_FLAG_ERROR))
		stateful_fail_stream(s, "the device could not work on its input");
	return true;
}

void stateful_take_back_inputs(struct stateful *s)
{
	/* What is submitted meanwhile is not awaited. */
	for (unsigned n = s->in.n_queued; n && is_alive(s) && awaits_input(s); n--)
		if (!serve_input(s))
			break;
}

/* Neither queue is usable, or the driver has given up: the next call tells why. */
static void serve_trouble(struct stateful *s)
{
	struct queue_done done;
	int ret = queue_dequeue(s->out.n_queued ? &s->out : &s->in, &done);

	if (ret == 0 || ret == -EAGAIN)
		ret = -EIO;
	stateful_fail(s, WC_STAGE_JOB, -ret, "go on: the driver reports an error");
}

/*
 * Drivers with a poll of their own, s5p-mfc for one, report EPOLLERR to everybody while no queue is
 * usable. That is no error when nothing was queued: look away until something is.
 */
static bool is_mere_idleness(const struct stateful *s, uint32_t revents)
{
	return !(revents & (EPOLLHUP | EPOLLPRI | EPOLLIN | EPOLLOUT)) && !awaits_input(s) &&
	       !awaits_output(s);
}

/*
 * What the device did may be waiting: an application that is late finds the timer and the device
 * due at once. Only if that moved nothing is the time up.
 */
static void on_watchdog(struct timer *timer)
{
	struct stateful *s = container_of(timer, struct stateful, watchdog);

	serve_events(s);
	if (is_alive(s) && awaits_output(s) && !is_resting(s))
		serve_output(s);
	stateful_take_back_inputs(s);
	if (!is_alive(s))
		return;
	stateful_update_events(s);
	if (!list_empty(&s->watchdog.link))
		return;
	/* The device is not late while nobody looks at what it did. */
	if (is_resting(s))
		stateful_expect(s, STATEFUL_PATIENCE);
	else
		s->ops->timed_out(s);
}

static void on_ready(struct loop_source *source, uint32_t revents)
{
	struct stateful *s = container_of(source, struct stateful, source);

	if (is_mere_idleness(s, revents)) {
		loop_remove(s->env.loop, &s->source);
		return;
	}
	if (revents & EPOLLPRI)
		serve_events(s);
	if ((revents & EPOLLIN) && is_alive(s) && !s->out_ended && !is_resting(s))
		serve_output(s);
	if ((revents & EPOLLOUT) && is_alive(s) && s->in.n_queued)
		serve_input(s);
	if ((revents & (EPOLLERR | EPOLLHUP)) && !(revents & (EPOLLIN | EPOLLOUT)) &&
	    is_alive(s))
		serve_trouble(s);
	if (is_alive(s))
		stateful_update_events(s);
}

/* ---- stopping and going on ------------------------------------------------------------------- */

/* A device that did not stop may be reading it: its memory stays as it is until that is closed. */
static void keep_input(struct stateful *s, unsigned index)
{
	struct buffer *pinned = s->imports ? imports_take(s->imports, index)
					   : port_buffer(s->in_port, index);

	if (pinned)
		s->kept[s->n_kept++] = pinned;
}

/* With the device closed. */
static void drop_kept(struct stateful *s)
{
	while (s->n_kept)
		buffer_unpin(s->kept[--s->n_kept]);
}

int stateful_stop(struct stateful *s)
{
	bool queued[QUEUE_MAX_BUFFERS];
	int ret, out_ret;

	for (unsigned i = 0; i < s->in.n_buffers; i++)
		queued[i] = s->in.slots[i] == SLOT_QUEUED;
	ret = queue_stream_off(&s->in);
	out_ret = queue_stream_off(&s->out);
	s->out_ended = false;
	s->want_ready = false;
	for (unsigned i = 0; i < s->in.n_buffers; i++) {
		if (!queued[i])
			continue;
		/* The driver's pin ends; if the caller still has the buffer, it stays held. */
		s->in.slots[i] = SLOT_HELD;
		if (ret < 0)
			keep_input(s, i);
		else
			input_done(s, i);
	}
	return ret < 0 ? ret : out_ret;
}

int stateful_drop_work(struct stateful *s, struct wc_error *error)
{
	int ret;

	if (stateful_has_failed(s, error))
		return error->name;
	s->generation++;
	cookies_forget(&s->cookies);
	s->drained_later = false;
	stateful_expect(s, 0);
	timer_cancel(&s->rest);
	ret = stateful_stop(s);
	if (ret < 0)
		return stateful_error(s, WC_STAGE_JOB, -ret, "stop the queues", error);
	stateful_update_events(s);
	return 0;
}

static int restart(struct queue *queue)
{
	int ret = queue_stream_off(queue);

	return ret < 0 ? ret : queue_stream_on(queue);
}

/* Both are stopped for a moment: coda forgets the end of its stream only then. */
static int restart_both(struct stateful *s)
{
	int ret = queue_stream_off(&s->in);

	if (ret == 0)
		ret = queue_stream_off(&s->out);
	if (ret == 0)
		ret = queue_stream_on(&s->in);
	return ret < 0 ? ret : queue_stream_on(&s->out);
}

int stateful_resume(struct stateful *s, bool encoder)
{
	int ret;

	s->out_ended = false;
	if (s->quirks->resume == RESUME_COMMAND)
		ret = encoder ? device_encoder_command(&s->device, V4L2_ENC_CMD_START)
			      : device_decoder_command(&s->device, V4L2_DEC_CMD_START);
	/* Input that waits behind an end mark in the stream must not be lost. */
	else if (s->quirks->resume == RESUME_RESTART_BOTH && s->in.n_queued == 0)
		ret = restart_both(s);
	else
		ret = restart(&s->out);
	/* The marked buffer was kept back, too. */
	return ret < 0 ? ret : restore_outputs(s);
}
