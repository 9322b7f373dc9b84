/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bitstream/codec_string.h"
#include "bitstream/h264.h"
#include "util/macros.h"

/* Reads a string from left to right; sticky as the readers of bits.h. */
struct cursor {
	const char *p;
	bool error;
};

static bool at_end(const struct cursor *c)
{
	return !c->error && *c->p == '\0';
}

static bool accept(struct cursor *c, char wanted)
{
	if (c->error || *c->p != wanted)
		return false;
	c->p++;
	return true;
}

static void expect(struct cursor *c, char wanted)
{
	if (!accept(c, wanted))
		c->error = true;
}

/* A decimal number of exactly so many digits. */
static int get_digits(struct cursor *c, unsigned n)
{
	int value = 0;

	while (n--) {
		if (c->error || *c->p < '0' || *c->p > '9') {
			c->error = true;
			return 0;
		}
		value = value * 10 + (*c->p++ - '0');
	}
	return value;
}

/* A decimal number of one to max digits without leading zeros. */
static int get_number(struct cursor *c, unsigned max)
{
	unsigned n = 0;

	while (!c->error && n <= max && c->p[n] >= '0' && c->p[n] <= '9')
		n++;
	if (!n || n > max || (n > 1 && *c->p == '0'))
		c->error = true;
	return get_digits(c, n);
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

/* A hexadecimal number of min to max digits; max is at most 8. */
static uint32_t get_hex(struct cursor *c, unsigned min, unsigned max)
{
	uint32_t value = 0;
	unsigned n = 0;

	while (!c->error && n < max && hex_value(*c->p) >= 0) {
		value = value << 4 | (uint32_t)hex_value(*c->p++);
		n++;
	}
	if (n < min)
		c->error = true;
	return value;
}

/* What a profile lets through at most. */
struct profile_limits {
	int profile;
	int bit_depth;
	enum chroma chroma;
};

static const struct profile_limits *find_profile(const struct profile_limits *table, size_t n,
						 int profile)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].profile == profile)
			return &table[i];
	return NULL;
}

static bool contains(const uint8_t *values, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		if (values[i] == value)
			return true;
	return false;
}

/* ITU-T H.264 annexes A, F, G, H and I. */
static const struct profile_limits h264_profiles[] = {
	{ 44, 14, CHROMA_444 },         /* CAVLC 4:4:4 Intra */
	{ 66, 8, CHROMA_420 },          /* Baseline */
	{ 77, 8, CHROMA_420 },          /* Main */
	{ 83, 8, CHROMA_420 },          /* Scalable Baseline */
	{ 86, 8, CHROMA_420 },          /* Scalable High */
	{ 88, 8, CHROMA_420 },          /* Extended */
	{ 100, 8, CHROMA_420 },         /* High */
	{ 110, 10, CHROMA_420 },        /* High 10 */
	{ 118, 8, CHROMA_420 },         /* Multiview High */
	{ 122, 10, CHROMA_422 },        /* High 4:2:2 */
	{ 128, 8, CHROMA_420 },         /* Stereo High */
	{ 134, 8, CHROMA_420 },         /* MFC High */
	{ 135, 8, CHROMA_420 },         /* MFC Depth High */
	{ 138, 8, CHROMA_420 },         /* Multiview Depth High */
	{ 139, 8, CHROMA_420 },         /* Enhanced Multiview Depth High */
	{ 244, 14, CHROMA_444 },        /* High 4:4:4 Predictive */
};

static bool h264_level_valid(const struct codec_string *cs)
{
	static const uint8_t levels[] = {
		10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62,
	};

	if (cs->level == 9)
		return h264_level_is_1b((unsigned)cs->profile, cs->constraints[0], 9);
	return contains(levels, ARRAY_SIZE(levels), cs->level);
}

/* RFC 6381, section 3.4: the three bytes behind the NAL unit header of the SPS. */
static int parse_h264(struct cursor *c, struct codec_string *cs)
{
	const struct profile_limits *limits;

	cs->profile = (int)get_hex(c, 2, 2);
	cs->constraints[0] = (uint8_t)get_hex(c, 2, 2);
	cs->level = (int)get_hex(c, 2, 2);
	limits = find_profile(h264_profiles, ARRAY_SIZE(h264_profiles), cs->profile);
	if (!at_end(c) || !limits || !h264_level_valid(cs))
		return -EINVAL;
	if (cs->constraints[0] & 3) /* reserved_zero_2bits */
		return -EINVAL;
	cs->bit_depth = limits->bit_depth;
	cs->chroma_subsampling = limits->chroma;
	return 0;
}

