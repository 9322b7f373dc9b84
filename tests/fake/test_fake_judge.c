/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <libv4l2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake/client.h"
#include "suites.h"

/* What the fake holds against a client, what it counts, and how it fails calls. */

static void setup(void)
{
	fake_start();
}

static void teardown(void)
{
	fake_stop();
	fake_check_no_violations();
}

#define CLOSED_FD 555

/* ---------------------------------------------------------------- misuse of a bare device -- */

/* Each does one thing wrong. */
struct misuse {
	const char *text;
	void (*commit)(struct client *c);
};

static void reserved_of_reqbufs(struct client *c)
{
	struct v4l2_requestbuffers request = { .count = 1, .memory = V4L2_MEMORY_MMAP };

	request.type = c->output;
	request.reserved[1] = 1;
	ck_assert_int_eq(client_ioctl(c, VIDIOC_REQBUFS, &request), 0);
}

static void reserved_of_create_bufs(struct client *c)
{
	struct v4l2_create_buffers create = { .count = 0, .memory = V4L2_MEMORY_MMAP };

	create.format.type = c->output;
	memset((uint8_t *)(&create + 1) - 4, 1, 1);
	ck_assert_int_eq(client_ioctl(c, VIDIOC_CREATE_BUFS, &create), 0);
}

static void reserved_of_format(struct client *c)
{
	struct v4l2_format format = { .type = c->output };

	ck_assert_int_eq(client_ioctl(c, VIDIOC_G_FMT, &format), 0);
	format.fmt.pix_mp.reserved[0] = 1;
	ck_assert_int_eq(client_ioctl(c, VIDIOC_TRY_FMT, &format), 0);
}

static void reserved_of_plane_format(struct client *c)
{
	struct v4l2_format format = { .type = c->output };

	ck_assert_int_eq(client_ioctl(c, VIDIOC_G_FMT, &format), 0);
	format.fmt.pix_mp.plane_fmt[0].reserved[0] = 1;
	ck_assert_int_eq(client_ioctl(c, VIDIOC_TRY_FMT, &format), 0);
}

static void reserved_of_fmtdesc(struct client *c)
{
	struct v4l2_fmtdesc desc = { .type = c->output };

	memset(desc.reserved, 1, sizeof(desc.reserved));
	ck_assert_int_eq(client_ioctl(c, VIDIOC_ENUM_FMT, &desc), 0);
}

static void reserved_of_frmsizeenum(struct client *c)
{
	struct v4l2_frmsizeenum size = { .pixel_format = V4L2_PIX_FMT_H264, .reserved = { 1 } };

	ck_assert_int_eq(client_ioctl(c, VIDIOC_ENUM_FRAMESIZES, &size), 0);
}

static void reserved_of_parm(struct client *c)
{
	struct v4l2_streamparm parm = { .type = c->output };

	parm.parm.output.reserved[0] = 1;
	ck_assert_int_eq(client_ioctl(c, VIDIOC_S_PARM, &parm), 0);
}

static void reserved_of_selection(struct client *c)
{
	struct v4l2_selection selection = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.target = V4L2_SEL_TGT_COMPOSE,
		.reserved = { 1 },
	};

	ck_assert_int_eq(client_ioctl(c, VIDIOC_G_SELECTION, &selection), 0);
}

static void reserved_of_subscription(struct client *c)
{
	struct v4l2_event_subscription sub = { .type = V4L2_EVENT_EOS, .reserved = { 1 } };

	ck_assert_int_eq(client_ioctl(c, VIDIOC_SUBSCRIBE_EVENT, &sub), 0);
}

static void reserved_of_ext_controls(struct client *c)
{
	struct v4l2_ext_controls controls = { .reserved = { 1 } };

	ck_assert_int_eq(client_ioctl(c, VIDIOC_G_EXT_CTRLS, &controls), 0);
}

static void reserved_of_ext_control(struct client *c)
{
	struct v4l2_ext_control control = {
		.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE,
		.reserved2 = { 1 },
	};
	struct v4l2_ext_controls controls = { .count = 1, .controls = &control };

	ck_assert_int_eq(client_ioctl(c, VIDIOC_G_EXT_CTRLS, &controls), 0);
}

static void flags_of_command(struct client *c)
{
	struct v4l2_decoder_cmd cmd = { .cmd = V4L2_DEC_CMD_START, .flags = 1 };

	ck_assert_int_eq(client_ioctl(c, VIDIOC_DECODER_CMD, &cmd), 0);
}

static void type_of_reqbufs(struct client *c)
{
	ck_assert_int_eq(client_request(c, V4L2_BUF_TYPE_VIDEO_CAPTURE, 1, V4L2_MEMORY_MMAP),
			 -EINVAL);
}

