import logging

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
log = logging.getLogger("billing.run")


class PaymentDeclined(Exception):
    def __init__(self, order, reason):
        super().__init__(f"order {order}: card declined ({reason})")


class Gateway:
    def charge(self, order):
        table = {"visa": 1}
        return table[order["card"]]


def settle(order):
    try:
        Gateway().charge(order)
    except KeyError as cause:
        raise PaymentDeclined(order["id"], "no such card") from cause


def main():
    log.info("starting run, 0 errors so far")
    log.info("loaded 3 orders")
    settle({"id": 7781, "card": "mæstro"})


if __name__ == "__main__":
    main()
