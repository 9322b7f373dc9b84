/* SPDX-License-Identifier: MIT */
/* Kinds of files, by the extension of their name. */
#ifndef WC_TOOLS_FILE_TYPE_H
#define WC_TOOLS_FILE_TYPE_H

#include <stdbool.h>
#include <stdint.h>

enum file_kind {
	FILE_CONTAINER,   /* what libavformat reads and writes */
	FILE_ELEMENTARY,  /* chunks back to back: Annex B, Motion JPEG */
	FILE_FWHT,        /* chunks back to back, which we can read ourselves */
	FILE_IVF,
	FILE_Y4M,
	FILE_RAW,         /* planes of pictures, without a header */
	FILE_DISPLAY,     /* no file: pictures go to a screen */
};

struct file_type {
	const char *extension;
	enum file_kind kind;
	const char *muxer;      /* libavformat's name, for containers */
	const char *codec;      /* the codec it is for, or the usual one; NULL: none */
	uint32_t fourcc;        /* pixel format that the extension stands for, 0: any */
};

/*
 * The type for a format that was named, else for the extension of a path. NULL when unknown.
 * name may be NULL, path may be "-".
 */
const struct file_type *file_type_find(const char *name, const char *path);

/* The type of what is no file. */
const struct file_type *file_type_display(void);

/* Whether it holds pictures, not chunks. */
static inline bool file_type_is_pictures(const struct file_type *type)
{
	return type->kind == FILE_RAW || type->kind == FILE_Y4M || type->kind == FILE_DISPLAY;
}

#endif