/* ITU-T H.265, annexes A, G, H and I. Depth 0: the constraint flags say. */
static const struct profile_limits hevc_profiles[] = {
	{ 1, 8, CHROMA_420 },           /* Main */
	{ 2, 10, CHROMA_420 },          /* Main 10 */
	{ 3, 8, CHROMA_420 },           /* Main Still Picture */
	{ 4, 0, CHROMA_UNKNOWN },       /* Format range extensions */
	{ 5, 0, CHROMA_UNKNOWN },       /* High throughput */
	{ 6, 8, CHROMA_420 },           /* Multiview Main */
	{ 7, 10, CHROMA_420 },          /* Scalable Main, Scalable Main 10 */
	{ 8, 8, CHROMA_420 },           /* 3D Main */
	{ 9, 0, CHROMA_UNKNOWN },       /* Screen content coding extensions */
	{ 10, 0, CHROMA_UNKNOWN },      /* Scalable format range extensions */
	{ 11, 0, CHROMA_UNKNOWN },      /* High throughput screen content coding extensions */
};

/* general_max_..._constraint_flag, section 7.3.3: in bytes 0 and 1 of the constraints. */
#define HEVC_MAX_12BIT 0x08
#define HEVC_MAX_10BIT 0x04
#define HEVC_MAX_8BIT 0x02
#define HEVC_MAX_422 0x01
#define HEVC_MAX_420 0x80
#define HEVC_MAX_MONOCHROME 0x40
#define HEVC_MAX_14BIT 0x04

static int hevc_bit_depth(const struct codec_string *cs)
{
	if (cs->constraints[0] & HEVC_MAX_8BIT)
		return 8;
	if (cs->constraints[0] & HEVC_MAX_10BIT)
		return 10;
	if (cs->constraints[0] & HEVC_MAX_12BIT)
		return 12;
	/* The format range extensions have no such flag: there the bit is reserved. */
	return cs->profile != 4 && cs->constraints[1] & HEVC_MAX_14BIT ? 14 : 16;
}

static enum chroma hevc_chroma(const struct codec_string *cs)
{
	if (cs->constraints[1] & HEVC_MAX_MONOCHROME)
		return CHROMA_400;
	if (cs->constraints[1] & HEVC_MAX_420)
		return CHROMA_420;
	return cs->constraints[0] & HEVC_MAX_422 ? CHROMA_422 : CHROMA_444;
}

static bool hevc_level_valid(const struct codec_string *cs)
{
	/* 30 times the level of table A.8, and 8.5, which has no limits. */
	static const uint8_t levels[] = {
		30, 60, 63, 90, 93, 120, 123, 150, 153, 156, 180, 183, 186, 189, 210, 213, 216, 255,
	};

	/* Below level 4 there is no high tier. */
	return contains(levels, ARRAY_SIZE(levels), cs->level) && (!cs->tier || cs->level >= 120);
}

/* The string has the flags with flag 0 as the least significant bit. */
static uint32_t reverse_bits(uint32_t value)
{
	uint32_t reversed = 0;

	for (unsigned i = 0; i < 32; i++)
		reversed |= (value >> i & 1) << (31 - i);
	return reversed;
}

/* ISO/IEC 14496-15, section E.3. Profile spaces A to C are reserved. */
static int parse_hevc(struct cursor *c, struct codec_string *cs)
{
	const struct profile_limits *limits;

	cs->profile = get_number(c, 2);
	expect(c, '.');
	cs->profile_compatibility = reverse_bits(get_hex(c, 1, 8));
	expect(c, '.');
	cs->tier = accept(c, 'H');
	if (!cs->tier)
		expect(c, 'L');
	cs->level = get_number(c, 3);
	for (unsigned i = 0; i < sizeof(cs->constraints) && accept(c, '.'); i++)
		cs->constraints[i] = (uint8_t)get_hex(c, 1, 2);
	limits = find_profile(hevc_profiles, ARRAY_SIZE(hevc_profiles), cs->profile);
	if (!at_end(c) || !limits || !hevc_level_valid(cs))
		return -EINVAL;
	cs->bit_depth = limits->bit_depth ? limits->bit_depth : hevc_bit_depth(cs);
	cs->chroma_subsampling = limits->chroma ? limits->chroma : hevc_chroma(cs);
	return 0;
}

