# SPDX-License-Identifier: MIT
# Examples to be copied. They are built for the tests, which run them in tests/lab/suite/examples.sh.
WC_EXAMPLES = \
	doc/examples/camera_to_two_encoders \
	doc/examples/decode_to_egl \
	doc/examples/decode_to_screen \
	doc/examples/encode_rendered \
	doc/examples/import_dma_buf \
	doc/examples/scale
WC_EXAMPLE_LINK = $(AM_LDFLAGS) -no-install

doc_examples_camera_to_two_encoders_SOURCES = \
	doc/examples/camera_to_two_encoders.c doc/examples/example.h
doc_examples_camera_to_two_encoders_LDFLAGS = $(WC_EXAMPLE_LINK)
doc_examples_camera_to_two_encoders_LDADD = lib/libwebcodecs.la

doc_examples_decode_to_egl_SOURCES = doc/examples/decode_to_egl.c doc/examples/example.h
doc_examples_decode_to_egl_LDFLAGS = $(WC_EXAMPLE_LINK)
doc_examples_decode_to_egl_LDADD = lib/libwebcodecs.la

doc_examples_decode_to_screen_SOURCES = doc/examples/decode_to_screen.c \
	doc/examples/display.h doc/examples/example.h
doc_examples_decode_to_screen_LDFLAGS = $(WC_EXAMPLE_LINK)
doc_examples_decode_to_screen_LDADD = lib/libwebcodecs.la $(DRM_LIBS)

doc_examples_encode_rendered_SOURCES = doc/examples/encode_rendered.c doc/examples/example.h
doc_examples_encode_rendered_LDFLAGS = $(WC_EXAMPLE_LINK)
doc_examples_encode_rendered_LDADD = lib/libwebcodecs.la

doc_examples_import_dma_buf_SOURCES = doc/examples/import_dma_buf.c doc/examples/example.h
doc_examples_import_dma_buf_LDFLAGS = $(WC_EXAMPLE_LINK)
doc_examples_import_dma_buf_LDADD = lib/libwebcodecs.la

doc_examples_scale_SOURCES = doc/examples/scale.c doc/examples/example.h
doc_examples_scale_LDFLAGS = $(WC_EXAMPLE_LINK)
doc_examples_scale_LDADD = lib/libwebcodecs.la

if WITH_LIBAV
WC_EXAMPLES += doc/examples/camera_to_mp4
doc_examples_camera_to_mp4_SOURCES = doc/examples/camera_to_mp4.c doc/examples/example.h
doc_examples_camera_to_mp4_CFLAGS = $(AM_CFLAGS) $(LIBAV_CFLAGS)
doc_examples_camera_to_mp4_LDFLAGS = $(WC_EXAMPLE_LINK)
doc_examples_camera_to_mp4_LDADD = lib/libwebcodecs.la $(LIBAV_LIBS)
else
EXTRA_DIST += doc/examples/camera_to_mp4.c
endif
check_PROGRAMS += $(WC_EXAMPLES)
