import logging
import sys

import structlog
from pythonjsonlogger import jsonlogger

handler = logging.StreamHandler(sys.stderr)
handler.setFormatter(jsonlogger.JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
log = logging.getLogger("app")
log.addHandler(handler)
log.setLevel(logging.INFO)


def divide(n):
    return 1 / n


log.info("hello")
try:
    divide(0)
except ZeroDivisionError:
    log.exception("division failed", extra={"order": 7})
log.error("no trace here")

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
    logger_factory=structlog.PrintLoggerFactory(sys.stderr),
)
slog = structlog.get_logger()
slog.info("hello again")
try:
    divide(0)
except ZeroDivisionError:
    slog.exception("division failed again", order=8)
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(),
    ],
    logger_factory=structlog.PrintLoggerFactory(sys.stderr),
)
structlog.get_logger().error("disk is full", path="/var/data")
structlog.get_logger().info("error count", count=0)
