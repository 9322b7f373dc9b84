/* SPDX-License-Identifier: MIT */
#include "session/packaging.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/avcc.h"
#include "bitstream/hvcc.h"
#include "bitstream/nal.h"
#include "bitstream/nal_framing.h"

/* What we write: every reader takes 4, and a start code can be rewritten where it stands. */
#define LENGTH_SIZE 4
#define START_CODE_SIZE 4

static const uint8_t start_code[START_CODE_SIZE] = { 0, 0, 0, 1 };

static bool has_forms(enum video_codec codec)
{
	return codec == VIDEO_CODEC_H264 || codec == VIDEO_CODEC_HEVC;
}

/* Coded slices of a picture; ITU-T H.264 table 7-1, H.265 table 7-1. */
static bool is_slice(enum video_codec codec, unsigned type)
{
	if (codec == VIDEO_CODEC_HEVC)
		return type < HEVC_NAL_VPS;
	return type >= H264_NAL_SLICE && type <= H264_NAL_IDR;
}

/* The W3C registrations call these key: IDR of H.264; IDR, CRA and BLA of HEVC. */
static bool is_key_slice(enum video_codec codec, unsigned type)
{
	if (codec == VIDEO_CODEC_HEVC)
		return type >= HEVC_NAL_BLA_W_LP && type <= HEVC_NAL_IRAP_MAX;
	return type == H264_NAL_IDR;
}

/* Index of a parameter set in the order in which decoders need them. */
static unsigned set_kind(enum video_codec codec, unsigned type)
{
	if (codec == VIDEO_CODEC_HEVC)
		return type - HEVC_NAL_VPS;
	if (type == H264_NAL_SPS)
		return 0;
	return type == H264_NAL_PPS ? 2 : 1;
}

/* Bit mask of the kinds without which nothing can be decoded. */
static unsigned needed_kinds(enum video_codec codec)
{
	return codec == VIDEO_CODEC_HEVC ? 7 : 5;
}

static void bytes_free(struct packaging_bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct packaging_bytes) { NULL, 0 };
}

static int bytes_alloc(struct packaging_bytes *bytes, size_t size)
{
	bytes->data = malloc(size ? size : 1);
	bytes->size = bytes->data ? size : 0;
	return bytes->data ? 0 : -ENOMEM;
}

/* --- Chunks for devices --- */

static int avcc_sets(struct packaging_decoder *packaging, const uint8_t *data, size_t size)
{
	struct avcc avcc;
	size_t needed;
	int ret = avcc_parse(data, size, &avcc);

	if (ret == 0)
		ret = avcc_to_annexb_size(&avcc, &needed);
	if (ret == 0)
		ret = bytes_alloc(&packaging->sets, needed);
	if (ret < 0)
		return ret;
	packaging->length_size = avcc.length_size;
	return avcc_to_annexb_write(&avcc, packaging->sets.data, needed, &needed);
}

static int hvcc_sets(struct packaging_decoder *packaging, const uint8_t *data, size_t size)
{
	struct hvcc hvcc;
	size_t needed;
	int ret = hvcc_parse(data, size, &hvcc);

	if (ret == 0)
		ret = hvcc_to_annexb_size(&hvcc, &needed);
	if (ret == 0)
		ret = bytes_alloc(&packaging->sets, needed);
	if (ret < 0)
		return ret;
	packaging->length_size = hvcc.length_size;
	return hvcc_to_annexb_write(&hvcc, packaging->sets.data, needed, &needed);
}

int packaging_decoder_init(struct packaging_decoder *packaging, enum video_codec codec,
			   const void *description, size_t description_size)
{
	int ret;

	memset(packaging, 0, sizeof *packaging);
	packaging->codec = codec;
	if (!description || !has_forms(codec))
		return 0;
	if (codec == VIDEO_CODEC_H264)
		ret = avcc_sets(packaging, description, description_size);
	else
		ret = hvcc_sets(packaging, description, description_size);
	if (ret < 0)
		packaging_decoder_finish(packaging);
	return ret;
}

void packaging_decoder_finish(struct packaging_decoder *packaging)
{
	bytes_free(&packaging->sets);
	packaging->length_size = 0;
}

