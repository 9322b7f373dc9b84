/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <errno.h>
#include <string.h>

/*
 * Formats after dev-decoder.rst, dev-encoder.rst ("Commit Points") and vidioc-g-fmt.rst. Inside, a
 * format is a struct v4l2_pix_format_mplane for both APIs; the single-planar struct is made
 * from it at the border.
 */

static const struct fake_layout layouts[] = {
	{ V4L2_PIX_FMT_NV12, 1, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } } },
	{ V4L2_PIX_FMT_NV21, 1, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } } },
	{ V4L2_PIX_FMT_NV16, 1, 2, false, { { 1, 1, 1 }, { 2, 1, 2 } } },
	{ V4L2_PIX_FMT_P010, 1, 2, false, { { 1, 1, 2 }, { 2, 2, 4 } } },
	{ V4L2_PIX_FMT_NV12M, 2, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } } },
	{ V4L2_PIX_FMT_NV21M, 2, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } } },
	{ V4L2_PIX_FMT_NV12MT, 2, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } },
	  { 64, { 32, 32 }, true } },
	{ V4L2_PIX_FMT_NV12MT_16X16, 2, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } },
	  { 16, { 16, 8 }, false } },
	{ V4L2_PIX_FMT_NV12_4L4, 1, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } },
	  { 4, { 4, 4 }, false } },
	{ V4L2_PIX_FMT_P010_4L4, 1, 2, false, { { 1, 1, 2 }, { 2, 2, 4 } },
	  { 8, { 4, 4 }, false } },
	{ V4L2_PIX_FMT_NV12_16L16, 1, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } },
	  { 16, { 16, 16 }, false } },
	{ V4L2_PIX_FMT_NV12_32L32, 1, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } },
	  { 32, { 32, 32 }, false } },
	{ V4L2_PIX_FMT_NV12_8L128, 1, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } },
	  { 8, { 128, 128 }, false } },
	{ V4L2_PIX_FMT_NV12M_8L128, 2, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } },
	  { 8, { 128, 128 }, false } },
	{ V4L2_PIX_FMT_MM21, 2, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } },
	  { 16, { 32, 16 }, false } },
	{ V4L2_PIX_FMT_YUV420, 1, 3, false, { { 1, 1, 1 }, { 2, 2, 1 }, { 2, 2, 1 } } },
	{ V4L2_PIX_FMT_YVU420, 1, 3, false, { { 1, 1, 1 }, { 2, 2, 1 }, { 2, 2, 1 } } },
	{ V4L2_PIX_FMT_YUV420M, 3, 3, false, { { 1, 1, 1 }, { 2, 2, 1 }, { 2, 2, 1 } } },
	{ V4L2_PIX_FMT_YVU420M, 3, 3, false, { { 1, 1, 1 }, { 2, 2, 1 }, { 2, 2, 1 } } },
	{ V4L2_PIX_FMT_YUV422P, 1, 3, false, { { 1, 1, 1 }, { 2, 1, 1 }, { 2, 1, 1 } } },
	{ V4L2_PIX_FMT_YUYV, 1, 1, false, { { 2, 1, 4 } } },
	{ V4L2_PIX_FMT_UYVY, 1, 1, false, { { 2, 1, 4 } } },
	{ V4L2_PIX_FMT_RGB565, 1, 1, false, { { 1, 1, 2 } } },
	{ V4L2_PIX_FMT_RGB24, 1, 1, false, { { 1, 1, 3 } } },
	{ V4L2_PIX_FMT_BGR24, 1, 1, false, { { 1, 1, 3 } } },
	{ V4L2_PIX_FMT_BGR32, 1, 1, false, { { 1, 1, 4 } } },
	{ V4L2_PIX_FMT_XBGR32, 1, 1, false, { { 1, 1, 4 } } },
	{ V4L2_PIX_FMT_RGBA32, 1, 1, false, { { 1, 1, 4 } } },
	{ V4L2_PIX_FMT_GREY, 1, 1, false, { { 1, 1, 1 } } },
	{ V4L2_PIX_FMT_QC08C, 1, 2, false, { { 1, 1, 1 }, { 2, 2, 2 } } },
	{ V4L2_PIX_FMT_NV12_COL128, 1, 2, true, { { 1, 1, 1 }, { 2, 2, 2 } } },
};

