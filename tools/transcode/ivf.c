/* SPDX-License-Identifier: MIT */
#include "transcode/ivf.h"

#include <string.h>

#include "bitstream/bits.h"
#include "util/macros.h"

/* AV1 specification, section 6.2.2. */
#define OBU_SEQUENCE_HEADER 1
#define OBU_TEMPORAL_DELIMITER 2

static const struct {
	const char *letters;
	enum video_codec codec;
} codecs[] = {
	{ "VP80", VIDEO_CODEC_VP8 },
	{ "VP90", VIDEO_CODEC_VP9 },
	{ "AV01", VIDEO_CODEC_AV1 },
	{ "H264", VIDEO_CODEC_H264 },
	{ "HEVC", VIDEO_CODEC_HEVC },
};

enum video_codec ivf_codec(const char *letters)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		if (!memcmp(codecs[i].letters, letters, 4))
			return codecs[i].codec;
	return VIDEO_CODEC_NONE;
}

const char *ivf_letters(enum video_codec codec)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		if (codecs[i].codec == codec)
			return codecs[i].letters;
	return NULL;
}

/* RFC 6386, section 9.1: bit 0 of the first byte is clear in key frames. */
static bool vp8_is_key(const uint8_t *data)
{
	return !(data[0] & 1);
}

/* VP9 bitstream specification, section 6.2: uncompressed_header(). */
static bool vp9_is_key(const uint8_t *data, size_t size)
{
	struct bit_reader bits;
	unsigned profile;
	bool existing, inter;

	bit_reader_init(&bits, data, size);
	bit_reader_skip(&bits, 2);
	profile = bit_reader_get(&bits, 1);
	profile |= bit_reader_get(&bits, 1) << 1;
	if (profile == 3)
		bit_reader_skip(&bits, 1);
	existing = bit_reader_flag(&bits);
	inter = bit_reader_flag(&bits);
	return !bits.error && !existing && !inter;
}

/*
 * AV1 specification, section 7.5: what can be started with has a sequence header, which encoders
 * write in front of the frame, behind at most a temporal delimiter (empty, with its size field).
 */
static bool av1_is_key(const uint8_t *data, size_t size)
{
	if (size > 2 && (data[0] >> 3 & 15) == OBU_TEMPORAL_DELIMITER && data[1] == 0)
		data += 2;
	return (data[0] >> 3 & 15) == OBU_SEQUENCE_HEADER;
}

bool ivf_is_key(enum video_codec codec, const uint8_t *data, size_t size)
{
	if (!size)
		return false;
	switch (codec) {
	case VIDEO_CODEC_VP8:
		return vp8_is_key(data);
	case VIDEO_CODEC_VP9:
		return vp9_is_key(data, size);
	case VIDEO_CODEC_AV1:
		return av1_is_key(data, size);
	default:
		return false;
	}
}
