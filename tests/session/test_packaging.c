/* SPDX-License-Identifier: MIT */
/* The two forms of H.264 and HEVC, both ways, on streams that ffmpeg has made. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/nal.h"
#include "session/packaging.h"

#include "../bitstream/vectors/vector.h"
#include "../bitstream/vectors/h264.h"
#include "../bitstream/vectors/hevc.h"

#define MAX_NALS 32
#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* What a plan becomes when it is carried out; owned. */
struct result {
	uint8_t *data;
	size_t size;
	struct packaging_plan plan;
};

static struct result package(struct packaging_encoder *packaging, const uint8_t *data,
			     size_t size, bool told_key)
{
	struct result result = { .data = malloc(size ? size : 1), .size = 0 };

	memcpy(result.data, data, size);
	ck_assert_int_eq(packaging_encoder_plan(packaging, result.data, size, told_key,
						&result.plan), 0);
	if (result.plan.action == PACKAGING_COPY) {
		uint8_t *copy = malloc(result.plan.size);

		packaging_encoder_copy(packaging, &result.plan, result.data, size, copy);
		free(result.data);
		result.data = copy;
	} else if (result.plan.action == PACKAGING_REWRITE) {
		packaging_encoder_rewrite(packaging, &result.plan, result.data);
	}
	ck_assert_uint_le(result.plan.offset + result.plan.size,
			  result.plan.action == PACKAGING_COPY ? result.plan.size : size);
	memmove(result.data, result.data + result.plan.offset, result.plan.size);
	result.size = result.plan.size;
	return result;
}

static struct result unpack(struct packaging_decoder *packaging, const uint8_t *data,
			    size_t size, bool key)
{
	struct result result = { .data = NULL };

	ck_assert_int_eq(packaging_decoder_plan(packaging, data, size, key, &result.plan), 0);
	result.size = result.plan.size;
	result.data = malloc(result.size ? result.size : 1);
	if (result.plan.action == PACKAGING_COPY)
		packaging_decoder_copy(packaging, &result.plan, data, size, result.data);
	else
		memcpy(result.data, data, size);
	return result;
}

static unsigned list_nals(const uint8_t *data, size_t size, struct nal nals[MAX_NALS])
{
	struct nal_iter iter;
	unsigned count = 0;

	nal_iter_init_annexb(&iter, data, size);
	while (nal_iter_next(&iter, &nals[count]) > 0)
		ck_assert_uint_lt(++count, MAX_NALS);
	return count;
}

static unsigned drop_sets(enum video_codec codec, struct nal nals[MAX_NALS], unsigned count,
			  unsigned *sets)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < count; i++)
		if (!nal_is_parameter_set(codec, nal_type(codec, &nals[i])))
			nals[kept++] = nals[i];
	*sets = count - kept;
	return kept;
}

/* The same pictures; parameter sets where, and only where, they are wanted. */
static void check_same(enum video_codec codec, const struct result *result, const uint8_t *data,
		       size_t size, bool wants_sets)
{
	struct nal left[MAX_NALS], right[MAX_NALS];
	unsigned n_left = list_nals(result->data, result->size, left);
	unsigned n_right = list_nals(data, size, right);
	unsigned sets, original;

	n_left = drop_sets(codec, left, n_left, &sets);
	n_right = drop_sets(codec, right, n_right, &original);
	ck_assert_uint_eq(n_left, n_right);
	for (unsigned i = 0; i < n_left; i++) {
		ck_assert_uint_eq(left[i].size, right[i].size);
		ck_assert_int_eq(memcmp(left[i].data, right[i].data, left[i].size), 0);
	}
	ck_assert_uint_eq(sets, wants_sets ? (codec == VIDEO_CODEC_HEVC ? 3 : 2) : 0);
}

