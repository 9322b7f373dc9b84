/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/bits.h"
#include "bitstream/hevc.h"
#include "bitstream/hvcc.h"

#define VERSION 1
#define ARRAY_COMPLETE 0x80
#define MAX_VPS 16
#define MAX_SPS 16
#define MAX_PPS 64

enum parallelism {
	PARALLELISM_UNKNOWN = 0,
	PARALLELISM_SLICES = 1,
	PARALLELISM_TILES = 2,
	PARALLELISM_WAVEFRONT = 3,
};

static void parse_profile(struct byte_reader *br, struct hvcc *hvcc)
{
	uint8_t byte = byte_reader_u8(br);

	hvcc->profile_space = byte >> 6;
	hvcc->tier = byte >> 5 & 1;
	hvcc->profile = byte & 0x1f;
	hvcc->profile_compatibility = byte_reader_be32(br);
	for (unsigned i = 0; i < sizeof(hvcc->constraints); i++)
		hvcc->constraints[i] = byte_reader_u8(br);
	hvcc->level = byte_reader_u8(br);
}

static int parse_header(struct byte_reader *br, struct hvcc *hvcc)
{
	uint8_t byte;

	if (byte_reader_u8(br) != VERSION)
		return -EINVAL;
	parse_profile(br, hvcc);
	hvcc->min_spatial_segmentation = byte_reader_be16(br) & 0xfff;
	byte_reader_u8(br); /* parallelismType */
	hvcc->chroma_format = byte_reader_u8(br) & 3;
	hvcc->bit_depth_luma = 8u + (byte_reader_u8(br) & 7u);
	hvcc->bit_depth_chroma = 8u + (byte_reader_u8(br) & 7u);
	byte_reader_be16(br); /* avgFrameRate */
	byte = byte_reader_u8(br);
	hvcc->temporal_layers = byte >> 3 & 7;
	hvcc->temporal_id_nested = byte >> 2 & 1;
	hvcc->length_size = 1u + (byte & 3u);
	return hvcc->length_size == 3 ? -EINVAL : 0;
}

static int parse_array(struct byte_reader *br, struct hvcc *hvcc)
{
	unsigned type = byte_reader_u8(br) & 0x3f;
	unsigned count = byte_reader_be16(br);

	hvcc->n_nals += count;
	while (count--) {
		struct nal nal = { .size = byte_reader_be16(br) };

		nal.data = byte_reader_take(br, nal.size);
		if (!nal.data || nal.size < 2 || nal_type(VIDEO_CODEC_HEVC, &nal) != type)
			return -EINVAL;
	}
	return 0;
}

int hvcc_parse(const uint8_t *data, size_t size, struct hvcc *out)
{
	struct hvcc hvcc = { 0 };
	struct byte_reader br;

	byte_reader_init(&br, data, size);
	if (parse_header(&br, &hvcc) < 0)
		return -EINVAL;
	hvcc.n_arrays = byte_reader_u8(&br);
	if (br.error)
		return -EINVAL;
	hvcc.arrays = br.data + br.pos;
	for (unsigned i = 0; i < hvcc.n_arrays; i++)
		if (parse_array(&br, &hvcc) < 0)
			return -EINVAL;
	if (br.error)
		return -EINVAL;
	*out = hvcc;
	return 0;
}

void hvcc_iter_init(struct hvcc_iter *iter, const struct hvcc *hvcc)
{
	*iter = (struct hvcc_iter) { .pos = hvcc->arrays, .arrays_left = hvcc->n_arrays };
}

/* hvcc_parse() has seen that all of this is there. */
static unsigned take_be16(struct hvcc_iter *iter)
{
	unsigned value = (unsigned)iter->pos[0] << 8 | iter->pos[1];

	iter->pos += 2;
	return value;
}

bool hvcc_iter_next(struct hvcc_iter *iter, struct nal *nal)
{
	while (!iter->nals_left) {
		if (!iter->arrays_left)
			return false;
		iter->arrays_left--;
		iter->pos++; /* NAL_unit_type */
		iter->nals_left = take_be16(iter);
	}
	iter->nals_left--;
	nal->size = take_be16(iter);
	nal->data = iter->pos;
	iter->pos += nal->size;
	return true;
}

int hvcc_to_annexb_write(const struct hvcc *hvcc, uint8_t *dst, size_t capacity, size_t *size)
{
	struct byte_writer bw;
	struct hvcc_iter iter;
	struct nal nal;

	byte_writer_init(&bw, dst, capacity);
	hvcc_iter_init(&iter, hvcc);
	while (hvcc_iter_next(&iter, &nal)) {
		byte_writer_be(&bw, 1, 4);
		byte_writer_bytes(&bw, nal.data, nal.size);
	}
	return byte_writer_finish(&bw, size);
}

int hvcc_to_annexb_size(const struct hvcc *hvcc, size_t *size)
{
	return byte_writer_size(hvcc_to_annexb_write(hvcc, NULL, 0, size));
}

/* Parameter sets by their ids; data is NULL where there is none. */
struct sets {
	struct nal vps[MAX_VPS];
	struct nal sps[MAX_SPS];
	struct nal pps[MAX_PPS];
};

static bool in_base_layer(const struct nal *nal)
{
	return nal->size >= 2 && !(nal->data[0] & 1) && !(nal->data[1] >> 3);
}