const struct fake_layout *fake_layout_find(uint32_t fourcc)
{
	size_t i;

	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].fourcc == fourcc)
			return &layouts[i];
	return NULL;
}

size_t fake_layout_row_bytes(const struct fake_layout *layout, unsigned int plane, uint32_t width)
{
	const struct fake_component *c = &layout->component[plane];

	return (size_t)(width + c->hsub - 1) / c->hsub * c->bytes;
}

uint32_t fake_layout_rows(const struct fake_layout *layout, unsigned int plane, uint32_t height)
{
	const struct fake_component *c = &layout->component[plane];

	return (height + c->vsub - 1) / c->vsub;
}

uint32_t fake_layout_all_rows(const struct fake_layout *layout, unsigned int plane,
			      uint32_t height)
{
	uint32_t rows = fake_layout_rows(layout, plane, height);

	return layout->tile.width ? fake_align(rows, layout->tile.height[plane > 0]) : rows;
}

/* Stride of a colour plane in one buffer, whose first plane has @stride. */
size_t fake_layout_stride(const struct fake_layout *layout, unsigned int plane, size_t stride)
{
	const struct fake_component *first = &layout->component[0];
	const struct fake_component *c = &layout->component[plane];

	return stride * first->hsub / first->bytes * c->bytes / c->hsub;
}

uint32_t fake_align(uint32_t value, uint32_t align)
{
	return align > 1 ? (value + align - 1) / align * align : value;
}

static uint32_t clamp(uint32_t value, uint32_t min, uint32_t max)
{
	return value < min ? min : value > max ? max : value;
}

/* ---------------------------------------------------------------- sides -- */

bool fake_raw_side(const struct fake_model *model, bool output)
{
	switch (model->role) {
	case FAKE_DECODER:
	case FAKE_STATELESS:
		return !output;
	case FAKE_ENCODER:
		return output;
	case FAKE_CONVERTER:
	case FAKE_CAMERA:
		return true;
	}
	return true;
}

/* FAKE_OUTPUT, FAKE_CAPTURE or -EINVAL for a type that the device does not have. */
int fake_type_side(const struct fake_file *file, uint32_t type)
{
	if (type == file->queues[FAKE_CAPTURE].type)
		return FAKE_CAPTURE;
	if (type == file->queues[FAKE_OUTPUT].type && file->model->role != FAKE_CAMERA)
		return FAKE_OUTPUT;
	return -EINVAL;
}

static const struct fake_format *side_formats(const struct fake_file *file, int side)
{
	return fake_raw_side(file->model, side == FAKE_OUTPUT) ? file->model->raw :
								 file->model->coded;
}

static const struct fake_format *format_find(const struct fake_format *list, uint32_t fourcc)
{
	for (; list->fourcc; list++)
		if (list->fourcc == fourcc)
			return list;
	return NULL;
}

static int coded_side(const struct fake_file *file)
{
	return file->model->role == FAKE_ENCODER ? FAKE_CAPTURE : FAKE_OUTPUT;
}

/* ---------------------------------------------------------------- adjusting -- */

static uint32_t coded_default_size(const struct fake_model *model, uint32_t width, uint32_t height)
{
	uint32_t size = model->coded_sizeimage;

	if (size == 0)
		size = width * height * 3 / 4 + 4096;
	return size;
}

