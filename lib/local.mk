# SPDX-License-Identifier: MIT
# The layers, from the top: what a test of one layer links, too.
WC_LAYERS = \
	lib/libapi.la \
	lib/libsession.la \
	lib/libbudget.la \
	lib/libframe.la \
	lib/libbitstream.la \
	lib/libv4l2layer.la \
	lib/libutil.la
# What the layers need of other libraries; V4L2_LIBS apart, since the fake stands in for it.
WC_LAYER_LIBS = $(DRM_LIBS) $(UDEV_LIBS) $(YUV_LIBS) $(LIBAVCODEC_LIBS) $(ATOMIC_LIBS) -lm

lib_LTLIBRARIES += lib/libwebcodecs.la
lib_libwebcodecs_la_SOURCES =
lib_libwebcodecs_la_LIBADD = $(WC_LAYERS) $(V4L2_LIBS) $(WC_LAYER_LIBS)
lib_libwebcodecs_la_LDFLAGS = $(AM_LDFLAGS) -version-info $(WC_LT_VERSION)
EXTRA_lib_libwebcodecs_la_DEPENDENCIES = lib/libwebcodecs.sym
# Sanitizers leave their runtime to the program.
if !WITH_SANITIZER
lib_libwebcodecs_la_LDFLAGS += -no-undefined -Wl,-z,defs
endif
if HAVE_VERSION_SCRIPT
lib_libwebcodecs_la_LDFLAGS += -Wl,--version-script=$(top_srcdir)/lib/libwebcodecs.sym
endif
EXTRA_DIST += lib/libwebcodecs.sym
