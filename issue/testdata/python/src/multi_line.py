class QueryError(Exception):
    pass


def run(sql):
    raise QueryError("syntax error near 'FORM'\nSELECT * FORM users\n         ^")


run("SELECT * FORM users")
