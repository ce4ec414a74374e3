import logging

try:
    [][3]
except IndexError:
    logging.warning("retrying", exc_info=True)
