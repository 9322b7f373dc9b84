# SPDX-License-Identifier: MIT
# The helper takes from the layers what looks at devices, and neither libv4l2 nor its plugins.
udev_PROGRAMS = udev/webcodecs_id
udev_webcodecs_id_SOURCES = udev/webcodecs_id.c
udev_webcodecs_id_LDADD = lib/libv4l2layer.la lib/libutil.la

udevrulesdir = $(udevdir)/rules.d
nodist_udevrules_DATA = udev/70-webcodecs.rules
EXTRA_DIST += udev/70-webcodecs.rules.in

tmpfilesdir = $(prefix)/lib/tmpfiles.d
dist_tmpfiles_DATA = udev/webcodecs.conf
CLEANFILES += udev/70-webcodecs.rules

udevhwdbdir = $(udevdir)/hwdb.d
dist_udevhwdb_DATA = udev/71-webcodecs.hwdb

# udev looks for programs without a path in its own directory only: ours may be another.
udev/70-webcodecs.rules: udev/70-webcodecs.rules.in Makefile
	$(AM_V_GEN)$(MKDIR_P) udev && \
		$(SED) 's|@udevdir''@|$(udevdir)|' $(srcdir)/udev/70-webcodecs.rules.in >$@-t && \
		mv $@-t $@
