/* SPDX-License-Identifier: MIT */
/*
 * Creation sites: stacks of callers, each kept once, with the number of objects that were made
 * there. Memory of a fixed size, got when the sites are made; a stack that finds no room belongs to
 * no site. Any thread.
 */
#ifndef WC_UTIL_SITES_H
#define WC_UTIL_SITES_H

#include <stddef.h>
#include <stdint.h>

#define SITE_DEPTH 16
#define SITES_MAX 1024u

struct sites;

struct site {
	uint32_t hash;
	uint32_t depth;
	uint64_t made;                 /* objects, in all */
	void *callers[SITE_DEPTH];     /* return addresses, the innermost first */
};

/* NULL without memory. Makes backtrace() load what it loads at its first call. */
struct sites *sites_new(void);
void sites_free(struct sites *sites);

/* The site of this call, one more object made there: 1 and up; 0 when there is no room. */
uint32_t sites_here(struct sites *sites);

/* A copy of a site that sites_here() named. */
void sites_get(struct sites *sites, uint32_t id, struct site *site);

/* "inner < outer < ...", as far as names are known, else addresses. Cut off to fit size > 0. */
void site_format(void *const *callers, uint32_t depth, char *text, size_t size);

#endif
