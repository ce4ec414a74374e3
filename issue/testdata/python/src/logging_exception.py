import logging

logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
log = logging.getLogger("app.orders")


def charge(order):
    return order["amount"]


log.info("starting")
try:
    charge({})
except KeyError:
    log.exception("charging order %d failed", 17)
log.info("going on")
