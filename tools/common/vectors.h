/* SPDX-License-Identifier: MIT */
/* Arrays of struct iovec that are being worked off. */
#ifndef WC_TOOLS_VECTORS_H
#define WC_TOOLS_VECTORS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Vectors for one system call: the kernel's UIO_MAXIOV. */
#define VECTORS_MAX 1024

/* Move on by bytes that are done; returns how many of them lay behind the last vector. */
size_t vectors_advance(struct iovec **iov, size_t *count, size_t bytes);

/* A vector to write from: nothing is written through it, but iovec has no const form. */
static inline struct iovec vector_from(const void *data, size_t size)
{
	return (struct iovec) { (void *)(uintptr_t)data, size };
}

#endif
