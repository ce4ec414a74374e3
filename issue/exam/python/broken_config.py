import sys

print("loading plugins", file=sys.stderr)
source = """
def setup(app):
    app.add(1
    return app
"""
with open("/srv/app/python/plugin_broken.py", "w") as out:
    out.write(source)
sys.path.insert(0, "/srv/app/python")
import plugin_broken
