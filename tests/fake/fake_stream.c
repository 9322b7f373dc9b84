/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <string.h>

/*
 * A chunk is
 *
 *	[parameter sets and frame header of the true codec] [payload] [filler]
 *
 * The payload is a magic number and a record. Each byte of the record is written as two bytes 0x8n,
 * so that no start code, emulation prevention or JPEG marker can appear in it. The record tells
 * how many bytes belong to the chunk from the magic on, hence a truncated chunk is noticed.
 */
static const uint8_t magic[8] = { 0xf7, 0xea, 0xce, 0xd5, 0xbd, 0xc3, 0xc0, 0xde };

#define RECORD_SIZE 33
#define PAYLOAD_SIZE (sizeof(magic) + 2 * RECORD_SIZE)
#define FILLER 0xa5

#define MB_H264 16
#define CB_HEVC 8

/* ---------------------------------------------------------------- bits -- */

struct bits {
	uint8_t *data;
	size_t cap;
	size_t size;
	uint32_t pending;
	unsigned int count;		/* bits in @pending */
	unsigned int zeros;		/* zero bytes written in a row */
	bool emulation;			/* insert emulation prevention bytes */
	bool overflow;
};

static void put_raw(struct bits *b, uint8_t byte)
{
	if (b->size == b->cap) {
		b->overflow = true;
		return;
	}
	b->data[b->size++] = byte;
}

static void put_byte(struct bits *b, uint8_t byte)
{
	if (b->emulation && b->zeros >= 2 && byte <= 3) {
		put_raw(b, 3);
		b->zeros = 0;
	}
	put_raw(b, byte);
	b->zeros = byte == 0 ? b->zeros + 1 : 0;
}

static void put(struct bits *b, unsigned int count, uint32_t value)
{
	while (count--) {
		b->pending = b->pending << 1 | (value >> count & 1);
		if (++b->count == 8) {
			put_byte(b, (uint8_t)b->pending);
			b->pending = 0;
			b->count = 0;
		}
	}
}

static void put_ue(struct bits *b, uint32_t value)
{
	unsigned int length = 0;

	while ((value + 1) >> (length + 1))
		length++;
	put(b, length, 0);
	put(b, length + 1, value + 1);
}

/* rbsp_trailing_bits() */
static void put_trailing(struct bits *b)
{
	put(b, 1, 1);
	while (b->count)
		put(b, 1, 0);
}

/* Byte alignment with ones, after a slice header. */
static void put_align(struct bits *b)
{
	while (b->count)
		put(b, 1, 1);
}

static void put_bytes(struct bits *b, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	while (size--)
		put_byte(b, *bytes++);
}

static void put_be16(struct bits *b, uint32_t value)
{
	put_byte(b, (uint8_t)(value >> 8));
	put_byte(b, (uint8_t)value);
}

static void put_be32(struct bits *b, uint32_t value)
{
	put_be16(b, value >> 16);
	put_be16(b, value & 0xffff);
}

static void put_le16(struct bits *b, uint32_t value)
{
	put_byte(b, (uint8_t)value);
	put_byte(b, (uint8_t)(value >> 8));
}

/* ---------------------------------------------------------------- NAL units -- */

/* Begins a NAL unit; returns where its length goes, for nal_end(). */
static size_t nal_begin(struct bits *b)
{
	size_t at = b->size;

	b->emulation = false;
	put_be32(b, 1);
	b->emulation = true;
	b->zeros = 0;
	return at;
}

static void nal_end(struct bits *b, size_t at, bool length_prefix)
{
	size_t length = b->size - at - 4;

	b->emulation = false;
	if (!length_prefix || b->overflow)
		return;
	b->data[at] = (uint8_t)(length >> 24);
	b->data[at + 1] = (uint8_t)(length >> 16);
	b->data[at + 2] = (uint8_t)(length >> 8);
	b->data[at + 3] = (uint8_t)length;
}

static uint32_t visible_or(uint32_t visible, uint32_t coded)
{
	return visible ? visible : coded;
}

/*
 * Crop offsets of a 4:2:0 stream whose coded size is rounded up to @unit, in units of two pixels.
 */
