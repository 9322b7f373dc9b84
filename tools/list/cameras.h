/* SPDX-License-Identifier: MIT */
/* The cameras of the machine, with formats, sizes and rates. */
#ifndef WC_TOOLS_CAMERAS_H
#define WC_TOOLS_CAMERAS_H

#include <webcodecs/webcodecs.h>

void cameras_print_table(const struct wc_camera_list *cameras);

/* 0, or -ENOMEM with nothing printed. */
int cameras_print_json(const struct wc_camera_list *cameras);

#endif
