/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <errno.h>
#include <string.h>

/*
 * Controls after v4l2-ctrls-api.c: integers are rounded into their range, a menu item that is out
 * of range gives ERANGE, one that is masked EINVAL, a read-only control EACCES. Only controls with
 * a plain value.
 */

static const struct fake_control *controls_of(const struct fake_file *file)
{
	static const struct fake_control none = { .id = 0 };

	return file->model->controls ? file->model->controls : &none;
}

static int control_index(const struct fake_file *file, uint32_t id)
{
	const struct fake_control *list = controls_of(file);
	int i;

	for (i = 0; list[i].id && i < FAKE_MAX_CONTROLS; i++)
		if (list[i].id == id)
			return i;
	return -EINVAL;
}

void fake_controls_init(struct fake_file *file)
{
	const struct fake_control *list = controls_of(file);
	unsigned int i;

	for (i = 0; list[i].id && i < FAKE_MAX_CONTROLS; i++)
		file->controls[i] = list[i].def;
}

int64_t fake_control_get(const struct fake_file *file, uint32_t id, int64_t missing)
{
	int index = control_index(file, id);

	if (index < 0)
		return missing;
	if (id == V4L2_CID_MIN_BUFFERS_FOR_CAPTURE && file->model->role == FAKE_DECODER)
		return fake_codec_min_capture(file);
	return file->controls[index];
}

/* A decoder that answers for a stream only refuses before the header (s5p_mfc_dec_g_v_ctrl()). */
static bool not_yet(const struct fake_file *file, uint32_t id)
{
	return id == V4L2_CID_MIN_BUFFERS_FOR_CAPTURE &&
	       file->model->quirks.capture_format_early == FAKE_EARLY_WAIT &&
	       (!file->codec.info_known || file->codec.info_from_client);
}

static const struct fake_control *control_next(const struct fake_file *file, uint32_t id)
{
	const struct fake_control *list = controls_of(file);
	const struct fake_control *best = NULL;

	for (; list->id; list++)
		if (list->id > id && (!best || list->id < best->id))
			best = list;
	return best;
}

static const struct fake_control *control_query(const struct fake_file *file, uint32_t id)
{
	uint32_t plain = id & V4L2_CTRL_ID_MASK;
	int index;

	/* There are no compound controls, so asking for the next of them ends at once. */
	if ((id & V4L2_CTRL_FLAG_NEXT_COMPOUND) && !(id & V4L2_CTRL_FLAG_NEXT_CTRL))
		return NULL;
	if (id & V4L2_CTRL_FLAG_NEXT_CTRL)
		return control_next(file, plain);
	index = control_index(file, id);
	return index < 0 ? NULL : &controls_of(file)[index];
}

static void control_name(uint32_t id, char *name, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char text[] = "Control 0x00000000";
	unsigned int i;

	for (i = 0; i < 8; i++)
		text[sizeof(text) - 2 - i] = digits[id >> (4 * i) & 15];
	memset(name, 0, size);
	strncpy(name, text, size - 1);
}

int fake_queryctrl(struct fake_file *file, struct v4l2_queryctrl *query)
{
	const struct fake_control *control = control_query(file, query->id);

	if (!control)
		return -EINVAL;
	memset(query, 0, sizeof(*query));
	query->id = control->id;
	query->type = control->type;
	control_name(control->id, (char *)query->name, sizeof(query->name));
	query->minimum = (int32_t)control->min;
	query->maximum = (int32_t)control->max;
	query->step = (int32_t)control->step;
	query->default_value = (int32_t)control->def;
	query->flags = control->flags;
	return 0;
}

int fake_query_ext_ctrl(struct fake_file *file, struct v4l2_query_ext_ctrl *query)
{
	const struct fake_control *control = control_query(file, query->id);

	if (!control)
		return -EINVAL;
	memset(query, 0, sizeof(*query));
	query->id = control->id;
	query->type = control->type;
	control_name(control->id, query->name, sizeof(query->name));
	query->minimum = control->min;
	query->maximum = control->max;
	query->step = control->step;
	query->default_value = control->def;
	query->flags = control->flags;
	query->elem_size = control->type == V4L2_CTRL_TYPE_INTEGER64 ? 8 : 4;
	query->elems = 1;
	return 0;
}

