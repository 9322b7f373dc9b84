/* SPDX-License-Identifier: MIT */
#include "util/sites.h"

#ifdef HAVE_EXECINFO_H
#include <execinfo.h>
#endif
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS (2 * SITES_MAX)
#define OWN_CALLERS 2          /* sites_here() and who asked it: not worth telling */

struct sites {
	pthread_mutex_t lock;
	uint32_t n;
	uint16_t buckets[BUCKETS];     /* id, 0: free; open addressing */
	struct site site[SITES_MAX];   /* id - 1 */
};

#ifndef HAVE_EXECINFO_H
/* A C library that cannot tell: no sites. */
static int backtrace(void **callers, int size)
{
	(void)callers;
	(void)size;
	return 0;
}

static char **backtrace_symbols(void *const *callers, int size)
{
	(void)callers;
	(void)size;
	return NULL;
}
#endif

struct sites *sites_new(void)
{
	struct sites *sites = calloc(1, sizeof *sites);
	void *unused[1];

	if (!sites)
		return NULL;
	pthread_mutex_init(&sites->lock, NULL);
	backtrace(unused, 1);
	return sites;
}

void sites_free(struct sites *sites)
{
	if (!sites)
		return;
	pthread_mutex_destroy(&sites->lock);
	free(sites);
}

/* FNV-1a over the addresses. */
static uint32_t hash_of(void *const *callers, uint32_t depth)
{
	uint32_t hash = 2166136261u;

	for (uint32_t i = 0; i < depth; i++) {
		uint64_t address = (uintptr_t)callers[i];

		for (; address; address >>= 8)
			hash = (hash ^ (uint32_t)(address & 0xff)) * 16777619u;
	}
	return hash;
}

static bool is_site(const struct site *site, void *const *callers, uint32_t depth, uint32_t hash)
{
	return site->hash == hash && site->depth == depth &&
	       memcmp(site->callers, callers, depth * sizeof *callers) == 0;
}

/* With the lock held. */
static uint32_t find_or_add(struct sites *sites, void *const *callers, uint32_t depth)
{
	uint32_t hash = hash_of(callers, depth);
	uint32_t at = hash % BUCKETS;
	struct site *site;

	for (; sites->buckets[at]; at = (at + 1) % BUCKETS)
		if (is_site(&sites->site[sites->buckets[at] - 1], callers, depth, hash))
			return sites->buckets[at];
	if (sites->n == SITES_MAX)
		return 0;
	site = &sites->site[sites->n++];
	site->hash = hash;
	site->depth = depth;
	memcpy(site->callers, callers, depth * sizeof *callers);
	sites->buckets[at] = (uint16_t)sites->n;
	return sites->n;
}

uint32_t sites_here(struct sites *sites)
{
	void *callers[SITE_DEPTH + OWN_CALLERS];
	int depth = backtrace(callers, SITE_DEPTH + OWN_CALLERS);
	uint32_t id = 0;

	if (depth <= OWN_CALLERS)
		return 0;
	pthread_mutex_lock(&sites->lock);
	id = find_or_add(sites, callers + OWN_CALLERS, (uint32_t)depth - OWN_CALLERS);
	if (id)
		sites->site[id - 1].made++;
	pthread_mutex_unlock(&sites->lock);
	return id;
}

void sites_get(struct sites *sites, uint32_t id, struct site *site)
{
	pthread_mutex_lock(&sites->lock);
	*site = sites->site[id - 1];
	pthread_mutex_unlock(&sites->lock);
}

/* Of "file(function+0x1f) [0x5555]" what is between the brackets; without a name, the file's. */
static int format_one(const char *symbol, const void *address, char *text, size_t size)
{
	const char *open = symbol ? strchr(symbol, '(') : NULL;
	const char *close = open ? strchr(open, ')') : NULL;
	const char *base;

	if (!close)
		return snprintf(text, size, "%p", address);
	if (open[1] != '+' && close > open + 1)
		return snprintf(text, size, "%.*s", (int)(close - open - 1), open + 1);
	for (base = open; base > symbol && base[-1] != '/'; base--)
		;
	return snprintf(text, size, "%.*s%.*s", (int)(open - base), base,
			(int)(close - open - 1), open + 1);
}

void site_format(void *const *callers, uint32_t depth, char *text, size_t size)
{
	char **symbols = depth ? backtrace_symbols(callers, (int)depth) : NULL;
	size_t at = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < depth && at < size; i++) {
		int n = i ? snprintf(text + at, size - at, " < ") : 0;

		at += n > 0 ? (size_t)n : 0;
		if (at >= size)
			break;
		n = format_one(symbols ? symbols[i] : NULL, callers[i], text + at, size - at);
		at += n > 0 ? (size_t)n : 0;
	}
	free(symbols);
}
