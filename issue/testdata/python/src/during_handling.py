def connect():
    raise ConnectionRefusedError(111, "Connection refused")


def fetch():
    try:
        connect()
    except OSError:
        log_failure(None)


def log_failure(error):
    error.strerror


fetch()
