/* SPDX-License-Identifier: MIT */
/* The input is read as a record and as Annex B data. Sizes foretold are sizes written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/hvcc.h"
#include "fuzz.h"

static void check_units(const struct hvcc *hvcc, const uint8_t *data, size_t size)
{
	struct hvcc_iter iter;
	unsigned count = 0;
	struct nal nal;

	hvcc_iter_init(&iter, hvcc);
	while (hvcc_iter_next(&iter, &nal)) {
		require(nal.size >= 2);
		require(nal.data >= data && nal.data + nal.size <= data + size);
		count++;
	}
	require(count == hvcc->n_nals);
}

static void check_record(const uint8_t *data, size_t size)
{
	size_t annexb_size, written;
	struct hvcc hvcc;
	uint8_t *annexb;

	if (hvcc_parse(data, size, &hvcc) < 0)
		return;
	check_units(&hvcc, data, size);
	require(hvcc_to_annexb_size(&hvcc, &annexb_size) == 0);
	annexb = malloc(annexb_size + 1);
	require(annexb);
	require(hvcc_to_annexb_write(&hvcc, annexb, annexb_size, &written) == 0);
	require(written == annexb_size);
	free(annexb);
}

static void check_annexb(const uint8_t *data, size_t size)
{
	size_t record_size, written;
	struct hvcc hvcc;
	uint8_t *record;

	if (hvcc_from_annexb_size(data, size, &record_size) < 0)
		return;
	require(record_size > 23);
	record = malloc(record_size);
	require(record);
	require(hvcc_from_annexb_write(data, size, record, record_size - 1, &written) == -ENOSPC);
	require(hvcc_from_annexb_write(data, size, record, record_size, &written) == 0);
	require(written == record_size);
	require(hvcc_parse(record, record_size, &hvcc) == 0);
	require(hvcc.n_nals >= 3 && hvcc.length_size == 4);
	check_record(record, record_size);
	free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_record(data, size);
	check_annexb(data, size);
	return 0;
}
