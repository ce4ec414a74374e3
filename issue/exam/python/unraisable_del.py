class Handle:
    def __del__(self):
        self.release()

    def release(self):
        raise OSError("handle 7 already released")


h = Handle()
del h