static void type_of_s_fmt(struct client *c)
{
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

	ck_assert_int_eq(client_ioctl(c, VIDIOC_S_FMT, &format), -EINVAL);
}

static void streamon_without_buffers(struct client *c)
{
	ck_assert_int_eq(client_stream(c, c->output, true), -EINVAL);
}

static void stop_without_streaming(struct client *c)
{
	ck_assert_int_eq(client_stop(c), 0);
}

static void dqbuf_without_streaming(struct client *c)
{
	ck_assert_int_eq(client_dequeue(c, c->capture, NULL, NULL), -EINVAL);
}

static void open_without_cloexec(struct client *c)
{
	int fd = open(CLIENT_PATH, O_RDWR);

	(void)c;
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}

static void register_twice(struct client *c)
{
	ck_assert_int_eq(v4l2_fd_open(c->fd, V4L2_DISABLE_CONVERSION), c->fd);
}

static void register_with_conversion(struct client *c)
{
	int fd = open(CLIENT_PATH, O_RDWR | O_CLOEXEC);

	(void)c;
	ck_assert_int_eq(v4l2_fd_open(fd, 0), fd);
	ck_assert_int_eq(v4l2_close(fd), 0);
}

static void register_while_enumerating(struct client *c)
{
	int fd = open(CLIENT_PATH, O_RDWR | O_CLOEXEC);

	(void)c;
	fake_enumerating(true);
	ck_assert_int_eq(v4l2_fd_open(fd, V4L2_DISABLE_CONVERSION), fd);
	ck_assert_int_eq(v4l2_close(fd), 0);
	fake_enumerating(false);
}

static void bypass_libv4l2(struct client *c)
{
	struct v4l2_capability cap;

	ck_assert_int_eq(ioctl(c->fd, VIDIOC_QUERYCAP, &cap), 0);
}

static void close_behind_libv4l2(struct client *c)
{
	int fd = open(CLIENT_PATH, O_RDWR | O_CLOEXEC);
	unsigned int slots = fake_free_slots();

	(void)c;
	ck_assert_int_eq(v4l2_fd_open(fd, V4L2_DISABLE_CONVERSION), fd);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_uint_eq(fake_free_slots(), slots - 1);
}

static void close_what_is_closed(struct client *c)
{
	(void)c;
	ck_assert_int_eq(close(CLOSED_FD), -1);
	ck_assert_int_eq(errno, EBADF);
}

static void ioctl_what_is_closed(struct client *c)
{
	struct v4l2_capability cap;

	(void)c;
	ck_assert_int_eq(v4l2_ioctl(CLOSED_FD, VIDIOC_QUERYCAP, &cap), -1);
	ck_assert_int_eq(errno, EBADF);
}

static void watch_what_is_closed(struct client *c)
{
	struct epoll_event event = { .events = EPOLLIN };

	ck_assert_int_eq(epoll_ctl(c->epoll, EPOLL_CTL_ADD, CLOSED_FD, &event), -1);
	ck_assert_int_eq(errno, EBADF);
}

static void watch_edges(struct client *c)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	ck_assert_int_eq(epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->fd, &event), 0);
}

static const struct misuse bare[] = {
	{ "reserved field of v4l2_requestbuffers", reserved_of_reqbufs },
	{ "reserved field of v4l2_create_buffers", reserved_of_create_bufs },
	{ "reserved field of v4l2_pix_format_mplane", reserved_of_format },
	{ "reserved field of v4l2_plane_pix_format", reserved_of_plane_format },
	{ "reserved field of v4l2_fmtdesc", reserved_of_fmtdesc },
	{ "reserved field of v4l2_frmsizeenum", reserved_of_frmsizeenum },
	{ "reserved field of v4l2_outputparm", reserved_of_parm },
	{ "reserved field of v4l2_selection", reserved_of_selection },
	{ "reserved field of v4l2_event_subscription", reserved_of_subscription },
	{ "reserved field of v4l2_ext_controls", reserved_of_ext_controls },
	{ "reserved field of v4l2_ext_control ", reserved_of_ext_control },
	{ "codec command with flags 0x1", flags_of_command },
	{ "REQBUFS for buffer type 1, which the device does not have", type_of_reqbufs },
	{ "S_FMT of a buffer type that the device does not have", type_of_s_fmt },
	{ "STREAMON of OUTPUT without buffers", streamon_without_buffers },
	{ "STOP without both queues streaming", stop_without_streaming },
	{ "DQBUF while CAPTURE does not stream", dqbuf_without_streaming },
	{ "open of /dev/fake-video0 without O_CLOEXEC", open_without_cloexec },
	{ "v4l2_fd_open of a device that is registered already", register_twice },
	{ "v4l2_fd_open without V4L2_DISABLE_CONVERSION", register_with_conversion },
	{ "v4l2_fd_open while enumerating", register_while_enumerating },
	{ "VIDIOC_QUERYCAP by ioctl() on a device that is registered", bypass_libv4l2 },
	{ "close of a device that is registered with libv4l2", close_behind_libv4l2 },
	{ "close of fd 555, which is not open", close_what_is_closed },
	{ "on fd 555, which is not open", ioctl_what_is_closed },
	{ "epoll_ctl with fd 555, which is not open", watch_what_is_closed },
	{ "EPOLLET on a device", watch_edges },
};

