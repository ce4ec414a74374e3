from functools import wraps
from statistics import mean


def retry(times):
    def outer(fn):
        @wraps(fn)
        def inner(*args):
            for left in reversed(range(times)):
                try:
                    return fn(*args)
                except Exception:
                    if not left:
                        raise
        return inner
    return outer


@retry(3)
def score(values):
    return mean(v for v in values if v)


print(score([0, 0]))
