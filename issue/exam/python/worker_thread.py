import threading
import queue

jobs = queue.Queue()


def resize(width: int, height: int):
    if width * height > 1000:
        raise MemoryError
    return width


def worker():
    while True:
        job = jobs.get()
        if job is None:
            return
        (lambda j: resize(**j))(job)


jobs.put({"width": 20, "height": 20})
jobs.put({"width": 200, "height": 20})
t = threading.Thread(target=worker, name="resizer-0")
t.start()
t.join()
