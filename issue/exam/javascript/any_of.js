Promise.any([Promise.reject(new TypeError('a')), Promise.reject(new Error('b'))]).catch(e=>{ console.error(e); });
console.error(new Date(0).toISOString(), 'ERROR', 'job 7', new SyntaxError('bad row'));
