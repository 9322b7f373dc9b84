/* SPDX-License-Identifier: MIT */
/* The input is read as a record and as Annex B data. Sizes foretold are sizes written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/avcc.h"
#include "fuzz.h"

static void check_list(const struct nal_list *list, const uint8_t *data, size_t size)
{
	struct nal_iter iter;
	unsigned count = 0;
	struct nal nal;

	if (!list->count)
		return;
	require(list->data >= data && list->data + list->size <= data + size);
	require(nal_iter_init_lengths(&iter, 2, list->data, list->size) == 0);
	while (nal_iter_next(&iter, &nal) == 1)
		count++;
	require(count == list->count);
}

static void check_record(const uint8_t *data, size_t size)
{
	size_t annexb_size, written;
	struct avcc avcc;
	uint8_t *annexb;

	if (avcc_parse(data, size, &avcc) < 0)
		return;
	check_list(&avcc.sps, data, size);
	check_list(&avcc.pps, data, size);
	check_list(&avcc.sps_ext, data, size);
	require(avcc_to_annexb_size(&avcc, &annexb_size) == 0);
	annexb = malloc(annexb_size + 1);
	require(annexb);
	require(avcc_to_annexb_write(&avcc, annexb, annexb_size, &written) == 0);
	require(written == annexb_size);
	free(annexb);
}

static void check_annexb(const uint8_t *data, size_t size)
{
	size_t record_size, written;
	struct avcc avcc;
	uint8_t *record;

	if (avcc_from_annexb_size(data, size, &record_size) < 0)
		return;
	require(record_size > 7);
	record = malloc(record_size);
	require(record);
	require(avcc_from_annexb_write(data, size, record, record_size - 1, &written) == -ENOSPC);
	require(avcc_from_annexb_write(data, size, record, record_size, &written) == 0);
	require(written == record_size);
	require(avcc_parse(record, record_size, &avcc) == 0);
	require(avcc.sps.count && avcc.pps.count && avcc.length_size == 4);
	check_record(record, record_size);
	free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_record(data, size);
	check_annexb(data, size);
	return 0;
}
