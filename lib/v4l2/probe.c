/* SPDX-License-Identifier: MIT */
/* Plain system calls, no libv4l2, no context: nothing here sets a format or asks for buffers. */
#include "v4l2/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "v4l2/format.h"
#include "v4l2/io.h"

struct probe {
	int fd;
	uint32_t output, capture;      /* buffer types */
	struct v4l2_device_info *info;
};

static uint32_t enum_format(const struct probe *probe, uint32_t type, uint32_t index,
			    uint32_t *flags)
{
	struct v4l2_fmtdesc desc = { .index = index, .type = type };

	if (io_ioctl_plain(probe->fd, VIDIOC_ENUM_FMT, &desc) < 0)
		return 0;
	*flags = desc.flags;
	return desc.pixelformat;
}

/* How many coded and raw formats a queue has, and whether the coded ones are stateless. */
struct format_census {
	unsigned coded, raw, stateless;
};

static struct format_census count_formats(const struct probe *probe, uint32_t type)
{
	struct format_census census = { 0 };
	uint32_t fourcc, flags;

	for (uint32_t i = 0; (fourcc = enum_format(probe, type, i, &flags)); i++) {
		const struct coded_format *coded = coded_format_find(fourcc);

		if (coded && coded->stateless)
			census.stateless++;
		if (coded || (flags & V4L2_FMT_FLAG_COMPRESSED))
			census.coded++;
		else
			census.raw++;
	}
	return census;
}

static int find_role(const struct probe *probe, enum wc_device_role *role)
{
	struct format_census in = count_formats(probe, probe->output);
	struct format_census out = count_formats(probe, probe->capture);

	if (in.stateless)
		*role = WC_DEVICE_ROLE_STATELESS_DECODER;
	else if (out.stateless)
		*role = WC_DEVICE_ROLE_STATELESS_ENCODER;
	else if (in.coded && out.raw)
		*role = WC_DEVICE_ROLE_DECODER;
	else if (in.raw && out.coded)
		*role = WC_DEVICE_ROLE_ENCODER;
	else if (in.raw && out.raw)
		*role = WC_DEVICE_ROLE_CONVERTER;
	else
		return -ENODEV;
	return 0;
}

static uint64_t menu_mask(const struct probe *probe, uint32_t control)
{
	struct v4l2_queryctrl query = { .id = control };
	uint64_t mask = 0;

	if (!control || io_ioctl_plain(probe->fd, VIDIOC_QUERYCTRL, &query) < 0 ||
	    query.type != V4L2_CTRL_TYPE_MENU)
		return 0;
	for (int32_t i = query.minimum; i <= query.maximum && i < 64; i++) {
		struct v4l2_querymenu menu = { .id = control, .index = (uint32_t)i };

		if (i >= 0 && io_ioctl_plain(probe->fd, VIDIOC_QUERYMENU, &menu) == 0)
			mask |= UINT64_C(1) << i;
	}
	return mask;
}

static void find_sizes(const struct probe *probe, uint32_t fourcc, struct wc_size_range *range)
{
	struct v4l2_frmsizeenum size = { .pixel_format = fourcc };

	if (io_ioctl_plain(probe->fd, VIDIOC_ENUM_FRAMESIZES, &size) < 0)
		return;
	if (size.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
		range->min_width = size.stepwise.min_width;
		range->min_height = size.stepwise.min_height;
		range->max_width = size.stepwise.max_width;
		range->max_height = size.stepwise.max_height;
		range->step_width = size.stepwise.step_width;
		range->step_height = size.stepwise.step_height;
		return;
	}
	*range = (struct wc_size_range) {
		.min_width = UINT32_MAX, .min_height = UINT32_MAX,
		.step_width = 1, .step_height = 1,
	};
	do {
		const struct v4l2_frmsize_discrete *one = &size.discrete;

		range->min_width = one->width < range->min_width ? one->width : range->min_width;
		range->max_width = one->width > range->max_width ? one->width : range->max_width;
		range->min_height = one->height < range->min_height ? one->height
								      : range->min_height;
		range->max_height = one->height > range->max_height ? one->height
								      : range->max_height;
		size.index++;
	} while (io_ioctl_plain(probe->fd, VIDIOC_ENUM_FRAMESIZES, &size) == 0);
}