static void put_crop(struct bits *b, const struct fake_chunk *c, uint32_t unit)
{
	uint32_t right = fake_align(c->width, unit) - c->visible_left -
			 visible_or(c->visible_width, c->width);
	uint32_t bottom = fake_align(c->height, unit) - c->visible_top -
			  visible_or(c->visible_height, c->height);

	put_ue(b, c->visible_left / 2);
	put_ue(b, right / 2);
	put_ue(b, c->visible_top / 2);
	put_ue(b, bottom / 2);
}

/* ITU-T H.264 7.3.2.1.1, Main profile, level 4.0 */
static void put_h264_sps(struct bits *b, const struct fake_chunk *c)
{
	put_byte(b, 0x67);
	put_byte(b, 77);
	put_byte(b, 0);
	put_byte(b, 40);
	put_ue(b, 0);			/* seq_parameter_set_id */
	put_ue(b, 4);			/* log2_max_frame_num_minus4: 8 bits */
	put_ue(b, 0);			/* pic_order_cnt_type */
	put_ue(b, 4);			/* log2_max_pic_order_cnt_lsb_minus4: 8 bits */
	put_ue(b, c->reorder + 1);	/* max_num_ref_frames */
	put(b, 1, 0);			/* gaps_in_frame_num_value_allowed_flag */
	put_ue(b, fake_align(c->width, MB_H264) / MB_H264 - 1);
	put_ue(b, fake_align(c->height, MB_H264) / MB_H264 - 1);
	put(b, 1, 1);			/* frame_mbs_only_flag */
	put(b, 1, 1);			/* direct_8x8_inference_flag */
	put(b, 1, 1);			/* frame_cropping_flag */
	put_crop(b, c, MB_H264);
	put(b, 1, 1);			/* vui_parameters_present_flag */
	/* nothing of aspect, overscan, signal, chroma, timing, HRDs */
	put(b, 8, 0);
	put(b, 1, 1);			/* bitstream_restriction_flag */
	put(b, 1, 1);			/* motion_vectors_over_pic_boundaries_flag */
	put_ue(b, 0);			/* max_bytes_per_pic_denom */
	put_ue(b, 0);			/* max_bits_per_mb_denom */
	put_ue(b, 10);			/* log2_max_mv_length_horizontal */
	put_ue(b, 10);			/* log2_max_mv_length_vertical */
	put_ue(b, c->reorder);		/* max_num_reorder_frames */
	put_ue(b, c->reorder + 1);	/* max_dec_frame_buffering */
	put_trailing(b);
}

static void put_h264_pps(struct bits *b)
{
	put_byte(b, 0x68);
	put_ue(b, 0);			/* pic_parameter_set_id */
	put_ue(b, 0);			/* seq_parameter_set_id */
	put(b, 2, 0);			/* CAVLC, no field order */
	put_ue(b, 0);			/* num_slice_groups_minus1 */
	put_ue(b, 0);
	put_ue(b, 0);			/* num_ref_idx defaults */
	put(b, 3, 0);			/* no weighted prediction */
	put_ue(b, 0);
	put_ue(b, 0);
	put_ue(b, 0);			/* QPs, se(0) is ue(0) */
	put(b, 3, 0);
	put_trailing(b);
}

/* ITU-T H.264 7.3.3 */
static void put_h264_slice(struct bits *b, const struct fake_chunk *c)
{
	bool key = c->flags & FAKE_CHUNK_KEY;

	put_byte(b, key ? 0x65 : 0x41);
	put_ue(b, 0);			/* first_mb_in_slice */
	put_ue(b, key ? 7 : 5);		/* slice_type: only I, only P */
	put_ue(b, 0);
	put(b, 8, key ? 0 : c->seq & 0xff); /* frame_num */
	if (key)
		put_ue(b, c->seq & 1);	/* idr_pic_id */
	put(b, 8, key ? 0 : (uint32_t)c->order * 2 & 0xff);
	if (key)
		put(b, 2, 0);		/* no_output_of_prior_pics, long_term_reference */
	else
		/* num_ref_idx override, list modification, adaptive marking */
		put(b, 3, 0);
	put_ue(b, 0);			/* slice_qp_delta */
	put_align(b);
}

