/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "bitstream/avcc.h"
#include "bitstream/bits.h"
#include "bitstream/h264.h"

#define VERSION 1
#define MAX_SPS 32
#define MAX_PPS 256

/* Profiles whose records end before the extension. */
static bool is_plain_profile(unsigned profile)
{
	return profile == 66 || profile == 77 || profile == 88;
}

static int parse_list(struct byte_reader *br, unsigned count, unsigned type, struct nal_list *list)
{
	size_t begin = br->pos;

	list->data = br->data + begin;
	list->count = count;
	while (count--) {
		struct nal nal = { .size = byte_reader_be16(br) };

		nal.data = byte_reader_take(br, nal.size);
		if (!nal.data || !nal.size || nal_type(VIDEO_CODEC_H264, &nal) != type)
			return -EINVAL;
	}
	list->size = br->pos - begin;
	return 0;
}

static int parse_extension(struct byte_reader *br, struct avcc *avcc)
{
	avcc->chroma_format = byte_reader_u8(br) & 3;
	avcc->bit_depth_luma = 8u + (byte_reader_u8(br) & 7u);
	avcc->bit_depth_chroma = 8u + (byte_reader_u8(br) & 7u);
	return parse_list(br, byte_reader_u8(br), H264_NAL_SPS_EXT, &avcc->sps_ext);
}

static int parse_header(struct byte_reader *br, struct avcc *avcc)
{
	if (byte_reader_u8(br) != VERSION)
		return -EINVAL;
	avcc->profile = byte_reader_u8(br);
	avcc->constraints = byte_reader_u8(br);
	avcc->level = byte_reader_u8(br);
	avcc->length_size = 1u + (byte_reader_u8(br) & 3u);
	return avcc->length_size == 3 ? -EINVAL : 0;
}

int avcc_parse(const uint8_t *data, size_t size, struct avcc *out)
{
	struct avcc avcc = { 0 };
	struct byte_reader br;

	byte_reader_init(&br, data, size);
	if (parse_header(&br, &avcc) < 0)
		return -EINVAL;
	if (parse_list(&br, byte_reader_u8(&br) & 0x1f, H264_NAL_SPS, &avcc.sps) < 0)
		return -EINVAL;
	if (parse_list(&br, byte_reader_u8(&br), H264_NAL_PPS, &avcc.pps) < 0 || br.error)
		return -EINVAL;
	if (!is_plain_profile(avcc.profile) && byte_reader_left(&br) >= 4 &&
	    parse_extension(&br, &avcc) < 0)
		return -EINVAL;
	*out = avcc;
	return 0;
}

static void put_annexb_list(struct byte_writer *bw, const struct nal_list *list)
{
	struct nal_iter iter;
	struct nal nal;

	nal_iter_init_lengths(&iter, 2, list->data, list->size);
	while (nal_iter_next(&iter, &nal) > 0) {
		byte_writer_be(bw, 1, 4);
		byte_writer_bytes(bw, nal.data, nal.size);
	}
}

int avcc_to_annexb_write(const struct avcc *avcc, uint8_t *dst, size_t capacity, size_t *size)
{
	struct byte_writer bw;

	byte_writer_init(&bw, dst, capacity);
	put_annexb_list(&bw, &avcc->sps);
	put_annexb_list(&bw, &avcc->sps_ext);
	put_annexb_list(&bw, &avcc->pps);
	return byte_writer_finish(&bw, size);
}

int avcc_to_annexb_size(const struct avcc *avcc, size_t *size)
{
	return byte_writer_size(avcc_to_annexb_write(avcc, NULL, 0, size));
}

/* Parameter sets by their ids; data is NULL where there is none. */
struct sets {
	struct nal sps[MAX_SPS];
	struct nal sps_ext[MAX_SPS];
	struct nal pps[MAX_PPS];
};

/* seq_parameter_set_id of an SPS extension (7.3.2.1.2). */
static int sps_ext_parse_id(const struct nal *nal, unsigned *id)
{
	struct bit_reader br;

	bit_reader_init_nal(&br, nal->data + 1, nal->size - 1);
	*id = bit_reader_ue(&br);
	return br.error || *id >= MAX_SPS ? -EINVAL : 0;
}

