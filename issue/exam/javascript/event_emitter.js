const { EventEmitter } = require('events');
class Feed extends EventEmitter {
  poll() { this.emit('error', new Error('feed closed: code=1006')); }
}
new Feed().poll();
