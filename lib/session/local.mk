# SPDX-License-Identifier: MIT
noinst_LTLIBRARIES += lib/libsession.la
lib_libsession_la_SOURCES = \
	lib/session/capture.c lib/session/capture.h \
	lib/session/codec_controls.c lib/session/codec_controls.h \
	lib/session/converting_encoder.c lib/session/converting_encoder.h \
	lib/session/cookies.c lib/session/cookies.h \
	lib/session/device_account.c lib/session/device_account.h \
	lib/session/layout.c lib/session/layout.h \
	lib/session/imports.c lib/session/imports.h \
	lib/session/m2m_converter.c \
	lib/session/packaging.c lib/session/packaging.h \
	lib/session/port.c lib/session/port.h \
	lib/session/profiles.c lib/session/profiles.h \
	lib/session/quirks.c lib/session/quirks.h \
	lib/session/select.c lib/session/select.h \
	lib/session/session.h \
	lib/session/software_converter.c \
	lib/session/software_session.c lib/session/software_session.h \
	lib/session/software_worker.c lib/session/software_worker.h \
	lib/session/stateful.c lib/session/stateful.h \
	lib/session/stateful_decoder.c \
	lib/session/stateful_encoder.c \
	lib/session/stateful_picture.c lib/session/stateful_picture.h
lib_libsession_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBAVCODEC_CFLAGS)
if WITH_LIBAV
lib_libsession_la_SOURCES += \
	lib/session/software_codecs.c lib/session/software_codecs.h \
	lib/session/software_decoder.c \
	lib/session/software_encoder.c \
	lib/session/software_format.c lib/session/software_format.h \
	lib/session/software_picture.c lib/session/software_picture.h
else
lib_libsession_la_SOURCES += lib/session/software_none.c
endif
