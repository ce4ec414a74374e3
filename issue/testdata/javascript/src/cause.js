function low() {
  throw new TypeError('socket closed');
}
function mid() {
  try { low(); } catch (e) { throw new Error('query failed', { cause: e }); }
}
try { mid(); } catch (e) { throw new Error('request failed', { cause: e }); }
