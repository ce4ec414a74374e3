"""A small WSGI service whose one route divides by the number of rows."""
import io
import sys
import threading
import urllib.request
from wsgiref.simple_server import make_server


class Router:
    def __init__(self):
        self.routes = {}

    def route(self, path):
        def keep(handler):
            self.routes[path] = handler
            return handler
        return keep

    def __call__(self, environ, start_response):
        handler = self.routes[environ["PATH_INFO"]]
        body = handler(environ)
        start_response("200 OK", [])
        return [body.encode()]


app = Router()


@app.route("/average")
def average(environ):
    rows = []
    return str(sum(rows) / len(rows))


server = make_server("127.0.0.1", 0, app)
thread = threading.Thread(target=server.handle_request)
thread.start()
try:
    urllib.request.urlopen("http://127.0.0.1:%d/average?x=1" % server.server_port, timeout=5).read()
except Exception:
    pass
thread.join()
