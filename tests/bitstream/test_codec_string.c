/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/codec_string.h"
#include "suites.h"
#include "support.h"

struct valid_row {
	const char *string;
	enum video_codec codec;
	int profile, level, tier, bit_depth;
	enum chroma chroma;
	const char *formatted;          /* what comes back out; NULL: the same */
};

#define H264 VIDEO_CODEC_H264
#define HEVC VIDEO_CODEC_HEVC
#define VP9 VIDEO_CODEC_VP9
#define AV1 VIDEO_CODEC_AV1
#define C400 CHROMA_400
#define C420 CHROMA_420
#define C422 CHROMA_422
#define C444 CHROMA_444
#define UNKNOWN CHROMA_UNKNOWN

static const struct valid_row valid_rows[] = {
	{ "avc1.42E01E", H264, 66, 30, 0, 8, C420, NULL },
	{ "avc1.42e01e", H264, 66, 30, 0, 8, C420, "avc1.42E01E" },
	{ "avc1.42000A", H264, 66, 10, 0, 8, C420, NULL },
	{ "avc1.42100B", H264, 66, 11, 0, 8, C420, NULL },      /* level 1b */
	{ "avc1.42C00C", H264, 66, 12, 0, 8, C420, NULL },
	{ "avc1.4D400D", H264, 77, 13, 0, 8, C420, NULL },
	{ "avc1.4D4014", H264, 77, 20, 0, 8, C420, NULL },
	{ "avc1.4D0015", H264, 77, 21, 0, 8, C420, NULL },
	{ "avc1.4D0016", H264, 77, 22, 0, 8, C420, NULL },
	{ "avc1.58A01E", H264, 88, 30, 0, 8, C420, NULL },
	{ "avc1.64001F", H264, 100, 31, 0, 8, C420, NULL },
	{ "avc1.640020", H264, 100, 32, 0, 8, C420, NULL },
	{ "avc1.640028", H264, 100, 40, 0, 8, C420, NULL },
	{ "avc1.640029", H264, 100, 41, 0, 8, C420, NULL },
	{ "avc1.640C2A", H264, 100, 42, 0, 8, C420, NULL },
	{ "avc1.640032", H264, 100, 50, 0, 8, C420, NULL },
	{ "avc1.640033", H264, 100, 51, 0, 8, C420, NULL },
	{ "avc1.640034", H264, 100, 52, 0, 8, C420, NULL },
	{ "avc1.64003C", H264, 100, 60, 0, 8, C420, NULL },
	{ "avc1.64003D", H264, 100, 61, 0, 8, C420, NULL },
	{ "avc1.64003E", H264, 100, 62, 0, 8, C420, NULL },
	{ "avc1.640009", H264, 100, 9, 0, 8, C420, NULL },      /* level 1b */
	{ "avc1.6E1028", H264, 110, 40, 0, 10, C420, NULL },
	{ "avc1.7A0028", H264, 122, 40, 0, 10, C422, NULL },
	{ "avc1.F4001F", H264, 244, 31, 0, 14, C444, NULL },
	{ "avc1.2C1028", H264, 44, 40, 0, 14, C444, NULL },
	{ "avc1.760028", H264, 118, 40, 0, 8, C420, NULL },
	{ "avc1.800028", H264, 128, 40, 0, 8, C420, NULL },
	{ "avc3.640028", H264, 100, 40, 0, 8, C420, NULL },
	{ "hev1.1.6.L93.B0", HEVC, 1, 93, 0, 8, C420, NULL },
	{ "hvc1.1.6.L93.B0", HEVC, 1, 93, 0, 8, C420, NULL },
	{ "hvc1.1.6.L30", HEVC, 1, 30, 0, 8, C420, NULL },
	{ "hvc1.1.60000000.L60", HEVC, 1, 60, 0, 8, C420, NULL },
	{ "hvc1.1.06.L63.b0", HEVC, 1, 63, 0, 8, C420, "hvc1.1.6.L63.B0" },
	{ "hvc1.1.6.L90.90", HEVC, 1, 90, 0, 8, C420, NULL },
	{ "hev1.1.6.L120.90", HEVC, 1, 120, 0, 8, C420, NULL },
	{ "hev1.1.6.H120.90", HEVC, 1, 120, 1, 8, C420, NULL },
	{ "hev1.2.4.L123.B0", HEVC, 2, 123, 0, 10, C420, NULL },
	{ "hev1.2.4.H150.B0.0.0.0.0.0", HEVC, 2, 150, 1, 10, C420, "hev1.2.4.H150.B0" },
	{ "hev1.2.4.L153.B0.0.23", HEVC, 2, 153, 0, 10, C420, NULL },
	{ "hev1.2.4.L156.00.01", HEVC, 2, 156, 0, 10, C420, "hev1.2.4.L156.0.1" },
	{ "hev1.3.E.L180.B0", HEVC, 3, 180, 0, 8, C420, NULL },
	{ "hev1.3.E.L183", HEVC, 3, 183, 0, 8, C420, NULL },
	{ "hev1.3.E.L186", HEVC, 3, 186, 0, 8, C420, NULL },
	{ "hev1.3.E.L189", HEVC, 3, 189, 0, 8, C420, NULL },
	{ "hev1.3.E.H255", HEVC, 3, 255, 1, 8, C420, NULL },
	{ "hev1.4.10.L93.9E.8", HEVC, 4, 93, 0, 8, C444, NULL },
	{ "hev1.4.10.L93.9D.8", HEVC, 4, 93, 0, 10, C422, NULL },
	{ "hev1.4.10.L93.99.88", HEVC, 4, 93, 0, 12, C420, NULL },
	{ "hev1.4.10.L93.9F.C8", HEVC, 4, 93, 0, 8, C400, NULL },
	{ "hev1.4.10.L93.B0", HEVC, 4, 93, 0, 16, C444, NULL },
	{ "hev1.4.10.L93.B0.4", HEVC, 4, 93, 0, 16, C444, NULL },
	{ "hev1.9.200.L120.B0.4", HEVC, 9, 120, 0, 14, C444, NULL },
	{ "hev1.11.800.L120.B2", HEVC, 11, 120, 0, 8, C444, NULL },
	{ "vp8", VIDEO_CODEC_VP8, 0, 0, 0, 8, C420, NULL },
	{ "vp09.00.10.08", VP9, 0, 10, 0, 8, C420, NULL },
	{ "vp09.00.11.08", VP9, 0, 11, 0, 8, C420, NULL },
	{ "vp09.00.41.08", VP9, 0, 41, 0, 8, C420, NULL },
	{ "vp09.00.62.08", VP9, 0, 62, 0, 8, C420, NULL },
	{ "vp09.01.20.08", VP9, 1, 20, 0, 8, UNKNOWN, NULL },
	{ "vp09.01.10.08.03", VP9, 1, 10, 0, 8, C444, "vp09.01.10.08.03.02.02.02.00" },
	{ "vp09.02.10.10", VP9, 2, 10, 0, 10, C420, NULL },
	{ "vp09.02.10.12", VP9, 2, 10, 0, 12, C420, NULL },
	{ "vp09.03.10.10.03", VP9, 3, 10, 0, 10, C444, "vp09.03.10.10.03.02.02.02.00" },
	{ "vp09.00.10.08.01.01.01.01.00", VP9, 0, 10, 0, 8, C420, "vp09.00.10.08" },
	{ "vp09.00.10.08.00.01.01.01.00", VP9, 0, 10, 0, 8, C420, NULL },
	{ "vp09.00.10.08.01.01.01.01.01", VP9, 0, 10, 0, 8, C420, NULL },
	{ "vp09.02.10.10.01.09.16.09.01", VP9, 2, 10, 0, 10, C420, NULL },
	{ "vp09.01.10.08.02.01.01.01.00", VP9, 1, 10, 0, 8, C422, NULL },
	{ "vp09.01.10.08.03.01.13.00.01", VP9, 1, 10, 0, 8, C444, NULL },
	{ "vp09.00.10.08.01.22.18.14.00", VP9, 0, 10, 0, 8, C420, NULL },
	{ "av01.0.00M.08", AV1, 0, 0, 0, 8, C420, NULL },
	{ "av01.0.04M.08", AV1, 0, 4, 0, 8, C420, NULL },
	{ "av01.0.04M.10", AV1, 0, 4, 0, 10, C420, NULL },
	{ "av01.0.08H.10", AV1, 0, 8, 1, 10, C420, NULL },
	{ "av01.0.23M.08", AV1, 0, 23, 0, 8, C420, NULL },
	{ "av01.0.31H.08", AV1, 0, 31, 1, 8, C420, NULL },
	{ "av01.1.08M.08", AV1, 1, 8, 0, 8, C444, "av01.1.08M.08.0.000.02.02.02.0" },
	{ "av01.1.08M.08.0.000", AV1, 1, 8, 0, 8, C444, "av01.1.08M.08.0.000.02.02.02.0" },
	{ "av01.2.08M.12", AV1, 2, 8, 0, 12, C420, NULL },
	{ "av01.2.08M.10", AV1, 2, 8, 0, 10, C422, "av01.2.08M.10.0.100.02.02.02.0" },
	{ "av01.0.04M.10.0.112.09.16.09.0", AV1, 0, 4, 0, 10, C420, NULL },
	{ "av01.0.04M.08.0.110.01.01.01.0", AV1, 0, 4, 0, 8, C420, "av01.0.04M.08" },
	{ "av01.0.04M.08.0.110.01.01.01.1", AV1, 0, 4, 0, 8, C420, NULL },
	{ "av01.0.04M.08.0.111.01.01.01.0", AV1, 0, 4, 0, 8, C420, NULL },
	{ "av01.0.04M.08.1.110.01.01.01.0", AV1, 0, 4, 0, 8, C400, NULL },
	{ "av01.1.04M.08.0.000.01.13.00.1", AV1, 1, 4, 0, 8, C444, NULL },
	{ "av01.2.04M.12.0.110.01.01.01.1", AV1, 2, 4, 0, 12, C420, NULL },
	{ "mjpeg", VIDEO_CODEC_MJPEG, 0, 0, 0, 8, UNKNOWN, NULL },
	{ "fwht", VIDEO_CODEC_FWHT, 0, 0, 0, 8, UNKNOWN, NULL },
};

