const log = (level, text) => console.error(`${new Date(Date.UTC(2026, 10, 20, 7)).toISOString()} ${level} [mailer] ${text}`);
function send(to) {
  throw new SyntaxError(`bad address: ${JSON.stringify(to)}`);
}
log('INFO', 'queue has 2 mails, 0 failed');
for (const to of ['a@b', 'c@@d']) {
  try { send(to); } catch (e) { log('ERROR', `could not send: ${e.stack}`); }
  log('INFO', 'next');
}
