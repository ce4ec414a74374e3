function work() { throw new RangeError('index 5 is out of range'); }
try { work(); } catch (e) { console.error(e); }
try { work(); } catch (e) { console.error('job failed:', e); }
console.log('carrying on');