static const char *const invalid_rows[] = {
	/* no codec, or more than one can be meant */
	"", " ", "h264", "avc", "avc1", "avc3", "avc2.640028", "hevc", "hvc1", "hev1", "vp9",
	"vp09", "av1", "av01", "vp08", "VP8", "vP8", " vp8", "vp8 ", " vp8 ", "vp8.00",
	"vp80", "vp8,vp8",
	"jpeg", "MJPEG", "mjpeg.0", "mjpegs", "FWHT", "fwht3", "opus", "mp4a.40.2", "dvh1.05.07",
	"video/webm; codecs=vp8", "mp4v.20.9",
	/* H.264: form */
	"avc1.", "avc1.64", "avc1.6400", "avc1.64002", "avc1.6400280", "avc1.640028 ",
	" avc1.640028", "AVC1.640028", "avc1.64.00.28", "avc1.64002G", "avc1.66.30", "avc1 .640028",
	"avc1.640028,mp4a.40.2", "avc1.0x6428",
	/* H.264: profile, reserved bits, level */
	"avc1.000028", "avc1.FF0028", "avc1.900028", "avc1.640128", "avc1.640228", "avc1.640000",
	"avc1.640008", "avc1.64000E", "avc1.640017", "avc1.640021", "avc1.64002B", "avc1.640035",
	"avc1.64003F", "avc1.6400FF", "avc1.420009", "avc1.4D0009", "avc1.580009",
	/* HEVC: form */
	"hev1.", "hev1.1", "hev1.1.6", "hev1.1.6.", "hev1.1.6.L", "hev1.1.6.93", "hev1.1.6.l93",
	"hev1.1.6.M93", "hev1.1.6.L93.", "hev1.1.6.L93.B0.", "hev1.1.6.L93.B0.0.0.0.0.0.0",
	"hev1.1.6.L93.B00", "hev1.1.6.L93.G0", "hev1.01.6.L93", "hev1.1..L93", "hev1..6.L93",
	"hev1.1.000000006.L93", "hev1.1.6.L093", "hev1.1.6.L93 ", "hev1.1.6.L93;B0",
	"hev1.1.6.LH93", "HEV1.1.6.L93.B0", "hev1.1.g.L93", "hev1.-1.6.L93",
	/* HEVC: values */
	"hev1.0.6.L93", "hev1.12.6.L93", "hev1.31.6.L93", "hev1.A1.6.L93.B0", "hev1.B1.6.L93",
	"hev1.1.6.L0", "hev1.1.6.L31", "hev1.1.6.L92", "hev1.1.6.L94", "hev1.1.6.L96",
	"hev1.1.6.L254", "hev1.1.6.L300", "hev1.1.6.H93.B0", "hev1.1.6.H90",
	/* VP9: form */
	"vp09.", "vp09.00", "vp09.00.10", "vp09.00.10.", "vp09.0.10.08", "vp09.00.1.08",
	"vp09.00.10.8", "vp09.00.10.08.", "vp09.00.10.08.1", "vp09.00.10.08.01.", "VP09.00.10.08",
	"vp09.00.10.08.01.01", "vp09.00.10.08.01.01.01", "vp09.00.10.08.01.01.01.01",
	"vp09.00.10.08.01.01.01.01.0", "vp09.00.10.08.01.01.01.01.00.", "vp09.000.10.08",
	"vp09.00.10.08.01.01.01.01.00.00", "vp09.00.10.08 ", "vp09.00.10.08..", "vp9.00.10.08",
	"vp09.00-10-08",
	/* VP9: values */
	"vp09.04.10.08", "vp09.00.00.08", "vp09.00.12.08", "vp09.00.42.08", "vp09.00.63.08",
	"vp09.00.10.10", "vp09.01.10.12", "vp09.02.10.08", "vp09.03.10.08", "vp09.02.10.11",
	"vp09.02.10.14", "vp09.00.10.00", "vp09.00.10.08.02.01.01.01.00", "vp09.00.10.08.03",
	"vp09.01.10.08.01", "vp09.01.10.08.00.01.01.01.00", "vp09.00.10.08.04.01.01.01.00",
	"vp09.00.10.08.01.00.01.01.00", "vp09.00.10.08.01.03.01.01.00",
	"vp09.00.10.08.01.13.01.01.00", "vp09.00.10.08.01.01.00.01.00",
	"vp09.00.10.08.01.01.03.01.00", "vp09.00.10.08.01.01.19.01.00",
	"vp09.00.10.08.01.01.01.03.00", "vp09.00.10.08.01.01.01.18.00",
	"vp09.00.10.08.01.01.01.01.02", "vp09.00.10.08.01.01.01.00.00",
	/* AV1: form */
	"av01.", "av01.0", "av01.0.04", "av01.0.04M", "av01.0.04M.", "av01.0.4M.08",
	"av01.00.04M.08", "av01.0.04M.8", "av01.0.04m.08", "av01.0.04L.08", "av01.0.04.08",
	"av01.0.04M.08.",
	"av01.0.04M.08.0", "av01.0.04M.08.0.11", "av01.0.04M.08.0.110.", "av01.0.04M.08.0.110.01",
	"av01.0.04M.08.0.110.01.01", "av01.0.04M.08.0.110.01.01.01", "av01.0.04M.08.0.110.1.1.1.0",
	"av01.0.04M.08.0.110.01.01.01.00", "av01.0.04M.08.0.110.01.01.01.0.0", "AV01.0.04M.08",
	"av01.0.04M.08 ", "av1.0.04M.08", "av01.0.04M.08x",
	/* AV1: values */
	"av01.3.04M.08", "av01.0.24M.08", "av01.0.30M.08", "av01.0.32M.08", "av01.0.04H.08",
	"av01.0.07H.08", "av01.0.04M.12", "av01.1.04M.12", "av01.2.04M.09", "av01.0.04M.06",
	"av01.0.04M.08.2.110", "av01.0.04M.08.0.210", "av01.0.04M.08.0.010",
	"av01.0.04M.08.0.113", "av01.0.04M.08.0.000", "av01.0.04M.08.0.100",
	"av01.1.04M.08.0.110", "av01.1.04M.08.1.110", "av01.2.04M.08.0.110", "av01.2.04M.10.0.000",
	"av01.0.04M.08.1.100", "av01.2.04M.08.0.101", "av01.0.04M.08.0.110.01.01.01.2",
	"av01.0.04M.08.0.110.00.01.01.0", "av01.0.04M.08.0.110.01.01.00.0",
	"av01.0.04M.08.0.110.01.01.03.0", "av01.0.04M.08.0.110.01.19.01.0",
};

