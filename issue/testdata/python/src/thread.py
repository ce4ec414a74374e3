import threading


def work():
    {}["missing"]


t = threading.Thread(target=work)
t.start()
t.join()