/* The code points of ITU-T H.273 that are not reserved. */
static bool color_valid(const struct color_description *color)
{
	unsigned cp = color->primaries, tc = color->transfer, mc = color->matrix;

	return cp != 0 && cp != 3 && (cp <= 12 || cp == 22) && tc != 0 && tc != 3 && tc <= 18 &&
	       mc != 3 && mc <= 17;
}

/* ".cp.tc.mc." and the range flag of so many digits. */
static int parse_color(struct cursor *c, struct color_description *color, unsigned range_digits)
{
	int range;

	expect(c, '.');
	color->primaries = (uint8_t)get_digits(c, 2);
	expect(c, '.');
	color->transfer = (uint8_t)get_digits(c, 2);
	expect(c, '.');
	color->matrix = (uint8_t)get_digits(c, 2);
	expect(c, '.');
	range = get_digits(c, range_digits);
	color->range = range ? COLOR_RANGE_FULL : COLOR_RANGE_LIMITED;
	return c->error || range > 1 || !color_valid(color) ? -EINVAL : 0;
}

#define MATRIX_IDENTITY 0

/* RGB is carried in three full planes only. */
static bool matrix_fits(const struct codec_string *cs)
{
	return cs->color.matrix != MATRIX_IDENTITY || cs->chroma_subsampling == CHROMA_444;
}

/* "VP Codec Configuration Box", chromaSubsampling; the position is -1 where it has no meaning. */
static const struct {
	enum chroma chroma;
	int position;
} vp9_chromas[] = {
	{ CHROMA_420, 0 }, { CHROMA_420, 1 }, { CHROMA_422, -1 }, { CHROMA_444, -1 },
};

static int parse_vp9_chroma(struct cursor *c, struct codec_string *cs)
{
	unsigned code;

	expect(c, '.');
	code = (unsigned)get_digits(c, 2);
	if (c->error || code >= ARRAY_SIZE(vp9_chromas))
		return -EINVAL;
	cs->chroma_subsampling = vp9_chromas[code].chroma;
	cs->chroma_sample_position = vp9_chromas[code].position > 0;
	return (cs->chroma_subsampling == CHROMA_420) == !(cs->profile & 1) ? 0 : -EINVAL;
}

static int parse_vp9_optional(struct cursor *c, struct codec_string *cs)
{
	if (at_end(c)) {
		/* 4:2:0 colocated is the default, but not possible in the odd profiles. */
		cs->chroma_subsampling = cs->profile & 1 ? CHROMA_UNKNOWN : CHROMA_420;
		cs->chroma_sample_position = !(cs->profile & 1);
		return 0;
	}
	if (parse_vp9_chroma(c, cs) < 0)
		return -EINVAL;
	if (at_end(c))
		return 0;
	return parse_color(c, &cs->color, 2) < 0 || !at_end(c) || !matrix_fits(cs) ? -EINVAL : 0;
}

static int parse_vp9(struct cursor *c, struct codec_string *cs)
{
	static const uint8_t levels[] = {
		10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 52, 60, 61, 62,
	};
	bool depth_fits;

	cs->profile = get_digits(c, 2);
	expect(c, '.');
	cs->level = get_digits(c, 2);
	expect(c, '.');
	cs->bit_depth = get_digits(c, 2);
	if (c->error || cs->profile > 3 || !contains(levels, ARRAY_SIZE(levels), cs->level))
		return -EINVAL;
	depth_fits = cs->profile < 2 ? cs->bit_depth == 8 :
				       cs->bit_depth == 10 || cs->bit_depth == 12;
	return depth_fits ? parse_vp9_optional(c, cs) : -EINVAL;
}

/* Bit depth and chroma of the profiles, section 6.4.1 and 6.4.2 of the AV1 specification. */
static bool av1_format_valid(const struct codec_string *cs)
{
	enum chroma chroma = cs->chroma_subsampling;

	switch (cs->profile) {
	case 0:
		return chroma == CHROMA_420 || chroma == CHROMA_400;
	case 1:
		return chroma == CHROMA_444;
	default:
		return cs->bit_depth == 12 || chroma == CHROMA_422 || chroma == CHROMA_400;
	}
}