static void check_round_trip(enum video_codec codec, const struct vector *vector)
{
	struct packaging_encoder encoder;
	struct packaging_decoder decoder;
	const uint8_t *data = vector->data;
	bool open = false;

	packaging_encoder_init(&encoder, codec, WC_BITSTREAM_CANONICAL);
	for (unsigned i = 0; i < vector->n_chunks; i++) {
		size_t size = vector->chunks[i].size;
		/* What it is told does not count: the slices do. */
		struct result chunk = package(&encoder, data, size, i % 2), back;
		size_t description_size;
		const void *description = packaging_encoder_description(&encoder,
									&description_size);

		ck_assert_ptr_nonnull(description);
		if (i == 0)
			ck_assert(chunk.plan.key);
		if (!vector->chunks[i].key)
			ck_assert(!chunk.plan.key);
		if (!open)
			ck_assert_int_eq(packaging_decoder_init(&decoder, codec, description,
								description_size), 0);
		open = true;
		back = unpack(&decoder, chunk.data, chunk.size, chunk.plan.key);
		check_same(codec, &back, data, size, chunk.plan.key);
		free(chunk.data);
		free(back.data);
		data += size;
	}
	packaging_decoder_finish(&decoder);
	packaging_encoder_finish(&encoder);
}

START_TEST(h264_goes_there_and_back)
{
	check_round_trip(VIDEO_CODEC_H264, &h264_vectors[_i]);
}
END_TEST

START_TEST(hevc_goes_there_and_back)
{
	check_round_trip(VIDEO_CODEC_HEVC, &hevc_vectors[_i]);
}
END_TEST

/*
 * The sample of a record, without what the muxer left in it: parameter sets, and zeros behind NAL
 * units, which Annex B cannot tell from the next start code.
 */
static size_t strip_sample(enum video_codec codec, const struct record_vector *record,
			   uint8_t out[1024])
{
	struct nal_iter iter;
	struct nal nal;
	size_t size = 0;

	ck_assert_int_eq(nal_iter_init_lengths(&iter, 4, record->sample, record->sample_size), 0);
	while (nal_iter_next(&iter, &nal) > 0) {
		if (nal_is_parameter_set(codec, nal_type(codec, &nal)))
			continue;
		ck_assert_uint_le(size + 4 + nal.size, 1024);
		while (nal.data[nal.size - 1] == 0)
			nal.size--;
		ck_assert_uint_lt(nal.size, 0x10000);
		memset(out + size, 0, 2);
		out[size + 2] = (uint8_t)(nal.size >> 8);
		out[size + 3] = (uint8_t)nal.size;
		memcpy(out + size + 4, nal.data, nal.size);
		size += 4 + nal.size;
	}
	return size;
}

/* Samples and records of another muxer: Annex B and back gives the same sample. */
static void check_record(enum video_codec codec, const struct record_vector *record)
{
	struct packaging_decoder decoder;
	struct packaging_encoder encoder;
	struct result annexb, chunk;
	uint8_t sample[1024];
	size_t size = strip_sample(codec, record, sample);

	ck_assert_int_eq(packaging_decoder_init(&decoder, codec, record->record,
						record->record_size), 0);
	annexb = unpack(&decoder, sample, size, true);
	ck_assert_int_eq(annexb.plan.action, PACKAGING_COPY);
	packaging_encoder_init(&encoder, codec, WC_BITSTREAM_CANONICAL);
	chunk = package(&encoder, annexb.data, annexb.size, true);
	/* Only start codes of 4 bytes, the parameter sets first: done where it stands. */
	ck_assert_int_eq(chunk.plan.action, PACKAGING_REWRITE);
	ck_assert_uint_gt(chunk.plan.offset, 0);
	ck_assert_uint_eq(chunk.size, size);
	ck_assert_int_eq(memcmp(chunk.data, sample, size), 0);
	free(annexb.data);
	free(chunk.data);
	packaging_encoder_finish(&encoder);
	packaging_decoder_finish(&decoder);
}

START_TEST(records_of_others_are_understood)
{
	for (int i = 0; i < COUNT(h264_records); i++)
		check_record(VIDEO_CODEC_H264, &h264_records[i]);
	for (int i = 0; i < COUNT(hevc_records); i++)
		check_record(VIDEO_CODEC_HEVC, &hevc_records[i]);
}
END_TEST

