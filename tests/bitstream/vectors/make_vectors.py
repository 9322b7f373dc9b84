#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the stream vectors of the bitstream tests, with what ffprobe says of them.

Each vector is a generated picture (lavfi testsrc) run through an encoder; the expected values
come from ffprobe, an implementation that shares nothing with ours. See README.md.
"""
import argparse
import json
import pathlib
import re
import struct
import subprocess
import tempfile

LICENCE = "/* SPDX-License-Identifier: MIT */\n"

PRIMARIES = {"bt709": 1, "bt470bg": 5, "smpte170m": 6, "bt2020": 9}
TRANSFERS = {"bt709": 1, "smpte170m": 6, "iec61966-2-1": 13, "bt2020-10": 14, "smpte2084": 16,
	     "arib-std-b67": 18}
MATRICES = {"gbr": 0, "bt709": 1, "bt470bg": 5, "smpte170m": 6, "bt2020nc": 9}
RANGES = {"tv": "COLOR_RANGE_LIMITED", "pc": "COLOR_RANGE_FULL"}
UNSPECIFIED = 2

# Name, encoder, pixel format, profile number (None: from the stream), picture size, options.
H264 = [
	("baseline", "yuv420p", 66, "98x54", ["-profile:v", "baseline", "-refs", "1"]),
	("main_bframes", "yuv420p", 77, "96x64", ["-profile:v", "main", "-bf", "2"]),
	("high_color", "yuv420p", 100, "98x54", ["-profile:v", "high", "-x264-params",
	 "sar=4/3:colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=on:cqm=jvt"]),
	("high_hrd", "yuv420p", 100, "96x64", ["-profile:v", "high", "-x264-params",
	 "nal-hrd=vbr:vbv-maxrate=300:vbv-bufsize=300:sar=40/33"]),
	("high_interlaced", "yuv420p", 100, "98x52", ["-profile:v", "high", "-flags", "+ildct",
	 "-x264-params", "tff=1"]),
	("high_open_gop", "yuv420p", 100, "96x64", ["-profile:v", "high", "-bf", "1", "-g", "3",
	 "-x264-params", "open-gop=1:keyint=3:min-keyint=1:scenecut=0:b-pyramid=0"]),
	("high_gray", "gray", 100, "98x54", ["-profile:v", "high"]),
	("high10_hdr", "yuv420p10le", 110, "98x54", ["-x264-params",
	 "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"]),
	("high422", "yuv422p10le", 122, "98x54", []),
	("high444", "yuv444p", 244, "99x55", []),
	("multi_slice", "yuv420p", 100, "96x64", ["-profile:v", "high", "-x264-params", "slices=3"]),
]
HEVC = [
	("main", "yuv420p", 1, "98x54", ""),
	("main_color", "yuv420p", 1, "100x60",
	 "sar=6:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=full"),
	("main10_hdr", "yuv420p10le", 2, "98x54",
	 "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited:chromaloc=2"),
	("main_hrd", "yuv420p", 1, "96x64", "hrd=1:vbv-maxrate=300:vbv-bufsize=300"),
	("main_layers", "yuv420p", 1, "96x64", "temporal-layers=1:bframes=3"),
	("main_rps", "yuv420p", 1, "96x64", "multi-pass-opt-rps=1:bframes=3:scaling-list=default"),
	("main_open_gop", "yuv420p", 1, "96x64", "open-gop=1:keyint=3:min-keyint=1:bframes=1"),
	("main_wpp", "yuv420p", 1, "130x66", "wpp=1:slices=1:ctu=16:min-cu-size=8"),
	("gray", "gray", 4, "98x54", ""),
	("main422_10", "yuv422p10le", 4, "98x54", ""),
	("main444_8", "yuv444p", 4, "99x55", "colormatrix=bt709:transfer=bt709:colorprim=bt709"),
	("main12", "yuv420p12le", 4, "98x54", ""),
]
VP8 = [
	("plain", "yuv420p", 0, "98x54", []),
]
VP9 = [
	("profile0", "yuv420p", 0, "99x55", []),
	("bt601", "yuv420p", 0, "96x64", ["-colorspace", "smpte170m", "-color_range", "pc"]),
	("profile1_444", "yuv444p", 1, "99x55", ["-colorspace", "bt709"]),
	("profile1_440", "yuv440p", 1, "98x54", []),
	("profile1_rgb", "gbrp", 1, "98x54", []),
	("profile2_10", "yuv420p10le", 2, "98x54", ["-colorspace", "bt2020nc"]),
	("profile3_12", "yuv422p12le", 3, "98x54", []),
]
AV1 = [
	("main", "yuv420p", 0, "98x54", []),
	("main10_hdr", "yuv420p10le", 0, "98x54", ["-color_primaries", "bt2020", "-color_trc",
	 "smpte2084", "-colorspace", "bt2020nc", "-color_range", "tv"]),
	("main_full", "yuv420p", 0, "98x54", ["-color_range", "pc"]),
	("gray", "gray", 0, "98x54", []),
	("high444", "yuv444p", 1, "99x55", []),
	("high_rgb", "gbrp", 1, "98x54", []),
	("pro422", "yuv422p", 2, "98x54", []),
	("pro12", "yuv420p12le", 2, "98x54", []),
	("pro12_444", "yuv444p12le", 2, "98x54", []),
	("still", "yuv420p", 0, "98x54", ["-still-picture", "1", "-frames:v", "1"]),
]
MJPEG = [
	("c420", "yuvj420p", 0, "98x54", []),
	("c422", "yuvj422p", 0, "98x54", []),
	("c444", "yuvj444p", 0, "99x55", []),
]
# Pixel format of V4L2 and of ffmpeg; visible and coded size; colorspace, xfer_func, ycbcr_enc,
# quantization.
FWHT = [
	("yu12", "YU12", "yuv420p", "64x48", "64x48", (3, 0, 0, 0)),
	("grey", "GREY", "gray", "40x24", "40x24", (0, 0, 0, 0)),
	("rgb3", "RGB3", "rgb24", "40x24", "40x24", (8, 0, 0, 0)),
	("c422", "422P", "yuv422p", "40x24", "48x24", (1, 0, 0, 2)),
	("nv24", "NV24", "nv24", "40x24", "40x24", (10, 7, 6, 1)),
	("ar24", "AR24", "bgra", "40x24", "40x24", (9, 0, 0, 0)),
]


def run(*command, data=None):
	return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def source(size, frames):
	return ["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i",
		f"testsrc=size={size}:rate=25", "-frames:v", str(frames)]


def encode(path, encoder, pix_fmt, size, options, frames=4):
	run(*source(size, frames), "-pix_fmt", pix_fmt, "-c:v", encoder, *options, str(path))


def probe(path):
	return json.loads(run("ffprobe", "-loglevel", "error", "-show_streams", "-show_packets",
			      "-show_data", "-of", "json", str(path)))


def packet_bytes(packet):
	"""The bytes of a packet out of ffprobe's hexadecimal dump."""
	result = b""
	for line in packet["data"].strip().splitlines():
		result += bytes.fromhex(line[10:50].replace(" ", ""))
	assert len(result) == int(packet["size"])
	return result


