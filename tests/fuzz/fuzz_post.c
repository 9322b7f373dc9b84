/* SPDX-License-Identifier: MIT */
/*
 * The input is one datagram, and after it the name of a socket. What is taken for a message gives
 * the same bytes when it is written; a name that is taken has nothing in it that leads elsewhere.
 */
#include <string.h>

#include "budget/post.h"
#include "fuzz.h"

static void check_message(const uint8_t *data, size_t size)
{
	uint8_t written[POST_MESSAGE_SIZE];
	struct post_message message;

	memset(&message, 0xa5, sizeof message);
	if (!post_message_read(data, size, &message))
		return;
	require(size == POST_MESSAGE_SIZE);
	require(message.type >= POST_YIELD && message.type <= POST_FLOODED);
	require((unsigned)message.verdict < RECLAIM_VERDICTS);
	require((message.type == POST_NO) == (message.verdict != RECLAIM_ALLOWED));
	require(message.request.pid == 0 && message.request.uid == 0);
	post_message_write(&message, written);
	require(!memcmp(data, written, sizeof written));
}

static void check_name(const uint8_t *data, size_t size)
{
	char name[64] = "";
	size_t length;

	memcpy(name, data, size < sizeof name - 1 ? size : sizeof name - 1);
	if (!post_name_is_valid(name))
		return;
	length = strlen(name);
	require(length >= strlen("0-0.sock") && length < POST_NAME_SIZE);
	require(strspn(name, "0123456789-") == length - strlen(".sock"));
	require(strchr(name, '-') == strrchr(name, '-'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t message = size < POST_MESSAGE_SIZE ? size : POST_MESSAGE_SIZE;

	check_message(data, size);
	check_message(data, message);
	check_name(data, size);
	check_name(data + message, size - message);
	return 0;
}