static void adjust_coded(const struct fake_file *file, struct v4l2_pix_format_mplane *pix)
{
	const struct fake_model *model = file->model;
	struct v4l2_plane_pix_format *plane = &pix->plane_fmt[0];
	bool unknown = model->role == FAKE_DECODER && (pix->width == 0 || pix->height == 0);

	if (model->role == FAKE_ENCODER) {
		pix->width = file->formats[FAKE_OUTPUT].width;
		pix->height = file->formats[FAKE_OUTPUT].height;
	} else if (!unknown) {
		pix->width = clamp(pix->width, model->width.min, model->width.max);
		pix->height = clamp(pix->height, model->height.min, model->height.max);
	}
	if (plane->sizeimage == 0 && !model->quirks.coded_sizeimage_required)
		plane->sizeimage = coded_default_size(model, pix->width, pix->height);
	if (plane->sizeimage != 0 && plane->sizeimage < model->coded_sizeimage_min)
		plane->sizeimage = model->coded_sizeimage_min;
	if (model->coded_sizeimage_max && plane->sizeimage > model->coded_sizeimage_max)
		plane->sizeimage = model->coded_sizeimage_max;
	plane->bytesperline = 0;
	pix->num_planes = 1;
}

/* Strides and sizes of a raw format whose size is set. */
static void adjust_planes(const struct fake_model *model, const struct fake_format *format,
			  struct v4l2_pix_format_mplane *pix)
{
	const struct fake_layout *layout = fake_layout_find(pix->pixelformat);
	struct v4l2_plane_pix_format *planes = pix->plane_fmt;
	struct fake_picture picture = { .fourcc = pix->pixelformat, .width = pix->width };
	uint32_t stride;
	unsigned int i;

	stride = layout->columns ? pix->height * 3 / 2 :
				   (uint32_t)fake_layout_row_bytes(layout, 0, pix->width);
	if (model->stride_free && planes[0].bytesperline > stride)
		stride = planes[0].bytesperline;
	stride = fake_align(stride, format->stride_align);
	pix->num_planes = layout->buffers;
	for (i = 0; i < layout->buffers; i++) {
		planes[i].bytesperline = (uint32_t)fake_layout_stride(layout, i, stride);
		planes[i].sizeimage = planes[i].bytesperline *
				      fake_layout_all_rows(layout, i, pix->height);
	}
	if (layout->buffers == 1)
		planes[0].sizeimage = (uint32_t)fake_picture_layout(&picture, NULL, stride,
								    pix->height);
	planes[layout->buffers - 1].sizeimage += model->raw_sizeimage_extra;
}

static void adjust_raw(const struct fake_file *file, const struct fake_format *format,
		       struct v4l2_pix_format_mplane *pix)
{
	const struct fake_model *model = file->model;
	uint32_t height_align = format->height_align ? format->height_align : model->height.align;

	if (model->role == FAKE_DECODER && file->codec.info_known) {
		pix->width = file->codec.info.width;
		pix->height = file->codec.info.height;
	}
	pix->width = clamp(pix->width, model->width.min, model->width.max);
	pix->height = clamp(pix->height, model->height.min, model->height.max);
	pix->width = fake_align(pix->width, model->width.align);
	pix->height = fake_align(pix->height, height_align);
	adjust_planes(model, format, pix);
}

static int adjust(const struct fake_file *file, int side, struct v4l2_pix_format_mplane *pix)
{
	const struct fake_format *list = side_formats(file, side);
	const struct fake_format *format = format_find(list, pix->pixelformat);

	if (!format) {
		if (file->model->quirks.unknown_format_einval)
			return -EINVAL;
		format = list;
		pix->pixelformat = format->fourcc;
	}
	/* A camera may have coded formats among the others. */
	if (fake_raw_side(file->model, side == FAKE_OUTPUT) && fake_layout_find(format->fourcc))
		adjust_raw(file, format, pix);
	else
		adjust_coded(file, pix);
	pix->field = file->model->quirks.fields ? V4L2_FIELD_ALTERNATE : V4L2_FIELD_NONE;
	pix->flags = 0;
	return 0;
}

/* ---------------------------------------------------------------- state -- */