def drop_user_data(stream, codec):
	"""Take the encoder's advertisement out of an Annex B stream."""
	result = b""
	for piece in re.split(rb"(?=\x00\x00\x00?\x01)", stream):
		body = piece.lstrip(b"\0")[1:]
		sei = body[:2] == b"\x06\x05" if codec == "h264" else body[:3] == b"\x4e\x01\x05"
		if not sei:
			result += piece
	return result


def chroma_and_depth(name, pix_fmt):
	# FFmpeg decodes monochrome H.264 to 4:2:0 with grey chroma planes.
	if name == "high_gray":
		pix_fmt = "gray"
	if pix_fmt.startswith("gray"):
		chroma, rest = "400", pix_fmt[4:]
	elif pix_fmt.startswith("gbrp"):
		chroma, rest = "444", pix_fmt[4:]
	else:
		match = re.match(r"yuvj?(4\d\d)p(.*)", pix_fmt)
		chroma, rest = match.group(1), match.group(2)
	depth = re.match(r"\d*", rest).group(0)
	return f"CHROMA_{chroma}", int(depth or 8)


def bytes_to_c(name, data):
	lines = []
	for i in range(0, len(data), 16):
		lines.append("\t" + " ".join(f"0x{b:02x}," for b in data[i:i + 16]))
	return f"static const uint8_t {name}[] = {{\n" + "\n".join(lines) + "\n};\n\n"