START_TEST(misuse_of_a_device_is_told)
{
	struct fake_model model = fake_generic_decoder;
	struct client c;

	model.no_parm = false;
	client_open(&c, &model);
	ck_assert_uint_eq(fake_violations(), 0);
	bare[_i].commit(&c);
	client_expect_violation(bare[_i].text);
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- misuse of buffers -- */

/* CAPTURE buffer 1 is queued, 0 holds a frame that the client has; OUTPUT buffer 0 was consumed. */

static int queue_raw(struct client *c, uint32_t type, unsigned int index, uint32_t bytesused,
		     uint32_t memory, uint32_t length)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;

	client_buffer_init(c, type, index, &buf, planes);
	planes[0].bytesused = bytesused;
	buf.memory = memory;
	buf.length = length;
	return client_ioctl(c, VIDIOC_QBUF, &buf);
}

static void queue_twice(struct client *c)
{
	ck_assert_int_eq(client_queue_capture(c, 1), -EINVAL);
}

static void queue_none(struct client *c)
{
	ck_assert_int_eq(client_queue_capture(c, 31), -EINVAL);
}

static void queue_with_other_memory(struct client *c)
{
	ck_assert_int_eq(queue_raw(c, c->output, 1, 1, V4L2_MEMORY_DMABUF, 1), -EINVAL);
}

static void queue_with_too_few_planes(struct client *c)
{
	ck_assert_int_eq(queue_raw(c, c->output, 1, 1, V4L2_MEMORY_MMAP, 0), -EINVAL);
}

static void queue_with_too_many_planes(struct client *c)
{
	ck_assert_int_eq(queue_raw(c, c->output, 1, 1, V4L2_MEMORY_MMAP, 9), -EINVAL);
}

static void queue_without_planes(struct client *c)
{
	struct v4l2_buffer buf = { .type = c->output, .index = 1, .length = 1 };

	buf.memory = V4L2_MEMORY_MMAP;
	ck_assert_int_eq(client_ioctl(c, VIDIOC_QBUF, &buf), -EFAULT);
}

static void queue_too_much(struct client *c)
{
	ck_assert_int_eq(queue_raw(c, c->output, 1, 1 << 30, V4L2_MEMORY_MMAP, 1), -EINVAL);
}

static void queue_nothing(struct client *c)
{
	ck_assert_int_eq(queue_raw(c, c->output, 1, 0, V4L2_MEMORY_MMAP, 1), 0);
}

static void queue_with_reserved(struct client *c)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;

	client_buffer_init(c, c->capture, 0, &buf, planes);
	buf.reserved2 = 1;
	ck_assert_int_eq(client_ioctl(c, VIDIOC_QBUF, &buf), 0);
}

static void queue_with_reserved_plane(struct client *c)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;

	client_buffer_init(c, c->capture, 0, &buf, planes);
	planes[0].reserved[3] = 1;
	ck_assert_int_eq(client_ioctl(c, VIDIOC_QBUF, &buf), 0);
}

static void dequeue_with_other_memory(struct client *c)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;

	client_buffer_init(c, c->capture, 0, &buf, planes);
	buf.memory = V4L2_MEMORY_DMABUF;
	ck_assert_int_eq(client_ioctl(c, VIDIOC_DQBUF, &buf), -EAGAIN);
}

static void write_into_a_reference(struct client *c)
{
	c->capture_buffers[0].map[0][0] ^= 1;
	ck_assert_int_eq(client_queue_capture(c, 0), 0);
}

static void write_while_queued(struct client *c)
{
	struct fake_chunk chunk;

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 9);
	ck_assert_int_eq(client_queue_chunk(c, 1, &chunk, 0), 0);
	c->output_buffers[1].map[0][20] ^= 1;
	client_run();
}