int fake_querymenu(struct fake_file *file, struct v4l2_querymenu *menu)
{
	int index = control_index(file, menu->id);
	const struct fake_control *control;

	if (index < 0)
		return -EINVAL;
	control = &controls_of(file)[index];
	if (control->type != V4L2_CTRL_TYPE_MENU || menu->index < control->min ||
	    menu->index > control->max || (control->menu_skip >> menu->index & 1))
		return -EINVAL;
	control_name(menu->index, (char *)menu->name, sizeof(menu->name));
	menu->reserved = 0;
	return 0;
}

/* ---------------------------------------------------------------- values -- */

static int64_t round_to_range(const struct fake_control *control, int64_t value)
{
	uint64_t step = control->step ? control->step : 1;
	uint64_t offset;

	if (value > control->max)
		value = control->max;
	if (value < control->min)
		value = control->min;
	offset = (uint64_t)(value - control->min);
	value = control->min + (int64_t)((offset + step / 2) / step * step);
	return value > control->max ? value - (int64_t)step : value;
}

static int validate(const struct fake_control *control, int64_t *value)
{
	switch (control->type) {
	case V4L2_CTRL_TYPE_INTEGER:
	case V4L2_CTRL_TYPE_INTEGER64:
		*value = round_to_range(control, *value);
		return 0;
	case V4L2_CTRL_TYPE_BOOLEAN:
		*value = *value != 0;
		return 0;
	case V4L2_CTRL_TYPE_MENU:
		if (*value < control->min || *value > control->max)
			return -ERANGE;
		return control->menu_skip >> *value & 1 ? -EINVAL : 0;
	case V4L2_CTRL_TYPE_BITMASK:
		*value &= control->max;
		return 0;
	case V4L2_CTRL_TYPE_BUTTON:
		*value = 0;
		return 0;
	default:
		return -EINVAL;
	}
}

static void apply(struct fake_file *file, unsigned int index, int64_t value)
{
	const struct fake_control *control = &controls_of(file)[index];

	if (control->type == V4L2_CTRL_TYPE_BUTTON) {
		file->controls[index]++;
		if (control->id == V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME)
			file->codec.force_key++;
		return;
	}
	file->controls[index] = value;
	if (control->id == V4L2_CID_MPEG_VIDEO_H264_I_PERIOD &&
	    file->model->quirks.i_period_is_gop &&
	    control_index(file, V4L2_CID_MPEG_VIDEO_GOP_SIZE) >= 0)
		file->controls[control_index(file, V4L2_CID_MPEG_VIDEO_GOP_SIZE)] = value;
}

static int read_value(struct fake_file *file, uint32_t id, int64_t *value)
{
	int index = control_index(file, id);

	if (index < 0)
		return -EINVAL;
	if (controls_of(file)[index].flags & V4L2_CTRL_FLAG_WRITE_ONLY)
		return -EACCES;
	if (not_yet(file, id))
		return -EINVAL;
	*value = fake_control_get(file, id, 0);
	return 0;
}

int fake_g_ctrl(struct fake_file *file, struct v4l2_control *control)
{
	int64_t value;
	int ret = read_value(file, control->id, &value);

	if (ret == 0)
		control->value = (int32_t)value;
	return ret;
}

static int check_write(const struct fake_file *file, uint32_t id, int64_t *value)
{
	int index = control_index(file, id);

	if (index < 0)
		return -EINVAL;
	if (controls_of(file)[index].flags & V4L2_CTRL_FLAG_READ_ONLY)
		return -EACCES;
	return validate(&controls_of(file)[index], value);
}

int fake_s_ctrl(struct fake_file *file, struct v4l2_control *control)
{
	int64_t value = control->value;
	int ret = check_write(file, control->id, &value);

	if (ret)
		return ret;
	apply(file, (unsigned int)control_index(file, control->id), value);
	control->value = (int32_t)value;
	return 0;
}