START_TEST(takes_valid_strings)
{
	const struct valid_row *row = &valid_rows[_i];
	struct codec_string cs;

	ck_assert_msg(codec_string_parse(row->string, &cs) == 0, "%s", row->string);
	ck_assert_int_eq(cs.codec, row->codec);
	ck_assert_int_eq(cs.profile, row->profile);
	ck_assert_int_eq(cs.level, row->level);
	ck_assert_int_eq(cs.tier, row->tier);
	ck_assert_int_eq(cs.bit_depth, row->bit_depth);
	ck_assert_int_eq(cs.chroma_subsampling, row->chroma);
	ck_assert_int_eq(cs.in_band_parameter_sets, !strncmp(row->string, "avc3", 4) ||
						    !strncmp(row->string, "hev1", 4));
}
END_TEST

START_TEST(formats_what_it_parsed)
{
	const struct valid_row *row = &valid_rows[_i];
	char string[CODEC_STRING_MAX];
	struct codec_string cs;

	ck_assert_int_eq(codec_string_parse(row->string, &cs), 0);
	ck_assert_int_eq(codec_string_format(&cs, string, sizeof(string)), 0);
	ck_assert_str_eq(string, row->formatted ? row->formatted : row->string);
}
END_TEST

START_TEST(refuses_invalid_strings)
{
	struct codec_string cs, untouched;

	memset(&cs, 0xa5, sizeof(cs));
	memset(&untouched, 0xa5, sizeof(untouched));
	ck_assert_msg(codec_string_parse(invalid_rows[_i], &cs) == -EINVAL, "%s",
		      invalid_rows[_i]);
	ck_assert_mem_eq(&cs, &untouched, sizeof(cs));
}
END_TEST

