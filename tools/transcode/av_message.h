/* SPDX-License-Identifier: MIT */
/* What the libav libraries want to print: nothing of it is, but the last error is kept. */
#ifndef WC_TOOLS_AV_MESSAGE_H
#define WC_TOOLS_AV_MESSAGE_H

#include <stddef.h>

#define AV_MESSAGE_SIZE 200

/* From now on nothing is printed. */
void av_message_catch(void);

/* Forget what was kept. */
void av_message_clear(void);

/*
 * The reason for an error that a libav function returned: its text, and the message kept, if any,
 * in parentheses. Returns text, of size bytes.
 */
const char *av_message_reason(int error, char *text, size_t size);

#endif
