"""Runs a program at a terminal of its own, and plays the person there.

Reads {"argv": […], "steps": [["what is waited for on the screen", "what is then typed"], …]} from standard input; where
null is typed, the program gets a SIGTERM; where a list is, the first is a pattern that finds a number on the screen, and
that line of the list is typed, counted from 1. Its standard output is a pipe. Prints {"screen", "stdout", "exitCode"}.
"""

import json
import os
import pty
import re
import select
import signal
import sys

signal.alarm(30)
script = json.load(sys.stdin)
read_end, write_end = os.pipe()
pid, terminal = pty.fork()
if pid == 0:
    os.close(read_end)
    os.dup2(write_end, 1)
    os.execv(script["argv"][0], script["argv"])
os.close(write_end)


def read(fd):
    try:
        return os.read(fd, 65536)
    except OSError:  # Linux says EIO where the other side is closed.
        return b""


screen = bytearray()
for awaited, typed in script["steps"]:
    start = len(screen)
    pattern = awaited if isinstance(typed, list) else re.escape(awaited)
    while not (found := re.compile(pattern.encode()).search(screen, start)):
        chunk = read(terminal)
        if not chunk:
            sys.exit("the program ended; the screen: " + repr(screen))
        screen += chunk
    if isinstance(typed, list):
        typed = typed[int(found[1]) - 1]
    if typed is None:
        os.kill(pid, signal.SIGTERM)
    pending = (typed or "").encode()
    while pending:  # Neither side waits for the other: a terminal holds little.
        readable, writable, _ = select.select([terminal], [terminal], [])
        if readable:
            screen += read(terminal)
        if writable:
            pending = pending[os.write(terminal, pending[:256]) :]
while chunk := read(terminal):
    screen += chunk
stdout = b""
while chunk := read(read_end):
    stdout += chunk
_, status = os.waitpid(pid, 0)
code = os.waitstatus_to_exitcode(status)
seen = screen[-65536:].decode(errors="replace")
json.dump({"screen": seen, "stdout": stdout.decode(), "exitCode": code}, sys.stdout)