/* ITU-T H.265 7.3.3: Main profile, level 4.0, no sub-layers */
static void put_hevc_ptl(struct bits *b)
{
	put(b, 8, 1);			/* profile space, tier, Main */
	put(b, 32, 0x60000000);
	put(b, 4, 9);			/* progressive, frame only */
	put(b, 32, 0);
	put(b, 12, 0);
	put(b, 8, 120);
}

static void put_hevc_dpb(struct bits *b, const struct fake_chunk *c)
{
	put(b, 1, 1);			/* sub_layer_ordering_info_present_flag */
	put_ue(b, c->reorder + 1);	/* max_dec_pic_buffering_minus1 */
	put_ue(b, c->reorder);		/* max_num_reorder_pics */
	put_ue(b, 0);			/* max_latency_increase_plus1 */
}

static void put_hevc_vps(struct bits *b, const struct fake_chunk *c)
{
	put_be16(b, 0x4001);
	put(b, 4, 0);			/* id */
	put(b, 2, 3);			/* base layer */
	put(b, 6, 0);
	put(b, 3, 0);
	put(b, 1, 1);			/* temporal_id_nesting_flag */
	put(b, 16, 0xffff);
	put_hevc_ptl(b);
	put_hevc_dpb(b, c);
	put(b, 6, 0);			/* max_layer_id */
	put_ue(b, 0);			/* num_layer_sets_minus1 */
	put(b, 2, 0);			/* timing, extension */
	put_trailing(b);
}

/* ITU-T H.265 7.3.2.2.1 */
static void put_hevc_sps(struct bits *b, const struct fake_chunk *c)
{
	put_be16(b, 0x4201);
	put(b, 4, 0);
	put(b, 3, 0);
	put(b, 1, 1);
	put_hevc_ptl(b);
	put_ue(b, 0);			/* id */
	put_ue(b, 1);			/* 4:2:0 */
	put_ue(b, fake_align(c->width, CB_HEVC));
	put_ue(b, fake_align(c->height, CB_HEVC));
	put(b, 1, 1);			/* conformance_window_flag */
	put_crop(b, c, CB_HEVC);
	put_ue(b, 0);
	put_ue(b, 0);			/* 8 bits */
	put_ue(b, 4);			/* log2_max_pic_order_cnt_lsb_minus4 */
	put_hevc_dpb(b, c);
	put_ue(b, 0);			/* minimal coding block: 8 */
	put_ue(b, 1);
	put_ue(b, 0);			/* minimal transform block: 4 */
	put_ue(b, 2);
	put_ue(b, 0);
	put_ue(b, 0);
	put(b, 4, 0);			/* scaling list, AMP, SAO, PCM */
	put_ue(b, 0);			/* num_short_term_ref_pic_sets */
	put(b, 5, 0);			/* long term, MVP, smoothing, VUI, extension */
	put_trailing(b);
}

static void put_hevc_pps(struct bits *b)
{
	put_be16(b, 0x4401);
	put_ue(b, 0);
	put_ue(b, 0);
	put(b, 7, 0);			/* dependent slices .. cabac_init_present_flag */
	put_ue(b, 0);
	put_ue(b, 0);
	put_ue(b, 0);			/* init_qp_minus26 */
	put(b, 3, 0);			/* constrained intra, transform skip, cu_qp_delta */
	put_ue(b, 0);
	put_ue(b, 0);			/* cb, cr offsets */
	put(b, 6, 0);			/* slice chroma offsets .. entropy_coding_sync */
	put(b, 4, 0);			/* loop filter, deblocking control, scaling list, lists */
	put_ue(b, 0);			/* log2_parallel_merge_level_minus2 */
	put(b, 2, 0);
	put_trailing(b);
}

static void put_hevc_slice(struct bits *b, const struct fake_chunk *c)
{
	bool key = c->flags & FAKE_CHUNK_KEY;

	put_be16(b, key ? 0x2801 : 0x0201); /* IDR_N_LP, TRAIL_R */
	put(b, 1, 1);			/* first_slice_segment_in_pic_flag */
	if (key)
		put(b, 1, 0);
	put_ue(b, 0);
	put_ue(b, key ? 2 : 1);		/* I, P */
	if (!key)
		put(b, 8, (uint32_t)c->order & 0xff);
	put_align(b);
}

/* ---------------------------------------------------------------- other headers -- */

