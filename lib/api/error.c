/* SPDX-License-Identifier: MIT */
/* Errors as a line of text. */
#include <webcodecs/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* Text that grows beyond its room like the result of snprintf(): only counted there. */
struct text {
	char *buffer;
	size_t size, length;
};

__attribute__((format(printf, 2, 3)))
static void add(struct text *text, const char *format, ...)
{
	size_t room = text->length < text->size ? text->size - text->length : 0;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(room ? text->buffer + text->length : NULL, room, format, args);
	va_end(args);
	if (n > 0)
		text->length += (size_t)n;
}

/* What errno means, in a thread-safe way: %m. */
static void add_errno(struct text *text, int sys_errno)
{
	int saved = errno;

	errno = sys_errno;
	add(text, "%m");
	errno = saved;
}

/* " (" before the first detail, sep before the others. */
static void add_separator(struct text *text, size_t start, const char *separator)
{
	add(text, "%s", text->length == start ? " (" : separator);
}

static void add_holders(struct text *text, const struct wc_error *error)
{
	uint32_t listed = error->holder_count < WC_ERROR_MAX_HOLDERS ? error->holder_count :
			  WC_ERROR_MAX_HOLDERS;

	if (error->quota && error->resource == WC_RESOURCE_CONTEXTS)
		add(text, "%u of %llu in use", error->holder_count,
		    (unsigned long long)error->quota);
	else
		add(text, "%u in use", error->holder_count);
	for (uint32_t i = 0; i < listed; i++) {
		const struct wc_holder *holder = &error->holders[i];

		add(text, "%s pid %d %s %s", i ? "," : ":", holder->pid, holder->role,
		    holder->codec);
		if (holder->width && holder->height)
			add(text, " %ux%u", holder->width, holder->height);
		if (holder->label[0])
			add(text, " \"%s\"", holder->label);
	}
}

size_t wc_error_format(const struct wc_error *error, char *buffer, size_t size)
{
	struct text text = { .buffer = buffer, .size = size };
	size_t start;

	if (size)
		buffer[0] = '\0';
	add(&text, "%s", wc_status_name(error->name));
	if (error->message[0])
		add(&text, ": %s", error->message);
	start = text.length;
	if (error->device[0]) {
		add_separator(&text, start, ", ");
		add(&text, "device %s", error->device);
	}
	if (error->stage != WC_STAGE_NONE) {
		add_separator(&text, start, ", ");
		add(&text, "stage %s", wc_stage_name(error->stage));
	}
	if (error->sys_errno) {
		add_separator(&text, start, ", ");
		add_errno(&text, error->sys_errno);
	}
	if (error->holder_count) {
		add_separator(&text, start, "; ");
		add_holders(&text, error);
	}
	if (text.length != start)
		add(&text, ")");
	return text.length;
}
