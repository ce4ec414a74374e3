def step(n):
    error = ValueError("bad step %d" % n)
    error.add_note("while migrating the database")
    error.add_note("second note")
    raise error


step(3)
