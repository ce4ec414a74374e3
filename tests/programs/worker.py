"""A service under the shim: logs the errors that it is told to, one after the other, and ends by the last of them.

worker.py SECONDS TYPE...
"""

import sys
import time
import traceback


def handle(name, number):
    raise type(name, (Exception,), {"__module__": "__main__"})(f"request {number} failed")


pause, kinds = float(sys.argv[1]), sys.argv[2:]
for number, name in enumerate(kinds[:-1]):
    try:
        handle(name, number)
    except Exception:
        traceback.print_exc()
        sys.stderr.flush()
    time.sleep(pause)
handle(kinds[-1], len(kinds))
