class Money { constructor(v){ if(v<0) throw new RangeError(`negative: ${v}\nsee docs`); } }
async function pay(){ try { new Money(-1) } catch(e) { const w = new Error('pay failed', {cause:e}); w.code='E_PAY'; throw w; } }
process.on('uncaughtException', e => { console.error('[fatal]', e); process.exit(1) });
setTimeout(()=>{ pay() }, 1);