static void add_raw_format(struct wc_device_codec *codec, uint32_t fourcc, uint64_t modifier)
{
	uint32_t n = codec->raw_format_count;

	for (uint32_t i = 0; i < n; i++)
		if (codec->raw_formats[i] == fourcc && codec->raw_modifiers[i] == modifier)
			return;
	if (n == WC_DEVICE_MAX_RAW_FORMATS)
		return;
	codec->raw_formats[n] = fourcc;
	codec->raw_modifiers[n] = modifier;
	codec->raw_format_count++;
}

/* What does not lie in rows is taken from decoders, and given to nobody. */
static void add_raw_formats(const struct probe *probe, uint32_t type,
			    struct wc_device_codec *codec)
{
	uint32_t fourcc, flags;

	for (uint32_t i = 0; (fourcc = enum_format(probe, type, i, &flags)); i++) {
		uint64_t modifier;
		uint32_t drm = raw_format_to_any_drm(fourcc, &modifier);

		if (drm && (raw_format_to_drm(fourcc) || !V4L2_TYPE_IS_OUTPUT(type)))
			add_raw_format(codec, drm, modifier);
	}
}

static void describe_codec(const struct probe *probe, uint32_t raw_type, uint32_t flags,
			   const struct coded_format *coded, struct wc_device_codec *codec)
{
	snprintf(codec->codec, sizeof codec->codec, "%s", video_codec_name(coded->codec));
	codec->v4l2_fourcc = coded->v4l2;
	codec->dynamic_resolution = flags & V4L2_FMT_FLAG_DYN_RESOLUTION;
	codec->profiles = menu_mask(probe, coded->profile_control);
	codec->levels = menu_mask(probe, coded->level_control);
	find_sizes(probe, coded->v4l2, &codec->size);
	add_raw_formats(probe, raw_type, codec);
}

/* JPEG and MJPEG are one codec to us: the first of them wins. */
static bool is_listed(const struct v4l2_device_info *info, enum video_codec codec)
{
	return info->codec_mask & (1u << codec);
}

static void describe(const struct probe *probe)
{
	struct v4l2_device_info *info = probe->info;
	bool coded_out = info->device.role == WC_DEVICE_ROLE_ENCODER ||
			 info->device.role == WC_DEVICE_ROLE_STATELESS_ENCODER;
	uint32_t coded_type = coded_out ? probe->capture : probe->output;
	uint32_t raw_type = coded_out ? probe->output : probe->capture;
	uint32_t fourcc, flags;

	for (uint32_t i = 0; (fourcc = enum_format(probe, coded_type, i, &flags)); i++) {
		const struct coded_format *coded = coded_format_find(fourcc);

		if (!coded || is_listed(info, coded->codec) ||
		    info->device.codec_count == WC_DEVICE_MAX_CODECS)
			continue;
		describe_codec(probe, raw_type, flags, coded,
			       &info->device.codecs[info->device.codec_count++]);
		info->codec_mask |= 1u << coded->codec;
	}
	info->has_codecs = true;
	info->described = true;
}

/* ENUM_FRAMESIZES asks for a format, not for a queue; the first that we know speaks for all. */
static void find_raw_sizes(const struct probe *probe, uint32_t type, struct wc_size_range *range)
{
	uint32_t fourcc, flags;

	for (uint32_t i = 0; (fourcc = enum_format(probe, type, i, &flags)); i++) {
		if (!raw_format_to_drm(fourcc))
			continue;
		find_sizes(probe, fourcc, range);
		return;
	}
}

static bool has_control(const struct probe *probe, uint32_t id, int32_t step)
{
	struct v4l2_queryctrl query = { .id = id };

	return io_ioctl_plain(probe->fd, VIDIOC_QUERYCTRL, &query) == 0 &&
	       !(query.flags & (V4L2_CTRL_FLAG_DISABLED | V4L2_CTRL_FLAG_READ_ONLY)) &&
	       query.step == step;
}

/* Selection takes the single-planar names of the types on all devices (vidioc-g-selection.rst). */
static bool has_crop(const struct probe *probe)
{
	struct v4l2_selection crop = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .target = V4L2_SEL_TGT_CROP,
	};

	return io_ioctl_plain(probe->fd, VIDIOC_G_SELECTION, &crop) == 0;
}

