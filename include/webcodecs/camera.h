/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/camera.h
 * A source of frames: V4L2 devices that capture pictures, such as webcams, grabbers and the
 * simpler camera interfaces of boards.
 *
 * WebCodecs has no object for this. What corresponds to a camera is the `readable` of a
 * MediaStreamTrackProcessor: a stream of VideoFrames that loses frames when nobody takes them in
 * time, and whose frames are to be closed soon.
 *
 * A frame refers to the driver's own buffer (::WC_MEMORY_DRIVER), exported as DMA-BUF where the
 * driver can, and nothing is copied. The buffer goes back to the driver when the last frame on it
 * is closed, in whatever thread. It outlives the camera: frames stay readable after
 * wc_camera_destroy() and wc_context_unref().
 *
 * **Lost frames.** A camera has as many buffers as it got when it was made. While the application
 * holds all of them the device has nothing to fill, and what it sees is lost; nobody waits, and
 * frames come again as soon as one was closed. Losses are counted by the gaps in the driver's
 * numbering, see ::wc_camera_info, and told with the first frame behind a gap.
 *
 * **Times** are those of the driver: microseconds of CLOCK_MONOTONIC at which the first or the last
 * data of the picture came in. They are not made relative, so that times of several devices, and of
 * sound, can be compared; a specification's time stamp may begin anywhere. Where a driver has no
 * times of that clock, it is the moment at which the library took the frame. Frames have no
 * duration: when the next one comes is not known.
 *
 * **One user.** The kernel gives the buffers of a capture device to one open file. A camera takes
 * them when it is made and has them until it is destroyed, started or not; its format cannot be
 * changed by others meanwhile.
 *
 * **Coming and going.** wc_context_watch_devices() tells of cameras, too. A camera whose device
 * goes away gets an error, once; make a new one when the device is back.
 *
 * Cameras that only have compressed formats (Motion JPEG, H.264) or raw sensor data are listed, but
 * give no frames: ::WC_NOT_SUPPORTED_ERROR. Devices that only libcamera can set up are not for this
 * interface; hand their DMA-BUFs in as frames.
 */
#ifndef WEBCODECS_CAMERA_H
#define WEBCODECS_CAMERA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/codec.h>
#include <webcodecs/device.h>
#include <webcodecs/video_frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_camera;
struct wc_camera_list;
struct wc_context;

/**
 * A captured frame. The callee owns the reference and gives it back with unref; close it soon. Runs
 * inside wc_context_dispatch().
 */
typedef void (*wc_camera_frame_callback)(struct wc_video_frame *frame, void *user_data);

/**
 * Frames were lost. Runs inside wc_context_dispatch(), before the frame that came behind the gap.
 *
 * @param count how many, at this gap
 */
typedef void (*wc_camera_lost_callback)(uint64_t count, void *user_data);

/** What a camera is to be. Zero means the default where one is named. */
struct wc_camera_init {
	wc_camera_frame_callback frame;    /**< needed */
	/** Needed. Told once at most; then the camera has given its device back. */
	wc_error_callback error;
	wc_camera_lost_callback lost;      /**< may be NULL */
	void *user_data;                   /**< given to each of them */
	const char *device;                /**< node, for instance "/dev/video0"; needed; copied */
	uint32_t width, height;            /**< pixels; both or none: as the device is set */
	/**
	 * DRM fourcc of the frames. Default: of the formats that the device has in the wanted size,
	 * the first of NV12, YUV420 (I420), other planar YUV, packed YUV, all others.
	 */
	uint32_t fourcc;
	double framerate;                  /**< frames a second; default: as the device is set */
	uint32_t buffers;                  /**< 2 to 32; default: 6 */
	/**
	 * Fail where the device has another size or another frame rate than was asked for. Without
	 * it the driver takes what is near; wc_camera_get_info() tells what.
	 */
	bool exact;
	uint64_t reserved[6];              /**< must be zero */
};

/** What a camera is, and what became of its frames. Strings are NUL-terminated. */
struct wc_camera_info {
	char device[64];                   /**< node */
	char driver[16];                   /**< name of the driver */
	char card[32];                     /**< name of the device */
	char bus[32];                      /**< where it is */
	uint32_t fourcc;                   /**< DRM */
	uint32_t width, height;            /**< pixels */
	uint32_t buffers;                  /**< how many the driver gave */
	double framerate;                  /**< frames a second; 0: the driver does not tell */
	struct wc_video_color_space color_space;
	bool started;
	bool exported;                     /**< buffers are DMA-BUFs */
	uint64_t frames;                   /**< given out */
	uint64_t lost;                     /**< missing in the driver's numbering, see `lost` */
	uint64_t damaged;                  /**< came broken or incomplete; not given out */
	uint64_t starved;                  /**< how often the device was left without a buffer */
	uint64_t reserved[4];
};

