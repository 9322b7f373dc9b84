/* SPDX-License-Identifier: MIT */
/*
 * What the programs of the benchmark share: pictures and packets held in memory, the meter of a
 * steady state, and what the process holds. They stop with a message when anything is wrong.
 */
#ifndef WC_BENCH_BENCH_H
#define WC_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/*
 * Input of a loop: pictures (I420, tight) or packets, given out round and round. They are in
 * memory, or read from the file one by one, as programs without a memory of them do.
 */
struct clip {
	uint8_t *data;                 /* the file, or one item when it is read item by item */
	int fd;                        /* -1: in memory */
	unsigned n_items;
	struct clip_item {
		size_t offset, size;   /* bytes in the file */
	} *items;
};

/*
 * Packets are kept in the format of v4l2-ctl --stream-to-hdr, so that it reads the same file:
 * before each packet the bytes "rdhV" and its size, 32 bits, most significant byte first.
 */
void clip_load_pictures(struct clip *clip, const char *path, unsigned width, unsigned height);
void clip_load_packets(struct clip *clip, const char *path);
void clip_free(struct clip *clip);

/* From here on read each item from the file when it is asked for. */
void clip_forget(struct clip *clip, const char *path);

/* The data of the nth input, valid until the next call. */
const uint8_t *clip_get(struct clip *clip, uint64_t n, size_t *size);

/* Bytes of a tight I420 picture. */
size_t picture_size(unsigned width, unsigned height);

/* Where an I420 picture is to be written. */
struct picture_planes {
	uint8_t *data[3];
	size_t stride[3];
};

/* Copy a tight I420 picture. */
void picture_write(const struct picture_planes *to, const uint8_t *from, unsigned width,
		   unsigned height);

/* The arguments that all loops have. */
struct loop_options {
	bool encode;
	bool mark;
	bool quality;                  /* an encoder takes its time */
	bool reread;                   /* the input from the file, for each frame */
	const char *codec;             /* "fwht", "h264", "vp8" */
	const char *device;            /* NULL: software */
	const char *packets;           /* file to write the packets of an encoder to */
	unsigned width, height;        /* pixels */
	unsigned warm, frames;         /* outputs before and in the measured part */
	struct clip clip;
};

/* Reads them and loads the clip. usage: [-d DEVICE] [-m] [-o FILE] [-q] [-r] [-w N] ... */
void loop_options_read(struct loop_options *options, int argc, char **argv);

/* What the application calls the codec. */
const char *loop_codec_string(const struct loop_options *options);

/* What encoders are asked for, in bits and frames a second. */
#define LOOP_BITRATE 2000000
#define LOOP_FRAMERATE 30

/*
 * Counts outputs. What is measured begins with output number `warm` and ends `frames` outputs
 * later; a loop submits input until then, so that the steady state lasts to the end.
 */
struct meter {
	const struct loop_options *options;
	unsigned outputs;
	uint64_t bytes;                /* of the outputs measured */
	struct timespec begin, end;
	unsigned long allocations;     /* in the measured part */
	bool counts_allocations;       /* alloc_count.c is preloaded */
	FILE *packets;                 /* NULL: not wanted */
};

void meter_init(struct meter *meter, const struct loop_options *options);
void meter_output(struct meter *meter, size_t bytes);
/* The same for an encoder, whose packets may be wanted. */
void meter_packet(struct meter *meter, const void *data, size_t size);
bool meter_done(const struct meter *meter);

/* The end. One line of name=value on standard output: frames, seconds, bytes, and more after it. */
void meter_finish(struct meter *meter, const char *more);

/* Resident memory of this process. */
long resident_bytes(void);

/* Entries of /proc/self/fd: to be compared only. */
long open_descriptors(void);

/* Ends the program with a message. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with the text of errno. */
_Noreturn void die_errno(const char *what);

#endif
