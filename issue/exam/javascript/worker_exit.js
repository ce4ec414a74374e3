const { Worker, isMainThread } = require('worker_threads');
if (isMainThread) {
  new Worker(__filename);
} else {
  const decode = (input) => decodeURIComponent(input);
  setImmediate(function tick() { decode('%E0%A4%A'); });
}
