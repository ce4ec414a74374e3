'use strict';
const http = require('http');

class HttpRouter {
  constructor() { this.handlers = new Map(); }
  on(path, handler) { this.handlers.set(path, handler); return this; }
  dispatch(req, res) {
    console.error(`${req.method} ${req.url} 200 0 errors`);
    this.handlers.get(req.url)(req, res);
  }
}

const router = new HttpRouter().on('/profile', function showProfile(req, res) {
  const user = undefined;
  res.end(user.name);
});
const server = http.createServer((req, res) => router.dispatch(req, res));
server.listen(0, '127.0.0.1', () => http.get({ port: server.address().port, path: '/profile' }).on('error', () => {}));
