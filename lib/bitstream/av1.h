/* SPDX-License-Identifier: MIT */
/* AV1 ("AV1 Bitstream & Decoding Process Specification"): OBUs and the sequence header. */
#ifndef WC_BITSTREAM_AV1_H
#define WC_BITSTREAM_AV1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/codec_string.h"
#include "bitstream/sample_format.h"

/* obu_type, section 6.2.2. */
enum av1_obu_type {
	AV1_OBU_SEQUENCE_HEADER = 1,
	AV1_OBU_TEMPORAL_DELIMITER = 2,
	AV1_OBU_FRAME_HEADER = 3,
	AV1_OBU_TILE_GROUP = 4,
	AV1_OBU_METADATA = 5,
	AV1_OBU_FRAME = 6,
	AV1_OBU_REDUNDANT_FRAME_HEADER = 7,
	AV1_OBU_TILE_LIST = 8,
	AV1_OBU_PADDING = 15,
};

/* An open bitstream unit without its header. Points into the data. */
struct av1_obu {
	unsigned type;
	unsigned temporal_id, spatial_id;       /* for stateless decoders, to choose layers */
	const uint8_t *data;
	size_t size;
};

/* Walks over the OBUs of the low-overhead format (section 5). Fields are private. */
struct av1_obu_iter {
	const uint8_t *data;
	size_t size;
	size_t pos;
};

void av1_obu_iter_init(struct av1_obu_iter *iter, const uint8_t *data, size_t size);

/*
 * The next OBU. 1: *obu is set. 0: there is none any more. -EINVAL: broken. An OBU without size
 * field takes all that is left.
 */
int av1_obu_iter_next(struct av1_obu_iter *iter, struct av1_obu *obu);

/* Section 5.5. Of several operating points the first, which is the whole stream, is described. */
struct av1_sequence_header {
	unsigned profile;                       /* seq_profile, 0..2 */
	bool still_picture;                     /* for stateless decoders */
	bool reduced_still_picture_header;
	unsigned level;                         /* seq_level_idx[0] */
	unsigned tier;                          /* seq_tier[0] */
	uint32_t max_width, max_height;         /* max_frame_width_minus_1 + 1, ... */
	unsigned bit_depth;
	enum chroma chroma;
	unsigned chroma_sample_position;        /* with CHROMA_420 */
	struct color_description color;
	bool film_grain;                        /* for stateless decoders */
};

/* Parse the payload of a sequence header OBU. 0 or -EINVAL. */
int av1_sequence_header_parse(const uint8_t *data, size_t size, struct av1_sequence_header *out);

void av1_sequence_codec_string(const struct av1_sequence_header *header, struct codec_string *out);

/* What a temporal unit contains. */
struct av1_temporal_unit {
	bool has_frame;
	bool key;                               /* a key frame that is shown */
	bool has_sequence_header;
	struct av1_sequence_header sequence;    /* with the former only */
};

/* 0; -EINVAL when the temporal unit is broken. */
int av1_temporal_unit_inspect(const uint8_t *data, size_t size, struct av1_temporal_unit *out);

#endif