/* RFC 6386 9.1 */
static void put_vp8(struct bits *b, const struct fake_chunk *c)
{
	bool key = c->flags & FAKE_CHUNK_KEY;
	uint32_t show = c->flags & FAKE_CHUNK_HIDDEN ? 0 : 1;
	uint32_t tag = (key ? 0u : 1u) | show << 4 | (uint32_t)PAYLOAD_SIZE << 5;

	put_byte(b, (uint8_t)tag);
	put_le16(b, tag >> 8);
	if (!key)
		return;
	put_bytes(b, "\x9d\x01\x2a", 3);
	put_le16(b, visible_or(c->visible_width, c->width));
	put_le16(b, visible_or(c->visible_height, c->height));
}

/* VP9 bitstream specification 6.2, profile 0 */
static void put_vp9(struct bits *b, const struct fake_chunk *c)
{
	bool key = c->flags & FAKE_CHUNK_KEY;
	uint32_t show = c->flags & FAKE_CHUNK_HIDDEN ? 0 : 1;

	put(b, 2, 2);			/* frame_marker */
	put(b, 3, 0);			/* profile 0, no show_existing_frame */
	put(b, 1, key ? 0 : 1);
	put(b, 1, show);
	put(b, 1, 0);			/* error_resilient_mode */
	if (key) {
		put(b, 24, 0x498342);
		put(b, 3, 1);		/* color_space: BT.601 */
		put(b, 1, 0);
		put(b, 16, visible_or(c->visible_width, c->width) - 1);
		put(b, 16, visible_or(c->visible_height, c->height) - 1);
		put(b, 1, 0);		/* render_and_frame_size_different */
	}
	put_align(b);
}

/* struct fwht_cframe_hdr of drivers/media/test-drivers/vicodec/codec-fwht.h; size comes later */
static void put_fwht(struct bits *b, const struct fake_chunk *c)
{
	uint32_t flags = 2u << 16 | 1u << 19;	/* three components, YUV */

	if (c->flags & FAKE_CHUNK_KEY)
		flags |= 1u << 10;		/* V4L2_FWHT_FL_I_FRAME */
	put_be32(b, 0x4f4f4f4f);
	put_be32(b, 0xffffffff);
	put_be32(b, 3);
	put_be32(b, visible_or(c->visible_width, c->width));
	put_be32(b, visible_or(c->visible_height, c->height));
	put_be32(b, flags);
	put_be32(b, V4L2_COLORSPACE_REC709);
	put_be32(b, 0);
	put_be32(b, 0);
	put_be32(b, 0);
	put_be32(b, 0);			/* size, patched by finish_fwht() */
}

/* ISO/IEC 13818-2 6.2.2.1, 6.2.3 */
static void put_mpeg2(struct bits *b, const struct fake_chunk *c)
{
	bool key = c->flags & FAKE_CHUNK_KEY;

	if (key && !(c->flags & FAKE_CHUNK_NO_HEADERS)) {
		put_be32(b, 0x1b3);
		put(b, 12, visible_or(c->visible_width, c->width));
		put(b, 12, visible_or(c->visible_height, c->height));
		put(b, 8, 0x13);	/* square pixels, 25 Hz */
		put(b, 18, 0x3ffff);
		put(b, 1, 1);
		put(b, 13, 112 << 3);
	}
	put_be32(b, 0x100);
	put(b, 10, (uint32_t)c->order & 0x3ff);
	put(b, 3, key ? 1 : 2);
	put(b, 16, 0xffff);
	put_align(b);
	put_be32(b, 0x101);
}

/* ISO/IEC 10918-1 B.2.2, B.2.3 */
static void put_mjpeg(struct bits *b, const struct fake_chunk *c)
{
	put_bytes(b, "\xff\xd8\xff\xc0\x00\x11\x08", 7);
	put_be16(b, visible_or(c->visible_height, c->height));
	put_be16(b, visible_or(c->visible_width, c->width));
	put_bytes(b, "\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01", 10);
	put_bytes(b, "\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00", 14);
}

/* ---------------------------------------------------------------- codecs -- */


static void put_h264_pps_of(struct bits *b, const struct fake_chunk *c)
{
	(void)c;
	put_h264_pps(b);
}