/* Every string is cut short at every place; what is left is invalid, or another valid string. */
START_TEST(reads_no_further_than_the_end)
{
	const char *string = valid_rows[_i].string;

	for (size_t n = 0; n < strlen(string); n++) {
		char *cut = strndup(string, n);
		struct codec_string cs;
		int result;

		ck_assert_ptr_nonnull(cut);
		result = codec_string_parse(cut, &cs);
		ck_assert(result == 0 || result == -EINVAL);
		free(cut);
	}
}
END_TEST

START_TEST(reads_constraints_and_compatibility)
{
	static const uint8_t constraints[6] = { 0xb0, 0, 0x23 };
	struct codec_string cs;

	ck_assert_int_eq(codec_string_parse("avc1.42E01E", &cs), 0);
	ck_assert_uint_eq(cs.constraints[0], 0xe0);
	ck_assert_int_eq(codec_string_parse("hev1.1.6.L93.B0.0.23", &cs), 0);
	ck_assert_mem_eq(cs.constraints, constraints, 6);
	ck_assert_uint_eq(cs.profile_compatibility, 0x60000000);
	ck_assert_int_eq(codec_string_parse("hev1.1.80000001.L93", &cs), 0);
	ck_assert_uint_eq(cs.profile_compatibility, 0x80000001);
}
END_TEST

