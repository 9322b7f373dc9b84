#!/bin/sh
# SPDX-License-Identifier: MIT
#
# vicodec behind the plugin of tests/lab/plugin: a device with few contexts, which refuses where real
# drivers do and with their errnos, and an encoder with a bit rate and key frames on demand. All of
# it through libv4l2 and the kernel's own driver.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'strace v4l2-ctl' "$@"
with_limit=$lab/plugin/with-limit

# run COMMAND...: a program that prints results of its own
run()
{
	echo "# $*"
	timeout 120 "$@"
	status=$?
	[ $status -eq 0 ] || failed=$((failed + 1))
	# Without a result of its own this would not be seen.
	[ $status -lt 2 ] || result 1 "$* ended with $status"
}

# status_of COMMAND...: prints its status, and what it said as a comment
status_of()
{
	timeout 60 "$@" >status.log 2>&1
	echo $?
	sed 's/^/# /' status.log >&2
}

# Each number is EBUSY 16, EAGAIN 11, ENOSPC 28, EINVAL 22, ENOMEM 12 or EPERM 1.
test_refusals()
{
	run "$with_limit" --contexts 2 --refuse open:EBUSY \
		test_limit refused 2 QuotaExceededError open 16
	run "$with_limit" --contexts 2 --refuse open:EAGAIN \
		test_limit refused 2 QuotaExceededError open 11
	run "$with_limit" --contexts 2 --refuse open:ENOSPC \
		test_limit refused 2 QuotaExceededError open 28
	run "$with_limit" --contexts 2 --refuse buffers:EINVAL \
		test_limit refused 2 QuotaExceededError buffers 22
	run "$with_limit" --contexts 2 --refuse buffers:ENOMEM \
		test_limit refused 2 QuotaExceededError buffers 12
	run "$with_limit" --contexts 2 --refuse stream-on:EBUSY \
		test_limit refused 2 QuotaExceededError 'stream on' 16
	run "$with_limit" --contexts 2 --refuse stream-on:EPERM \
		test_limit refused 2 QuotaExceededError 'stream on' 1
	run "$with_limit" --contexts 2 --refuse qbuf:ENOMEM \
		test_limit refused 2 QuotaExceededError 'stream on' 12
}

# A refusal of S_FMT (s5p-mfc's encoder) looks as if the device did not have the format.
test_refused_format()
{
	run "$with_limit" --contexts 2 --refuse format:EBUSY test_limit refused 2 - - -
}

# What a process holds another one cannot get, until the first is gone.
cat >held <<'END'
test_limit hold 2 >holder.log &
holder=$!
for i in $(seq 100); do
	! grep -q holding holder.log || break
	sleep 0.1
done
test_limit one
echo "decoder: $?"
test_limit encoder
echo "encoder: $?"
kill -KILL $holder
wait $holder
test_limit one
echo "decoder: $?"
test_limit encoder
echo "encoder: $?"
END

# killed STAGE:ERRNO: meanwhile test_limit returns 3, QuotaExceededError. So it does where even the look
# at the device is refused.
killed()
{
	wanted='decoder: 3 encoder: 3 decoder: 0 encoder: 0 '
	timeout 60 "$with_limit" --contexts 2 --refuse "$1" sh held >held.log 2>&1
	sed 's/^/# /' held.log
	check "$1: a killed process gives back what it held at once" \
		same "$wanted" "$(grep -E '^(de|en)coder:' held.log | tr '\n' ' ')"
}

# One that waits has a decoder when the holder is gone, even where it could not look at the device.
cat >waiting <<'END'
test_limit hold 2 >holder.log &
holder=$!
for i in $(seq 100); do
	! grep -q holding holder.log || break
	sleep 0.1
done
test_limit wait &
waiter=$!
sleep 1
! kill -0 $waiter || echo 'decoder: waits'
kill -KILL $holder
wait $holder
wait $waiter
echo "decoder: $?"
END

waits()
{
	timeout 60 "$with_limit" --contexts 2 --refuse "$1" sh waiting >waiting.log 2>&1
	sed 's/^/# /' waiting.log
	check "$1: who waits is served" same 'decoder: waits decoder: 0 ' \
		"$(grep '^decoder:' waiting.log | tr '\n' ' ')"
}