static void reqbufs_while_streaming(struct client *c)
{
	ck_assert_int_eq(client_request(c, c->capture, 0, V4L2_MEMORY_MMAP), -EBUSY);
}

static void remove_a_queued_buffer(struct client *c)
{
	struct fake_remove_buffers removal = { .type = c->capture, .index = 1, .count = 1 };

	ck_assert_int_eq(client_ioctl(c, FAKE_VIDIOC_REMOVE_BUFS, &removal), -EBUSY);
}

static void set_the_other_format(struct client *c)
{
	client_unmap(c, c->output);
	ck_assert_int_eq(client_stream(c, c->output, false), 0);
	ck_assert_int_eq(client_request(c, c->output, 0, V4L2_MEMORY_MMAP), 0);
	ck_assert_int_eq(client_set_format(c, c->output, V4L2_PIX_FMT_HEVC, 640, 368, 0), -EBUSY);
}

static void export_without_cloexec(struct client *c)
{
	struct v4l2_exportbuffer export = { .type = c->capture, .flags = O_RDONLY };

	ck_assert_int_eq(client_ioctl(c, VIDIOC_EXPBUF, &export), 0);
	ck_assert_int_eq(close(export.fd), 0);
}

static void export_with_reserved(struct client *c)
{
	struct v4l2_exportbuffer export = { .type = c->capture, .flags = O_CLOEXEC };

	export.reserved[0] = 1;
	ck_assert_int_eq(client_ioctl(c, VIDIOC_EXPBUF, &export), 0);
	ck_assert_int_eq(close(export.fd), 0);
}

static void map_privately(struct client *c)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;

	client_buffer_init(c, c->capture, 0, &buf, planes);
	ck_assert_int_eq(client_ioctl(c, VIDIOC_QUERYBUF, &buf), 0);
	ck_assert_ptr_eq(v4l2_mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, c->fd,
				   planes[0].m.mem_offset), MAP_FAILED);
}

static void unmap_a_part(struct client *c)
{
	struct client_buffer *buffer = &c->capture_buffers[0];
	size_t length = buffer->length[0];

	ck_assert_int_eq(v4l2_munmap(buffer->map[0], 4096), 0);
	ck_assert_int_eq(munmap(buffer->map[0] + 4096, length - 4096), 0);
	buffer->planes = 0;
}

static void queue_chunk_of(struct client *c, uint32_t codec, uint32_t flags)
{
	struct fake_chunk chunk;

	client_chunks(&chunk, 1, codec, 9);
	chunk.flags |= flags;
	ck_assert_int_eq(client_queue_chunk(c, 1, &chunk, 0), 0);
	client_run();
}

static void queue_another_codec(struct client *c)
{
	queue_chunk_of(c, V4L2_PIX_FMT_VP8, 0);
}

static void queue_lengths(struct client *c)
{
	queue_chunk_of(c, V4L2_PIX_FMT_H264, FAKE_CHUNK_LENGTH_PREFIX);
}

static void queue_a_part(struct client *c)
{
	struct fake_chunk chunk;
	uint8_t data[1024];

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 9);
	chunk.pad_size = 500;
	ck_assert_uint_eq(fake_stream_frame(data, sizeof(data), &chunk), 500);
	ck_assert_int_eq(client_queue_data(c, 1, data, 499, 0), 0);
	client_run();
}

static void start_with_small_buffers(struct client *c)
{
	struct fake_chunk chunk;

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 9);
	chunk.width = 1280;
	ck_assert_int_eq(client_queue_chunk(c, 1, &chunk, 0), 0);
	client_run();
	ck_assert_int_eq(client_start(c), 0);
}

static const struct misuse queued[] = {
	{ "QBUF of CAPTURE buffer 1, which is queued already", queue_twice },
	{ "QBUF of CAPTURE buffer 31, which does not exist", queue_none },
	{ "QBUF of OUTPUT buffer 1 with memory 4, allocated with 1", queue_with_other_memory },
	{ "OUTPUT buffer 1 has 1 planes, v4l2_buffer.length says 0", queue_with_too_few_planes },
	{ "OUTPUT buffer 1 has 1 planes, v4l2_buffer.length says 9", queue_with_too_many_planes },
	{ "v4l2_buffer.m.planes is NULL", queue_without_planes },
	{ "OUTPUT buffer 1: bytesused 1073741824 in", queue_too_much },
	{ "OUTPUT buffer 1: bytesused is 0", queue_nothing },
	{ "reserved field of v4l2_buffer", queue_with_reserved },
	{ "reserved field of v4l2_plane ", queue_with_reserved_plane },
	{ "DQBUF on CAPTURE with memory 4, allocated with 1", dequeue_with_other_memory },
	{ "client wrote into CAPTURE buffer 0, which may be a reference", write_into_a_reference },
	{ "client wrote into OUTPUT buffer 1 while it was queued", write_while_queued },
	{ "REQBUFS while CAPTURE streams", reqbufs_while_streaming },
	{ "REMOVE_BUFS of CAPTURE buffer 1, which is queued", remove_a_queued_buffer },
	{ "S_FMT changes the coded format while the other queue has buffers",
	  set_the_other_format },
	{ "EXPBUF without O_CLOEXEC", export_without_cloexec },
	{ "reserved field of v4l2_exportbuffer", export_with_reserved },
	{ "mmap of CAPTURE without MAP_SHARED", map_privately },
	{ "munmap of 4096 bytes,", unmap_a_part },
	{ "OUTPUT buffer 1: coded frame is of another codec than the format", queue_another_codec },
	{ "OUTPUT buffer 1: coded frame has no start code", queue_lengths },
	{ "OUTPUT buffer 1: coded frame is truncated", queue_a_part },
	{ "START after a resolution change with buffers that do not fit",
	  start_with_small_buffers },
};

