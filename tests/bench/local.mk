# SPDX-License-Identifier: MIT
# What a frame costs and what is left over time are tests: they are exact. How fast it is beside other
# programs is a benchmark: `make bench` prints a table. README.md tells what is measured and how.
WC_BENCH_TESTS = \
	tests/bench/test_costs.sh \
	tests/bench/test_growth.sh
LAB_TESTS += $(WC_BENCH_TESTS)
LONG_TESTS += $(WC_BENCH_TESTS)
dist_check_SCRIPTS += $(WC_BENCH_TESTS)
EXTRA_DIST += \
	tests/bench/README.md \
	tests/bench/census.sh \
	tests/bench/in_lab.sh \
	tests/bench/lab.sh \
	tests/bench/on_host.sh \
	tests/bench/pool.sh \
	tests/bench/run \
	tests/bench/table.sh

WC_BENCH_SOURCES = tests/bench/bench.c tests/bench/bench.h
# Without libtool's wrapper script, which would be traced and counted, too.
WC_BENCH_NO_WRAPPER = -no-install

check_PROGRAMS += tests/bench/camera_loop tests/bench/growth tests/bench/make_raw \
	tests/bench/sentinel tests/bench/victims tests/bench/wc_loop
# A ratio within one run: it needs no lab and is a test.
TESTS += tests/bench/victims

tests_bench_camera_loop_SOURCES = tests/bench/camera_loop.c $(WC_BENCH_SOURCES)
tests_bench_camera_loop_LDFLAGS = $(AM_LDFLAGS) $(WC_BENCH_NO_WRAPPER)
tests_bench_camera_loop_LDADD = lib/libwebcodecs.la

tests_bench_growth_SOURCES = tests/bench/growth.c $(WC_BENCH_SOURCES)
tests_bench_growth_LDFLAGS = $(AM_LDFLAGS) $(WC_BENCH_NO_WRAPPER)
tests_bench_growth_LDADD = lib/libwebcodecs.la

tests_bench_make_raw_SOURCES = tests/bench/make_raw.c $(WC_BENCH_SOURCES)

# Not in the lab: software encodes there too slowly.
TESTS += tests/bench/sentinel
SLOW_TESTS += tests/bench/sentinel
LONG_TESTS += tests/bench/sentinel

tests_bench_sentinel_SOURCES = tests/bench/sentinel.c $(WC_BENCH_SOURCES)
tests_bench_sentinel_LDFLAGS = $(AM_LDFLAGS) $(WC_BENCH_NO_WRAPPER)
tests_bench_sentinel_LDADD = lib/libwebcodecs.la

tests_bench_victims_SOURCES = tests/bench/victims.c $(WC_BENCH_SOURCES)
tests_bench_victims_LDADD = lib/libbudget.la lib/libutil.la $(ATOMIC_LIBS)

tests_bench_wc_loop_SOURCES = tests/bench/wc_loop.c $(WC_BENCH_SOURCES)
tests_bench_wc_loop_LDFLAGS = $(AM_LDFLAGS) $(WC_BENCH_NO_WRAPPER)
tests_bench_wc_loop_LDADD = lib/libwebcodecs.la

# To be preloaded; -rpath makes libtool link it as a shared object although it is never installed.
check_LTLIBRARIES += tests/bench/alloc_count.la
tests_bench_alloc_count_la_SOURCES = tests/bench/alloc_count.c
tests_bench_alloc_count_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -rpath /nowhere
tests_bench_alloc_count_la_LIBADD = -ldl

WC_BENCH_PEERS = tests/bench/bare_v4l2
EXTRA_PROGRAMS += tests/bench/bare_v4l2
tests_bench_bare_v4l2_SOURCES = tests/bench/bare_v4l2.c $(WC_BENCH_SOURCES)

WC_BENCH_PEERS += tests/bench/slots
EXTRA_PROGRAMS += tests/bench/slots
tests_bench_slots_SOURCES = tests/bench/slots.c $(WC_BENCH_SOURCES)
tests_bench_slots_LDADD = lib/libbudget.la lib/libutil.la

if WITH_LIBAV
WC_BENCH_PEERS += tests/bench/bare_av
EXTRA_PROGRAMS += tests/bench/bare_av
tests_bench_bare_av_SOURCES = tests/bench/bare_av.c $(WC_BENCH_SOURCES)
tests_bench_bare_av_CFLAGS = $(AM_CFLAGS) $(LIBAVCODEC_CFLAGS)
tests_bench_bare_av_LDADD = $(WC_LAYERS) $(V4L2_LIBS) $(WC_LAYER_LIBS)
else
EXTRA_DIST += tests/bench/bare_av.c
endif

if WITH_GSTREAMER
WC_BENCH_PEERS += tests/bench/pool
EXTRA_PROGRAMS += tests/bench/pool
tests_bench_pool_SOURCES = tests/bench/pool.c $(WC_BENCH_SOURCES)
tests_bench_pool_CFLAGS = $(AM_CFLAGS) $(GSTREAMER_CFLAGS)
tests_bench_pool_LDADD = lib/libframe.la lib/libutil.la $(GSTREAMER_LIBS) $(DRM_LIBS) $(YUV_LIBS) $(ATOMIC_LIBS)
else
EXTRA_DIST += tests/bench/pool.c
endif

# One loop, twice, each with its own objects of the library.
if WITH_CENSUS
WC_BENCH_PEERS += tests/bench/census_on tests/bench/census_off
EXTRA_PROGRAMS += tests/bench/census_on tests/bench/census_off
# All of both layers, whatever frames need of them.
WC_BENCH_CENSUS_SOURCES = tests/bench/census.c \
	$(lib_libframe_la_SOURCES) $(lib_libutil_la_SOURCES)
WC_BENCH_CENSUS_LIBS = $(DRM_LIBS) $(YUV_LIBS) $(ATOMIC_LIBS)
tests_bench_census_on_SOURCES = $(WC_BENCH_CENSUS_SOURCES)
tests_bench_census_on_CPPFLAGS = $(AM_CPPFLAGS)
tests_bench_census_on_LDADD = $(WC_BENCH_CENSUS_LIBS)
tests_bench_census_off_SOURCES = $(WC_BENCH_CENSUS_SOURCES)
tests_bench_census_off_CPPFLAGS = $(AM_CPPFLAGS) -DWITHOUT_CENSUS
tests_bench_census_off_LDADD = $(WC_BENCH_CENSUS_LIBS)

.PHONY: bench-census
bench-census: tests/bench/census_on tests/bench/census_off
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		$(srcdir)/tests/bench/census.sh
else
EXTRA_DIST += tests/bench/census.c
endif
CLEANFILES += $(WC_BENCH_PEERS)

.PHONY: bench bench-programs
bench-programs: tests/bench/camera_loop tests/bench/make_raw tests/bench/wc_loop $(WC_BENCH_PEERS)

bench: bench-programs
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		$(srcdir)/tests/bench/run
