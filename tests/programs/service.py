"""A service that fails once: it tells what it was given, crashes, and lives on after its restart.

Between the two streams it pauses, so that their order in the log is the same every time.
"""

import os
import sys
import time


class OrderError(Exception):
    pass


def load(number):
    raise OrderError(f"order {number} is broken:\n  second line")


def say(stream, text):
    stream.buffer.write(text)
    stream.flush()
    time.sleep(0.3)


again = os.path.exists("/data/again")
open("/data/again", "w").close()
say(sys.stdout, b"dsn " + os.environ.get("SENTRY_DSN", "none").encode() + b"\n")
say(sys.stderr, b"no text: \xff\xfe\x00 and half a line")
say(sys.stderr, b" and its end\n")
say(sys.stderr, b"x" * 40000 + b"\n")
if again:
    time.sleep(3600)
load(42)
