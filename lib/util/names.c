/* SPDX-License-Identifier: MIT */
/* The names of public enums. Down here so that every layer may use them. */
#include <webcodecs/census.h>
#include <webcodecs/codec.h>
#include <webcodecs/device.h>
#include <webcodecs/error.h>
#include <webcodecs/memory.h>

#include "util/macros.h"

const char *wc_status_name(enum wc_status status)
{
	static const char *const names[] = {
		[-WC_OK] = "OK",
		[-WC_TYPE_ERROR] = "TypeError",
		[-WC_INVALID_STATE_ERROR] = "InvalidStateError",
		[-WC_NOT_SUPPORTED_ERROR] = "NotSupportedError",
		[-WC_DATA_ERROR] = "DataError",
		[-WC_ENCODING_ERROR] = "EncodingError",
		[-WC_ABORT_ERROR] = "AbortError",
		[-WC_QUOTA_EXCEEDED_ERROR] = "QuotaExceededError",
		[-WC_OPERATION_ERROR] = "OperationError",
	};

	if (status > 0 || status <= -(int)ARRAY_SIZE(names) || !names[-status])
		return "UnknownError";
	return names[-status];
}

const char *wc_stage_name(enum wc_stage stage)
{
	static const char *const names[] = {
		[WC_STAGE_NONE] = "none",
		[WC_STAGE_OPEN] = "open",
		[WC_STAGE_FORMAT] = "format",
		[WC_STAGE_BUFFERS] = "buffers",
		[WC_STAGE_STREAM_ON] = "stream on",
		[WC_STAGE_JOB] = "job",
	};

	return (unsigned)stage < ARRAY_SIZE(names) ? names[stage] : "unknown";
}

const char *wc_resource_name(enum wc_resource resource)
{
	static const char *const names[] = {
		[WC_RESOURCE_CONTEXTS] = "contexts",
		[WC_RESOURCE_PIXEL_RATE] = "pixel rate",
		[WC_RESOURCE_MEMORY] = "memory",
		[WC_RESOURCE_DESCRIPTORS] = "descriptors",
	};

	return (unsigned)resource < ARRAY_SIZE(names) ? names[resource] : "unknown";
}

const char *wc_memory_kind_name(enum wc_memory_kind kind)
{
	static const char *const names[WC_MEMORY_KINDS] = {
		[WC_MEMORY_PLAIN] = "plain",
		[WC_MEMORY_WRAPPED] = "wrapped",
		[WC_MEMORY_DRIVER] = "driver",
		[WC_MEMORY_DUMB] = "dumb",
		[WC_MEMORY_HEAP] = "heap",
		[WC_MEMORY_UDMABUF] = "udmabuf",
		[WC_MEMORY_IMPORTED] = "imported",
	};

	return (unsigned)kind < WC_MEMORY_KINDS ? names[kind] : "unknown";
}

const char *wc_session_kind_name(enum wc_session_kind kind)
{
	static const char *const names[] = {
		[WC_SESSION_NONE] = "none",
		[WC_SESSION_STATEFUL] = "stateful",
		[WC_SESSION_STATELESS] = "stateless",
		[WC_SESSION_SOFTWARE] = "software",
		[WC_SESSION_CONVERTER] = "converter",
	};

	return (unsigned)kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

const char *wc_device_role_name(enum wc_device_role role)
{
	static const char *const names[] = {
		[WC_DEVICE_ROLE_DECODER] = "decoder",
		[WC_DEVICE_ROLE_ENCODER] = "encoder",
		[WC_DEVICE_ROLE_STATELESS_DECODER] = "stateless-decoder",
		[WC_DEVICE_ROLE_STATELESS_ENCODER] = "stateless-encoder",
		[WC_DEVICE_ROLE_CONVERTER] = "converter",
	};

	return (unsigned)role < ARRAY_SIZE(names) && names[role] ? names[role] : "unknown";
}

const char *wc_object_class_name(enum wc_object_class object_class)
{
	static const char *const names[] = {
		[WC_OBJECT_VIDEO_FRAME] = "VideoFrame",
		[WC_OBJECT_ENCODED_VIDEO_CHUNK] = "EncodedVideoChunk",
		[WC_OBJECT_VIDEO_DECODER] = "VideoDecoder",
		[WC_OBJECT_VIDEO_ENCODER] = "VideoEncoder",
		[WC_OBJECT_VIDEO_CONVERTER] = "VideoConverter",
	};

	return (unsigned)object_class < ARRAY_SIZE(names) ? names[object_class] : "unknown";
}
