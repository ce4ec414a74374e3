class E2(Exception):
    pass


raise E2
