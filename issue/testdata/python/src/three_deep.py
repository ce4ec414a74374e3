def a():
    raise KeyError("first")


def b():
    try:
        a()
    except KeyError as error:
        raise LookupError("second") from error


def c():
    try:
        b()
    except LookupError:
        raise RuntimeError("third\nwith a second line")


c()