/* ---------------------------------------------------------------- extended -- */

static int check_which(const struct v4l2_ext_controls *controls, uint32_t id)
{
	if (controls->which == V4L2_CTRL_WHICH_CUR_VAL ||
	    controls->which == V4L2_CTRL_WHICH_DEF_VAL)
		return 0;
	return V4L2_CTRL_ID2WHICH(id) == controls->which ? 0 : -EINVAL;
}

static void check_reserved(const struct v4l2_ext_controls *controls)
{
	uint32_t i;

	if (controls->reserved[0])
		fake_violate("reserved field of v4l2_ext_controls is not zero");
	for (i = 0; i < controls->count; i++)
		if (controls->controls[i].reserved2[0])
			fake_violate("reserved field of v4l2_ext_control is not zero");
}

static bool is_wide(const struct fake_file *file, uint32_t id)
{
	int index = control_index(file, id);

	return index >= 0 && controls_of(file)[index].type == V4L2_CTRL_TYPE_INTEGER64;
}

/* Requests are for stateless devices; class checks with count 0 succeed if the class exists. */
static int check_head(struct fake_file *file, struct v4l2_ext_controls *controls)
{
	const struct fake_control *list = controls_of(file);

	check_reserved(controls);
	controls->error_idx = controls->count;
	if (controls->which == V4L2_CTRL_WHICH_REQUEST_VAL)
		return -EBADR;
	if (controls->count || controls->which == 0 ||
	    controls->which == V4L2_CTRL_WHICH_DEF_VAL)
		return 0;
	for (; list->id; list++)
		if (V4L2_CTRL_ID2WHICH(list->id) == controls->which)
			return 0;
	return -EINVAL;
}

int fake_g_ext_ctrls(struct fake_file *file, struct v4l2_ext_controls *controls)
{
	int ret = check_head(file, controls);
	uint32_t i;

	for (i = 0; !ret && i < controls->count; i++) {
		struct v4l2_ext_control *control = &controls->controls[i];
		int index = control_index(file, control->id);
		int64_t value = 0;

		ret = check_which(controls, control->id);
		if (!ret && controls->which == V4L2_CTRL_WHICH_DEF_VAL && index >= 0)
			value = controls_of(file)[index].def;
		else if (!ret)
			ret = read_value(file, control->id, &value);
		if (ret)
			break;
		if (is_wide(file, control->id))
			control->value64 = value;
		else
			control->value = (int32_t)value;
	}
	return ret;
}

static int check_all(struct fake_file *file, struct v4l2_ext_controls *controls, bool set)
{
	int ret = check_head(file, controls);
	uint32_t i;

	if (controls->which == V4L2_CTRL_WHICH_DEF_VAL)
		return -EINVAL;
	for (i = 0; !ret && i < controls->count; i++) {
		struct v4l2_ext_control *control = &controls->controls[i];
		bool wide = is_wide(file, control->id);
		int64_t value = wide ? control->value64 : control->value;

		ret = check_which(controls, control->id);
		if (!ret)
			ret = check_write(file, control->id, &value);
		/* vidioc-g-ext-ctrls.rst: S_EXT_CTRLS tells count when nothing was applied */
		if (ret && !set)
			controls->error_idx = i;
		if (!ret && wide)
			control->value64 = value;
		else if (!ret)
			control->value = (int32_t)value;
	}
	return ret;
}

int fake_try_ext_ctrls(struct fake_file *file, struct v4l2_ext_controls *controls)
{
	return check_all(file, controls, false);
}

int fake_s_ext_ctrls(struct fake_file *file, struct v4l2_ext_controls *controls)
{
	int ret = check_all(file, controls, true);
	uint32_t i;

	for (i = 0; !ret && i < controls->count; i++) {
		struct v4l2_ext_control *control = &controls->controls[i];
		bool wide = is_wide(file, control->id);

		apply(file, (unsigned int)control_index(file, control->id),
		      wide ? control->value64 : control->value);
	}
	return ret;
}
