/* SPDX-License-Identifier: MIT */
/* Profiles and levels of codec strings as entries of V4L2's menus. */
#ifndef WC_SESSION_PROFILES_H
#define WC_SESSION_PROFILES_H

#include "bitstream/codec_string.h"

/* The menu entry, -1 when the codec has no such menu or V4L2 no such entry. */
int profile_menu_entry(const struct codec_string *codec);
int level_menu_entry(const struct codec_string *codec);

#endif
