def first():
    raise OSError("disk gone")


def second():
    try:
        first()
    except OSError as error:
        raise ExceptionGroup("while closing", [KeyError("k"), IndexError("i")]) from error


second()