START_TEST(reads_color)
{
	struct codec_string cs;

	ck_assert_int_eq(codec_string_parse("vp09.02.10.10.01.09.16.09.01", &cs), 0);
	ck_assert_uint_eq(cs.color.primaries, 9);
	ck_assert_uint_eq(cs.color.transfer, 16);
	ck_assert_uint_eq(cs.color.matrix, 9);
	ck_assert_int_eq(cs.color.range, COLOR_RANGE_FULL);
	ck_assert_int_eq(cs.chroma_sample_position, 1);
	ck_assert_int_eq(codec_string_parse("vp09.00.10.08", &cs), 0);
	ck_assert_uint_eq(cs.color.matrix, CICP_UNSPECIFIED);
	ck_assert_int_eq(cs.color.range, COLOR_RANGE_UNKNOWN);
	ck_assert_int_eq(codec_string_parse("av01.0.04M.10.0.112.09.18.09.0", &cs), 0);
	ck_assert_uint_eq(cs.color.transfer, 18);
	ck_assert_int_eq(cs.color.range, COLOR_RANGE_LIMITED);
	ck_assert_int_eq(cs.chroma_sample_position, 2);
}
END_TEST

START_TEST(formats_only_into_enough_room)
{
	static const char string[] = "av01.0.04M.10.0.112.09.16.09.0";
	struct codec_string cs;
	char dst[sizeof(string)];

	ck_assert_int_eq(codec_string_parse(string, &cs), 0);
	memset(dst, 'x', sizeof(dst));
	for (size_t capacity = 0; capacity < sizeof(dst); capacity++)
		ck_assert_int_eq(codec_string_format(&cs, dst, capacity), -ENOSPC);
	for (size_t i = 0; i < sizeof(dst); i++)
		ck_assert_int_eq(dst[i], 'x');
	ck_assert_int_eq(codec_string_format(&cs, dst, sizeof(dst)), 0);
	ck_assert_str_eq(dst, string);
}
END_TEST

