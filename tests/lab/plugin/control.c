/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* Quantiser times bits a pixel of FWHT, in hundredths, for pictures of common detail. */
#define QUANTISER_BITS 1500
#define MAX_QUANTISER 31

enum {
	MODE,
	BITRATE,
	RATE_CONTROL,
	FORCE_KEY,
};

/* In the order of their ids. */
static const struct entry {
	uint32_t id;
	enum v4l2_ctrl_type type;
	const char *name;
	int32_t minimum, maximum, initial;
	uint32_t flags;
} entries[CONTROL_COUNT] = {
	[MODE] = {
		V4L2_CID_MPEG_VIDEO_BITRATE_MODE, V4L2_CTRL_TYPE_MENU, "Video Bitrate Mode",
		V4L2_MPEG_VIDEO_BITRATE_MODE_VBR, V4L2_MPEG_VIDEO_BITRATE_MODE_CBR,
		V4L2_MPEG_VIDEO_BITRATE_MODE_VBR, V4L2_CTRL_FLAG_UPDATE,
	},
	[BITRATE] = {
		V4L2_CID_MPEG_VIDEO_BITRATE, V4L2_CTRL_TYPE_INTEGER, "Video Bitrate",
		64000, 500000000, 8000000, 0,
	},
	[RATE_CONTROL] = {
		V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, V4L2_CTRL_TYPE_BOOLEAN,
		"Frame Level Rate Control Enable", 0, 1, 0, 0,
	},
	[FORCE_KEY] = {
		V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, V4L2_CTRL_TYPE_BUTTON, "Force Key Frame",
		0, 0, 0, V4L2_CTRL_FLAG_WRITE_ONLY | V4L2_CTRL_FLAG_EXECUTE_ON_WRITE,
	},
};