def color_to_c(stream):
	primaries = PRIMARIES.get(stream.get("color_primaries"), UNSPECIFIED)
	transfer = TRANSFERS.get(stream.get("color_transfer"), UNSPECIFIED)
	matrix = MATRICES.get(stream.get("color_space"), UNSPECIFIED)
	full = RANGES.get(stream.get("color_range"), "COLOR_RANGE_UNKNOWN")
	return f"{{ {primaries}, {transfer}, {matrix}, {full} }}"


def sar_to_c(stream):
	ratio = stream.get("sample_aspect_ratio", "0:1")
	width, height = ratio.split(":")
	return f".sar_width = {width}, .sar_height = {height if width != '0' else 0}"


def entry(codec, name, profile, path):
	"""The array and the table entry of one vector."""
	report = probe(path)
	stream = report["streams"][0]
	packets = [packet_bytes(p) for p in report["packets"]]
	chroma, depth = chroma_and_depth(name, stream["pix_fmt"])
	array = f"{codec}_{name}"
	chunks = ", ".join(f"{{ {len(data)}, {'true' if 'K' in p['flags'] else 'false'} }}"
			   for data, p in zip(packets, report["packets"]))
	table = (f'\t{{\n\t\t.name = "{name}", .data = {array}, .size = sizeof({array}),\n'
		 f"\t\t.chunks = {{ {chunks} }},\n"
		 f"\t\t.n_chunks = {len(packets)},\n"
		 f"\t\t.width = {stream['width']}, .height = {stream['height']},\n"
		 f"\t\t.profile = {profile}, .level = {stream.get('level', 0)},\n"
		 f"\t\t.bit_depth = {depth}, .chroma = {chroma},\n"
		 f"\t\t.color = {color_to_c(stream)},\n"
		 f"\t\t{sar_to_c(stream)},\n"
		 f"\t\t.reorder = {stream.get('has_b_frames', 0)},\n\t}},\n")
	return bytes_to_c(array, b"".join(packets)), table


def write_table(out, codec, entries, extra=""):
	text = LICENCE + "/* Made by make_vectors.py. */\n\n"
	text += "".join(array for array, _ in entries) + extra
	text += f"static const struct vector {codec}_vectors[] = {{\n"
	text += "".join(table for _, table in entries) + "};\n"
	(out / f"{codec}.h").write_text(text)


def find_box(data, kind):
	at = data.index(kind)
	size = struct.unpack(">I", data[at - 4:at])[0]
	return data[at + 4:at - 4 + size]


def records(codec, box, tag, paths, tmp):
	"""avcC or hvcC records, and the first sample behind lengths, as ffmpeg's muxer makes them."""
	text = ""
	table = ""
	for name, path in paths:
		mp4 = tmp / f"{codec}_{name}.mp4"
		run("ffmpeg", "-loglevel", "error", "-y", "-i", str(path), "-c", "copy", "-tag:v", tag,
		    str(mp4))
		record = find_box(mp4.read_bytes(), box)
		sample = packet_bytes(probe(mp4)["packets"][0])
		text += bytes_to_c(f"{codec}_{name}_record", record)
		text += bytes_to_c(f"{codec}_{name}_sample", sample)
		table += (f"\t{{ \"{name}\", {codec}_{name}_record, sizeof({codec}_{name}_record),\n"
			  f"\t  {codec}_{name}_sample, sizeof({codec}_{name}_sample) }},\n")
	return text + f"static const struct record_vector {codec}_records[] = {{\n{table}}};\n\n"


def make_h264(out, tmp):
	entries, paths = [], []
	for name, pix_fmt, profile, size, options in H264:
		path = tmp / f"{name}.h264"
		encode(path, "libx264", pix_fmt, size, ["-crf", "51", *options])
		path.write_bytes(drop_user_data(path.read_bytes(), "h264"))
		entries.append(entry("h264", name, profile, path))
		if name in ("baseline", "high_color", "high10_hdr", "high_gray"):
			paths.append((name, path))
	write_table(out, "h264", entries, records("h264", b"avcC", "avc1", paths, tmp))


def make_hevc(out, tmp):
	entries, paths = [], []
	for name, pix_fmt, profile, size, params in HEVC:
		path = tmp / f"{name}.hevc"
		encode(path, "libx265", pix_fmt, size, ["-x265-params",
		       "log-level=none:info=0:crf=51:" + params])
		entries.append(entry("hevc", name, profile, path))
		if name in ("main", "main10_hdr", "main422_10"):
			paths.append((name, path))
	write_table(out, "hevc", entries, records("hevc", b"hvcC", "hvc1", paths, tmp))


