/* SPDX-License-Identifier: MIT */
/*
 * Input file. Data go straight to where the caller wants them, with one system call for a whole
 * frame; the same call brings the first bytes of what follows, so that the next header is there
 * to be looked at.
 */
#ifndef WC_TOOLS_READER_H
#define WC_TOOLS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "common/failure.h"

/* Bytes that reader_peek() can show. */
#define READER_AHEAD 128

struct reader {
	int fd;
	const char *name;        /* for messages, the caller's */
	struct failure *failure; /* gets what goes wrong, the caller's */
	bool seekable;
	uint64_t size;           /* bytes, if seekable */
	uint64_t offset;         /* of the next byte that the caller gets */
	dev_t device;
	ino_t inode;
	size_t begin, end;       /* the unread part of ahead */
	uint8_t ahead[READER_AHEAD];
};

enum reader_result {
	READER_FAILED = -1,      /* the failure is set */
	READER_END = 0,          /* not a byte was left, or a signal asked to stop */
	READER_WHOLE,            /* all is there */
	READER_SHORT,            /* the file ended before */
};

/* Open a file; "-" is standard input. 0, or -1 with the failure set. */
int reader_open(struct reader *reader, const char *path, struct failure *failure);
void reader_close(struct reader *reader);

/*
 * Look at the next bytes, at most READER_AHEAD. *data is valid until the next call. Returns how
 * many there are, less than wanted only at the end; -1 with the failure set.
 */
ssize_t reader_peek(struct reader *reader, size_t wanted, const uint8_t **data);

/* Drop bytes that reader_peek() has shown. */
void reader_skip(struct reader *reader, size_t bytes);

/* Fill the vectors. They are used up: base and length change. */
enum reader_result reader_fetch(struct reader *reader, struct iovec *iov, size_t count);

/* The same for one piece of memory. */
enum reader_result reader_fetch_bytes(struct reader *reader, void *data, size_t size);

/* Up to size bytes, as read(2): 0 at the end, -1 with the failure set. */
ssize_t reader_some(struct reader *reader, void *data, size_t size);

/* Go to an offset from the start of a seekable file. 0, or -1 with the failure set. */
int reader_seek(struct reader *reader, uint64_t offset);

/* Read at an offset without moving. Returns the number of bytes, less than size at the end. */
size_t reader_at(const struct reader *reader, uint64_t offset, void *data, size_t size);

#endif