void control_init(struct control *control, int fd, bool multiplanar)
{
	control->fd = fd;
	control->multiplanar = multiplanar;
	control->interval = (struct v4l2_fract) { 1, 30 };
	for (unsigned i = 0; i < CONTROL_COUNT; i++)
		control->values[i] = entries[i].initial;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

/* ---- the effect ------------------------------------------------------------------------------ */

static uint32_t output_type(const struct control *control)
{
	return control->multiplanar ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
				    : V4L2_BUF_TYPE_VIDEO_OUTPUT;
}

/* Width and height are at the same place in both kinds of format. */
static uint64_t count_pixels(const struct control *control)
{
	struct v4l2_format format = { .type = output_type(control) };

	if (ioctl(control->fd, VIDIOC_G_FMT, &format) < 0)
		return 0;
	return (uint64_t)format.fmt.pix.width * format.fmt.pix.height;
}

void control_apply(struct control *control)
{
	uint64_t bits = (uint64_t)control->values[BITRATE] * control->interval.numerator;
	uint64_t weight = count_pixels(control) * control->interval.denominator;
	uint64_t quantiser = weight * QUANTISER_BITS / 100 / (bits ? bits : 1);
	struct v4l2_ext_control both[] = {
		{ .id = V4L2_CID_FWHT_I_FRAME_QP }, { .id = V4L2_CID_FWHT_P_FRAME_QP },
	};
	struct v4l2_ext_controls set = { .count = 2, .controls = both };

	if (!control->values[RATE_CONTROL])
		return;
	if (quantiser < 1)
		quantiser = 1;
	if (quantiser > MAX_QUANTISER)
		quantiser = MAX_QUANTISER;
	both[0].value = both[1].value = (int32_t)quantiser;
	ioctl(control->fd, VIDIOC_S_EXT_CTRLS, &set);
}

static void set_value(struct control *control, struct key *key, const struct entry *entry,
		      int32_t value)
{
	if (entry == &entries[FORCE_KEY]) {
		key_force(key);
		return;
	}
	control->values[entry - entries] = value;
	control_apply(control);
}

/* The value as the kernel would take it. 0, or -1 with errno. */
static int check_value(const struct entry *entry, int32_t *value)
{
	if (entry->type == V4L2_CTRL_TYPE_BOOLEAN)
		*value = !!*value;
	else if (entry->type == V4L2_CTRL_TYPE_BUTTON)
		*value = 0;
	else if (entry->type == V4L2_CTRL_TYPE_MENU &&
		 (*value < entry->minimum || *value > entry->maximum))
		return fail(ERANGE);
	else if (*value < entry->minimum)
		*value = entry->minimum;
	else if (*value > entry->maximum)
		*value = entry->maximum;
	return 0;
}

/* ---- questions ------------------------------------------------------------------------------- */

static const struct entry *find(uint32_t id)
{
	for (unsigned i = 0; i < CONTROL_COUNT; i++)
		if (entries[i].id == id)
			return &entries[i];
	return NULL;
}

static const struct entry *find_after(uint32_t id)
{
	for (unsigned i = 0; i < CONTROL_COUNT; i++)
		if (entries[i].id > id)
			return &entries[i];
	return NULL;
}

static void describe(const struct entry *entry, struct v4l2_queryctrl *query)
{
	memset(query, 0, sizeof *query);
	query->id = entry->id;
	query->type = entry->type;
	snprintf((char *)query->name, sizeof query->name, "%s", entry->name);
	query->minimum = entry->minimum;
	query->maximum = entry->maximum;
	query->step = entry->type == V4L2_CTRL_TYPE_BUTTON ? 0 : 1;
	query->default_value = entry->initial;
	query->flags = entry->flags;
}

static void describe_ext(const struct entry *entry, struct v4l2_query_ext_ctrl *query)
{
	memset(query, 0, sizeof *query);
	query->id = entry->id;
	query->type = entry->type;
	snprintf(query->name, sizeof query->name, "%s", entry->name);
	query->minimum = entry->minimum;
	query->maximum = entry->maximum;
	query->step = entry->type == V4L2_CTRL_TYPE_BUTTON ? 0 : 1;
	query->default_value = entry->initial;
	query->flags = entry->flags;
	query->elem_size = sizeof(int32_t);
	query->elems = 1;
}

/*
 * QUERYCTRL and QUERY_EXT_CTRL, whose first field is the id. With V4L2_CTRL_FLAG_NEXT_CTRL it is
 * the next one that is asked for: the driver's or ours, whichever comes first.
 */
static int answer_query(struct control *control, unsigned long request, void *arg)
{
	uint32_t *id = arg;
	bool next = *id & V4L2_CTRL_FLAG_NEXT_CTRL;
	const struct entry *entry = next ? find_after(V4L2_CTRL_ID_MASK & *id) : find(*id);
	int ret;

	if (next || !entry) {
		ret = ioctl(control->fd, request, arg);
		if (!entry || (ret == 0 && *id < entry->id))
			return ret;
	}
	if (request == VIDIOC_QUERYCTRL)
		describe(entry, arg);
	else
		describe_ext(entry, arg);
	return 0;
}

static int answer_menu(struct control *control, struct v4l2_querymenu *menu)
{
	const struct entry *entry = find(menu->id);

	if (!entry)
		return ioctl(control->fd, VIDIOC_QUERYMENU, menu);
	if (entry->type != V4L2_CTRL_TYPE_MENU || menu->index > (uint32_t)entry->maximum)
		return fail(EINVAL);
	snprintf((char *)menu->name, sizeof menu->name, "%s",
		 menu->index ? "Constant Bitrate" : "Variable Bitrate");
	menu->reserved = 0;
	return 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

static int get_one(struct control *control, struct v4l2_control *one)
{
	const struct entry *entry = find(one->id);

	if (!entry)
		return ioctl(control->fd, VIDIOC_G_CTRL, one);
	if (entry->flags & V4L2_CTRL_FLAG_WRITE_ONLY)
		return fail(EACCES);
	one->value = control->values[entry - entries];
	return 0;
}

static int set_one(struct control *control, struct key *key, struct v4l2_control *one)
{
	const struct entry *entry = find(one->id);

	if (!entry)
		return ioctl(control->fd, VIDIOC_S_CTRL, one);
	if (check_value(entry, &one->value) < 0)
		return -1;
	set_value(control, key, entry, one->value);
	return 0;
}

static bool has_ours(const struct v4l2_ext_controls *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (find(set->controls[i].id))
			return true;
	return false;
}

/* What is wrong with asking for one of ours in this way; 0: nothing. */
static int check_ext(const struct v4l2_ext_controls *set, unsigned long request,
		     const struct entry *entry, struct v4l2_ext_control *one)
{
	bool get = request == VIDIOC_G_EXT_CTRLS;
	int32_t value = one->value;

	if (set->which == V4L2_CTRL_WHICH_REQUEST_VAL ||
	    (set->which == V4L2_CTRL_WHICH_DEF_VAL && !get) ||
	    (set->which && set->which != V4L2_CTRL_WHICH_DEF_VAL &&
	     set->which != V4L2_CTRL_ID2WHICH(entry->id)))
		return EINVAL;
	if (get)
		return entry->flags & V4L2_CTRL_FLAG_WRITE_ONLY ? EACCES : 0;
	if (check_value(entry, &value) < 0)
		return errno;
	one->value = value;
	return 0;
}

/* Those of the driver's in one call of their own; where[] says which they are in the whole. */
static int ask_driver(struct control *control, unsigned long request,
		      struct v4l2_ext_controls *set, const struct v4l2_ext_controls *theirs,
		      const uint32_t *where)
{
	struct v4l2_ext_controls part = *theirs;
	int ret = part.count ? ioctl(control->fd, request, &part) : 0;

	for (uint32_t i = 0; i < part.count; i++)
		set->controls[where[i]] = part.controls[i];
	set->error_idx = part.error_idx < part.count ? where[part.error_idx] : set->count;
	return ret;
}

static void finish_ours(struct control *control, struct key *key, unsigned long request,
			struct v4l2_ext_controls *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		struct v4l2_ext_control *one = &set->controls[i];
		const struct entry *entry = find(one->id);

		if (entry && request == VIDIOC_S_EXT_CTRLS)
			set_value(control, key, entry, one->value);
		else if (entry && request == VIDIOC_G_EXT_CTRLS)
			one->value = set->which == V4L2_CTRL_WHICH_DEF_VAL
				     ? entry->initial : control->values[entry - entries];
	}
}

/* Split: ours are checked first and set last, so that all are set or none. */
static int split(struct control *control, struct key *key, unsigned long request,
		 struct v4l2_ext_controls *set, struct v4l2_ext_control *room, uint32_t *where)
{
	struct v4l2_ext_controls theirs = *set;
	int error, ret;

	theirs.count = 0;
	theirs.controls = room;
	for (uint32_t i = 0; i < set->count; i++) {
		const struct entry *entry = find(set->controls[i].id);

		if (!entry) {
			where[theirs.count] = i;
			room[theirs.count++] = set->controls[i];
			continue;
		}
		error = check_ext(set, request, entry, &set->controls[i]);
		if (error) {
			set->error_idx = request == VIDIOC_TRY_EXT_CTRLS ? i : set->count;
			return fail(error);
		}
	}
	ret = ask_driver(control, request, set, &theirs, where);
	if (ret == 0)
		finish_ours(control, key, request, set);
	return ret;
}

static int serve_ext(struct control *control, struct key *key, unsigned long request,
		     struct v4l2_ext_controls *set)
{
	struct v4l2_ext_control *room;
	uint32_t *where;
	int ret;

	if (!has_ours(set))
		return ioctl(control->fd, request, set);
	room = calloc(set->count, sizeof *room);
	where = calloc(set->count, sizeof *where);
	ret = room && where ? split(control, key, request, set, room, where) : fail(ENOMEM);
	free(room);
	free(where);
	return ret;
}

/* ---- the frame rate -------------------------------------------------------------------------- */

static int serve_rate(struct control *control, unsigned long request,
		      struct v4l2_streamparm *parm)
{
	struct v4l2_outputparm *output = &parm->parm.output;

	if (parm->type != output_type(control))
		return fail(EINVAL);
	if (request == VIDIOC_S_PARM && output->timeperframe.numerator &&
	    output->timeperframe.denominator) {
		control->interval = output->timeperframe;
		control_apply(control);
	}
	memset(output, 0, sizeof *output);
	output->capability = V4L2_CAP_TIMEPERFRAME;
	output->timeperframe = control->interval;
	return 0;
}

/* ---- all of them ----------------------------------------------------------------------------- */

bool control_is_about(unsigned long request)
{
	switch (request) {
	case VIDIOC_QUERYCTRL:
	case VIDIOC_QUERY_EXT_CTRL:
	case VIDIOC_QUERYMENU:
	case VIDIOC_G_CTRL:
	case VIDIOC_S_CTRL:
	case VIDIOC_G_EXT_CTRLS:
	case VIDIOC_S_EXT_CTRLS:
	case VIDIOC_TRY_EXT_CTRLS:
	case VIDIOC_G_PARM:
	case VIDIOC_S_PARM:
		return true;
	}
	return false;
}

int control_ioctl(struct control *control, struct key *key, unsigned long request, void *arg)
{
	switch (request) {
	case VIDIOC_QUERYCTRL:
	case VIDIOC_QUERY_EXT_CTRL:
		return answer_query(control, request, arg);
	case VIDIOC_QUERYMENU:
		return answer_menu(control, arg);
	case VIDIOC_G_CTRL:
		return get_one(control, arg);
	case VIDIOC_S_CTRL:
		return set_one(control, key, arg);
	case VIDIOC_G_PARM:
	case VIDIOC_S_PARM:
		return serve_rate(control, request, arg);
	}
	return serve_ext(control, key, request, arg);
}
