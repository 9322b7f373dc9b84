# SPDX-License-Identifier: MIT
noinst_LTLIBRARIES += lib/libv4l2layer.la
lib_libv4l2layer_la_SOURCES = \
	lib/v4l2/camera.c lib/v4l2/camera.h \
	lib/v4l2/device.c lib/v4l2/device.h \
	lib/v4l2/format.c lib/v4l2/format.h \
	lib/v4l2/io.c lib/v4l2/io.h \
	lib/v4l2/io_plain.c \
	lib/v4l2/probe.c lib/v4l2/probe.h \
	lib/v4l2/queue.c lib/v4l2/queue.h \
	lib/v4l2/registry.c lib/v4l2/registry.h
lib_libv4l2layer_la_CPPFLAGS = $(AM_CPPFLAGS) $(V4L2_CFLAGS) $(UDEV_CFLAGS)