/* The raw formats of a queue that DRM has names for, and that lie in rows. How many. */
static uint32_t list_raw_formats(const struct probe *probe, uint32_t type,
				 uint32_t formats[WC_DEVICE_MAX_RAW_FORMATS])
{
	uint32_t fourcc, flags, count = 0;

	for (uint32_t i = 0; (fourcc = enum_format(probe, type, i, &flags)); i++) {
		uint32_t drm = raw_format_to_drm(fourcc);
		bool known = drm == 0;

		for (uint32_t k = 0; k < count; k++)
			known = known || formats[k] == drm;
		if (!known && count < WC_DEVICE_MAX_RAW_FORMATS)
			formats[count++] = drm;
	}
	return count;
}

static void describe_converter(const struct probe *probe)
{
	struct wc_device_converter *converter = &probe->info->device.converter;

	converter->source_count = list_raw_formats(probe, probe->output, converter->sources);
	converter->result_count = list_raw_formats(probe, probe->capture, converter->results);
	find_raw_sizes(probe, probe->output, &converter->source_size);
	find_raw_sizes(probe, probe->capture, &converter->result_size);
	converter->crops = has_crop(probe);
	converter->rotates = has_control(probe, V4L2_CID_ROTATE, 90);
	converter->mirrors = has_control(probe, V4L2_CID_HFLIP, 1);
	converter->mirrors_vertically = has_control(probe, V4L2_CID_VFLIP, 1);
}

static int choose_types(struct probe *probe, const struct v4l2_capability *cap)
{
	uint32_t caps = cap->capabilities & V4L2_CAP_DEVICE_CAPS ? cap->device_caps
								  : cap->capabilities;
	const uint32_t both_mplane = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_OUTPUT_MPLANE;
	const uint32_t both = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_OUTPUT;
	bool mplane = (caps & V4L2_CAP_VIDEO_M2M_MPLANE) || (caps & both_mplane) == both_mplane;

	/* Drivers older than the M2M flags announce a capture and an output queue on one node. */
	if (!mplane && !(caps & V4L2_CAP_VIDEO_M2M) && (caps & both) != both)
		return -ENODEV;
	if (!(caps & V4L2_CAP_STREAMING))
		return -ENODEV;
	probe->info->device.multiplanar = mplane;
	probe->output = mplane ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT;
	probe->capture = mplane ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
				: V4L2_BUF_TYPE_VIDEO_CAPTURE;
	return 0;
}

static int probe_open(struct probe *probe)
{
	struct wc_device *device = &probe->info->device;
	struct v4l2_capability cap = { 0 };
	int ret = io_ioctl_plain(probe->fd, VIDIOC_QUERYCAP, &cap);

	if (ret < 0)
		return ret == -ENOTTY ? -ENODEV : ret;
	snprintf(device->driver, sizeof device->driver, "%.15s", (const char *)cap.driver);
	snprintf(device->card, sizeof device->card, "%.31s", (const char *)cap.card);
	snprintf(device->bus, sizeof device->bus, "%.31s", (const char *)cap.bus_info);
	ret = choose_types(probe, &cap);
	if (ret < 0)
		return ret;
	ret = find_role(probe, &device->role);
	if (ret == 0)
		describe(probe);
	if (ret == 0 && device->role == WC_DEVICE_ROLE_CONVERTER)
		describe_converter(probe);
	return ret;
}

int device_probe(const char *path, struct v4l2_device_info *info)
{
	struct probe probe = { .info = info };
	int ret;

	memset(info, 0, sizeof *info);
	if (strlen(path) >= sizeof info->device.path)
		return -ENAMETOOLONG;
	snprintf(info->device.path, sizeof info->device.path, "%s", path);
	probe.fd = io_open(path);
	if (probe.fd < 0)
		return probe.fd;
	ret = probe_open(&probe);
	io_close_plain(probe.fd);
	return ret;
}

const struct wc_device_codec *device_find_codec(const struct v4l2_device_info *info,
						enum video_codec codec)
{
	for (uint32_t i = 0; i < info->device.codec_count; i++)
		if (strcmp(info->device.codecs[i].codec, video_codec_name(codec)) == 0)
			return &info->device.codecs[i];
	return NULL;
}