static void put_hevc_pps_of(struct bits *b, const struct fake_chunk *c)
{
	(void)c;
	put_hevc_pps(b);
}

/* An unspecified NAL unit type carries the payload of a chunk without a frame. */
static void put_h264_carrier(struct bits *b, const struct fake_chunk *c)
{
	(void)c;
	put_byte(b, 30);
}

static void put_hevc_carrier(struct bits *b, const struct fake_chunk *c)
{
	(void)c;
	put_be16(b, 0x6001);
}

struct codec {
	uint32_t fourcc;
	/* a NAL unit each */
	void (*parameter_sets[4])(struct bits *b, const struct fake_chunk *c);
	void (*frame)(struct bits *b, const struct fake_chunk *c);
	/* NAL codecs only */
	void (*carrier)(struct bits *b, const struct fake_chunk *c);
};

static const struct codec codecs[] = {
	{ V4L2_PIX_FMT_H264, { put_h264_sps, put_h264_pps_of }, put_h264_slice, put_h264_carrier },
	{ V4L2_PIX_FMT_HEVC, { put_hevc_vps, put_hevc_sps, put_hevc_pps_of }, put_hevc_slice,
	  put_hevc_carrier },
	{ V4L2_PIX_FMT_VP8, { NULL }, put_vp8, NULL },
	{ V4L2_PIX_FMT_VP9, { NULL }, put_vp9, NULL },
	{ V4L2_PIX_FMT_FWHT, { NULL }, put_fwht, NULL },
	{ V4L2_PIX_FMT_MPEG2, { NULL }, put_mpeg2, NULL },
	{ V4L2_PIX_FMT_MJPEG, { NULL }, put_mjpeg, NULL },
	{ V4L2_PIX_FMT_JPEG, { NULL }, put_mjpeg, NULL },
};

