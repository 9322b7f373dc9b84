#!/bin/sh
# SPDX-License-Identifier: MIT
# wc-top: the table and the JSON of slots that two processes hold, what it makes of files that are
# none, and the live display on a terminal.
# shellcheck source=tests/tools/common.sh
. "${top_srcdir:-.}/tests/tools/common.sh"

top=$(dirname "$list")/wc-top
hold=$(dirname "$list")/tests/tools/hold_slots
keep=$(dirname "$list")/tests/tools/keep_frames
[ -x "$hold" ] || skip "hold_slots is not built"
[ -x "$keep" ] || skip "keep_frames is not built"
command -v python3 > python.path || skip "python3 is missing"
slots=$work/slots
mkdir -m 700 "$slots"
unset XDG_RUNTIME_DIR
holders=

# end_holders: what is left of them, too, when the test is cut short
end_holders() {
	for holder in $holders; do
		kill -KILL "$holder" 2> /dev/null
		wait "$holder" 2> /dev/null
	done
	holders=
}
trap 'end_holders; rm -rf "$work"' EXIT

# hold DEVICE LIMIT LABEL [wait]: sets pid
hold() {
	: > held
	tail -f /dev/null --pid=$$ | "$hold" "$slots" "$@" > held 2> held.err &
	tries=0
	until [ -s held ] || [ $tries -eq 100 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	pid=$!
	holders="$holders $pid"
	[ -s held ]
}

# json EXPRESSION: whether python says so of the list; devices is its array
json() {
	"$top" --once --json --directory "$slots" > top.json 2> top.err &&
	python3 -c "
import json, sys
root = json.load(open('top.json', encoding='utf-8'))
devices = root['devices']
def of(name): return next(d for d in devices if d['device'] == name)
def one(name): return of(name)['holders'][0]
answer = $1
if not answer: print('#', json.dumps(root))
sys.exit(not answer)"
}

# ---- nothing to show ----

"$top" --once --directory "$slots" > table.txt 2> table.err
check $? "an empty directory: the table"
grep -q '^No device has been used' table.txt
check $? "which is empty"
json 'devices == []'
check $? "and so is the array"

for word in --once --json; do
	"$top" $word --directory "$work/nowhere" > none.out 2> none.err
	is 1 $? "no directory, $word: exit status"
	is '' "$(cat none.out)" "no directory, $word: nothing printed"
	is 1 "$(grep -c '^wc-top: .*nowhere: No such file' none.err)" \
		"no directory, $word: one line tells"
done
if [ ! -e /run/webcodecs ]; then
	"$top" --once > none.out 2> none.err
	is 0 $? "where slots belong there are none: exit status"
	grep -q '^/run/webcodecs cannot be used: ' none.out
	check $? "and the table tells why it is empty"
	XDG_RUNTIME_DIR=$work "$top" --json > own.json
	grep -q "\"directory\":\"$work/webcodecs\"" own.json
	check $? "the user's own directory is the second choice"
fi

# ---- two processes ----

hold 'platform:codec0 decoder' 4 'camera one'
check $? "a process holds a slot"
first=$pid
hold 'platform:codec0 decoder' 4 "$(printf 'b\303\244d \377\302\233\033[31m')"
second=$pid
hold 'platform:codec0 encoder' 1 third
third=$pid
hold 'platform:codec0 encoder' 1 fourth wait
fourth=$pid
json 'len(devices) == 2'
check $? "two devices"
json 'of("platform:codec0 decoder")["quota"] == 4 and of("platform:codec0 decoder")["contexts"] == 2'
check $? "how many there are, and are in use"
json 'of("platform:codec0 decoder")["rate_quota"] == 400000 and of("platform:codec0 decoder")["rate"] == 180000'
check $? "how many macroblocks a second there are, and are in use"
json "sorted(h['pid'] for h in of('platform:codec0 decoder')['holders']) == sorted([$first, $second])"
check $? "both holders, and nobody else"
json "[h['pid'] for h in of('platform:codec0 encoder')['holders']] == [$third]"
check $? "the holder of the encoder"
json 'all(set(("pid", "role", "codec", "width", "height", "idle", "label", "state", "command")) <= set(h)
	for d in devices for h in d["holders"])'
check $? "each holder has all that is promised"
json "next(h for h in of('platform:codec0 decoder')['holders'] if h['pid'] == $first).items() >= {
	'command': 'hold_slots', 'role': 'decoder', 'codec': 'h264', 'width': 1280, 'height': 720,
	'label': 'camera one', 'state': 'running', 'priority': -7, 'background': True,
	'bytes': 4096, 'rate': 90000}.items()"