START_TEST(misuse_of_buffers_is_told)
{
	struct fake_chunk chunks[1];
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), 0);
	ck_assert_int_eq(client_dequeue(&c, c.output, NULL, NULL), 0);
	ck_assert_uint_eq(fake_violations(), 0);
	queued[_i].commit(&c);
	client_expect_violation(queued[_i].text);
	client_close(&c);
}
END_TEST

START_TEST(closed_dmabuf_is_told)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;
	struct client c;

	client_open(&c, &fake_generic_decoder);
	ck_assert_int_eq(client_request(&c, c.capture, 2, V4L2_MEMORY_DMABUF), 2);
	client_buffer_init(&c, c.capture, 0, &buf, planes);
	buf.memory = V4L2_MEMORY_DMABUF;
	planes[0].m.fd = CLOSED_FD;
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QBUF, &buf), -EINVAL);
	client_expect_violation("QBUF of CAPTURE buffer 0 with closed fd 555");
	client_close(&c);
}
END_TEST

START_TEST(old_driver_cannot_orphan_buffers)
{
	struct fake_model model = fake_generic_decoder;
	struct client c;

	model.buf_caps = 0;
	client_open(&c, &model);
	ck_assert_int_eq(client_allocate(&c, c.capture, 2), 2);
	ck_assert_int_eq(client_request(&c, c.capture, 0, V4L2_MEMORY_MMAP), -EBUSY);
	client_expect_violation("REQBUFS frees CAPTURE buffers that are mapped or exported");
	client_unmap(&c, c.capture);
	ck_assert_int_eq(client_request(&c, c.capture, 0, V4L2_MEMORY_MMAP), 0);
	client_close(&c);
}
END_TEST

/* The first QBUF of a buffer for pictures. violation: NULL for none. */
static void queue_with_hints(uint32_t caps, uint32_t hints, const char *violation)
{
	struct fake_model model = fake_generic_decoder;
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;
	struct client c;

	model.buf_caps |= caps;
	client_open(&c, &model);
	ck_assert_int_eq(client_allocate(&c, c.capture, 2), 2);
	client_buffer_init(&c, c.capture, 0, &buf, planes);
	buf.flags = hints;
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QBUF, &buf), 0);
	if (violation)
		client_expect_violation(violation);
	ck_assert_uint_eq(fake_violations(), 0);
	client_close(&c);
}

START_TEST(hints_for_caches_may_be_wrong)
{
	queue_with_hints(V4L2_BUF_CAP_SUPPORTS_MMAP_CACHE_HINTS, V4L2_BUF_FLAG_NO_CACHE_CLEAN,
			 "QBUF of CAPTURE buffer 0 leaves what is in caches there");
}
END_TEST

START_TEST(hints_for_caches_may_hide_pictures)
{
	queue_with_hints(V4L2_BUF_CAP_SUPPORTS_MMAP_CACHE_HINTS,
			 V4L2_BUF_FLAG_NO_CACHE_INVALIDATE,
			 "QBUF of CAPTURE buffer 0 leaves old pictures in caches");
}
END_TEST

START_TEST(hints_for_caches_may_be_ignored)
{
	queue_with_hints(0, V4L2_BUF_FLAG_NO_CACHE_CLEAN | V4L2_BUF_FLAG_NO_CACHE_INVALIDATE,
			 NULL);
	ck_assert_uint_eq(fake_no_clean() + fake_no_invalidate(), 0);
}
END_TEST