/* subsampling_x, subsampling_y, chroma_sample_position. */
static int parse_av1_chroma(struct cursor *c, struct codec_string *cs)
{
	bool monochrome, x, y;

	expect(c, '.');
	monochrome = accept(c, '1');
	if (!monochrome)
		expect(c, '0');
	expect(c, '.');
	x = accept(c, '1');
	if (!x)
		expect(c, '0');
	y = accept(c, '1');
	if (!y)
		expect(c, '0');
	cs->chroma_sample_position = get_digits(c, 1);
	if (c->error || (y && !x) || cs->chroma_sample_position > (y ? 2 : 0))
		return -EINVAL;
	cs->chroma_subsampling = y ? CHROMA_420 : x ? CHROMA_422 : CHROMA_444;
	if (monochrome) {
		cs->chroma_subsampling = CHROMA_400;
		return y ? 0 : -EINVAL;
	}
	return 0;
}

/* 4:2:0 is the default; where the profile does not have it, it has one other for colour. */
static enum chroma av1_default_chroma(const struct codec_string *cs)
{
	if (cs->profile == 1)
		return CHROMA_444;
	return cs->profile == 2 && cs->bit_depth < 12 ? CHROMA_422 : CHROMA_420;
}

static int parse_av1_optional(struct cursor *c, struct codec_string *cs)
{
	if (at_end(c)) {
		cs->chroma_subsampling = av1_default_chroma(cs);
		return 0;
	}
	if (parse_av1_chroma(c, cs) < 0 || !av1_format_valid(cs))
		return -EINVAL;
	if (at_end(c))
		return 0;
	return parse_color(c, &cs->color, 1) < 0 || !at_end(c) || !matrix_fits(cs) ? -EINVAL : 0;
}

static bool av1_depth_valid(const struct codec_string *cs)
{
	return cs->bit_depth == 8 || cs->bit_depth == 10 ||
	       (cs->bit_depth == 12 && cs->profile == 2);
}

static int parse_av1(struct cursor *c, struct codec_string *cs)
{
	cs->profile = get_digits(c, 1);
	expect(c, '.');
	cs->level = get_digits(c, 2);
	cs->tier = accept(c, 'H');
	if (!cs->tier)
		expect(c, 'M');
	expect(c, '.');
	cs->bit_depth = get_digits(c, 2);
	if (c->error || cs->profile > 2 || !av1_depth_valid(cs))
		return -EINVAL;
	/* Annex A: 24 to 30 are reserved; the high tier begins with level 4.0. */
	if ((cs->level > 23 && cs->level != 31) || (cs->tier && cs->level < 8))
		return -EINVAL;
	return parse_av1_optional(c, cs);
}

static int parse_vp8(struct cursor *c, struct codec_string *cs)
{
	cs->bit_depth = 8;
	cs->chroma_subsampling = CHROMA_420;
	return at_end(c) ? 0 : -EINVAL;
}

/* MJPEG and FWHT: the stream says the rest. */
static int parse_name_only(struct cursor *c, struct codec_string *cs)
{
	cs->bit_depth = 8;
	return at_end(c) ? 0 : -EINVAL;
}

static const struct {
	const char *prefix;
	enum video_codec codec;
	bool in_band;
	int (*parse)(struct cursor *c, struct codec_string *cs);
} kinds[] = {
	{ "avc1.", VIDEO_CODEC_H264, false, parse_h264 },
	{ "avc3.", VIDEO_CODEC_H264, true, parse_h264 },
	{ "hvc1.", VIDEO_CODEC_HEVC, false, parse_hevc },
	{ "hev1.", VIDEO_CODEC_HEVC, true, parse_hevc },
	{ "vp8", VIDEO_CODEC_VP8, false, parse_vp8 },
	{ "vp09.", VIDEO_CODEC_VP9, false, parse_vp9 },
	{ "av01.", VIDEO_CODEC_AV1, false, parse_av1 },
	{ "mjpeg", VIDEO_CODEC_MJPEG, false, parse_name_only },
	{ "fwht", VIDEO_CODEC_FWHT, false, parse_name_only },
};

int codec_string_parse(const char *s, struct codec_string *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t n = strlen(kinds[i].prefix);
		struct cursor c = { .p = s + n };
		struct codec_string cs = {
			.codec = kinds[i].codec,
			.in_band_parameter_sets = kinds[i].in_band,
			.color = COLOR_DESCRIPTION_UNKNOWN,
		};

		if (strncmp(s, kinds[i].prefix, n))
			continue;
		if (kinds[i].parse(&c, &cs) < 0)
			return -EINVAL;
		*out = cs;
		return 0;
	}
	return -EINVAL;
}

/* Collects a string; too long ones become an error. */
struct text {
	char data[CODEC_STRING_MAX];
	size_t size;
	bool error;
};