check $? "what the record says is what is shown"
json '2.4 < one("platform:codec0 decoder")["idle"] < 60'
check $? "idle in seconds"
json "[h['label'] for h in of('platform:codec0 decoder')['holders'] if h['pid'] == $second] == ['b\u00e4d ???[31m']"
check $? "a label that is no text is made one"
json "[(w['pid'], w['label']) for w in of('platform:codec0 encoder')['waiters']] == [($fourth, 'fourth')]"
check $? "who waits"

LC_ALL=C "$top" --once --directory "$slots" > table.txt
grep -q '^platform:codec0 decoder: 2 of 4 in use, 180000 of 400000 macroblocks a second$' table.txt
check $? "the table: a device"
grep -q '^platform:codec0 encoder: 1 of 1 in use, 1 waiting, 90000 of 400000 macroblocks a second$' table.txt
check $? "the table: a device for which somebody waits"
grep -q "^ *$first hold_slots  *decoder  h264   1280x720  .* s  -7 back  *running   camera one$" \
	table.txt
check $? "the table: a holder"
grep -q "^ *$fourth .* waiting   fourth$" table.txt
check $? "the table: somebody who waits"
is 0 "$(LC_ALL=C grep -c '[^ -~]' table.txt)" "the table: nothing that a terminal could mistake"
LC_ALL=C.UTF-8 "$top" --once --directory "$slots" | grep -q "$(printf 'b\303\244d ???\[31m$')"
check $? "the table: letters of the user's language are kept"

kill -STOP "$first"
tries=0
until grep -q '^State:.T' "/proc/$first/status" || [ $tries -eq 100 ]; do
	sleep 0.05
	tries=$((tries + 1))
done
json "[h['state'] for h in of('platform:codec0 decoder')['holders'] if h['pid'] == $first] == ['stopped']"
check $? "one that was stopped"
kill -KILL "$first"
wait "$first" 2> wait.err
json "[h['pid'] for h in of('platform:codec0 decoder')['holders']] == [$second]"
check $? "one that was killed is gone"

# ---- memory of processes ----

# wait_json EXPRESSION: the same, within some seconds
wait_json() {
	tries=0
	until json "$1" > wait.out || [ $tries -eq 100 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	json "$1"
}

json 'root["processes"] == [] and all(d["node"] == "" for d in devices)'
check $? "nobody keeps frames, and these devices are in no /dev"
mkfifo keeper
"$keep" "$slots" < keeper > kept 2> kept.err &
keeper=$!
holders="$holders $keeper"
exec 3> keeper
wait_json "[p['pid'] for p in root['processes']] == [$keeper]"
check $? "a process that holds no context is listed with its memory"
wait_json 'root["processes"][0].items() >= {"command": "keep_frames", "state": "running",
	"frames": 2, "chunks": 1, "bytes": 921601, "pool_bytes": 0, "pressure": "medium"}.items()'
check $? "frames, chunks, bytes, pools and pressure of it"
json '(root["processes"][0]["bytes_by_kind"]["plain"] == 901 * 1024 and
	len(root["processes"][0]["bytes_by_kind"]) >= 7)'
check $? "the bytes by kind of memory"
"$top" --once --directory "$slots" |
	grep -q "^ *$keeper keep_frames .* 2 frames, 1 chunks, 0.9 MiB, 0.0 MiB idle in pools, "
check $? "the table has it, too"
json 'len(devices) == 2'
check $? "and it is no device"
echo >&3
wait_json 'root["processes"][0]["frames"] == 1 and root["processes"][0]["chunks"] == 0'
check $? "what was given back is seen in some seconds"
kill -KILL "$keeper"
wait "$keeper" 2> wait.err
exec 3>&-
json 'root["processes"] == []'
check $? "when it is killed it is gone at once"

# ---- what others put there ----

