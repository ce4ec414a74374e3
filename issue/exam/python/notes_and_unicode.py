class QuotaExceeded(Exception):
    pass


def write(path, text):
    error = QuotaExceeded('Speicherplatz erschöpft: "größe" > 100 % — 容量不足')
    error.add_note(f"while writing {path}")
    error.add_note("tenant: acme")
    raise error


write("/var/data/ü.txt", "x")