def vpxenc_superframe(tmp):
	"""A hidden reference frame, packed in front of a shown one: two passes make such."""
	path = tmp / "superframe.ivf"
	y4m = run("ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25",
		  "-frames:v", "20", "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "-")
	(tmp / "source.y4m").write_bytes(y4m)
	run("vpxenc", "--codec=vp9", "--passes=2", "--cpu-used=1", "--auto-alt-ref=1",
	    "--lag-in-frames=16", "--end-usage=q", "--cq-level=60", "--limit=14", "--ivf", "--quiet",
	    "-o", str(path), str(tmp / "source.y4m"))
	return entry("vp9", "superframe", 0, path)


def aomenc_timing(tmp):
	"""A sequence header with timing information and a decoder model."""
	path = tmp / "timing.ivf"
	y4m = run(*source("98x54", 2), "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "-")
	(tmp / "source.y4m").write_bytes(y4m)
	run("aomenc", "--cpu-used=8", "--timing-info=model", "--end-usage=q", "--cq-level=63",
	    "--lag-in-frames=0", "--ivf", "--quiet", "-o", str(path), str(tmp / "source.y4m"))
	return entry("av1", "timing", 0, path)


def make_ivf(out, tmp, codec, encoder, rows, options, frames):
	entries = []
	for name, pix_fmt, profile, size, more in rows:
		path = tmp / f"{codec}_{name}.ivf"
		encode(path, encoder, pix_fmt, size, options + more, frames)
		entries.append(entry(codec, name, profile, path))
	if codec == "vp9":
		entries.append(vpxenc_superframe(tmp))
	if codec == "av1":
		entries.append(aomenc_timing(tmp))
	write_table(out, codec, entries)


def make_mjpeg(out, tmp):
	entries = []
	for name, pix_fmt, profile, size, options in MJPEG:
		path = tmp / f"{name}.mjpeg"
		encode(path, "mjpeg", pix_fmt, size, ["-q:v", "31", *options], 1)
		entries.append(entry("mjpeg", name, profile, path))
	for name, option in (("gray", "-grayscale"), ("progressive", "-progressive"),
			     ("rgb", "-rgb")):
		path = tmp / f"{name}.mjpeg"
		ppm = run(*source("98x54", 1), "-f", "image2pipe", "-c:v", "ppm", "-")
		path.write_bytes(run("cjpeg", "-quality", "5", option, data=ppm))
		entries.append(entry("mjpeg", name, 0, path))
	write_table(out, "mjpeg", entries)


def make_fwht(out, encoder):
	"""FWHT is unknown to ffprobe: here the expected values are what the encoder was told."""
	text = LICENCE + "/* Made by make_vectors.py. */\n\n"
	table = ""
	for name, fourcc, pix_fmt, size, coded, color in FWHT:
		raw = run(*source(coded, 3), "-pix_fmt", pix_fmt, "-f", "rawvideo", "-")
		width, height = size.split("x")
		data = run(encoder, fourcc, width, height, *[str(c) for c in color], data=raw)
		text += bytes_to_c(f"fwht_{name}", data)
		table += (f'\t{{ "{name}", fwht_{name}, sizeof(fwht_{name}), {width}, {height},\n'
			  f"\t  {{ {', '.join(str(c) for c in color)} }} }},\n")
	text += f"static const struct fwht_vector fwht_vectors[] = {{\n{table}}};\n"
	(out / "fwht.h").write_text(text)


def main():
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument("--fwht-encoder", help="program that encodes FWHT, see README.md")
	parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
	args = parser.parse_args()
	with tempfile.TemporaryDirectory() as name:
		tmp = pathlib.Path(name)
		make_h264(args.out, tmp)
		make_hevc(args.out, tmp)
		make_ivf(args.out, tmp, "vp8", "libvpx", VP8, ["-b:v", "20k", "-qmin", "63", "-qmax", "63"], 3)
		make_ivf(args.out, tmp, "vp9", "libvpx-vp9", VP9, ["-crf", "63", "-b:v", "0"], 4)
		make_ivf(args.out, tmp, "av1", "libaom-av1", AV1,
			 ["-crf", "63", "-cpu-used", "8", "-g", "2"], 3)
		make_mjpeg(args.out, tmp)
		if args.fwht_encoder:
			make_fwht(args.out, args.fwht_encoder)


if __name__ == "__main__":
	main()