START_TEST(encoder_may_be_given_a_frame_again)
{
	struct client c;

	/* Only frames of a decoder can be references. */
	client_begin_encoder(&c, &fake_generic_encoder, 640, 368);
	ck_assert_int_eq(client_queue_picture(&c, 0, 0, 0), 0);
	client_run();
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), 0);
	c.capture_buffers[0].map[0][0] ^= 1;
	ck_assert_int_eq(client_queue_capture(&c, 0), 0);
	ck_assert_int_eq(client_queue_picture(&c, 1, 1, 0), 0);
	client_run();
	ck_assert_uint_eq(fake_violations(), 0);
	client_close(&c);
}
END_TEST

START_TEST(violations_can_be_forgotten_and_are_limited)
{
	unsigned int i;

	for (i = 0; i < 120; i++)
		ck_assert_int_eq(close(CLOSED_FD), -1);
	ck_assert_uint_eq(fake_violations(), 100);
	ck_assert_ptr_null(fake_violation(100));
	ck_assert_str_eq(fake_violation(99), "close of fd 555, which is not open");
	fake_clear_violations();
	ck_assert_uint_eq(fake_violations(), 0);
	ck_assert_ptr_null(fake_violation(0));
}
END_TEST

START_TEST(violation_aborts_the_check)
{
	ck_assert_int_ge(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO), 0);
	close(CLOSED_FD);
	fake_check_no_violations();
}
END_TEST

/* ---------------------------------------------------------------- leaks -- */

static void expect_leak(const char *text)
{
	fake_stop();
	client_expect_violations(text);
	fake_start();
}

START_TEST(open_device_is_a_leak)
{
	int fd;

	ck_assert_int_eq(fake_add_device(&fake_generic_decoder, CLIENT_PATH), 0);
	fd = open(CLIENT_PATH, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	expect_leak("was left open: /memfd:/dev/fake-video0");
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(any_open_fd_is_a_leak)
{
	int fd = open("/dev/null", O_RDONLY);

	expect_leak("was left open: /dev/null");
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(mapping_is_a_leak)
{
	struct client c;

	client_open(&c, &fake_generic_decoder);
	ck_assert_int_eq(client_allocate(&c, c.capture, 2), 2);
	c.capture_buffers[1].planes = 0;
	client_close(&c);
	expect_leak("a mapping of");
}
END_TEST

START_TEST(export_is_a_leak)
{
	struct client c;

	client_open(&c, &fake_generic_decoder);
	ck_assert_int_eq(client_allocate(&c, c.capture, 2), 2);
	ck_assert_int_ge(client_export(&c, c.capture, 0, 0, O_RDONLY), 0);
	client_close(&c);
	expect_leak("was left open: /memfd:fake-CAPTURE-0.0");
}
END_TEST

START_TEST(table_of_libv4l2_has_an_end)
{
	int fds[16];
	unsigned int i;
	int fd;

	ck_assert_int_eq(fake_add_device(&fake_generic_decoder, CLIENT_PATH), 0);
	ck_assert_int_eq(fake_add_device(&fake_generic_decoder, CLIENT_PATH), -EEXIST);
	fake_take_slots(3);
	ck_assert_uint_eq(fake_free_slots(), 13);
	for (i = 0; i < 13; i++) {
		fds[i] = open(CLIENT_PATH, O_RDWR | O_CLOEXEC);
		ck_assert_int_eq(v4l2_fd_open(fds[i], V4L2_DISABLE_CONVERSION), fds[i]);
	}
	fd = open(CLIENT_PATH, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(v4l2_fd_open(fd, V4L2_DISABLE_CONVERSION), -1);
	ck_assert_int_eq(errno, EBUSY);
	ck_assert_int_eq(close(fd), 0);
	for (i = 0; i < 13; i++)
		ck_assert_int_eq(v4l2_close(fds[i]), 0);
	ck_assert_uint_eq(fake_free_slots(), 13);
}
END_TEST

START_TEST(second_fd_is_the_same_file)
{
	struct v4l2_capability cap;
	int fd;
	int two;

	ck_assert_int_eq(fake_add_device(&fake_generic_decoder, CLIENT_PATH), 0);
	fd = open(CLIENT_PATH, O_RDWR | O_CLOEXEC);
	two = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	ck_assert_int_ge(two, 0);
	ck_assert_uint_eq(fake_counter(FAKE_DUP), 1);
	ck_assert_uint_eq(fake_open_files(CLIENT_PATH), 1);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_uint_eq(fake_open_files(CLIENT_PATH), 1);
	ck_assert_int_eq(ioctl(two, VIDIOC_QUERYCAP, &cap), 0);
	ck_assert_int_eq(close(two), 0);
	ck_assert_uint_eq(fake_open_files(CLIENT_PATH), 0);
}
END_TEST

/* ---------------------------------------------------------------- counters -- */

START_TEST(calls_are_counted)
{
	struct fake_chunk chunks[1];
	unsigned int syscalls;
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	ck_assert_uint_eq(fake_counter(FAKE_OPEN), 1);
	ck_assert_uint_eq(fake_counter(FAKE_FD_OPEN), 1);
	ck_assert_uint_eq(fake_counter(FAKE_REQBUFS), 2);
	ck_assert_uint_eq(fake_counter(FAKE_MMAP), c.output_count + c.capture_count);
	ck_assert_uint_eq(fake_counter(FAKE_QBUF), 1 + c.capture_count);
	ck_assert_uint_eq(fake_counter(FAKE_STREAMON), 2);
	ck_assert_uint_eq(fake_jobs(), 1);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), 0);
	ck_assert_uint_eq(fake_eagains(), 0);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), -EAGAIN);
	ck_assert_uint_eq(fake_eagains(), 1);
	syscalls = fake_syscalls();
	ck_assert_int_eq(client_queue_capture(&c, 0), 0);
	ck_assert_uint_eq(fake_syscalls(), syscalls + 1);
	fake_reset_counters();
	ck_assert_uint_eq(fake_syscalls() + fake_eagains() + fake_jobs(), 0);
	ck_assert_uint_eq(client_wait(&c, EPOLLOUT, 0), EPOLLOUT);
	/* EPOLL_CTL_MOD failed, so there was an ADD as well. */
	ck_assert_uint_eq(fake_counter(FAKE_EPOLL_CTL), 2);
	ck_assert_uint_eq(fake_counter(FAKE_EPOLL_WAIT), 1);
	client_close(&c);
	ck_assert_uint_eq(fake_counter(FAKE_CLOSE), 1);
	ck_assert_str_eq(fake_call_name(FAKE_QBUF), "VIDIOC_QBUF");
}
END_TEST

