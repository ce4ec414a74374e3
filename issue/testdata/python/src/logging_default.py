import logging
import traceback

try:
    [][3]
except IndexError:
    logging.exception("lookup failed")
    logging.error(traceback.format_exc())
logging.warning("that was it")