void fake_formats_init(struct fake_file *file)
{
	const struct fake_model *model = file->model;
	int side;

	file->color.colorspace = V4L2_COLORSPACE_REC709;
	for (side = FAKE_OUTPUT; side <= FAKE_CAPTURE; side++) {
		struct v4l2_pix_format_mplane *pix = &file->formats[side];

		if (model->role == FAKE_CAMERA && side == FAKE_OUTPUT)
			continue;
		memset(pix, 0, sizeof(*pix));
		pix->pixelformat = side_formats(file, side)->fourcc;
		pix->width = model->default_width;
		pix->height = model->default_height;
		adjust(file, side, pix);
		file->time_per_frame[side].numerator = 1;
		file->time_per_frame[side].denominator = 30;
	}
	file->crop.width = file->formats[FAKE_OUTPUT].width;
	file->crop.height = file->formats[FAKE_OUTPUT].height;
	file->compose.width = file->formats[FAKE_CAPTURE].width;
	file->compose.height = file->formats[FAKE_CAPTURE].height;
}

void fake_format_from_stream(struct fake_file *file, const struct fake_stream_info *info)
{
	struct v4l2_pix_format_mplane *pix = &file->formats[FAKE_CAPTURE];

	file->codec.info = *info;
	file->codec.info_known = true;
	file->codec.info_from_client = false;
	memset(pix->plane_fmt, 0, sizeof(pix->plane_fmt));
	adjust(file, FAKE_CAPTURE, pix);
}

/* The client told the coded size: CAPTURE follows until the stream says otherwise. */
static void decoder_output_set(struct fake_file *file)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[FAKE_OUTPUT];
	struct v4l2_pix_format_mplane *raw = &file->formats[FAKE_CAPTURE];
	struct fake_stream_info info = {
		.width = pix->width,
		.height = pix->height,
		.visible = { 0, 0, pix->width, pix->height },
	};

	fake_codec_reset_stream(file);
	if (pix->width && pix->height) {
		fake_format_from_stream(file, &info);
		file->codec.info_from_client = true;
		return;
	}
	raw->width = file->model->default_width;
	raw->height = file->model->default_height;
	memset(raw->plane_fmt, 0, sizeof(raw->plane_fmt));
	adjust(file, FAKE_CAPTURE, raw);
}

/* The raw size of an encoder determines that of the coded side, and how large a frame may get. */
static void encoder_output_set(struct fake_file *file)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[FAKE_OUTPUT];
	struct v4l2_pix_format_mplane *coded = &file->formats[FAKE_CAPTURE];

	coded->width = pix->width;
	coded->height = pix->height;
	if (file->model->coded_sizeimage == 0 && !file->model->quirks.coded_sizeimage_required)
		coded->plane_fmt[0].sizeimage = 0;
	adjust_coded(file, coded);
}

static bool queue_busy(const struct fake_file *file, int side)
{
	const struct fake_queue *queue = &file->queues[side];

	return file->model->quirks.busy_only_when_streaming ? queue->streaming : queue->count > 0;
}

static bool format_differs(const struct v4l2_pix_format_mplane *a,
			   const struct v4l2_pix_format_mplane *b)
{
	return a->pixelformat != b->pixelformat || a->width != b->width || a->height != b->height;
}

static int check_busy(const struct fake_file *file, int side,
		      const struct v4l2_pix_format_mplane *pix)
{
	int coded = coded_side(file);

	if (queue_busy(file, side)) {
		fake_violate("S_FMT while the queue has buffers");
		return -EBUSY;
	}
	if (file->model->role == FAKE_CONVERTER || side != coded)
		return 0;
	if (queue_busy(file, !side) && format_differs(pix, &file->formats[side])) {
		fake_violate("S_FMT changes the coded format while the other queue has buffers");
		return -EBUSY;
	}
	return 0;
}

/* ---------------------------------------------------------------- v4l2_format -- */

static bool any_bit(const void *data, size_t size)
{
	const uint8_t *bytes = data;

	while (size--)
		if (*bytes++)
			return true;
	return false;
}

static void check_reserved(const struct v4l2_pix_format_mplane *pix)
{
	unsigned int i;

	if (any_bit(pix->reserved, sizeof(pix->reserved)))
		fake_violate("reserved field of v4l2_pix_format_mplane is not zero");
	for (i = 0; i < pix->num_planes && i < VIDEO_MAX_PLANES; i++)
		if (any_bit(pix->plane_fmt[i].reserved, sizeof(pix->plane_fmt[i].reserved)))
			fake_violate("reserved field of v4l2_plane_pix_format is not zero");
}

