/* SPDX-License-Identifier: MIT */
/* Profiles and levels of codec strings as entries of V4L2's menus, and the controls of encoders. */
#ifndef WC_SESSION_PROFILES_H
#define WC_SESSION_PROFILES_H

#include "bitstream/codec_string.h"

/* The menu entry, -1 when the codec has no such menu or V4L2 no such entry. */
int profile_menu_entry(const struct codec_string *codec);
int level_menu_entry(const struct codec_string *codec);

/* Controls that exist for each codec under another name; 0: V4L2 has none. */
struct codec_controls {
	enum video_codec codec;
	uint32_t profile, level;
	uint32_t i_qp, p_qp, b_qp;     /* quantizers of the frame types */
};

/* Never NULL; all zero for codecs without controls. */
const struct codec_controls *codec_controls_find(enum video_codec codec);

#endif
