class ShopError(Exception):
    pass


class InvalidCount(ShopError, ValueError):
    def __str__(self):
        return "count must be positive: %r" % (self.args[0],)
