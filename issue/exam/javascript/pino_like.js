const write = (o) => process.stderr.write(JSON.stringify({ time: 1763622000000, pid: 7, hostname: 'web-1', ...o }) + '\n');
function parseCoupon(code) { return BigInt(code); }
write({ level: 30, msg: 'server listening, error handler installed' });
try { parseCoupon('12,50'); } catch (err) {
  write({ level: 50, err: { type: err.name, message: err.message, stack: err.stack }, msg: 'request errored' });
}
write({ level: 30, msg: 'request completed', res: { statusCode: 500 } });
