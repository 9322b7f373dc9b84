# SPDX-License-Identifier: MIT
WC_FRAME_TESTS = \
	tests/frame/test_allocators \
	tests/frame/test_buffer_access \
	tests/frame/test_convert \
	tests/frame/test_convert_change \
	tests/frame/test_detile \
	tests/frame/test_fence \
	tests/frame/test_force_close \
	tests/frame/test_frame_cache \
	tests/frame/test_frame_memory \
	tests/frame/test_guard \
	tests/frame/test_import \
	tests/frame/test_memory_budget \
	tests/frame/test_pool \
	tests/frame/test_spill \
	tests/frame/test_video_frame \
	tests/frame/test_video_frame_copy
check_PROGRAMS += $(WC_FRAME_TESTS)
TESTS += $(WC_FRAME_TESTS)
THREAD_TESTS += \
	tests/frame/test_allocators \
	tests/frame/test_buffer_access \
	tests/frame/test_force_close \
	tests/frame/test_frame_cache \
	tests/frame/test_frame_memory \
	tests/frame/test_guard \
	tests/frame/test_import \
	tests/frame/test_memory_budget \
	tests/frame/test_pool \
	tests/frame/test_spill \
	tests/frame/test_video_frame

WC_FRAME_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
WC_FRAME_TEST_LIBS = lib/libframe.la lib/libutil.la $(DRM_LIBS) $(YUV_LIBS) $(CHECK_LIBS)
WC_FRAME_TEST_WRAP = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=aligned_alloc

# Devices of the tests' own, see fake_memory.h.
WC_FRAME_MEMORY_SOURCES = tests/frame/fake_memory.c tests/frame/fake_memory.h
WC_FRAME_MEMORY_WRAP = $(AM_LDFLAGS) \
	-Wl,--wrap=memory_io_open,--wrap=memory_io_close,--wrap=memory_io_ioctl \
	-Wl,--wrap=memory_io_memfd,--wrap=memory_io_resize,--wrap=memory_io_seal \
	-Wl,--wrap=memory_io_size,--wrap=memory_io_map,--wrap=memory_io_drm_cap \
	-Wl,--wrap=memory_io_drm_drop_master,--wrap=memory_io_drm_ioctl \
	-Wl,--wrap=memory_io_drm_export

tests_frame_test_allocators_SOURCES = tests/frame/test_allocators.c $(WC_FRAME_MEMORY_SOURCES)
tests_frame_test_allocators_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_allocators_LDADD = $(WC_FRAME_TEST_LIBS)
tests_frame_test_allocators_LDFLAGS = $(WC_FRAME_MEMORY_WRAP) -no-install

tests_frame_test_buffer_access_SOURCES = \
	tests/frame/test_buffer_access.c $(WC_FRAME_MEMORY_SOURCES)
tests_frame_test_buffer_access_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_buffer_access_LDADD = $(WC_FRAME_TEST_LIBS)
tests_frame_test_buffer_access_LDFLAGS = $(WC_FRAME_MEMORY_WRAP)

tests_frame_test_convert_SOURCES = tests/frame/test_convert.c
tests_frame_test_convert_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_convert_LDADD = $(WC_FRAME_TEST_LIBS) -lm

tests_frame_test_convert_change_SOURCES = tests/frame/test_convert_change.c
tests_frame_test_convert_change_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_convert_change_LDADD = $(WC_FRAME_TEST_LIBS) -lm

tests_frame_test_detile_SOURCES = tests/frame/test_detile.c
tests_frame_test_detile_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_detile_LDADD = $(WC_FRAME_TEST_LIBS)

tests_frame_test_fence_SOURCES = tests/frame/test_fence.c
tests_frame_test_fence_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_fence_LDADD = $(WC_FRAME_TEST_LIBS)
tests_frame_test_fence_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=dma_buf_inspect,--wrap=memory_io_dup,--wrap=memory_io_ioctl \
	-Wl,--wrap=memory_io_map,--wrap=memory_io_poll,--wrap=memory_io_unmap

tests_frame_test_force_close_SOURCES = tests/frame/test_force_close.c
tests_frame_test_force_close_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_force_close_LDADD = $(WC_FRAME_TEST_LIBS)

tests_frame_test_frame_cache_SOURCES = tests/frame/test_frame_cache.c
tests_frame_test_frame_cache_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_frame_cache_LDADD = $(WC_FRAME_TEST_LIBS)
tests_frame_test_frame_cache_LDFLAGS = $(WC_FRAME_TEST_WRAP)

tests_frame_test_frame_memory_SOURCES = \
	tests/frame/test_frame_memory.c $(WC_FRAME_MEMORY_SOURCES)
tests_frame_test_frame_memory_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_frame_memory_LDADD = $(WC_FRAME_TEST_LIBS)
tests_frame_test_frame_memory_LDFLAGS = $(WC_FRAME_MEMORY_WRAP)

tests_frame_test_guard_SOURCES = tests/frame/test_guard.c
tests_frame_test_guard_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_guard_LDADD = $(WC_FRAME_TEST_LIBS)

tests_frame_test_import_SOURCES = tests/frame/test_import.c
tests_frame_test_import_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_import_LDADD = $(WC_FRAME_TEST_LIBS)
tests_frame_test_import_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=fstatfs,--wrap=fstatfs64,--wrap=fcntl,--wrap=fcntl64,--wrap=ioctl \
	-Wl,--wrap=lseek,--wrap=lseek64,--wrap=mmap,--wrap=mmap64

tests_frame_test_memory_budget_SOURCES = tests/frame/test_memory_budget.c
tests_frame_test_memory_budget_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_memory_budget_LDADD = $(WC_FRAME_TEST_LIBS)

tests_frame_test_pool_SOURCES = tests/frame/test_pool.c
tests_frame_test_pool_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_pool_LDADD = $(WC_FRAME_TEST_LIBS)
tests_frame_test_pool_LDFLAGS = $(WC_FRAME_TEST_WRAP)

tests_frame_test_spill_SOURCES = tests/frame/test_spill.c
tests_frame_test_spill_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_spill_LDADD = $(WC_FRAME_TEST_LIBS)
tests_frame_test_spill_LDFLAGS = $(WC_FRAME_TEST_WRAP)

tests_frame_test_video_frame_SOURCES = tests/frame/test_video_frame.c
tests_frame_test_video_frame_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_video_frame_LDADD = $(WC_FRAME_TEST_LIBS)

tests_frame_test_video_frame_copy_SOURCES = tests/frame/test_video_frame_copy.c
tests_frame_test_video_frame_copy_CFLAGS = $(WC_FRAME_TEST_CFLAGS)
tests_frame_test_video_frame_copy_LDADD = $(WC_FRAME_TEST_LIBS)
