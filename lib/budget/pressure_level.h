/* SPDX-License-Identifier: MIT */
/* The words in which memory pressure is told: levels, steps, causes, and what happened. */
#ifndef WC_BUDGET_PRESSURE_LEVEL_H
#define WC_BUDGET_PRESSURE_LEVEL_H

#include <stdint.h>

/* How short memory is. Levels compare: a higher value is worse. */
enum wc_pressure_level {
	WC_PRESSURE_NONE = 0,   /* nothing was reported lately */
	WC_PRESSURE_LOW,        /* programs begin to wait for memory */
	WC_PRESSURE_MEDIUM,     /* programs wait noticeably */
	WC_PRESSURE_CRITICAL,   /* nothing gets on, or a limit is reached: killing is near */
};

/* A step of the ladder. */
enum wc_pressure_step {
	WC_PRESSURE_NO_STEP = 0,    /* the level changed, no step was taken yet */
	WC_PRESSURE_TRIM,           /* free what is idle */
	WC_PRESSURE_STOP_GROWING,   /* let pools take no more */
	WC_PRESSURE_THROTTLE,       /* let decoders produce less ahead */
	WC_PRESSURE_SPILL,          /* move idle frames to plain memory */
	WC_PRESSURE_RECLAIM,        /* close codecs with WC_QUOTA_EXCEEDED_ERROR */
	WC_PRESSURE_FORCE_CLOSE,    /* close the oldest open frames of the application */
};

/* Who reported pressure. */
enum wc_pressure_cause {
	WC_PRESSURE_BY_NOBODY = 0,    /* the level fell by itself */
	WC_PRESSURE_BY_MANAGER,       /* $MEMORY_PRESSURE_WATCH */
	WC_PRESSURE_BY_CGROUP,        /* stalls, events or the limit of the own control group */
	WC_PRESSURE_BY_SYSTEM,        /* stalls of the whole system */
	WC_PRESSURE_BY_DEVICE_MEMORY, /* contiguous memory (CMA) is short or was refused */
	WC_PRESSURE_BY_BUDGET,        /* a budget of the context is nearly used up */
	WC_PRESSURE_BY_APPLICATION,   /* its own report */
};

/* What happened. A plain value that owns nothing. */
struct wc_pressure_event {
	/* The level now; for a step the level that it was taken for, which may be lower. */
	enum wc_pressure_level level;
	enum wc_pressure_step step;     /* what was done; no step: the level changed */
	enum wc_pressure_cause cause;   /* the report that led to it */
	int relaxed;                    /* not 0: the step was taken back, since the level fell */
	uint64_t freed;                 /* bytes that the step freed; as far as it is known */
	uint64_t wanted;                /* bytes that were still wanted before it, 0 if unknown */
};

#endif