/* Whether a length-prefixed chunk brings every kind of parameter set itself. */
static bool has_own_sets(const struct packaging_decoder *packaging, const uint8_t *data,
			 size_t size)
{
	unsigned missing = needed_kinds(packaging->codec);
	struct nal_iter iter;
	struct nal nal;

	if (nal_iter_init_lengths(&iter, packaging->length_size, data, size) < 0)
		return false;
	while (missing && nal_iter_next(&iter, &nal) > 0) {
		unsigned type = nal_type(packaging->codec, &nal);

		if (nal_is_parameter_set(packaging->codec, type))
			missing &= ~(1u << set_kind(packaging->codec, type));
	}
	return !missing;
}

static struct annexb_conversion to_annexb(const struct packaging_decoder *packaging)
{
	return (struct annexb_conversion) {
		.codec = packaging->codec,
		.length_size = packaging->length_size,
		.prefix = packaging->prepend ? packaging->sets.data : NULL,
		.prefix_size = packaging->prepend ? packaging->sets.size : 0,
	};
}

int packaging_decoder_plan(struct packaging_decoder *packaging, const uint8_t *data, size_t size,
			   bool key, struct packaging_plan *plan)
{
	struct annexb_conversion conversion;

	*plan = (struct packaging_plan) { .action = PACKAGING_KEEP, .size = size, .key = key };
	if (!packaging->length_size)
		return 0;
	packaging->prepend = key && packaging->sets.size &&
			     !has_own_sets(packaging, data, size);
	conversion = to_annexb(packaging);
	plan->action = PACKAGING_COPY;
	return annexb_from_lengths_size(&conversion, data, size, &plan->size) < 0 ? -EBADMSG : 0;
}

void packaging_decoder_copy(const struct packaging_decoder *packaging,
			    const struct packaging_plan *plan, const uint8_t *data, size_t size,
			    uint8_t *dst)
{
	struct annexb_conversion conversion = to_annexb(packaging);
	size_t written;
	int ret = annexb_from_lengths_write(&conversion, data, size, dst, plan->size, &written);

	assert(ret == 0 && written == plan->size);
	(void)ret;
}

/* --- Access units of encoders --- */

void packaging_encoder_init(struct packaging_encoder *packaging, enum video_codec codec,
			    enum wc_bitstream_format format)
{
	memset(packaging, 0, sizeof *packaging);
	packaging->codec = codec;
	packaging->format = format;
}

void packaging_encoder_finish(struct packaging_encoder *packaging)
{
	for (unsigned i = 0; i < PACKAGING_SET_KINDS; i++)
		bytes_free(&packaging->sets[i]);
	bytes_free(&packaging->description);
}

/* What one walk over an access unit finds. */
struct survey {
	size_t set_bytes[PACKAGING_SET_KINDS];   /* with start codes of ours */
	unsigned set_kinds;                      /* bit mask */
	bool slice, key;
	size_t first;           /* where the first NAL unit that stays begins, its start code too */
	size_t end;             /* behind the last NAL unit that stays */
	size_t lengths_size;    /* bytes of all that stay, with lengths */
	bool contiguous;        /* they stand in a row behind start codes of 4 bytes */
	size_t after_delimiter; /* where the first NAL unit that is no delimiter begins */
	bool past_delimiter;
};

/* Where the start code of a NAL unit begins: 4 bytes if there are as many, else 3. */
static size_t start_of(const uint8_t *data, const struct nal *nal)
{
	size_t pos = (size_t)(nal->data - data);

	return pos >= 4 && nal->data[-4] == 0 ? pos - 4 : pos - 3;
}

static void survey_kept(struct survey *survey, const uint8_t *data, const struct nal *nal)
{
	size_t payload = (size_t)(nal->data - data);
	size_t start = start_of(data, nal);

	if (!survey->lengths_size)
		survey->first = start;
	else if (start != survey->end)
		survey->contiguous = false;
	if (payload - start != START_CODE_SIZE)
		survey->contiguous = false;
	survey->end = payload + nal->size;
	survey->lengths_size += LENGTH_SIZE + nal->size;
}