# Nobody can look at a device whose open() is refused; it may be the one, with all its contexts taken.
test_closed()
{
	for refusal in EBUSY:busy EAGAIN:'temporarily unavailable' ENOSPC:'No space'; do
		stage=open:${refusal%%:*}
		timeout 60 "$with_limit" --contexts 0 --refuse "$stage" \
			wc-list --json >list.refused 2>list.err
		check "$stage: wc-list has visl, but not vicodec" \
			sh -c 'grep -q visl list.refused && ! grep -q vicodec list.refused'
		check "$stage: it says why, once for each node" \
			same 3 "$(grep -c "^wc-list: /dev/video[0-9]*: .*${refusal#*:}" list.err)"
		for what in one encoder; do
			check "$stage: test_limit $what: QuotaExceededError" \
				same 3 "$(status_of "$with_limit" --contexts 0 --refuse "$stage" \
					test_limit "$what")"
			check 'it says that a device lets nobody look' \
				grep 'lets nobody look' status.log
		done
	done
}

test_encoder_controls()
{
	run "$with_limit" test_limit bitrate
	run "$with_limit" test_encoder
	[ "$planar" = true ] || run "$with_limit" test_plugin "$encoder"
	run "$with_limit" strace -qq -e trace=ioctl -o trace test_limit keys
	check 'no drain but that of the flush' same 1 "$(grep -c VIDIOC_ENCODER_CMD trace)"
	run strace -qq -e trace=ioctl -o trace test_limit keys
	check 'without the plugin it takes one for each key frame' \
		same 3 "$(grep -c VIDIOC_ENCODER_CMD trace)"
	timeout 60 "$with_limit" v4l2-ctl -w -d "$encoder" --list-ctrls >controls
	check 'controls of the driver and the plugin in one list, by id' same \
		"$(printf '%s ' video_gop_size video_bitrate_mode video_bitrate \
			frame_level_rate_control_enable force_key_frame \
			fwht_i_frame_qp_value fwht_p_frame_qp_value)" \
		"$(sed -n '/Codec/,$s/^ *\([a-z_]*\) 0x.*/\1/p' controls | tr '\n' ' ')"
	timeout 60 "$with_limit" v4l2-ctl -w -d "$decoder" --list-ctrls >controls
	check 'the decoder has none of them' sh -c '! grep -E "bitrate|force_key|rate_control" controls'
}

# libv4l2 has room for 16 devices of a process. What it does not take, or what a plugin does not let
# it take, works without the plugin: it is not limited by it.
test_raw()
{
	timeout 60 "$with_limit" --contexts 16 test_limit many 18 >raw.log 2>raw.err
	check '18 decoders in a process, 16 contexts: two are beyond the table of libv4l2' \
		same 'ok 1 - 18 decoders at once' "$(cat raw.log)"
	check 'it says so for each of them' same 2 \
		"$(grep -c 'attempting to open more than 16 video devices' raw.err)"
	timeout 60 "$with_limit" --contexts 2 --refuse attach:EBUSY test_limit many 4 >raw.log 2>raw.err
	check '2 contexts, refused when libv4l2 asks: all 4 decoders work, without the plugin' \
		same 'ok 1 - 4 decoders at once' "$(cat raw.log)"
	check 'libv4l2 says so' same 2 "$(grep -c 'getting capabilities' raw.err)"
}

test_tools()
{
	check 'one context: wc-transcode cannot have two' \
		same 1 "$(status_of "$with_limit" --contexts 1 \
			wc-transcode limit.fwht out.fwht --hardware prefer -q)"
	check 'it says what is missing, and where' \
		grep -q 'QuotaExceededError.*stage buffers' status.log
	check 'two are enough' same 0 "$(status_of "$with_limit" --contexts 2 \
		wc-transcode limit.fwht out.fwht --hardware prefer -q)"
	wc-list --json >list.plain 2>&1
	timeout 60 "$with_limit" --contexts 0 wc-list --json >list.limited 2>&1
	check 'wc-list says the same as without the plugin: it takes no context' \
		cmp list.plain list.limited
}

# All of the above has left nothing behind.
test_without()
{
	run test_limit many 18
	timeout 60 v4l2-ctl -w -d "$encoder" --list-ctrls >controls
	check 'without the plugin there is no bit rate' sh -c '! grep bitrate controls'
	check 'and vicodec writes the same stream as before' \
		sh -c 'wc-transcode in.raw again.fwht --input-size 640x360 --hardware prefer -q &&
			cmp limit.fwht again.fwht'
	check 'the folder of plugins is as it was' \
		same "$plugins" "$(find /usr/lib* -path '*/libv4l/plugins/*' | sort)"
}

planar=false
v4l2-ctl -d "$decoder" --info | grep -q 'Memory-to-Memory Multiplanar' && planar=true
plugins=$(find /usr/lib* -path '*/libv4l/plugins/*' | sort)
pattern i420 640 360 8 plain >in.raw
check 'a stream to decode' transcode in.raw limit.fwht --input-size 640x360 -q
test_refusals
test_refused_format
killed buffers:ENOMEM
killed stream-on:EBUSY
killed open:EBUSY
waits stream-on:EBUSY
waits open:EBUSY
test_closed
test_encoder_controls
test_raw
test_tools
test_without
run test_limit budgets "$decoder"
finish