START_TEST(sets_stand_in_front_of_key_chunks_only)
{
	const struct record_vector *record = &h264_records[0];
	struct packaging_decoder decoder;
	struct result key, delta, own;
	struct nal nals[MAX_NALS];
	uint8_t sample[1024], with_sets[1024] = { 0 };
	size_t size = strip_sample(VIDEO_CODEC_H264, record, sample), at = 0;
	unsigned n;

	ck_assert_int_eq(packaging_decoder_init(&decoder, VIDEO_CODEC_H264, record->record,
						record->record_size), 0);
	key = unpack(&decoder, sample, size, true);
	delta = unpack(&decoder, sample, size, false);
	n = list_nals(key.data, key.size, nals);
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nals[0]), H264_NAL_SPS);
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nals[1]), H264_NAL_PPS);
	ck_assert_uint_eq(list_nals(delta.data, delta.size, nals + n), n - 2);

	/* A key chunk that brings both kinds gets no second ones. */
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_lt(at + 4 + nals[i].size, sizeof with_sets);
		with_sets[at + 2] = (uint8_t)(nals[i].size >> 8);
		with_sets[at + 3] = (uint8_t)nals[i].size;
		memcpy(with_sets + at + 4, nals[i].data, nals[i].size);
		at += 4 + nals[i].size;
	}
	own = unpack(&decoder, with_sets, at, true);
	ck_assert_uint_eq(own.size, key.size);
	ck_assert_int_eq(memcmp(own.data, key.data, key.size), 0);
	free(key.data);
	free(delta.data);
	free(own.data);
	packaging_decoder_finish(&decoder);
}
END_TEST

START_TEST(a_delimiter_stays_first)
{
	static const uint8_t sample[] = { 0, 0, 0, 2, 0x09, 0x10, 0, 0, 0, 3, 0x65, 0x88, 0x84 };
	const struct record_vector *record = &h264_records[0];
	struct packaging_decoder decoder;
	struct packaging_encoder encoder;
	struct nal nals[MAX_NALS];
	struct result annexb, again;
	static const uint8_t bare[] = { 0, 0, 0, 1, 0x09, 0x10, 0, 0, 1, 0x65, 0x88, 0x84 };

	ck_assert_int_eq(packaging_decoder_init(&decoder, VIDEO_CODEC_H264, record->record,
						record->record_size), 0);
	annexb = unpack(&decoder, sample, sizeof sample, true);
	ck_assert_uint_eq(list_nals(annexb.data, annexb.size, nals), 4);
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nals[0]), H264_NAL_AUD);
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nals[1]), H264_NAL_SPS);
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nals[3]), H264_NAL_IDR);

	packaging_encoder_init(&encoder, VIDEO_CODEC_H264, WC_BITSTREAM_ANNEXB);
	again = package(&encoder, annexb.data, annexb.size, true);
	ck_assert_int_eq(again.plan.action, PACKAGING_KEEP);
	free(again.data);
	again = package(&encoder, bare, sizeof bare, true);
	ck_assert_int_eq(again.plan.action, PACKAGING_COPY);
	ck_assert_uint_eq(list_nals(again.data, again.size, nals), 4);
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nals[0]), H264_NAL_AUD);
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nals[1]), H264_NAL_SPS);
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nals[2]), H264_NAL_PPS);
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nals[3]), H264_NAL_IDR);
	free(again.data);
	free(annexb.data);
	packaging_encoder_finish(&encoder);
	packaging_decoder_finish(&decoder);
}
END_TEST

START_TEST(broken_chunks_and_records_are_refused)
{
	const struct record_vector *record = &h264_records[0];
	struct packaging_decoder decoder;
	struct packaging_plan plan;

	ck_assert_int_eq(packaging_decoder_init(&decoder, VIDEO_CODEC_H264, "nonsense", 8),
			 -EINVAL);
	for (size_t size = 0; size < 8; size++)
		ck_assert_int_eq(packaging_decoder_init(&decoder, VIDEO_CODEC_HEVC,
							hevc_records[0].record, size), -EINVAL);
	ck_assert_int_eq(packaging_decoder_init(&decoder, VIDEO_CODEC_H264, record->record,
						record->record_size), 0);
	ck_assert_int_eq(packaging_decoder_plan(&decoder, record->sample,
						record->sample_size - 1, true, &plan), -EBADMSG);
	packaging_decoder_finish(&decoder);
}
END_TEST

