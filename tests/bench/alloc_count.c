/* SPDX-License-Identifier: MIT */
/*
 * Preloaded, it counts the calls for heap memory of all threads and libraries of a program. The
 * loops ask it for the count when it is there.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT unsigned long bench_allocations(void);

static atomic_ulong calls;

/* dlsym() may itself allocate, before the function it looks for is known: from here. */
static _Alignas(16) char early[4096];
static atomic_size_t early_used;

static void *take_early(size_t size)
{
	size_t at = atomic_fetch_add(&early_used, (size + 15) / 16 * 16);

	return at + size <= sizeof early ? early + at : NULL;
}

static int is_early(const void *memory)
{
	const char *p = memory;

	return p >= early && p < early + sizeof early;
}

static void *next(const char *name)
{
	static _Thread_local int looking;
	void *symbol = NULL;

	if (!looking) {
		looking = 1;
		symbol = dlsym(RTLD_NEXT, name);
		looking = 0;
	}
	return symbol;
}

unsigned long bench_allocations(void)
{
	return atomic_load(&calls);
}

EXPORT void *malloc(size_t size)
{
	static void *(*real)(size_t);

	atomic_fetch_add(&calls, 1);
	if (!real)
		*(void **)&real = next("malloc");
	return real ? real(size) : take_early(size);
}

EXPORT void *calloc(size_t n, size_t size)
{
	static void *(*real)(size_t, size_t);

	atomic_fetch_add(&calls, 1);
	if (!real)
		*(void **)&real = next("calloc");
	return real ? real(n, size) : take_early(n * size);
}

EXPORT void *realloc(void *memory, size_t size)
{
	static void *(*real)(void *, size_t);

	atomic_fetch_add(&calls, 1);
	if (!real)
		*(void **)&real = next("realloc");
	return real && !is_early(memory) ? real(memory, size) : NULL;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
	static void *(*real)(size_t, size_t);

	atomic_fetch_add(&calls, 1);
	if (!real)
		*(void **)&real = next("aligned_alloc");
	return real ? real(alignment, size) : NULL;
}

EXPORT int posix_memalign(void **memory, size_t alignment, size_t size)
{
	static int (*real)(void **, size_t, size_t);

	atomic_fetch_add(&calls, 1);
	if (!real)
		*(void **)&real = next("posix_memalign");
	return real ? real(memory, alignment, size) : ENOMEM;
}

EXPORT void free(void *memory)
{
	static void (*real)(void *);

	if (is_early(memory))
		return;
	if (!real)
		*(void **)&real = next("free");
	if (real)
		real(memory);
}
