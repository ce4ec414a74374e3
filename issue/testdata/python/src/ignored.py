class Handle:
    def __del__(self):
        raise RuntimeError("already closed")


h = Handle()
del h
