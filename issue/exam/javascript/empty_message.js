class Abort extends Error {}
setTimeout(() => { (() => { throw new Abort(); })(); }, 1);
