/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "common/failure.h"
#include "common/interrupt.h"
#include "common/reader.h"
#include "transcode/av_message.h"
#include "transcode/options.h"
#include "transcode/pipeline.h"
#include "transcode/summary.h"

static void run(const struct options *options, struct reader *reader, struct failure *failure)
{
	struct pipeline pipeline;

	if (pipeline_open(&pipeline, options, reader, failure) == 0) {
		pipeline_run(&pipeline);
		failure_check_stdout(failure);
		if (!failure->set && !options->quiet)
			summary_print(&pipeline);
	}
	pipeline_finish(&pipeline);
}

int main(int argc, char **argv)
{
	struct failure failure = { .set = false };
	struct options options;
	struct reader reader;
	int status = options_parse(&options, argc, argv);

	if (status >= 0)
		return status;
	av_message_catch();
	interrupt_catch();
	if (options.camera) {
		run(&options, NULL, &failure);
	} else if (reader_open(&reader, options.input, &failure) == 0) {
		run(&options, &reader, &failure);
		reader_close(&reader);
	}
	failure_print(&failure, "wc-transcode");
	if (failure.set)
		return EXIT_FAILURE;
	return interrupt_signal() ? 128 + interrupt_signal() : EXIT_SUCCESS;
}