static void survey_nal(struct survey *survey, enum video_codec codec, const uint8_t *data,
		       const struct nal *nal)
{
	unsigned type = nal_type(codec, nal);

	if (!survey->past_delimiter && !nal_is_access_unit_delimiter(codec, type)) {
		survey->after_delimiter = start_of(data, nal);
		survey->past_delimiter = true;
	}
	if (nal_is_parameter_set(codec, type)) {
		unsigned kind = set_kind(codec, type);

		survey->set_bytes[kind] += START_CODE_SIZE + nal->size;
		survey->set_kinds |= 1u << kind;
		return;
	}
	survey->slice |= is_slice(codec, type);
	survey->key |= is_key_slice(codec, type);
	survey_kept(survey, data, nal);
}

static int survey_unit(struct survey *survey, enum video_codec codec, const uint8_t *data,
		       size_t size)
{
	struct nal_iter iter;
	struct nal nal;
	int ret;

	*survey = (struct survey) { .contiguous = true };
	nal_iter_init_annexb(&iter, data, size);
	while ((ret = nal_iter_next(&iter, &nal)) > 0)
		survey_nal(survey, codec, data, &nal);
	return ret < 0 ? -EBADMSG : 0;
}

/* Write all parameter sets of one kind behind each other. */
static void gather_kind(enum video_codec codec, unsigned kind, const uint8_t *data, size_t size,
			uint8_t *dst)
{
	struct nal_iter iter;
	struct nal nal;

	nal_iter_init_annexb(&iter, data, size);
	while (nal_iter_next(&iter, &nal) > 0) {
		unsigned type = nal_type(codec, &nal);

		if (!nal_is_parameter_set(codec, type) || set_kind(codec, type) != kind)
			continue;
		memcpy(dst, start_code, START_CODE_SIZE);
		memcpy(dst + START_CODE_SIZE, nal.data, nal.size);
		dst += START_CODE_SIZE + nal.size;
	}
}

/* 1: the sets of this kind are others than before. 0: they are the same. -ENOMEM. */
static int update_kind(struct packaging_encoder *packaging, unsigned kind, const uint8_t *data,
		       size_t size, size_t set_bytes)
{
	struct packaging_bytes *old = &packaging->sets[kind];
	struct packaging_bytes fresh;

	if (bytes_alloc(&fresh, set_bytes) < 0)
		return -ENOMEM;
	gather_kind(packaging->codec, kind, data, size, fresh.data);
	if (fresh.size == old->size && !memcmp(fresh.data, old->data, old->size)) {
		bytes_free(&fresh);
		return 0;
	}
	bytes_free(old);
	*old = fresh;
	return 1;
}

static size_t sets_size(const struct packaging_encoder *packaging)
{
	size_t size = 0;

	for (unsigned i = 0; i < PACKAGING_SET_KINDS; i++)
		size += packaging->sets[i].size;
	return size;
}

static void write_sets(const struct packaging_encoder *packaging, uint8_t *dst)
{
	for (unsigned i = 0; i < PACKAGING_SET_KINDS; i++) {
		const struct packaging_bytes *sets = &packaging->sets[i];

		if (sets->size)
			memcpy(dst, sets->data, sets->size);
		dst += sets->size;
	}
}

static bool has_needed_sets(const struct packaging_encoder *packaging)
{
	for (unsigned i = 0; i < PACKAGING_SET_KINDS; i++)
		if (needed_kinds(packaging->codec) & 1u << i && !packaging->sets[i].size)
			return false;
	return true;
}

static int make_record(enum video_codec codec, const struct packaging_bytes *sets,
		       struct packaging_bytes *record)
{
	bool hevc = codec == VIDEO_CODEC_HEVC;
	size_t size;

	if ((hevc ? hvcc_from_annexb_size : avcc_from_annexb_size)(sets->data, sets->size, &size))
		return -EBADMSG;
	if (bytes_alloc(record, size) < 0)
		return -ENOMEM;
	(hevc ? hvcc_from_annexb_write : avcc_from_annexb_write)(sets->data, sets->size,
								 record->data, size, &size);
	return 0;
}

/* A record for the sets as they are now. Without a needed kind there is none yet. */
static int update_description(struct packaging_encoder *packaging)
{
	struct packaging_bytes sets, record;
	int ret;

	if (packaging->format != WC_BITSTREAM_CANONICAL || !has_needed_sets(packaging))
		return 0;
	if (bytes_alloc(&sets, sets_size(packaging)) < 0)
		return -ENOMEM;
	write_sets(packaging, sets.data);
	ret = make_record(packaging->codec, &sets, &record);
	bytes_free(&sets);
	if (ret < 0)
		return ret;
	bytes_free(&packaging->description);
	packaging->description = record;
	return 0;
}

