# SPDX-License-Identifier: MIT
LAB_TESTS += tests/udev/test_udev.sh
TESTS += tests/udev/test_webcodecs_id.sh
dist_check_SCRIPTS += tests/udev/test_udev.sh tests/udev/test_webcodecs_id.sh

check_PROGRAMS += tests/udev/print_registry
tests_udev_print_registry_SOURCES = tests/udev/print_registry.c
tests_udev_print_registry_LDADD = lib/libv4l2layer.la lib/libutil.la $(V4L2_LIBS) $(UDEV_LIBS)

# The helper, on devices of the fake.
check_PROGRAMS += tests/udev/fake_webcodecs_id
tests_udev_fake_webcodecs_id_SOURCES = tests/udev/fake_nodes.c udev/webcodecs_id.c
tests_udev_fake_webcodecs_id_CPPFLAGS = $(AM_CPPFLAGS) $(FAKE_CPPFLAGS)
tests_udev_fake_webcodecs_id_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LDFLAGS)
tests_udev_fake_webcodecs_id_LDADD = lib/libv4l2layer.la tests/fake/libfake.la lib/libutil.la
