async function mirror(n) { throw new RangeError(`mirror ${n} is down`); }
async function download() { return Promise.any([mirror(1), mirror(2)]); }
download();
