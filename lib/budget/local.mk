# SPDX-License-Identifier: MIT
noinst_LTLIBRARIES += lib/libbudget.la
lib_libbudget_la_SOURCES = \
	lib/budget/account.c lib/budget/account.h \
	lib/budget/accountant.c lib/budget/accountant.h \
	lib/budget/admission.c lib/budget/admission.h \
	lib/budget/base64.c lib/budget/base64.h \
	lib/budget/claim.h \
	lib/budget/flood.c lib/budget/flood.h \
	lib/budget/holder.c lib/budget/holder.h \
	lib/budget/post.c lib/budget/post.h \
	lib/budget/presence.c lib/budget/presence.h \
	lib/budget/pressure.c lib/budget/pressure.h \
	lib/budget/pressure_ladder.c lib/budget/pressure_ladder.h \
	lib/budget/pressure_sample.c lib/budget/pressure_sample.h \
	lib/budget/pressure_source.c lib/budget/pressure_source.h \
	lib/budget/pressure_watch.c lib/budget/pressure_watch.h \
	lib/budget/rate.c lib/budget/rate.h \
	lib/budget/reclaim.c lib/budget/reclaim.h \
	lib/budget/slot_file.c lib/budget/slot_file.h \
	lib/budget/slot_opener.c \
	lib/budget/slot_record.c lib/budget/slot_record.h \
	lib/budget/slot_wait.c lib/budget/slot_wait.h \
	lib/budget/slots.c lib/budget/slots.h \
	lib/budget/usage.c lib/budget/usage.h