static const struct codec_string unspeakable[] = {
	{ .codec = VIDEO_CODEC_NONE },
	{ .codec = (enum video_codec)99 },
	{ .codec = VIDEO_CODEC_H264, .profile = 0, .level = 30 },
	{ .codec = VIDEO_CODEC_H264, .profile = 356, .level = 30 },
	{ .codec = VIDEO_CODEC_H264, .profile = -1, .level = 30 },
	{ .codec = VIDEO_CODEC_H264, .profile = 66, .level = 30, .constraints = { 1 } },
	{ .codec = VIDEO_CODEC_HEVC, .profile = 1, .level = 91 },
	{ .codec = VIDEO_CODEC_HEVC, .profile = 1, .level = 93, .tier = 1 },
	{ .codec = VIDEO_CODEC_VP8, .in_band_parameter_sets = true },
	{ .codec = VIDEO_CODEC_VP9, .level = 10, .bit_depth = 10 },
	{ .codec = VIDEO_CODEC_VP9, .profile = 1, .level = 10, .bit_depth = 8,
	  .chroma_subsampling = CHROMA_440, .color = { 2, 2, 2, COLOR_RANGE_LIMITED } },
	{ .codec = VIDEO_CODEC_VP9, .level = INT32_MIN, .bit_depth = 8 },
	{ .codec = VIDEO_CODEC_AV1, .level = 24, .bit_depth = 8 },
	{ .codec = VIDEO_CODEC_AV1, .level = 1000000000, .bit_depth = 1000000000 },
	{ .codec = VIDEO_CODEC_AV1, .profile = 1, .bit_depth = 8, .chroma_subsampling = CHROMA_420,
	  .chroma_sample_position = 1, .color = { 2, 2, 2, COLOR_RANGE_LIMITED } },
};

START_TEST(formats_nothing_invalid)
{
	char dst[CODEC_STRING_MAX] = "untouched";

	ck_assert_int_eq(codec_string_format(&unspeakable[_i], dst, sizeof(dst)), -EINVAL);
	ck_assert_str_eq(dst, "untouched");
}
END_TEST

START_TEST(knows_the_names_of_codecs)
{
	ck_assert_str_eq(video_codec_name(VIDEO_CODEC_H264), "h264");
	ck_assert_str_eq(video_codec_name(VIDEO_CODEC_HEVC), "hevc");
	ck_assert_str_eq(video_codec_name(VIDEO_CODEC_VP8), "vp8");
	ck_assert_str_eq(video_codec_name(VIDEO_CODEC_VP9), "vp9");
	ck_assert_str_eq(video_codec_name(VIDEO_CODEC_AV1), "av1");
	ck_assert_str_eq(video_codec_name(VIDEO_CODEC_MJPEG), "mjpeg");
	ck_assert_str_eq(video_codec_name(VIDEO_CODEC_FWHT), "fwht");
	ck_assert_str_eq(video_codec_name(VIDEO_CODEC_NONE), "none");
	ck_assert_str_eq(video_codec_name((enum video_codec)99), "none");
}
END_TEST

Suite *codec_string_suite(void)
{
	Suite *suite = suite_create("codec_string");
	TCase *tc = tcase_create("codec_string");

	tcase_add_loop_test(tc, takes_valid_strings, 0, ARRAY_SIZE(valid_rows));
	tcase_add_loop_test(tc, formats_what_it_parsed, 0, ARRAY_SIZE(valid_rows));
	tcase_add_loop_test(tc, reads_no_further_than_the_end, 0, ARRAY_SIZE(valid_rows));
	tcase_add_loop_test(tc, refuses_invalid_strings, 0, ARRAY_SIZE(invalid_rows));
	tcase_add_loop_test(tc, formats_nothing_invalid, 0, ARRAY_SIZE(unspeakable));
	tcase_add_test(tc, reads_constraints_and_compatibility);
	tcase_add_test(tc, reads_color);
	tcase_add_test(tc, formats_only_into_enough_room);
	tcase_add_test(tc, knows_the_names_of_codecs);
	suite_add_tcase(suite, tc);
	return suite;
}
