/* SPDX-License-Identifier: MIT */
/*
 * Linked into wc-probe: before main() there are devices of the fake, which have limits, and after
 * it what was done to them is judged.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fake/fake.h"

int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);

/* The library remembers what it was told by nodes that are still the same. */
int __wrap_stat(const char *path, struct stat *status)
{
	if (strncmp(path, "/dev/fake-", strlen("/dev/fake-")) != 0)
		return __real_stat(path, status);
	memset(status, 0, sizeof *status);
	status->st_mode = S_IFCHR | 0600;
	status->st_rdev = makedev(4095, 1);
	return 0;
}

static void add(const struct fake_model *model, const char *path)
{
	if (fake_add_device(model, path) < 0)
		abort();
}

/* More contexts than the library knows of, and a name that means something in a pattern. */
static void add_larger(void)
{
	struct fake_model model = fake_s5p_mfc_encoder;

	model.context_limit = 6;
	model.card = " mfc[enc]* ";
	add(&model, "/dev/fake-larger");
}

__attribute__((constructor))
static void add_nodes(void)
{
	fake_start();
	add(&fake_bcm2835_encoder, "/dev/fake-bcm2835");
	add(&fake_s5p_mfc_encoder, "/dev/fake-mfc");
	add(&fake_venus_encoder, "/dev/fake-venus");
	add(&fake_venus_encoder, "/dev/fake-full");
	fake_set_foreign_contexts("/dev/fake-full", fake_venus_encoder.context_limit);
	add_larger();
}

__attribute__((destructor))
static void judge(void)
{
	fake_stop();
	fake_check_no_violations();
}