echo 'no slots at all' > "$slots/0000000000000001.slots"
mkdir "$slots/0000000000000002.slots"
mkfifo "$slots/0000000000000003.slots"
ln -s /etc/passwd "$slots/0000000000000004.slots"
for file in "$slots"/*.slots; do
	if [ -f "$file" ] && [ ! -L "$file" ] && [ "$(size_of "$file")" -gt 100 ]; then
		cp "$file" "$slots/0000000000000005.slots"
	fi
done
echo text > "$slots/README"
json "len(devices) == 2 and [h['pid'] for h in of('platform:codec0 decoder')['holders']] == [$second]"
check $? "foreign and broken files change nothing"
json 'root["skipped"] == 5'
check $? "and are counted"
"$top" --once --directory "$slots" | grep -q '^5 files skipped: '
check $? "the table tells, too"
chmod 755 "$slots"
chmod o+w "$slots"
json 'devices == [] and root["skipped"] == 8'
check $? "a directory that everybody may write to is not believed"
chmod 700 "$slots"

# ---- the display ----

for bad in '--unknown' 'argument' '--directory' '--directory='; do
	# shellcheck disable=SC2086
	"$top" $bad > bad.out 2> bad.err
	is 2 $? "$bad: exit status"
	is 1 "$(wc -l < bad.err | tr -d ' ')" "$bad: one line"
done
if [ -w /dev/full ]; then
	"$top" --once --directory "$slots" > /dev/full 2> full.err
	is 1 $? "a full disk: exit status"
	is 1 "$(wc -l < full.err | tr -d ' ')" "a full disk: one line"
fi
"$top" --directory "$slots" < /dev/null > no.out 2> no.err
is 1 $? "no terminal: exit status"
is 1 "$(grep -c '^wc-top: there is no .*; try --once$' no.err)" "no terminal: one line tells"
is '' "$(cat no.out)" "no terminal: nothing printed"

if grep -q 'without ncurses' no.err; then
	end_holders
	finish
fi
# In a container, for one, where nobody mounted them.
if ! python3 -c 'import os; os.openpty()' 2> pty.err; then
	count=$((count + 1))
	echo "ok $count - on a terminal # SKIP no pseudo terminal can be had: $(tail -n 1 pty.err)"
	end_holders
	finish
fi

cat > screen.py <<'END'
# Runs wc-top on a terminal of its own and prints how it ended: screen.py HOW TERM TOP ARGUMENT...
import fcntl, os, pty, select, signal, struct, sys, termios, time

how, term, command = sys.argv[1], sys.argv[2], sys.argv[3:]
pid, master = pty.fork()
if pid == 0:
    os.environ["TERM"] = term
    os.execv(command[0], command)
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
seen = b""

def read(seconds, until=None):
    global seen
    end = time.monotonic() + seconds
    while time.monotonic() < end and not (until and until in seen):
        if select.select([master], [], [], 0.05)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                return

def resize(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    read(0.2)

read(20, b"quit")
shown = b"platform:codec0 decoder" in seen
if how == "keys":
    for key in (b"\x1b[B", b"\x1b[A", b" ", b"x", b"\x1b[5~"):
        os.write(master, key)
        read(0.05)
    os.write(master, b"q")
elif how == "sizes":
    for size in ((1, 1), (2, 10), (3, 200), (200, 3), (5, 40)):
        resize(*size)
    seen = b""
    resize(24, 100)
    read(5, b"decoder: 1")
    shown = b"decoder: 1" in seen
    os.write(master, b"q")
elif how == "small":
    # Each page is looked at after a new size, for which all of it is painted: without one, only
    # what differs from the page before is.
    for width in range(60, 70):
        seen = b""
        resize(5, width)
        read(5, b"quit")
        shown = b"decoder: 1" in seen
        if shown:
            break
        os.write(master, b" ")
        read(0.1)
    os.write(master, b"q")
elif how == "second":
    seen = b""
    end = time.monotonic() + 10
    while not seen and time.monotonic() < end:
        read(0.1)
    shown = bool(seen)
    os.write(master, b"q")
elif how == "hangup":
    os.close(master)
elif how != "none":
    os.kill(pid, getattr(signal, how))
end = time.monotonic() + 20
while time.monotonic() < end:
    if how != "hangup":
        read(0.05)
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        break
    time.sleep(0.02)
else:
    os.kill(pid, signal.SIGKILL)
    sys.exit("hangs")
if how == "none":
    print(seen.decode(), end="")
print("shown" if shown else "blank", os.waitstatus_to_exitcode(status))
END
screen() {
	python3 screen.py "$1" xterm "$top" --directory "$slots" 2>&1
}
is 'shown 0' "$(screen keys)" "q quits, other keys scroll or do nothing"
is 'shown 0' "$(screen sizes)" "terminals of all sizes"
is 'shown 0' "$(screen small)" "a small terminal scrolls all of it"
is 'shown 0' "$(screen second)" "the display is renewed without a key"
is 'shown 0' "$(screen SIGTERM)" "a signal ends it"
case $(screen hangup) in
'shown 0' | 'shown -1') check 0 "a terminal that goes away ends it" ;;
*) check 1 "a terminal that goes away ends it" ;;
esac
is 1 "$(python3 screen.py none nonsense "$top" --directory "$slots" |
	grep -c "^wc-top: the terminal 'nonsense' is not known; try --once")" \
	"a terminal that nobody knows"

end_holders
json 'all(d["holders"] == [] and d["waiters"] == [] for d in devices) and len(devices) == 2'
check $? "in the end nobody holds anything"
finish
