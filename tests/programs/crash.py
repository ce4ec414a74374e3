import sys


class OrderError(Exception):
    pass


def load(number):
    return {"a": 1}[f"key-{number}"]


def handle(number):
    try:
        load(number)
    except KeyError as error:
        raise OrderError(f"order {number} is broken:\n  second line for {number}") from error


print("working", sys.argv[1])
handle(int(sys.argv[1]))