/* Without a description, and for other codecs, there is nothing to do. */
START_TEST(everything_else_stays_as_it_is)
{
	static const uint8_t data[] = { 1, 2, 3 };
	struct packaging_decoder decoder;
	struct packaging_encoder encoder;
	struct packaging_plan plan;
	size_t size;

	ck_assert_int_eq(packaging_decoder_init(&decoder, VIDEO_CODEC_H264, NULL, 0), 0);
	ck_assert_int_eq(packaging_decoder_plan(&decoder, data, 3, true, &plan), 0);
	ck_assert(plan.action == PACKAGING_KEEP && plan.size == 3 && plan.key);
	packaging_decoder_finish(&decoder);
	ck_assert_int_eq(packaging_decoder_init(&decoder, VIDEO_CODEC_VP9, "vpcC", 4), 0);
	ck_assert_int_eq(packaging_decoder_plan(&decoder, data, 3, false, &plan), 0);
	ck_assert(plan.action == PACKAGING_KEEP && plan.size == 3 && !plan.key);
	packaging_decoder_finish(&decoder);

	packaging_encoder_init(&encoder, VIDEO_CODEC_VP8, WC_BITSTREAM_CANONICAL);
	for (int key = 0; key < 2; key++) {
		ck_assert_int_eq(packaging_encoder_plan(&encoder, data, 3, key, &plan), 0);
		ck_assert(plan.action == PACKAGING_KEEP && plan.offset == 0 && plan.size == 3);
		ck_assert(plan.key == key);
	}
	ck_assert_ptr_null(packaging_encoder_description(&encoder, &size));
	ck_assert_uint_eq(size, 0);
	packaging_encoder_finish(&encoder);
}
END_TEST

/* Splits the first access unit of a stream into its parameter sets and the rest. */
static size_t split(const struct vector *vector, enum video_codec codec)
{
	struct nal nals[MAX_NALS];
	unsigned n = list_nals(vector->data, vector->chunks[0].size, nals);

	for (unsigned i = 0; i < n; i++)
		if (!nal_is_parameter_set(codec, nal_type(codec, &nals[i])))
			return (size_t)(nals[i].data - vector->data) -
			       (nals[i].data[-4] == 0 ? 4 : 3);
	ck_abort();
}

START_TEST(sets_beside_the_stream_are_put_in)
{
	const struct vector *vector = &hevc_vectors[0];
	size_t at = split(vector, VIDEO_CODEC_HEVC), size = vector->chunks[0].size;
	struct packaging_encoder encoder;
	struct packaging_plan plan;
	struct result unit;

	/* They may come as buffers of their own, which are no chunks. */
	packaging_encoder_init(&encoder, VIDEO_CODEC_HEVC, WC_BITSTREAM_ANNEXB);
	ck_assert_int_eq(packaging_encoder_plan(&encoder, vector->data, at, false, &plan), 0);
	ck_assert_int_eq(plan.action, PACKAGING_DROP);
	unit = package(&encoder, vector->data + at, size - at, true);
	ck_assert_int_eq(unit.plan.action, PACKAGING_COPY);
	check_same(VIDEO_CODEC_HEVC, &unit, vector->data, size, true);
	free(unit.data);
	packaging_encoder_finish(&encoder);
}
END_TEST