__attribute__((format(printf, 2, 3)))
static void append(struct text *text, const char *format, ...)
{
	size_t left = sizeof(text->data) - text->size;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->data + text->size, left, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= left)
		text->error = true;
	else
		text->size += (size_t)n;
}

static void format_h264(struct text *text, const struct codec_string *cs)
{
	append(text, "%02X%02X%02X", (unsigned)cs->profile, cs->constraints[0],
	       (unsigned)cs->level);
}

static void format_hevc(struct text *text, const struct codec_string *cs)
{
	unsigned n = sizeof(cs->constraints);

	append(text, "%d.%X.%c%d", cs->profile, (unsigned)reverse_bits(cs->profile_compatibility),
	       cs->tier ? 'H' : 'L', cs->level);
	while (n && !cs->constraints[n - 1])
		n--;
	for (unsigned i = 0; i < n; i++)
		append(text, ".%X", cs->constraints[i]);
}

/*
 * Whether the colour may be left out, which stands for BT.709 in limited range. The specifications
 * ask to leave it out also for streams that say nothing of it.
 */
static bool color_is_default(const struct color_description *color)
{
	uint8_t code = color->primaries;

	return (code == 1 || code == CICP_UNSPECIFIED) && color->transfer == code &&
	       color->matrix == code && color->range != COLOR_RANGE_FULL;
}

static void format_color(struct text *text, const struct color_description *color)
{
	append(text, ".%02d.%02d.%02d", color->primaries, color->transfer, color->matrix);
}

static void format_vp9(struct text *text, const struct codec_string *cs)
{
	const unsigned colocated = 1;
	unsigned code = 0;

	append(text, "%02d.%02d.%02d", cs->profile, cs->level, cs->bit_depth);
	while (code < ARRAY_SIZE(vp9_chromas) &&
	       (vp9_chromas[code].chroma != cs->chroma_subsampling ||
		(vp9_chromas[code].position >= 0 &&
		 vp9_chromas[code].position != cs->chroma_sample_position)))
		code++;
	if (cs->chroma_subsampling == CHROMA_UNKNOWN)
		code = colocated;
	if (code == colocated && color_is_default(&cs->color))
		return;
	append(text, ".%02u", code);
	format_color(text, &cs->color);
	append(text, ".%02d", cs->color.range == COLOR_RANGE_FULL);
}

static void format_av1(struct text *text, const struct codec_string *cs)
{
	enum chroma chroma = cs->chroma_subsampling;
	bool y = chroma == CHROMA_420 || chroma == CHROMA_400;
	bool x = y || chroma == CHROMA_422;

	append(text, "%d.%02d%c.%02d", cs->profile, cs->level, cs->tier ? 'H' : 'M',
	       cs->bit_depth);
	if ((chroma == CHROMA_UNKNOWN || (chroma == CHROMA_420 && !cs->chroma_sample_position)) &&
	    color_is_default(&cs->color))
		return;
	append(text, ".%d.%d%d%d", chroma == CHROMA_400, x, y, cs->chroma_sample_position);
	format_color(text, &cs->color);
	append(text, ".%d", cs->color.range == COLOR_RANGE_FULL);
}

static void format_suffix(struct text *text, const struct codec_string *cs)
{
	switch (cs->codec) {
	case VIDEO_CODEC_H264:
		format_h264(text, cs);
		break;
	case VIDEO_CODEC_HEVC:
		format_hevc(text, cs);
		break;
	case VIDEO_CODEC_VP9:
		format_vp9(text, cs);
		break;
	case VIDEO_CODEC_AV1:
		format_av1(text, cs);
		break;
	case VIDEO_CODEC_NONE:
	case VIDEO_CODEC_VP8:
	case VIDEO_CODEC_MJPEG:
	case VIDEO_CODEC_FWHT:
		break;
	}
}

int codec_string_format(const struct codec_string *cs, char *dst, size_t capacity)
{
	struct codec_string check;
	struct text text = { .size = 0 };
	size_t i = 0;

	while (i < ARRAY_SIZE(kinds) && (kinds[i].codec != cs->codec ||
					 kinds[i].in_band != cs->in_band_parameter_sets))
		i++;
	if (i == ARRAY_SIZE(kinds))
		return -EINVAL;
	append(&text, "%s", kinds[i].prefix);
	format_suffix(&text, cs);
	/* The reader is the judge of what is a codec string. */
	if (text.error || codec_string_parse(text.data, &check) < 0)
		return -EINVAL;
	if (text.size >= capacity)
		return -ENOSPC;
	memcpy(dst, text.data, text.size + 1);
	return 0;
}
