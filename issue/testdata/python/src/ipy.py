def depth(chart, at):
    return chart[at]["depth"]
def route(chart):
    return [depth(chart, p) for p in ("a", "b")]
route({"a": {"depth": 3}})
