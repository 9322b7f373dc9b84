# SPDX-License-Identifier: MIT
# A fake of V4L2 M2M devices. A test links tests/fake/libfake.la in place of libv4l2, with FAKE_LDFLAGS,
# which lead the libc calls that reach a device to the fake, and includes "fake/fake.h" with
# FAKE_CPPFLAGS. Names that nobody calls cost nothing; those with 64 are large file support's.
FAKE_CPPFLAGS = -I$(top_srcdir)/tests
FAKE_LDFLAGS = \
	-Wl,--wrap=open,--wrap=open64,--wrap=__open_2,--wrap=__open64_2 \
	-Wl,--wrap=openat,--wrap=openat64,--wrap=__openat_2,--wrap=__openat64_2 \
	-Wl,--wrap=close,--wrap=dup,--wrap=fcntl,--wrap=fcntl64,--wrap=ioctl \
	-Wl,--wrap=mmap,--wrap=mmap64,--wrap=munmap,--wrap=fstatfs,--wrap=fstatfs64 \
	-Wl,--wrap=epoll_ctl,--wrap=epoll_wait,--wrap=epoll_pwait,--wrap=poll,--wrap=__poll_chk \
	-Wl,--wrap=clock_gettime,--wrap=timerfd_create,--wrap=timerfd_settime

check_LTLIBRARIES += tests/fake/libfake.la
tests_fake_libfake_la_CPPFLAGS = $(AM_CPPFLAGS) $(V4L2_CFLAGS)
tests_fake_libfake_la_SOURCES = \
	tests/fake/fake.c tests/fake/fake.h tests/fake/fake_state.h \
	tests/fake/fake_camera.c \
	tests/fake/fake_codec.c \
	tests/fake/fake_control.c \
	tests/fake/fake_convert.c \
	tests/fake/fake_device.c \
	tests/fake/fake_event.c \
	tests/fake/fake_format.c \
	tests/fake/fake_ioctl.c \
	tests/fake/fake_judge.c \
	tests/fake/fake_picture.c \
	tests/fake/fake_queue.c \
	tests/fake/fake_stream.c \
	tests/fake/fake_wait.c \
	tests/fake/model.h \
	tests/fake/model_bcm2835.c \
	tests/fake/model_coda.c \
	tests/fake/model_generic.c \
	tests/fake/model_others.c \
	tests/fake/model_s5p_mfc.c \
	tests/fake/model_tiles.c \
	tests/fake/model_venus.c \
	tests/fake/model_vicodec.c

check_PROGRAMS += tests/fake/test_fake
TESTS += tests/fake/test_fake
tests_fake_test_fake_SOURCES = \
	tests/fake/client.c tests/fake/client.h \
	tests/fake/suites.h \
	tests/fake/test_fake.c \
	tests/fake/test_fake_codec.c \
	tests/fake/test_fake_judge.c \
	tests/fake/test_fake_queue.c \
	tests/fake/test_fake_stream.c \
	tests/fake/test_fake_wait.c
tests_fake_test_fake_CPPFLAGS = $(AM_CPPFLAGS) $(FAKE_CPPFLAGS) $(V4L2_CFLAGS)
tests_fake_test_fake_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_fake_test_fake_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LDFLAGS)
tests_fake_test_fake_LDADD = tests/fake/libfake.la $(CHECK_LIBS)