static void from_single(const struct v4l2_pix_format *single, struct v4l2_pix_format_mplane *pix)
{
	memset(pix, 0, sizeof(*pix));
	pix->width = single->width;
	pix->height = single->height;
	pix->pixelformat = single->pixelformat;
	pix->field = single->field;
	pix->colorspace = single->colorspace;
	pix->num_planes = 1;
	pix->plane_fmt[0].bytesperline = single->bytesperline;
	pix->plane_fmt[0].sizeimage = single->sizeimage;
	if (single->priv != V4L2_PIX_FMT_PRIV_MAGIC)
		return;
	pix->flags = (uint8_t)single->flags;
	pix->ycbcr_enc = (uint8_t)single->ycbcr_enc;
	pix->quantization = (uint8_t)single->quantization;
	pix->xfer_func = (uint8_t)single->xfer_func;
}

static void to_single(const struct v4l2_pix_format_mplane *pix, struct v4l2_pix_format *single)
{
	memset(single, 0, sizeof(*single));
	single->width = pix->width;
	single->height = pix->height;
	single->pixelformat = pix->pixelformat;
	single->field = pix->field;
	single->bytesperline = pix->plane_fmt[0].bytesperline;
	single->sizeimage = pix->plane_fmt[0].sizeimage;
	single->colorspace = pix->colorspace;
	single->priv = V4L2_PIX_FMT_PRIV_MAGIC;
	single->flags = pix->flags;
	single->ycbcr_enc = pix->ycbcr_enc;
	single->quantization = pix->quantization;
	single->xfer_func = pix->xfer_func;
}

static void import(const struct fake_file *file, const struct v4l2_format *format,
		   struct v4l2_pix_format_mplane *pix)
{
	if (!file->model->mplane) {
		from_single(&format->fmt.pix, pix);
		return;
	}
	*pix = format->fmt.pix_mp;
	check_reserved(pix);
	memset(pix->reserved, 0, sizeof(pix->reserved));
}

static void export(const struct fake_file *file, const struct v4l2_pix_format_mplane *pix,
		   struct v4l2_format *format)
{
	if (file->model->mplane)
		format->fmt.pix_mp = *pix;
	else
		to_single(pix, &format->fmt.pix);
}

static void put_color(const struct fake_color *color, struct v4l2_pix_format_mplane *pix)
{
	pix->colorspace = color->colorspace;
	pix->ycbcr_enc = (uint8_t)color->ycbcr_enc;
	pix->quantization = (uint8_t)color->quantization;
	pix->xfer_func = (uint8_t)color->xfer_func;
}

static void take_color(const struct v4l2_pix_format_mplane *pix, struct fake_color *color)
{
	color->colorspace = pix->colorspace;
	color->ycbcr_enc = pix->ycbcr_enc;
	color->quantization = pix->quantization;
	color->xfer_func = pix->xfer_func;
}

/* ---------------------------------------------------------------- ioctls -- */

static int wait_for_header(struct fake_file *file)
{
	enum fake_early early = file->model->quirks.capture_format_early;
	unsigned int steps = 100;

	if (early == FAKE_EARLY_GUESS || file->model->role != FAKE_DECODER ||
	    (file->codec.info_known && !file->codec.info_from_client))
		return 0;
	while (early == FAKE_EARLY_WAIT && steps-- && fake_codec_step(file))
		if (file->codec.state != FAKE_CODEC_HEADER)
			return 0;
	return -EINVAL;
}

int fake_g_fmt(struct fake_file *file, struct v4l2_format *format)
{
	struct v4l2_pix_format_mplane pix;
	int side = fake_type_side(file, format->type);
	int ret;

	if (side < 0)
		return side;
	if (side == FAKE_CAPTURE) {
		ret = wait_for_header(file);
		if (ret)
			return ret;
	}
	pix = file->formats[side];
	put_color(&file->color, &pix);
	if (file->model->quirks.coded_size_zero &&
	    !fake_raw_side(file->model, side == FAKE_OUTPUT)) {
		pix.width = 0;
		pix.height = 0;
	}
	export(file, &pix, format);
	return 0;
}

