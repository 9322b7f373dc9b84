/* SPDX-License-Identifier: MIT */
/* Output file: whole units or nothing. */
#ifndef WC_TOOLS_WRITER_H
#define WC_TOOLS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "common/failure.h"
#include "common/reader.h"

struct writer {
	int fd;                  /* -1 while not open */
	const char *path;        /* the caller's */
	const char *name;        /* for messages */
	struct failure *failure; /* gets what goes wrong, the caller's */
	bool seekable;
	bool stale;              /* an old file is still in it, which the first write ends */
	uint64_t start;          /* of what is ours in the file: standard output may have more */
	uint64_t offset;         /* where the next unit goes; all offsets count from start */
};

/* Only remembers. The file is made with the first unit, so that a failure before leaves none. */
void writer_init(struct writer *writer, const char *path, struct failure *failure);

/*
 * Create or open the file; "-" is standard output. What was in it stays until something is written.
 * Refused when it is the file that source reads (may be NULL). 0, or -1 with the failure set.
 */
int writer_open(struct writer *writer, const struct reader *source);

static inline bool writer_is_open(const struct writer *writer)
{
	return writer->fd >= 0;
}

/*
 * Write all vectors, which are used up, as one unit. 0, or -1 with the failure set; then nothing of
 * the unit is left in a file that can be shortened.
 */
int writer_unit(struct writer *writer, struct iovec *iov, size_t count);

/*
 * Write bytes; what a failing call has written stays. For formats that are good to read when cut
 * anywhere. 0, or -1 with the failure set.
 */
int writer_bytes(struct writer *writer, const void *data, size_t size);

/* Write at an offset of a seekable file without moving. 0, or -1 with the failure set. */
int writer_patch(struct writer *writer, uint64_t offset, const void *data, size_t size);

/* Go to an offset of a seekable file. 0, or -1 with the failure set. */
int writer_seek(struct writer *writer, uint64_t offset);

/* Bytes from start to the end of the file; negative errno when it has no size. */
int64_t writer_size(const struct writer *writer);

/* Close; an error that only shows now is one too. 0, or -1 with the failure set. */
int writer_close(struct writer *writer);

#endif
