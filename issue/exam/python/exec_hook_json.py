"""Logs every uncaught exception as one JSON line, as python-json-logger does."""
import json
import sys
import traceback
import datetime


def hook(kind, value, tb):
    sys.stderr.write(json.dumps({
        "asctime": datetime.datetime(2026, 11, 20, 8, 0, 1).isoformat(),
        "levelname": "CRITICAL", "name": "root", "message": "uncaught",
        "exc_info": "".join(traceback.format_exception(kind, value, tb)),
    }) + "\n")


sys.excepthook = hook
json.dump({"levelname": "INFO", "name": "root", "message": "error budget: 100%"}, sys.stderr)
sys.stderr.write("\n")


def lookup(user):
    raise LookupError(f"user {user!r} not in directory")


lookup("joan@example.org")