int fake_try_fmt(struct fake_file *file, struct v4l2_format *format)
{
	struct v4l2_pix_format_mplane pix;
	int side = fake_type_side(file, format->type);
	int ret;

	if (side < 0)
		return side;
	import(file, format, &pix);
	ret = adjust(file, side, &pix);
	if (ret)
		return ret;
	if (side == FAKE_CAPTURE)
		put_color(&file->color, &pix);
	else if (pix.colorspace == V4L2_COLORSPACE_DEFAULT)
		pix.colorspace = V4L2_COLORSPACE_REC709;
	export(file, &pix, format);
	return 0;
}

static void format_set(struct fake_file *file, int side, const struct v4l2_pix_format_mplane *pix)
{
	file->formats[side] = *pix;
	if (!fake_raw_side(file->model, side == FAKE_OUTPUT))
		file->coded_set = true;
	if (side == FAKE_CAPTURE) {
		file->compose = (struct v4l2_rect) { 0, 0, pix->width, pix->height };
		return;
	}
	take_color(pix, &file->color);
	file->crop.left = 0;
	file->crop.top = 0;
	file->crop.width = pix->width;
	file->crop.height = pix->height;
	if (file->model->role == FAKE_DECODER)
		decoder_output_set(file);
	else if (file->model->role == FAKE_ENCODER)
		encoder_output_set(file);
}

int fake_s_fmt(struct fake_file *file, struct v4l2_format *format)
{
	struct v4l2_pix_format_mplane pix;
	int side = fake_type_side(file, format->type);
	int ret;

	if (side < 0) {
		fake_violate("S_FMT of a buffer type that the device does not have");
		return side;
	}
	if (file->model->quirks.coded_format_first && side != coded_side(file) && !file->coded_set)
		return -EINVAL;
	ret = fake_try_fmt(file, format);
	if (ret)
		return ret;
	import(file, format, &pix);
	ret = check_busy(file, side, &pix);
	if (ret)
		return ret;
	format_set(file, side, &pix);
	return 0;
}

static const char *fourcc_description(uint32_t fourcc)
{
	static char text[5];

	return fake_fourcc(fourcc, text);
}

int fake_enum_fmt(struct fake_file *file, struct v4l2_fmtdesc *desc)
{
	const struct fake_format *list;
	int side = fake_type_side(file, desc->type);
	uint32_t i;

	if (any_bit(desc->reserved, sizeof(desc->reserved)))
		fake_violate("reserved field of v4l2_fmtdesc is not zero");
	if (side < 0)
		return side;
	list = side_formats(file, side);
	for (i = 0; list[i].fourcc && i < desc->index; i++)
		;
	if (!list[i].fourcc)
		return -EINVAL;
	desc->pixelformat = list[i].fourcc;
	desc->flags = list[i].flags;
	if (!fake_raw_side(file->model, side == FAKE_OUTPUT))
		desc->flags |= V4L2_FMT_FLAG_COMPRESSED;
	memset(desc->description, 0, sizeof(desc->description));
	strncpy((char *)desc->description, fourcc_description(desc->pixelformat),
		sizeof(desc->description) - 1);
	memset(desc->reserved, 0, sizeof(desc->reserved));
	return 0;
}

static bool format_known(const struct fake_file *file, uint32_t fourcc)
{
	return format_find(file->model->raw, fourcc) ||
	       (file->model->coded && format_find(file->model->coded, fourcc));
}

int fake_enum_framesizes(struct fake_file *file, struct v4l2_frmsizeenum *size)
{
	const struct fake_model *model = file->model;

	if (model->no_framesizes)
		return -ENOTTY;
	if (any_bit(size->reserved, sizeof(size->reserved)))
		fake_violate("reserved field of v4l2_frmsizeenum is not zero");
	if (size->index || !format_known(file, size->pixel_format))
		return -EINVAL;
	size->type = model->size_continuous ? V4L2_FRMSIZE_TYPE_CONTINUOUS :
					      V4L2_FRMSIZE_TYPE_STEPWISE;
	size->stepwise.min_width = model->width.min;
	size->stepwise.max_width = model->width.max;
	size->stepwise.step_width = model->width.step;
	size->stepwise.min_height = model->height.min;
	size->stepwise.max_height = model->height.max;
	size->stepwise.step_height = model->height.step;
	return 0;
}

