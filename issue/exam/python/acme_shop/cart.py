from . import errors


class Cart:
    def add(self, sku, count):
        check = lambda n: n if n > 0 else self._refuse(n)
        return check(count)

    def _refuse(self, n):
        raise errors.InvalidCount({"sku": "A-1", "count": n})
