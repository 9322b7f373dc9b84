/* SPDX-License-Identifier: MIT */
/* Names for the profiles and levels that devices list as V4L2 menu entries. */
#ifndef WC_TOOLS_MENU_NAMES_H
#define WC_TOOLS_MENU_NAMES_H

/*
 * The name of a menu entry of a codec ("h264", ...), for instance "high" or "4.1"; NULL when the
 * entry, or the codec, has none.
 */
const char *menu_profile_name(const char *codec, unsigned entry);
const char *menu_level_name(const char *codec, unsigned entry);

#endif