/* ---------------------------------------------------------------- failures -- */

START_TEST(ordered_failure_happens_once)
{
	struct v4l2_capability cap;
	struct client c;

	client_open(&c, &fake_generic_decoder);
	fake_fail(FAKE_QUERYCAP, 2, EIO);
	ck_assert(fake_fail_pending());
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYCAP, &cap), 0);
	ck_assert(fake_fail_pending());
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYCAP, &cap), -EIO);
	ck_assert(!fake_fail_pending());
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYCAP, &cap), 0);
	fake_fail_from(FAKE_QUERYCAP, 1, EINTR);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYCAP, &cap), -EINTR);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYCAP, &cap), -EINTR);
	ck_assert(!fake_fail_pending());
	fake_fail_none();
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYCAP, &cap), 0);
	client_close(&c);
}
END_TEST

START_TEST(failed_call_has_no_effect)
{
	struct client c;

	client_open(&c, &fake_generic_decoder);
	fake_fail(FAKE_REQBUFS, 1, ENOMEM);
	ck_assert_int_eq(client_request(&c, c.capture, 2, V4L2_MEMORY_MMAP), -ENOMEM);
	ck_assert_int_eq(client_allocate(&c, c.capture, 2), 2);
	fake_fail(FAKE_QBUF, 1, EIO);
	ck_assert_int_eq(client_queue_capture(&c, 0), -EIO);
	ck_assert_uint_eq(client_query_flags(&c, c.capture, 0) & V4L2_BUF_FLAG_QUEUED, 0);
	fake_fail(FAKE_OPEN, 1, EMFILE);
	ck_assert_int_eq(open(CLIENT_PATH, O_RDWR | O_CLOEXEC), -1);
	ck_assert_int_eq(errno, EMFILE);
	ck_assert_uint_eq(fake_open_files(CLIENT_PATH), 1);
	/* close() is the exception: the fd is gone whatever it says (Linux). */
	client_unmap(&c, c.capture);
	fake_fail(FAKE_CLOSE, 1, EIO);
	ck_assert_int_eq(v4l2_close(c.fd), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_uint_eq(fake_open_files(CLIENT_PATH), 0);
	ck_assert_int_eq(close(c.epoll), 0);
}
END_TEST

START_TEST(each_call_has_errors_of_its_own)
{
	unsigned int call;
	unsigned int i;

	for (call = 0; call < FAKE_CALLS; call++) {
		const int *list = fake_errnos((enum fake_call)call);

		ck_assert_str_ne(fake_call_name((enum fake_call)call), "?");
		for (i = 0; list[i]; i++)
			ck_assert_int_gt(list[i], 0);
	}
	ck_assert_int_eq(fake_errnos(FAKE_DQBUF)[0], EAGAIN);
}
END_TEST

struct tally {
	unsigned int runs;
	unsigned int failed_opens;
	unsigned int failed_caps;
};

/* open, QUERYCAP, close, and whatever fails on the way */
static void short_life(void *data)
{
	struct tally *tally = data;
	struct v4l2_capability cap;
	int fd;

	tally->runs++;
	fake_add_device(&fake_generic_decoder, CLIENT_PATH);
	fd = open(CLIENT_PATH, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		ck_assert_ptr_nonnull(strstr(fake_failure(), "call 0: open gives "));
		tally->failed_opens++;
		return;
	}
	if (ioctl(fd, VIDIOC_QUERYCAP, &cap) < 0) {
		ck_assert_ptr_nonnull(strstr(fake_failure(), "call 1: VIDIOC_QUERYCAP gives "));
		tally->failed_caps++;
	}
	close(fd);
}

static unsigned int count_errnos(enum fake_call call)
{
	unsigned int count = 0;

	while (fake_errnos(call)[count])
		count++;
	return count;
}

START_TEST(every_failure_is_tried)
{
	struct tally tally = { .runs = 0 };
	unsigned int opens = count_errnos(FAKE_OPEN);
	unsigned int caps = count_errnos(FAKE_QUERYCAP);
	unsigned int runs = fake_for_each_failure(short_life, &tally);

	ck_assert_uint_eq(runs, 1 + opens + caps + count_errnos(FAKE_CLOSE));
	ck_assert_uint_eq(tally.runs, runs);
	ck_assert_uint_eq(tally.failed_opens, opens);
	ck_assert_uint_eq(tally.failed_caps, caps);
	ck_assert_str_eq(fake_failure(), "no failure");
}
END_TEST

static void leaking_life(void *data)
{
	struct v4l2_capability cap;
	int fd;

	(void)data;
	fake_add_device(&fake_generic_decoder, CLIENT_PATH);
	fd = open(CLIENT_PATH, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, VIDIOC_QUERYCAP, &cap) < 0)
		return;			/* the mistake to be found */
	close(fd);
}

