def load(key):
    try:
        return {}[key]
    except KeyError as error:
        raise ValueError("no such setting: " + key) from error


load("a")