static const struct codec *codec_find(uint32_t fourcc)
{
	size_t i;

	for (i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (codecs[i].fourcc == fourcc)
			return &codecs[i];
	return NULL;
}

/* ---------------------------------------------------------------- payload -- */

struct record {
	struct fake_chunk chunk;
	uint32_t nal_offset;		/* from the first byte of the NAL unit to the magic */
	uint32_t rest;			/* bytes of the chunk from the magic on */
};

static void store(uint8_t *at, unsigned int size, uint32_t value)
{
	while (size--) {
		*at++ = (uint8_t)value;
		value >>= 8;
	}
}

static uint32_t load(const uint8_t *at, unsigned int size)
{
	uint32_t value = 0;

	while (size--)
		value = value << 8 | at[size];
	return value;
}

static uint8_t record_check(const uint8_t bytes[RECORD_SIZE])
{
	uint8_t sum = 0x5c;
	unsigned int i;

	for (i = 0; i < RECORD_SIZE - 1; i++)
		sum = (uint8_t)(sum * 3 + bytes[i]);
	return sum;
}

static void record_put(struct bits *b, const struct record *r)
{
	const struct fake_chunk *c = &r->chunk;
	uint8_t bytes[RECORD_SIZE];
	unsigned int i;

	store(bytes, 2, c->flags);
	store(bytes + 2, 2, c->width);
	store(bytes + 4, 2, c->height);
	store(bytes + 6, 2, visible_or(c->visible_width, c->width));
	store(bytes + 8, 2, visible_or(c->visible_height, c->height));
	store(bytes + 10, 2, c->visible_left);
	store(bytes + 12, 2, c->visible_top);
	store(bytes + 14, 1, c->reorder);
	store(bytes + 15, 1, r->nal_offset);
	store(bytes + 16, 4, c->seq);
	store(bytes + 20, 4, (uint32_t)c->order);
	store(bytes + 24, 4, r->rest);
	store(bytes + 28, 4, c->codec);
	bytes[RECORD_SIZE - 1] = record_check(bytes);
	put_bytes(b, magic, sizeof(magic));
	for (i = 0; i < RECORD_SIZE; i++) {
		put_byte(b, (uint8_t)(0x80 | bytes[i] >> 4));
		put_byte(b, (uint8_t)(0x80 | (bytes[i] & 15)));
	}
}

static bool record_decode(const uint8_t *data, struct record *r)
{
	struct fake_chunk *c = &r->chunk;
	uint8_t bytes[RECORD_SIZE];
	unsigned int i;

	for (i = 0; i < RECORD_SIZE; i++)
		bytes[i] = (uint8_t)((data[2 * i] & 15) << 4 | (data[2 * i + 1] & 15));
	if (bytes[RECORD_SIZE - 1] != record_check(bytes))
		return false;
	memset(r, 0, sizeof(*r));
	c->flags = load(bytes, 2);
	c->width = load(bytes + 2, 2);
	c->height = load(bytes + 4, 2);
	c->visible_width = load(bytes + 6, 2);
	c->visible_height = load(bytes + 8, 2);
	c->visible_left = load(bytes + 10, 2);
	c->visible_top = load(bytes + 12, 2);
	c->reorder = load(bytes + 14, 1);
	r->nal_offset = load(bytes + 15, 1);
	c->seq = load(bytes + 16, 4);
	c->order = (int32_t)load(bytes + 20, 4);
	r->rest = load(bytes + 24, 4);
	c->codec = load(bytes + 28, 4);
	return true;
}

/* Finds the first payload; @at is where its magic is. */
static bool record_find(const uint8_t *data, size_t size, struct record *r, size_t *at)
{
	size_t i;

	for (i = 0; i + PAYLOAD_SIZE <= size; i++) {
		if (data[i] != magic[0] || memcmp(data + i, magic, sizeof(magic)) != 0)
			continue;
		if (!record_decode(data + i + sizeof(magic), r))
			continue;
		*at = i;
		return true;
	}
	return false;
}

/* ---------------------------------------------------------------- writing -- */

static void put_parameter_sets(struct bits *b, const struct codec *codec,
			       const struct fake_chunk *c)
{
	unsigned int i;
	size_t at;

	for (i = 0; i < 4 && codec->parameter_sets[i]; i++) {
		at = nal_begin(b);
		codec->parameter_sets[i](b, c);
		nal_end(b, at, c->flags & FAKE_CHUNK_LENGTH_PREFIX);
	}
}

/* @tail: bytes that must come after the filler */
static void put_payload(struct bits *b, const struct fake_chunk *c, size_t nal_start, size_t tail)
{
	struct record r = { .chunk = *c, .nal_offset = (uint32_t)(b->size - nal_start) };
	size_t end = b->size + PAYLOAD_SIZE + tail;

	if (end < c->pad_size)
		end = c->pad_size;
	r.rest = (uint32_t)(end - b->size);
	record_put(b, &r);
	while (b->size < end - tail && !b->overflow)
		put_byte(b, FILLER);
}

static void put_nal_chunk(struct bits *b, const struct codec *codec, const struct fake_chunk *c)
{
	bool only = c->flags & FAKE_CHUNK_HEADERS_ONLY;
	size_t at;

	if (only || ((c->flags & FAKE_CHUNK_KEY) && !(c->flags & FAKE_CHUNK_NO_HEADERS)))
		put_parameter_sets(b, codec, c);
	at = nal_begin(b);
	if (only)
		codec->carrier(b, c);
	else
		codec->frame(b, c);
	put_payload(b, c, at + 4, 0);
	nal_end(b, at, c->flags & FAKE_CHUNK_LENGTH_PREFIX);
}

static void put_plain_chunk(struct bits *b, const struct codec *codec, const struct fake_chunk *c)
{
	bool jpeg = codec->frame == put_mjpeg;
	size_t size;

	codec->frame(b, c);
	size = b->size;
	put_payload(b, c, size, jpeg ? 2 : 0);
	if (jpeg)
		put_bytes(b, "\xff\xd9", 2);
	if (codec->frame == put_fwht && !b->overflow) {
		uint32_t rest = (uint32_t)(b->size - size);

		b->data[size - 4] = (uint8_t)(rest >> 24);
		b->data[size - 3] = (uint8_t)(rest >> 16);
		b->data[size - 2] = (uint8_t)(rest >> 8);
		b->data[size - 1] = (uint8_t)rest;
	}
}

size_t fake_stream_frame(void *buf, size_t cap, const struct fake_chunk *chunk)
{
	const struct codec *codec = codec_find(chunk->codec);
	struct bits b = { .data = buf, .cap = cap };

	if (!codec || chunk->width == 0 || chunk->height == 0)
		return 0;
	if (codec->parameter_sets[0])
		put_nal_chunk(&b, codec, chunk);
	else
		put_plain_chunk(&b, codec, chunk);
	return b.overflow ? 0 : b.size;
}

/* ISO/IEC 14496-15 5.3.3.1 */
static void put_avcc(struct bits *b, const struct codec *codec, const struct fake_chunk *c)
{
	static const uint8_t count[2] = { 0xe1, 1 };
	unsigned int i;
	size_t at;

	put_bytes(b, "\x01\x4d\x00\x28\xff", 5);
	for (i = 0; i < 2; i++) {
		put_byte(b, count[i]);
		at = b->size;
		put_be16(b, 0);
		b->emulation = true;
		codec->parameter_sets[i](b, c);
		b->emulation = false;
		if (!b->overflow)
			b->data[at + 1] = (uint8_t)(b->size - at - 2);
	}
}

/* ISO/IEC 14496-15 8.3.3.1 */
static void put_hvcc(struct bits *b, const struct codec *codec, const struct fake_chunk *c)
{
	/* complete arrays of VPS, SPS, PPS */
	static const uint8_t type[3] = { 0xa0, 0xa1, 0xa2 };
	unsigned int i;
	size_t at;

	put_bytes(b, "\x01\x01\x60\x00\x00\x00\x90\x00\x00\x00\x00\x00\x78", 13);
	put_bytes(b, "\xf0\x00\xfc\xfd\xf8\xf8\x00\x00\x0f\x03", 10);
	for (i = 0; i < 3; i++) {
		put_byte(b, type[i]);
		put_be16(b, 1);
		at = b->size;
		put_be16(b, 0);
		b->emulation = true;
		b->zeros = 0;
		codec->parameter_sets[i](b, c);
		b->emulation = false;
		if (!b->overflow)
			b->data[at + 1] = (uint8_t)(b->size - at - 2);
	}
}

size_t fake_stream_description(void *buf, size_t cap, const struct fake_chunk *chunk)
{
	const struct codec *codec = codec_find(chunk->codec);
	struct bits b = { .data = buf, .cap = cap };

	if (!codec || !codec->parameter_sets[0])
		return 0;
	if (chunk->codec == V4L2_PIX_FMT_H264)
		put_avcc(&b, codec, chunk);
	else
		put_hvcc(&b, codec, chunk);
	return b.overflow ? 0 : b.size;
}

/* ---------------------------------------------------------------- reading -- */

bool fake_stream_parse(const void *data, size_t size, struct fake_chunk *chunk, size_t *next)
{
	struct record r;
	size_t at;

	if (!record_find(data, size, &r, &at))
		return false;
	*chunk = r.chunk;
	chunk->pad_size = at + r.rest;
	if (next)
		*next = at + r.rest < size ? at + r.rest : size;
	return true;
}

/* Type of a NAL unit that is a sequence parameter set. */
static bool is_sps(uint32_t codec, uint8_t header)
{
	if (codec == V4L2_PIX_FMT_H264)
		return (header & 31) == 7;
	return (header >> 1 & 63) == 33;
}

bool fake_stream_has_headers(uint32_t codec, const uint8_t *data, size_t size)
{
	size_t i;

	if (codec != V4L2_PIX_FMT_H264 && codec != V4L2_PIX_FMT_HEVC)
		return true;
	for (i = 0; i + 3 < size; i++)
		if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1 &&
		    is_sps(codec, data[i + 3]))
			return true;
	return false;
}

const char *fake_stream_complaint(const uint8_t *data, size_t size)
{
	struct record r;
	size_t nal;
	size_t at;

	if (!record_find(data, size, &r, &at))
		return NULL;
	if (r.rest > size - at)
		return "coded frame is truncated";
	if (!codec_find(r.chunk.codec) || !codec_find(r.chunk.codec)->carrier)
		return NULL;
	if (at < r.nal_offset + 3)
		return "coded frame has no start code";
	nal = at - r.nal_offset;
	if (data[nal - 1] != 1 || data[nal - 2] != 0 || data[nal - 3] != 0)
		return "coded frame has no start code";
	return NULL;
}