START_TEST(mistake_on_a_failure_is_found)
{
	ck_assert_int_ge(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO), 0);
	fake_for_each_failure(leaking_life, NULL);
}
END_TEST

static bool may_fork(void)
{
	const char *mode = getenv("CK_FORK");

	return !mode || strcmp(mode, "no") != 0;
}

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static void add_leaks(Suite *suite)
{
	TCase *tcase = tcase_create("leaks");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, open_device_is_a_leak);
	tcase_add_test(tcase, any_open_fd_is_a_leak);
	tcase_add_test(tcase, mapping_is_a_leak);
	tcase_add_test(tcase, export_is_a_leak);
	tcase_add_test(tcase, table_of_libv4l2_has_an_end);
	tcase_add_test(tcase, second_fd_is_the_same_file);
	tcase_add_test(tcase, calls_are_counted);
	suite_add_tcase(suite, tcase);
}

static void add_failures(Suite *suite)
{
	TCase *tcase = tcase_create("failures");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, ordered_failure_happens_once);
	tcase_add_test(tcase, failed_call_has_no_effect);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("every failure");
	tcase_add_test(tcase, each_call_has_errors_of_its_own);
	tcase_add_test(tcase, every_failure_is_tried);
	if (may_fork())
		tcase_add_test_raise_signal(tcase, mistake_on_a_failure_is_found, SIGABRT);
	suite_add_tcase(suite, tcase);
}

Suite *fake_judge_suite(void)
{
	Suite *suite = suite_create("fake: judging");
	TCase *tcase = tcase_create("violations");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, misuse_of_a_device_is_told, 0, COUNT(bare));
	tcase_add_loop_test(tcase, misuse_of_buffers_is_told, 0, COUNT(queued));
	tcase_add_test(tcase, closed_dmabuf_is_told);
	tcase_add_test(tcase, old_driver_cannot_orphan_buffers);
	tcase_add_test(tcase, hints_for_caches_may_be_wrong);
	tcase_add_test(tcase, hints_for_caches_may_hide_pictures);
	tcase_add_test(tcase, hints_for_caches_may_be_ignored);
	tcase_add_test(tcase, encoder_may_be_given_a_frame_again);
	tcase_add_test(tcase, violations_can_be_forgotten_and_are_limited);
	if (may_fork())
		tcase_add_test_raise_signal(tcase, violation_aborts_the_check, SIGABRT);
	suite_add_tcase(suite, tcase);
	add_leaks(suite);
	add_failures(suite);
	return suite;
}
