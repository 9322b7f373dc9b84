/* SPDX-License-Identifier: MIT */
#include "common/parse.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <webcodecs/codec.h>

/* Digits only; *end is behind the last. strtoull() alone would take signs and spaces. */
static bool parse_digits(const char *text, uint64_t max, uint64_t *value, const char **end)
{
	char *stop;
	unsigned long long number;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	number = strtoull(text, &stop, 10);
	if (errno || number > max)
		return false;
	*value = number;
	*end = stop;
	return true;
}

bool parse_size(const char *text, struct size *size)
{
	uint64_t width, height;
	const char *end;

	if (!parse_digits(text, PARSE_MAX_SIDE, &width, &end) || (*end != 'x' && *end != 'X') ||
	    !parse_digits(end + 1, PARSE_MAX_SIDE, &height, &end) || *end || !width || !height)
		return false;
	*size = (struct size) { (uint32_t)width, (uint32_t)height };
	return true;
}

/* The factor of a suffix, 0 for none that we know. */
static double parse_suffix(const char *suffix)
{
	if (!*suffix)
		return 1;
	if (suffix[1])
		return 0;
	return *suffix == 'k' || *suffix == 'K' ? 1e3 : *suffix == 'M' || *suffix == 'm' ? 1e6 :
	       *suffix == 'G' ? 1e9 : 0;
}

bool parse_bitrate(const char *text, uint64_t *bits)
{
	char *end;
	double value;

	if (!isdigit((unsigned char)*text))
		return false;
	value = strtod(text, &end) * parse_suffix(end);
	if (!(value >= 1 && value <= 1e12))
		return false;
	*bits = (uint64_t)value;
	return true;
}

/* Decimal rates that stand for thousandths of 1001, as 29.97 for 30000/1001. */
static struct fraction rate_from_decimal(double value)
{
	double ntsc = round(value * 1.001);

	if (fabs(value - ntsc / 1.001) < 0.005 && fabs(value - round(value)) > 0.005)
		return (struct fraction) { (uint32_t)ntsc * 1000, 1001 };
	if (fabs(value - round(value)) < 1e-9)
		return (struct fraction) { (uint32_t)round(value), 1 };
	return (struct fraction) { (uint32_t)round(value * 1000), 1000 };
}

bool parse_rate(const char *text, struct fraction *rate)
{
	uint64_t num, den;
	const char *end;
	char *stop;
	double value;

	if (parse_digits(text, 1000000, &num, &end) && *end == '/') {
		if (!parse_digits(end + 1, 1000000, &den, &end) || *end || !num || !den)
			return false;
		*rate = (struct fraction) { (uint32_t)num, (uint32_t)den };
		return true;
	}
	if (!isdigit((unsigned char)*text))
		return false;
	value = strtod(text, &stop);
	if (*stop || !(value >= 0.001 && value <= 100000))
		return false;
	*rate = rate_from_decimal(value);
	return true;
}

bool parse_count(const char *text, uint64_t max, uint64_t *count)
{
	uint64_t value;
	const char *end;

	if (!parse_digits(text, max, &value, &end) || *end || !value)
		return false;
	*count = value;
	return true;
}

bool parse_duration(const char *text, int64_t *microseconds)
{
	char *end;
	double value;

	if (!isdigit((unsigned char)*text))
		return false;
	value = strtod(text, &end);
	if (*end || !(value >= 1e-6 && value <= 1e9))
		return false;
	*microseconds = (int64_t)round(value * 1e6);
	return true;
}

bool parse_hardware(const char *text, int *preference, bool *none)
{
	*none = !strcmp(text, "no");
	if (!strcmp(text, "any"))
		*preference = WC_HARDWARE_NO_PREFERENCE;
	else if (!strcmp(text, "prefer"))
		*preference = WC_HARDWARE_PREFER_HARDWARE;
	else if (*none)
		*preference = WC_HARDWARE_PREFER_SOFTWARE;
	else
		return false;
	return true;
}