/**
 * Open a device, agree on a format, and get its buffers. Nothing is captured before
 * wc_camera_start(). May take as long as the device takes to wake up.
 *
 * @param context a reference is kept until wc_camera_destroy()
 * @param init copied
 * @param[out] camera to be given back with wc_camera_destroy(); NULL on failure
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p init is not valid; ::WC_NOT_SUPPORTED_ERROR when the
 * node
 *         captures no pictures, or not in the wanted format, or, with `exact`, in another size or
 *         rate; ::WC_OPERATION_ERROR when a call failed: EBUSY when somebody else captures, ENOENT
 *         and ENODEV when there is no such device. wc_context_get_error() has device, stage and
 *         errno.
 */
int wc_camera_new(struct wc_context *context, const struct wc_camera_init *init,
		  struct wc_camera **camera);

/**
 * Stop, give the device back, and free. No callback runs any more; frames stay valid. May be called
 * from a callback of this camera. NULL is allowed.
 */
void wc_camera_destroy(struct wc_camera *camera);

/**
 * Begin to capture, with the buffers that no frame holds.
 *
 * @return ::WC_OK, also when it is started; ::WC_INVALID_STATE_ERROR after an error, told or about
 * to
 *         be; ::WC_OPERATION_ERROR when a call failed, which leaves the camera stopped.
 */
int wc_camera_start(struct wc_camera *camera);

/**
 * End capturing. Frames that the driver has filled and nobody has seen are dropped, and not counted
 * as lost. The device stays taken.
 *
 * @return ::WC_OK, also when it is stopped or had an error; ::WC_OPERATION_ERROR when the driver
 *         did not stop; the camera cannot be started again then, and the error callback is not
 *         called.
 */
int wc_camera_stop(struct wc_camera *camera);

/** What the camera is; valid after an error, too. */
void wc_camera_get_info(const struct wc_camera *camera, struct wc_camera_info *info);

/** A frame rate, @p num / @p den frames a second. */
struct wc_camera_rate {
	uint32_t num, den;
};

/** Most rates of one ::wc_camera_mode; what is beyond is not listed. */
#define WC_CAMERA_MAX_RATES 16

/** A format of a camera in one size, or in a range of sizes. */
struct wc_camera_mode {
	uint32_t fourcc;             /**< DRM; 0: no format of frames, nothing else is known then */
	uint32_t v4l2_fourcc;        /**< the kernel's name of the format */
	struct wc_size_range size;   /**< of one size when min and max are the same; 0: not told */
	/** With rate_range the two ends of a range: the lowest and the highest rate. */
	bool rate_range;
	uint32_t rate_count;         /**< 0: the driver does not tell */
	struct wc_camera_rate rates[WC_CAMERA_MAX_RATES];   /**< at the largest size of a range */
	uint64_t reserved[2];
};

/** A camera of the machine. A plain value, but for the modes, which the list owns. */
struct wc_camera_device {
	char path[64];               /**< device node */
	char driver[16];             /**< name of the driver */
	char card[32];               /**< name of the device */
	char bus[32];                /**< where it is */
	bool multiplanar;            /**< uses the multi-planar API */
	size_t mode_count;
	const struct wc_camera_mode *modes;   /**< the driver's order */
	uint64_t reserved[4];
};

/**
 * Take a snapshot of the cameras as they are now, found as codec devices are: with udev, or among
 * ::wc_context_options.device_paths. Opens and closes nodes; changes nothing, and works while
 * somebody captures. Nodes that cannot be opened are logged and left out.
 *
 * @param[out] list to be given back with wc_camera_list_destroy(); NULL on failure
 * @return ::WC_OK, also when there is no camera; ::WC_OPERATION_ERROR.
 */
int wc_camera_list_new(struct wc_context *context, struct wc_camera_list **list);

/** Free a list and all in it. NULL is allowed. */
void wc_camera_list_destroy(struct wc_camera_list *list);

/** Number of cameras in the list. */
size_t wc_camera_list_get_count(const struct wc_camera_list *list);

/** @return the camera, which lives as long as the list; NULL when @p index is too large. */
const struct wc_camera_device *wc_camera_list_get(const struct wc_camera_list *list, size_t index);

#ifdef __cplusplus
}
#endif

#endif
