# SPDX-License-Identifier: MIT
noinst_LTLIBRARIES += lib/libbudget.la
lib_libbudget_la_SOURCES = \
	lib/budget/accountant.c lib/budget/accountant.h
