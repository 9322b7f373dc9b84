/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"
#include "top/json.h"
#include "top/options.h"
#include "top/screen.h"
#include "top/snapshot.h"
#include "top/table.h"

static void print_once(const struct top_options *options, const struct place *place, bool utf8,
		       struct failure *failure)
{
	struct snapshot snapshot;
	int ret;

	if (snapshot_take(&snapshot, place, failure) < 0)
		return;
	ret = options->json ? json_print(&snapshot) : table_print(&snapshot, utf8);
	snapshot_finish(&snapshot);
	if (ret < 0)
		failure_set_errno(failure, "usage", -ret);
	else if (fflush(stdout) || ferror(stdout))
		failure_set_errno(failure, "standard output", errno);
}

int main(int argc, char **argv)
{
	struct failure failure = { .set = false };
	struct top_options options;
	struct place place;
	bool utf8;
	int status = top_options_parse(&options, argc, argv);

	if (status >= 0)
		return status;
	/* Characters only: numbers look the same everywhere. */
	setlocale(LC_CTYPE, "");
	utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (place_choose(&place, options.directory, &failure) == 0) {
		if (options.once || options.json)
			print_once(&options, &place, utf8, &failure);
		else
			screen_run(&place, utf8, &failure);
	}
	failure_print(&failure, "wc-top");
	return failure.set ? EXIT_FAILURE : EXIT_SUCCESS;
}
