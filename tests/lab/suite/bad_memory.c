/* SPDX-License-Identifier: MIT */
/* Loses memory, so that it is seen whether a memory checker is awake. */
#include <stdlib.h>

static void *volatile kept;

int main(void)
{
	kept = malloc(1000);
	kept = NULL;
	return EXIT_SUCCESS;
}