static int update_sets(struct packaging_encoder *packaging, const struct survey *survey,
		       const uint8_t *data, size_t size)
{
	int changed = 0;

	for (unsigned kind = 0; kind < PACKAGING_SET_KINDS; kind++) {
		int ret;

		if (!(survey->set_kinds & 1u << kind))
			continue;
		ret = update_kind(packaging, kind, data, size, survey->set_bytes[kind]);
		if (ret < 0)
			return ret;
		changed |= ret;
	}
	return changed ? update_description(packaging) : 0;
}

/* Length-prefixed: the parameter sets go, in place where the rest stands as it must. */
static void plan_canonical(const struct survey *survey, struct packaging_plan *plan)
{
	plan->action = survey->contiguous ? PACKAGING_REWRITE : PACKAGING_COPY;
	plan->offset = survey->contiguous ? survey->first : 0;
	plan->size = survey->lengths_size;
}

/* Annex B: a key chunk that lacks parameter sets gets all of them. */
static void plan_annexb(struct packaging_encoder *packaging, const struct survey *survey,
			struct packaging_plan *plan)
{
	if (!survey->key || !(needed_kinds(packaging->codec) & ~survey->set_kinds))
		return;
	plan->action = PACKAGING_COPY;
	plan->size += sets_size(packaging);
	packaging->prepend_at = survey->after_delimiter;
}

int packaging_encoder_plan(struct packaging_encoder *packaging, const uint8_t *data, size_t size,
			   bool told_key, struct packaging_plan *plan)
{
	struct survey survey;
	int ret;

	*plan = (struct packaging_plan) { .action = PACKAGING_KEEP, .size = size,
					  .key = told_key };
	if (!has_forms(packaging->codec))
		return 0;
	ret = survey_unit(&survey, packaging->codec, data, size);
	if (ret == 0)
		ret = update_sets(packaging, &survey, data, size);
	if (ret < 0)
		return ret;
	plan->key = survey.key;
	if (survey.key && !has_needed_sets(packaging))
		return -EBADMSG;
	if (!survey.slice)
		*plan = (struct packaging_plan) { .action = PACKAGING_DROP };
	else if (packaging->format == WC_BITSTREAM_CANONICAL)
		plan_canonical(&survey, plan);
	else
		plan_annexb(packaging, &survey, plan);
	return 0;
}

void packaging_encoder_rewrite(const struct packaging_encoder *packaging,
			       const struct packaging_plan *plan, uint8_t *data)
{
	struct nal_iter iter;
	struct nal nal;

	(void)packaging;
	nal_iter_init_annexb(&iter, data + plan->offset, plan->size);
	while (nal_iter_next(&iter, &nal) > 0) {
		uint8_t *length = data + (nal.data - data) - LENGTH_SIZE;

		length[0] = (uint8_t)(nal.size >> 24);
		length[1] = (uint8_t)(nal.size >> 16);
		length[2] = (uint8_t)(nal.size >> 8);
		length[3] = (uint8_t)nal.size;
	}
}

void packaging_encoder_copy(const struct packaging_encoder *packaging,
			    const struct packaging_plan *plan, const uint8_t *data, size_t size,
			    uint8_t *dst)
{
	const struct lengths_conversion conversion = {
		.codec = packaging->codec,
		.length_size = LENGTH_SIZE,
		.drop = NAL_DROP_PARAMETER_SETS,
	};
	size_t at = packaging->prepend_at, written;
	int ret;

	if (packaging->format == WC_BITSTREAM_CANONICAL) {
		ret = lengths_from_annexb_write(&conversion, data, size, dst, plan->size,
						&written);
		assert(ret == 0 && written == plan->size);
		(void)ret;
		return;
	}
	memcpy(dst, data, at);
	write_sets(packaging, dst + at);
	memcpy(dst + at + sets_size(packaging), data + at, size - at);
}

const void *packaging_encoder_description(const struct packaging_encoder *packaging,
					  size_t *size)
{
	*size = packaging->description.size;
	return packaging->description.size ? packaging->description.data : NULL;
}
