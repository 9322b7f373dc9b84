/* SPDX-License-Identifier: MIT */
/* A software session on a loop of its own, with a sink that writes down what it hears. */
#ifndef WC_TESTS_SESSION_SOFTWARE_RIG_H
#define WC_TESTS_SESSION_SOFTWARE_RIG_H

#include "session/session.h"

#include "media.h"

#define RIG_MAX 600

struct rig;

struct rig_output {
	int64_t timestamp;
	uint64_t duration;
	bool has_duration;
	/* Frames. */
	uint32_t fourcc, coded_width, coded_height, display_width, display_height;
	struct wc_rect visible;
	char md5[33];
	/* Chunks. */
	uint8_t *data;
	size_t size;
	bool key, padded;                  /* libavcodec can read it where it is */
	/* Both. */
	struct wc_video_color_space color;
};

struct rig {
	struct core *core;
	struct loop loop;
	struct session_env env;
	struct session *session;           /* NULL once it was destroyed */
	struct wc_error error;             /* of the last call, or of failed */
	unsigned n_outputs, n_ready, n_drained, n_failed, n_resets;
	struct rig_output outputs[RIG_MAX];
	uint8_t description[1024];         /* of the last chunk */
	size_t description_size;
	unsigned n_descriptions;           /* how often it changed */
	/* Frames that are kept open instead of being given back at once. */
	bool keep;
	unsigned n_kept;
	struct wc_video_frame *kept[RIG_MAX];
	/* Called in each function of the sink, with its name; NULL: nobody. */
	void (*hook)(struct rig *rig, const char *what);
	unsigned after;                    /* for the hook */
	bool in_call;                      /* a function of the session runs */
};

struct rig *rig_new(void);

/* All that was made must be gone then; checked. */
void rig_free(struct rig *rig);

/* Make a session. 0 or the wc_status, with rig->error. codec is a codec string. */
int rig_open_decoder(struct rig *rig, const char *codec, const struct media *media,
		     bool low_latency);
int rig_open_encoder(struct rig *rig, const char *codec, struct encoder_params *params);

/* Destroy the session; harmless when there is none. */
void rig_close(struct rig *rig);

void rig_reset(struct rig *rig);

/* Submit, as the session rules say; dispatches while there is no room. 0 or the wc_status. */
int rig_decode(struct rig *rig, const struct media_unit *unit);

/* As above; takes the frame over. */
int rig_encode(struct rig *rig, struct wc_video_frame *frame, bool key, int quantizer);

/* Drain and dispatch until it has drained, failed or is gone. */
void rig_drain(struct rig *rig);

/* Dispatch until a count of outputs was reached, or the session is gone; checked. */
void rig_wait(struct rig *rig, unsigned outputs);

/* A frame with a moving pattern, in memory of its own. One reference. */
struct wc_video_frame *rig_frame(struct rig *rig, uint32_t fourcc, unsigned width,
				 unsigned height, unsigned number);
void rig_paint(struct wc_video_frame *frame, unsigned number);

/* Forget what was heard. */
void rig_clear(struct rig *rig);

#endif
