/* SPDX-License-Identifier: MIT */
#include "probe/report.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

void report_target(const struct target *target, const struct coded *coded)
{
	const struct wc_device *device = &target->device;

	printf("%s  %s  %s (%s, %s)\n", device->path, wc_device_role_name(device->role),
	       device->card, device->driver, device->bus);
	printf("%s at %ux%u; %s\n", target->codec, target->size.width, target->size.height,
	       target->encodes ? "each context encodes a picture" :
	       coded->data ? "each context decodes a picture" :
	       "contexts get ready only, nobody here can encode a picture for them");
}

/* Without the holders that wc_error_format() adds: they are our own. */
static void print_refusal(const struct wc_error *error)
{
	printf(", then %s: %s (stage %s%s%s)", wc_status_name(error->name), error->message,
	       wc_stage_name(error->stage), error->sys_errno ? ", " : "",
	       error->sys_errno ? strerror(error->sys_errno) : "");
}

void report_round(unsigned number, const struct round *round)
{
	printf("round %u: %u context%s", number, round->count, plural(round->count));
	if (round->refused)
		print_refusal(&round->error);
	printf("%s\n", round->lost ? "; one of them was lost meanwhile" : "");
	fflush(stdout);
}

static void print_others(const struct others *others)
{
	printf("Others used the device meanwhile:");
	for (unsigned i = 0; i < others->count; i++) {
		const struct other *other = &others->list[i];

		printf("%s pid %" PRId32 "%s%s (%u)", i ? "," : "", other->pid,
		       other->command[0] ? " " : "", other->command, other->contexts);
	}
	puts(".\nEnd them and measure again to know how many there are.");
}

/*
 * As webcodecs_id has it: blanks around are gone. What may mean something in a pattern, or was
 * replaced there, is matched by any one character.
 */
static void print_pattern(const char *text)
{
	size_t length;

	text += strspn(text, " ");
	length = strlen(text);
	while (length && text[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < length; i++)
		putchar(isalnum((unsigned char)text[i]) || (text[i] && strchr(" .,:_-", text[i])) ?
			text[i] : '?');
}

static void print_entry(const struct wc_device *device, unsigned count)
{
	printf("To tell the library, put this into /etc/udev/hwdb.d/72-webcodecs-local.hwdb:\n\n"
	       "webcodecs:");
	print_pattern(device->driver);
	putchar(':');
	print_pattern(device->card);
	printf(":%s:*\n ID_WEBCODECS_CONTEXTS=%u\n\n"
	       "and run: systemd-hwdb update && udevadm trigger --action=change %s\n",
	       wc_device_role_name(device->role), count, device->path);
}

/* Whether it is the answer, and not only a bound of it. */
static bool is_sure(const struct round rounds[REPORT_ROUNDS], const struct others *others)
{
	for (unsigned i = 0; i < REPORT_ROUNDS; i++)
		if (!rounds[i].refused || rounds[i].lost || rounds[i].count == 0 ||
		    rounds[i].count != rounds[0].count)
			return false;
	return others->count == 0;
}

void report_result(const struct target *target, const struct round rounds[REPORT_ROUNDS],
		   const struct others *others)
{
	unsigned most = 0;
	bool reached_max = false;

	for (unsigned i = 0; i < REPORT_ROUNDS; i++) {
		most = rounds[i].count > most ? rounds[i].count : most;
		reached_max |= !rounds[i].refused;
	}
	putchar('\n');
	if (is_sure(rounds, others)) {
		printf("%s has %u context%s.\n", target->device.path, most, plural(most));
		print_entry(&target->device, most);
		return;
	}
	if (most)
		printf("%s has at least %u context%s.\n", target->device.path, most, plural(most));
	else
		printf("%s gives no context at all.\n", target->device.path);
	if (others->count)
		print_others(others);
	else if (reached_max)
		puts("No more were tried, see --max.");
	else if (most)
		puts("The rounds do not agree; something else than the number of contexts is "
		     "short.");
}