static int collect_nal(struct sets *sets, const struct nal *nal)
{
	struct hevc_sps sps;
	struct hevc_pps pps;
	int id;

	switch (nal_type(VIDEO_CODEC_HEVC, nal)) {
	case HEVC_NAL_VPS:
		id = hevc_vps_parse_id(nal->data, nal->size);
		if (id < 0)
			return -EINVAL;
		sets->vps[id] = *nal;
		return 0;
	case HEVC_NAL_SPS:
		if (hevc_sps_parse(nal->data, nal->size, &sps) < 0)
			return -EINVAL;
		sets->sps[sps.id] = *nal;
		return 0;
	case HEVC_NAL_PPS:
		if (hevc_pps_parse(nal->data, nal->size, &pps) < 0)
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
		if (in_base_layer(&nal) && collect_nal(sets, &nal) < 0)
			return -EINVAL;
	return result;
}

static enum parallelism pps_parallelism(const struct nal *nal)
{
	struct hevc_pps pps;

	if (hevc_pps_parse(nal->data, nal->size, &pps) < 0 || (pps.tiles && pps.entropy_sync))
		return PARALLELISM_UNKNOWN;
	if (pps.entropy_sync)
		return PARALLELISM_WAVEFRONT;
	return pps.tiles ? PARALLELISM_TILES : PARALLELISM_SLICES;
}

/* What all PPS allow alike. */
static enum parallelism common_parallelism(const struct sets *sets)
{
	enum parallelism common = PARALLELISM_UNKNOWN;
	bool first = true;

	for (unsigned i = 0; i < MAX_PPS; i++) {
		enum parallelism one;

		if (!sets->pps[i].data)
			continue;
		one = pps_parallelism(&sets->pps[i]);
		if (!first && one != common)
			return PARALLELISM_UNKNOWN;
		common = one;
		first = false;
	}
	return common;
}

static void put_header(struct byte_writer *bw, const struct sets *sets, const struct hevc_sps *sps)
{
	const struct hevc_profile_tier_level *ptl = &sps->ptl;
	/* Without a promise about segments the kind of parallelism means nothing. */
	unsigned parallelism = sps->min_spatial_segmentation ? common_parallelism(sets) : 0;

	byte_writer_u8(bw, VERSION);
	byte_writer_u8(bw, (unsigned)ptl->profile_space << 6 | (unsigned)ptl->tier << 5 |
		       ptl->profile);
	byte_writer_be(bw, ptl->compatibility, 4);
	byte_writer_bytes(bw, ptl->constraints, sizeof(ptl->constraints));
	byte_writer_u8(bw, ptl->level);
	byte_writer_be16(bw, 0xf000 | sps->min_spatial_segmentation);
	byte_writer_u8(bw, 0xfc | parallelism);
	byte_writer_u8(bw, 0xfc | sps->chroma_format);
	byte_writer_u8(bw, 0xf8 | (sps->bit_depth_luma - 8));
	byte_writer_u8(bw, 0xf8 | (sps->bit_depth_chroma - 8));
	byte_writer_be16(bw, 0); /* avgFrameRate: not said */
	/* constantFrameRate 0, numTemporalLayers, temporalIdNested, lengthSizeMinusOne */
	byte_writer_u8(bw, sps->temporal_layers << 3 | (sps->temporal_id_nested ? 4u : 0u) |
		       (4 - 1));
}

static int put_array(struct byte_writer *bw, unsigned type, const struct nal *nals, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		if (nals[i].data)
			count++;
	if (!count)
		return -EINVAL;
	byte_writer_u8(bw, ARRAY_COMPLETE | type);
	byte_writer_be16(bw, count);
	for (unsigned i = 0; i < n; i++) {
		if (nals[i].size > UINT16_MAX)
			return -EINVAL;
		if (!nals[i].data)
			continue;
		byte_writer_be16(bw, (unsigned)nals[i].size);
		byte_writer_bytes(bw, nals[i].data, nals[i].size);
	}
	return 0;
}

static int put_record(struct byte_writer *bw, const struct sets *sets, const struct hevc_sps *sps)
{
	/* The record has three bits for what is above 8. */
	if (sps->bit_depth_luma > 15 || sps->bit_depth_chroma > 15)
		return -EINVAL;
	put_header(bw, sets, sps);
	byte_writer_u8(bw, 3); /* numOfArrays */
	if (put_array(bw, HEVC_NAL_VPS, sets->vps, MAX_VPS) < 0 ||
	    put_array(bw, HEVC_NAL_SPS, sets->sps, MAX_SPS) < 0)
		return -EINVAL;
	return put_array(bw, HEVC_NAL_PPS, sets->pps, MAX_PPS);
}

/* The record speaks for the SPS with the lowest id. */
static int first_sps(const struct sets *sets, struct hevc_sps *sps)
{
	for (unsigned i = 0; i < MAX_SPS; i++)
		if (sets->sps[i].data)
			return hevc_sps_parse(sets->sps[i].data, sets->sps[i].size, sps);
	return -EINVAL;
}

int hvcc_from_annexb_write(const uint8_t *data, size_t data_size, uint8_t *dst, size_t capacity,
			   size_t *size)
{
	struct sets sets = { 0 };
	struct byte_writer bw;
	struct hevc_sps sps;

	if (collect(data, data_size, &sets) < 0 || first_sps(&sets, &sps) < 0)
		return -EINVAL;
	byte_writer_init(&bw, dst, capacity);
	if (put_record(&bw, &sets, &sps) < 0)
		return -EINVAL;
	return byte_writer_finish(&bw, size);
}

int hvcc_from_annexb_size(const uint8_t *data, size_t data_size, size_t *size)
{
	return byte_writer_size(hvcc_from_annexb_write(data, data_size, NULL, 0, size));
}