int fake_enum_frameintervals(struct fake_file *file, struct v4l2_frmivalenum *interval)
{
	const struct fake_model *model = file->model;

	if ((model->role != FAKE_ENCODER && model->role != FAKE_CAMERA) || model->no_parm)
		return -ENOTTY;
	if (model->role == FAKE_CAMERA)
		return fake_camera_enum_intervals(interval);
	if (interval->index || !format_known(file, interval->pixel_format) ||
	    interval->width < model->width.min || interval->width > model->width.max ||
	    interval->height < model->height.min || interval->height > model->height.max)
		return -EINVAL;
	interval->type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
	interval->stepwise.min = (struct v4l2_fract) { 1, 240 };
	interval->stepwise.max = (struct v4l2_fract) { 1, 1 };
	interval->stepwise.step = (struct v4l2_fract) { 1, 1 };
	return 0;
}

/* CAPTURE of a codec has a rate of its own only where the format says ENC_CAP_FRAME_INTERVAL. */
static int parm_side(const struct fake_file *file, uint32_t type)
{
	const struct fake_format *format;
	int side = fake_type_side(file, type);

	if (file->model->no_parm)
		return -ENOTTY;
	if (side != FAKE_CAPTURE || file->model->role == FAKE_CAMERA)
		return side;
	format = format_find(side_formats(file, side), file->formats[side].pixelformat);
	return format && (format->flags & V4L2_FMT_FLAG_ENC_CAP_FRAME_INTERVAL) ? side : -EINVAL;
}

int fake_g_parm(struct fake_file *file, struct v4l2_streamparm *parm)
{
	int side = parm_side(file, parm->type);

	if (side < 0)
		return side;
	memset(&parm->parm, 0, sizeof(parm->parm));
	parm->parm.output.capability = V4L2_CAP_TIMEPERFRAME;
	parm->parm.output.timeperframe = file->time_per_frame[side];
	return 0;
}

int fake_s_parm(struct fake_file *file, struct v4l2_streamparm *parm)
{
	struct v4l2_fract *rate = &parm->parm.output.timeperframe;
	int side = parm_side(file, parm->type);

	if (side < 0)
		return side;
	if (any_bit(parm->parm.output.reserved, sizeof(parm->parm.output.reserved)))
		fake_violate("reserved field of v4l2_outputparm is not zero");
	if (file->model->role == FAKE_CAMERA)
		*rate = fake_camera_interval(rate);
	if (rate->numerator == 0 || rate->denominator == 0)
		*rate = (struct v4l2_fract) { 1, 30 };
	file->time_per_frame[side] = *rate;
	if (side == FAKE_OUTPUT)
		file->time_per_frame[FAKE_CAPTURE] = *rate;
	parm->parm.output.capability = V4L2_CAP_TIMEPERFRAME;
	return 0;
}

/* ---------------------------------------------------------------- selection -- */

static uint32_t target_bit(uint32_t target)
{
	switch (target) {
	case V4L2_SEL_TGT_CROP:
		return FAKE_SEL_CROP;
	case V4L2_SEL_TGT_CROP_DEFAULT:
		return FAKE_SEL_CROP_DEFAULT;
	case V4L2_SEL_TGT_CROP_BOUNDS:
		return FAKE_SEL_CROP_BOUNDS;
	case V4L2_SEL_TGT_COMPOSE:
		return FAKE_SEL_COMPOSE;
	case V4L2_SEL_TGT_COMPOSE_DEFAULT:
		return FAKE_SEL_COMPOSE_DEFAULT;
	case V4L2_SEL_TGT_COMPOSE_BOUNDS:
		return FAKE_SEL_COMPOSE_BOUNDS;
	case V4L2_SEL_TGT_COMPOSE_PADDED:
		return FAKE_SEL_COMPOSE_PADDED;
	default:
		return 0;
	}
}

