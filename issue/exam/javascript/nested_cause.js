function connect(host) {
  const error = new Error(`connect ECONNREFUSED ${host}:5432`);
  error.code = 'ECONNREFUSED';
  throw error;
}
function openPool() {
  try { connect('10.0.0.7'); } catch (cause) { throw new TypeError('pool could not be opened', { cause }); }
}
function boot() {
  try { openPool(); } catch (cause) { throw new Error('boot failed', { cause }); }
}
boot();
