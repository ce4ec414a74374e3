const fs=require('fs'); fs.readFile('/nope', (e)=>{ if(e) throw e; });
