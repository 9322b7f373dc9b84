/* SPDX-License-Identifier: MIT */
/*
 * H.264 and HEVC in their two forms: Annex B (start codes, parameter sets in band), which devices
 * and encoders speak, and the canonical form of ISO/IEC 14496-15 (length-prefixed, parameter sets
 * in a description). For all other codecs everything here says "as it is".
 *
 *     chunk    -> packaging_decoder_plan() -> KEEP: the device reads the chunk itself
 *                                             COPY: packaging_decoder_copy() into device memory
 *     device   -> packaging_encoder_plan() -> KEEP: a chunk on offset, size of that memory
 *                                             REWRITE: packaging_encoder_rewrite(), then as KEEP
 *                                             COPY: packaging_encoder_copy() into new memory
 *                                             DROP: no picture; parameter sets are remembered
 *
 * A plan is good for the data it was made from, until the next plan of the same packaging. The
 * caller counts the bytes of copies.
 */
#ifndef WC_SESSION_PACKAGING_H
#define WC_SESSION_PACKAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/video_encoder.h>

#include "util/video_codec.h"

enum packaging_action {
	PACKAGING_KEEP = 0,
	PACKAGING_REWRITE,     /* start codes become lengths of the same size, where they stand */
	PACKAGING_COPY,
	PACKAGING_DROP,
};

struct packaging_plan {
	enum packaging_action action;
	size_t offset;         /* KEEP, REWRITE: bytes to skip at the start of the memory */
	size_t size;           /* bytes of the result */
	/* A key chunk: H.264 and HEVC by what the slices are, others by what the caller said. */
	bool key;
};

/* Bytes that are owned by what has them. */
struct packaging_bytes {
	uint8_t *data;
	size_t size;
};

/* Chunks to what a device that wants Annex B reads. */
struct packaging_decoder {
	enum video_codec codec;
	unsigned length_size;           /* bytes of a length, 0: chunks are as the device wants */
	struct packaging_bytes sets;    /* parameter sets of the description as Annex B */
	bool prepend;                   /* the last plan puts them in front */
};

/*
 * description NULL: chunks are Annex B, or of a codec without forms. Not kept. -EINVAL: it is no
 * avcC or hvcC; -ENOMEM. On failure nothing is left to finish.
 */
int packaging_decoder_init(struct packaging_decoder *packaging, enum video_codec codec,
			   const void *description, size_t description_size);
void packaging_decoder_finish(struct packaging_decoder *packaging);

/*
 * Look at a chunk. Key chunks get the parameter sets of the description in front, unless they
 * carry all kinds of their own. KEEP or COPY; -EBADMSG when a length leads out of the chunk.
 */
int packaging_decoder_plan(struct packaging_decoder *packaging, const uint8_t *data, size_t size,
			   bool key, struct packaging_plan *plan);

/* Write the plan->size bytes of a plan that says COPY; data and size are those of the plan. */
void packaging_decoder_copy(const struct packaging_decoder *packaging,
			    const struct packaging_plan *plan, const uint8_t *data, size_t size,
			    uint8_t *dst);

/* VPS, SPS and PPS; H.264: SPS, SPS extension and PPS. */
#define PACKAGING_SET_KINDS 3

/* What an encoder gives, Annex B, to the form that was asked for. */
struct packaging_encoder {
	enum video_codec codec;
	enum wc_bitstream_format format;
	struct packaging_bytes sets[PACKAGING_SET_KINDS];   /* Annex B, as they came last */
	struct packaging_bytes description;  /* of the sets; empty for Annex B, or before them */
	size_t prepend_at;                   /* where the last plan inserts the sets */
};

void packaging_encoder_init(struct packaging_encoder *packaging, enum video_codec codec,
			    enum wc_bitstream_format format);
void packaging_encoder_finish(struct packaging_encoder *packaging);

/*
 * Look at one access unit; told_key is the device's opinion. Parameter sets in it are remembered;
 * those of a kind replace what was there of that kind. -EBADMSG: not Annex B, or a key picture
 * without parameter sets here or before; -ENOMEM.
 */
int packaging_encoder_plan(struct packaging_encoder *packaging, const uint8_t *data, size_t size,
			   bool told_key, struct packaging_plan *plan);

/* Carry out a plan that says REWRITE, in the memory that it was made from. */
void packaging_encoder_rewrite(const struct packaging_encoder *packaging,
			       const struct packaging_plan *plan, uint8_t *data);

/* Write the plan->size bytes of a plan that says COPY; data and size are those of the plan. */
void packaging_encoder_copy(const struct packaging_encoder *packaging,
			    const struct packaging_plan *plan, const uint8_t *data, size_t size,
			    uint8_t *dst);

/*
 * The description for the chunk of the last plan and those after it; NULL when the form has none.
 * Valid until the next plan.
 */
const void *packaging_encoder_description(const struct packaging_encoder *packaging,
					  size_t *size);

#endif
