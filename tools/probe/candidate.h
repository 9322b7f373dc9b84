/* SPDX-License-Identifier: MIT */
/* One codec on the device that is measured: it holds a context, and has shown that it works. */
#ifndef WC_TOOLS_PROBE_CANDIDATE_H
#define WC_TOOLS_PROBE_CANDIDATE_H

#include <stdbool.h>

#include <webcodecs/webcodecs.h>

#include "probe/picture.h"
#include "probe/target.h"

struct candidate {
	struct wc_video_decoder *decoder;   /* one of both */
	struct wc_video_encoder *encoder;
	bool done, failed;
	unsigned outputs;
	struct wc_error error;              /* if failed, also later on */
};

/*
 * Make one, the number-th from 0 on, and have it work on a picture; without a coded one decoders
 * only get ready. Whether it does; if not, the error tells why. To be closed in any case, and not
 * to be moved until then.
 */
bool candidate_open(struct candidate *candidate, struct wc_context *context,
		    const struct target *target, const struct coded *coded, unsigned number);

void candidate_close(struct candidate *candidate);

#endif