static int collect_nal(struct sets *sets, const struct nal *nal)
{
	struct h264_pps_ids pps;
	struct h264_sps sps;
	unsigned id;

	switch (nal_type(VIDEO_CODEC_H264, nal)) {
	case H264_NAL_SPS:
		if (h264_sps_parse(nal->data, nal->size, &sps) < 0)
			return -EINVAL;
		sets->sps[sps.id] = *nal;
		return 0;
	case H264_NAL_SPS_EXT:
		if (sps_ext_parse_id(nal, &id) < 0)
			return -EINVAL;
		sets->sps_ext[id] = *nal;
		return 0;
	case H264_NAL_PPS:
		if (h264_pps_parse_ids(nal->data, nal->size, &pps) < 0)
			return -EINVAL;
		sets->pps[pps.id] = *nal;
		return 0;
	default:
		return 0;
	}
}

static int collect(const uint8_t *data, size_t size, struct sets *sets)
{
	struct nal_iter iter;
	struct nal nal;
	int result;

	nal_iter_init_annexb(&iter, data, size);
	while ((result = nal_iter_next(&iter, &nal)) > 0)
		if (collect_nal(sets, &nal) < 0)
			return -EINVAL;
	return result;
}

static unsigned count_sets(const struct nal *nals, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		if (nals[i].data)
			count++;
	return count;
}

static int put_sets(struct byte_writer *bw, const struct nal *nals, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!nals[i].data)
			continue;
		if (nals[i].size > UINT16_MAX)
			return -EINVAL;
		byte_writer_be16(bw, (unsigned)nals[i].size);
		byte_writer_bytes(bw, nals[i].data, nals[i].size);
	}
	return 0;
}

static void put_extension(struct byte_writer *bw, const struct h264_sps *sps, unsigned n_sps_ext)
{
	byte_writer_u8(bw, 0xfc | sps->chroma_format);
	byte_writer_u8(bw, 0xf8 | (sps->bit_depth_luma - 8));
	byte_writer_u8(bw, 0xf8 | (sps->bit_depth_chroma - 8));
	byte_writer_u8(bw, n_sps_ext);
}

/* The record speaks for its first SPS. */
static int put_record(struct byte_writer *bw, const struct sets *sets, const struct h264_sps *sps)
{
	unsigned n_sps = count_sets(sets->sps, MAX_SPS);
	unsigned n_pps = count_sets(sets->pps, MAX_PPS);

	if (n_sps > 31 || n_pps > 255 || !n_pps)
		return -EINVAL;
	byte_writer_u8(bw, VERSION);
	byte_writer_u8(bw, sps->profile);
	byte_writer_u8(bw, sps->constraints);
	byte_writer_u8(bw, sps->level);
	byte_writer_u8(bw, 0xfc | (4 - 1)); /* lengthSizeMinusOne */
	byte_writer_u8(bw, 0xe0 | n_sps);
	if (put_sets(bw, sets->sps, MAX_SPS) < 0)
		return -EINVAL;
	byte_writer_u8(bw, n_pps);
	if (put_sets(bw, sets->pps, MAX_PPS) < 0)
		return -EINVAL;
	if (is_plain_profile(sps->profile))
		return 0;
	put_extension(bw, sps, count_sets(sets->sps_ext, MAX_SPS));
	return put_sets(bw, sets->sps_ext, MAX_SPS);
}

static const struct nal *first_set(const struct nal *nals, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (nals[i].data)
			return &nals[i];
	return NULL;
}

int avcc_from_annexb_write(const uint8_t *data, size_t data_size, uint8_t *dst, size_t capacity,
			   size_t *size)
{
	struct sets sets = { 0 };
	const struct nal *first;
	struct h264_sps sps;
	struct byte_writer bw;

	if (collect(data, data_size, &sets) < 0)
		return -EINVAL;
	first = first_set(sets.sps, MAX_SPS);
	if (!first || h264_sps_parse(first->data, first->size, &sps) < 0)
		return -EINVAL;
	byte_writer_init(&bw, dst, capacity);
	if (put_record(&bw, &sets, &sps) < 0)
		return -EINVAL;
	return byte_writer_finish(&bw, size);
}

int avcc_from_annexb_size(const uint8_t *data, size_t data_size, size_t *size)
{
	return byte_writer_size(avcc_from_annexb_write(data, data_size, NULL, 0, size));
}