START_TEST(key_pictures_without_any_sets_are_refused)
{
	for (int form = WC_BITSTREAM_CANONICAL; form <= WC_BITSTREAM_ANNEXB; form++) {
		const struct vector *vector = &h264_vectors[0];
		size_t at = split(vector, VIDEO_CODEC_H264);
		struct packaging_encoder encoder;
		struct packaging_plan plan;

		packaging_encoder_init(&encoder, VIDEO_CODEC_H264,
				       (enum wc_bitstream_format)form);
		ck_assert_int_eq(packaging_encoder_plan(&encoder, vector->data + at,
							vector->chunks[0].size - at, true,
							&plan), -EBADMSG);
		ck_assert_int_eq(packaging_encoder_plan(&encoder, (const uint8_t *)"nonsense", 8,
							true, &plan), -EBADMSG);
		packaging_encoder_finish(&encoder);
	}
}
END_TEST

START_TEST(the_description_changes_with_the_sets)
{
	struct packaging_encoder encoder;
	struct result first, second, third;
	const void *description;
	uint8_t copy[256];
	size_t size, again;

	packaging_encoder_init(&encoder, VIDEO_CODEC_H264, WC_BITSTREAM_CANONICAL);
	ck_assert_ptr_null(packaging_encoder_description(&encoder, &size));
	first = package(&encoder, h264_vectors[0].data, h264_vectors[0].chunks[0].size, true);
	description = packaging_encoder_description(&encoder, &size);
	ck_assert_uint_le(size, sizeof copy);
	memcpy(copy, description, size);
	second = package(&encoder, h264_vectors[0].data, h264_vectors[0].chunks[0].size, true);
	description = packaging_encoder_description(&encoder, &again);
	ck_assert(again == size && !memcmp(description, copy, size));
	third = package(&encoder, h264_vectors[2].data, h264_vectors[2].chunks[0].size, true);
	description = packaging_encoder_description(&encoder, &again);
	ck_assert(again != size || memcmp(description, copy, size) != 0);
	free(first.data);
	free(second.data);
	free(third.data);
	packaging_encoder_finish(&encoder);
}
END_TEST

/* Every cut and every flipped byte: an answer, and no access out of bounds (run with a checker). */
START_TEST(anything_may_come)
{
	const struct vector *vector = &h264_vectors[0];
	size_t size = vector->chunks[0].size;

	for (size_t n = 0; n < size; n++) {
		struct packaging_encoder encoder;
		struct packaging_plan plan;
		uint8_t *data = malloc(size);

		memcpy(data, vector->data, size);
		data[n] ^= (uint8_t)(1 + n % 255);
		packaging_encoder_init(&encoder, VIDEO_CODEC_H264,
				       n % 2 ? WC_BITSTREAM_ANNEXB : WC_BITSTREAM_CANONICAL);
		for (size_t cut = 0; cut < 2; cut++) {
			uint8_t *part = malloc(size - cut * n);

			memcpy(part, data, size - cut * n);
			if (packaging_encoder_plan(&encoder, part, size - cut * n, true,
						   &plan) == 0 &&
			    plan.action == PACKAGING_COPY) {
				uint8_t *out = malloc(plan.size);

				packaging_encoder_copy(&encoder, &plan, part, size - cut * n, out);
				free(out);
			} else if (plan.action == PACKAGING_REWRITE) {
				packaging_encoder_rewrite(&encoder, &plan, part);
			}
			free(part);
		}
		packaging_encoder_finish(&encoder);
		free(data);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packaging");
	TCase *tcase = tcase_create("packaging");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, h264_goes_there_and_back, 0, COUNT(h264_vectors));
	tcase_add_loop_test(tcase, hevc_goes_there_and_back, 0, COUNT(hevc_vectors));
	tcase_add_test(tcase, records_of_others_are_understood);
	tcase_add_test(tcase, sets_stand_in_front_of_key_chunks_only);
	tcase_add_test(tcase, a_delimiter_stays_first);
	tcase_add_test(tcase, broken_chunks_and_records_are_refused);
	tcase_add_test(tcase, everything_else_stays_as_it_is);
	tcase_add_test(tcase, sets_beside_the_stream_are_put_in);
	tcase_add_test(tcase, key_pictures_without_any_sets_are_refused);
	tcase_add_test(tcase, the_description_changes_with_the_sets);
	tcase_add_test(tcase, anything_may_come);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
