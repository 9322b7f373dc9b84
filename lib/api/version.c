/* SPDX-License-Identifier: MIT */
#include <webcodecs/version.h>

const char *wc_version(void)
{
	return WC_VERSION_STRING;
}
