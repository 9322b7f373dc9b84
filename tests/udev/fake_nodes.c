/* SPDX-License-Identifier: MIT */
/*
 * Linked into webcodecs_id: before main() there are devices of the fake, and after it what was done
 * to them is judged. The strangest names fill the kernel's fields to the last byte.
 */
#include <errno.h>
#include <stdlib.h>

#include "fake/fake.h"

static void add(const struct fake_model *model, const char *path)
{
	if (fake_add_device(model, path) < 0)
		abort();
}

/* MPEG-2 is no codec of ours. */
static const struct fake_format coded[] = {
	{ .fourcc = V4L2_PIX_FMT_MPEG2, .flags = V4L2_FMT_FLAG_COMPRESSED },
	{ .fourcc = V4L2_PIX_FMT_VP9, .flags = V4L2_FMT_FLAG_COMPRESSED },
	{ .fourcc = V4L2_PIX_FMT_H264, .flags = V4L2_FMT_FLAG_COMPRESSED },
	{ .fourcc = 0 },
};

static void add_strange(void)
{
	struct fake_model model = fake_generic_encoder_sp;

	model.coded = coded;
	model.driver = "dr\"iv'er;%s&|<>";
	model.card = "  a$b`c\\d\nID_EVIL=1\te\xc3\xa9 [f/gh] ";
	model.bus_info = "platform:0123456789.abcdef@ghij";
	add(&model, "/dev/fake-strange");
}

static void add_decoder(void)
{
	struct fake_model model = fake_generic_decoder;

	model.coded = coded;
	model.driver = "codec-driver";
	model.card = "Codec 9000 (decoder)";
	model.bus_info = "platform:f1000000.codec";
	add(&model, "/dev/fake-decoder");
}

__attribute__((constructor))
static void add_nodes(void)
{
	fake_start();
	fake_enumerating(true);
	add(&fake_hantro_decoder, "/dev/fake-stateless");
	add(&fake_vim2m, "/dev/fake-converter");
	add(&fake_camera, "/dev/fake-camera");
	add(&fake_venus_decoder, "/dev/fake-full");
	fake_set_foreign_contexts("/dev/fake-full", fake_venus_decoder.context_limit);
	add_decoder();
	add_strange();
}

__attribute__((destructor))
static void judge(void)
{
	fake_stop();
	fake_check_no_violations();
}