/* The core takes both flavours of the type for any device (v4l_g_selection()). */
static int selection_side(const struct fake_file *file, uint32_t type)
{
	int side;

	if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE || type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE)
		side = FAKE_CAPTURE;
	else if (type == V4L2_BUF_TYPE_VIDEO_OUTPUT || type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE)
		side = FAKE_OUTPUT;
	else
		return -EINVAL;
	return fake_raw_side(file->model, side == FAKE_OUTPUT) ? side : -EINVAL;
}

static void decoder_rect(const struct fake_file *file, uint32_t target, struct v4l2_rect *rect)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[FAKE_CAPTURE];

	if (file->codec.info_known && target != V4L2_SEL_TGT_CROP_BOUNDS &&
	    target != V4L2_SEL_TGT_COMPOSE_PADDED) {
		*rect = file->codec.info.visible;
		return;
	}
	*rect = (struct v4l2_rect) { 0, 0, pix->width, pix->height };
}

static void source_rect(const struct fake_file *file, int side, uint32_t target,
			struct v4l2_rect *rect)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[side];

	if (side == FAKE_OUTPUT && target == V4L2_SEL_TGT_CROP)
		*rect = file->crop;
	else if (side == FAKE_CAPTURE && target == V4L2_SEL_TGT_COMPOSE)
		*rect = file->compose;
	else
		*rect = (struct v4l2_rect) { 0, 0, pix->width, pix->height };
}

int fake_g_selection(struct fake_file *file, struct v4l2_selection *selection)
{
	const struct fake_model *model = file->model;
	int side = selection_side(file, selection->type);

	if (model->selection_get == 0)
		return -ENOTTY;
	if (any_bit(selection->reserved, sizeof(selection->reserved)))
		fake_violate("reserved field of v4l2_selection is not zero");
	if (side < 0 || !(model->selection_get & target_bit(selection->target)))
		return -EINVAL;
	if (model->role == FAKE_DECODER) {
		if (model->quirks.capture_format_early != FAKE_EARLY_GUESS &&
		    (!file->codec.info_known || file->codec.info_from_client))
			return -EINVAL;
		decoder_rect(file, selection->target, &selection->r);
	} else {
		source_rect(file, side, selection->target, &selection->r);
	}
	return 0;
}

/* vidioc_s_selection() of rga.c: crops OUTPUT, composes into CAPTURE, adjusts nothing. */
static int set_exactly(struct fake_file *file, int side, const struct v4l2_selection *selection)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[side];
	const struct v4l2_rect *r = &selection->r;
	uint32_t target = side == FAKE_OUTPUT ? V4L2_SEL_TGT_CROP : V4L2_SEL_TGT_COMPOSE;

	if (selection->target != target || r->left < 0 || r->top < 0 ||
	    (uint32_t)r->left + r->width > pix->width ||
	    (uint32_t)r->top + r->height > pix->height ||
	    r->width < file->model->width.min || r->height < file->model->height.min)
		return -EINVAL;
	*(side == FAKE_OUTPUT ? &file->crop : &file->compose) = *r;
	return 0;
}

int fake_s_selection(struct fake_file *file, struct v4l2_selection *selection)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[FAKE_OUTPUT];
	int side = selection_side(file, selection->type);

	if (file->model->selection_set == 0)
		return -ENOTTY;
	if (side < 0 || !(file->model->selection_set & target_bit(selection->target)))
		return -EINVAL;
	if (file->model->role == FAKE_DECODER)
		return fake_g_selection(file, selection);
	if (file->model->quirks.exact_rectangles)
		return set_exactly(file, side, selection);
	if (side != FAKE_OUTPUT || selection->target != V4L2_SEL_TGT_CROP)
		return -EINVAL;
	selection->r.left = 0;
	selection->r.top = 0;
	selection->r.width = clamp(selection->r.width, 2, pix->width) & ~1u;
	selection->r.height = clamp(selection->r.height, 2, pix->height) & ~1u;
	file->crop = selection->r;
	return 0;
}
