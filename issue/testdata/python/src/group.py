def work(n):
    raise ValueError("item %d" % n)


def all_of(numbers):
    errors = []
    for n in numbers:
        try:
            work(n)
        except ValueError as error:
            errors.append(error)
    inner = ExceptionGroup("inner", [TypeError("not a number")])
    raise ExceptionGroup("several failed", errors + [inner])


all_of([1, 2])
