# SPDX-License-Identifier: MIT
noinst_LTLIBRARIES += lib/libframe.la
lib_libframe_la_SOURCES = \
	lib/frame/allocator.c lib/frame/allocator.h \
	lib/frame/allocator_choose.c lib/frame/allocator_choose.h \
	lib/frame/allocator_dumb.c \
	lib/frame/allocator_heap.c \
	lib/frame/allocator_udmabuf.c \
	lib/frame/buffer.c lib/frame/buffer.h \
	lib/frame/buffer_access.c \
	lib/frame/color_space.c lib/frame/color_space.h \
	lib/frame/convert.c lib/frame/convert.h \
	lib/frame/detile.c lib/frame/detile.h \
	lib/frame/dma_buf.c lib/frame/dma_buf.h \
	lib/frame/encoded_video_chunk.c lib/frame/encoded_video_chunk.h \
	lib/frame/fence.c lib/frame/fence.h \
	lib/frame/fence_wait.c lib/frame/fence_wait.h \
	lib/frame/force_close.c \
	lib/frame/frame_cache.c lib/frame/frame_cache.h \
	lib/frame/frame_memory.c lib/frame/frame_memory.h \
	lib/frame/frame_search.c lib/frame/frame_search.h \
	lib/frame/guard.c lib/frame/guard.h \
	lib/frame/memory_io.c lib/frame/memory_io.h \
	lib/frame/modifier.c lib/frame/modifier.h \
	lib/frame/pixel_format.c lib/frame/pixel_format.h \
	lib/frame/plane_layout.c lib/frame/plane_layout.h \
	lib/frame/pool.c lib/frame/pool.h \
	lib/frame/pool_plain.c \
	lib/frame/recolor.c lib/frame/recolor.h \
	lib/frame/relief.h \
	lib/frame/spill.c \
	lib/frame/tally.c lib/frame/tally.h \
	lib/frame/turn.c lib/frame/turn.h \
	lib/frame/video_frame.c lib/frame/video_frame.h \
	lib/frame/video_frame_copy.c \
	lib/frame/video_frame_detile.c \
	lib/frame/video_frame_fence.c \
	lib/frame/video_frame_import.c \
	lib/frame/video_frame_init.c lib/frame/video_frame_init.h \
	lib/frame/video_frame_map.c \
	lib/frame/video_frame_override.c
