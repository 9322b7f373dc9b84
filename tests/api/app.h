/* SPDX-License-Identifier: MIT */
/* A small application around one codec on scripted sessions, which writes all that it is told. */
#ifndef WC_TESTS_API_APP_H
#define WC_TESTS_API_APP_H

#include <check.h>
#include <webcodecs/webcodecs.h>

#include "script_session.h"
#include "trace.h"

/* Longest waits of a test: nothing here takes time. */
#define DISPATCHES 8

struct app;

struct app_flush {
	struct app *app;
	int id;
};

struct app {
	struct wc_context *context;
	struct wc_video_decoder *decoder;   /* two of the three are NULL */
	struct wc_video_encoder *encoder;
	struct wc_video_converter *converter;
	struct script script;
	struct trace trace;
	struct wc_error error;              /* told last */
	bool tell_dequeue;                  /* note dequeue events, too */
	/* Called from inside the callbacks, behind the words in the trace. */
	void (*on_output)(struct app *app);
	void (*on_error)(struct app *app);
	void (*on_dequeue)(struct app *app);
	void (*on_flush)(struct app *app);
	struct app_flush flushes[16];       /* by id */
	/* What came out last; references while keep is set. */
	bool keep;
	struct wc_video_frame *frame;
	struct wc_encoded_video_chunk *chunk;
	/* Taken from the last chunk that brought a configuration. */
	bool has_config;
	char config_codec[64];
	char config_description[16];
	struct wc_video_decoder_config config;
};

/* Run a suite; what main() returns. */
int app_main(Suite *suite);

/* A context without devices. */
void app_init(struct app *app);
void app_init_decoder(struct app *app);
void app_init_encoder(struct app *app);
void app_init_converter(struct app *app);

/* Destroy what is left and look for leaks. */
void app_finish(struct app *app);

/* Dispatch until nothing is due. */
void app_run(struct app *app);

/* Flush; the trace will say "flushID:STATUS". An id is used once at a time. */
int app_flush(struct app *app, int id);

/* VP8 chunks of TIME; a liar says key and is none. One reference. */
struct wc_encoded_video_chunk *app_key_chunk(struct app *app, int64_t timestamp);
struct wc_encoded_video_chunk *app_delta_chunk(struct app *app, int64_t timestamp);
struct wc_encoded_video_chunk *app_lying_chunk(struct app *app, int64_t timestamp);

/* Decode and give the reference back. */
int app_decode_key(struct app *app, int64_t timestamp);
int app_decode_delta(struct app *app, int64_t timestamp);

/* Configure as VP8; a converter to nothing else. */
int app_configure(struct app *app);

/* An I420 frame of 64x48. One reference. */
struct wc_video_frame *app_frame(struct app *app, int64_t timestamp, uint16_t rotation, bool flip);

/* Encode a frame and give the reference back. */
int app_encode(struct app *app, int64_t timestamp);

/* The same of a converter. */
int app_convert(struct app *app, int64_t timestamp);

#endif
