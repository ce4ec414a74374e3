"""A small shop that fails in three ways: run it under `issuetracker dev`."""
import json
import logging
import random

logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
log = logging.getLogger("shop")


class PaymentDeclined(Exception):
    pass


def charge(order):
    if order["amount"] > 900:
        raise PaymentDeclined(f"card of customer {order['customer']} was declined")


def checkout(order):
    try:
        charge(order)
    except PaymentDeclined as error:
        raise RuntimeError(f"order {order['id']} cannot be checked out") from error


def main():
    log.info("the shop is open")
    for number in range(20):
        order = {"id": 1000 + number, "customer": random.randint(1, 99), "amount": number * 60}
        try:
            checkout(order)
        except RuntimeError:
            log.exception("checkout of order %d failed", order["id"])
    log.error("stock of article %d is negative", random.randint(100, 999))
    json.loads('{"cart": [1, 2,}')


main()
