# SPDX-License-Identifier: MIT
# Which of the two is built is said in lib/session/local.mk.
SOFTWARE_SOURCES = \
	lib/session/software_codecs.c lib/session/software_codecs.h \
	lib/session/software_decoder.c \
	lib/session/software_encoder.c \
	lib/session/software_format.c lib/session/software_format.h \
	lib/session/software_picture.c lib/session/software_picture.h \
	lib/session/software_worker.c lib/session/software_worker.h
SOFTWARE_NONE_SOURCES = lib/session/software_none.c
