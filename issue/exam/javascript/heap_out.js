const keep = [];
for (;;) keep.push(new Array(10000).fill(Math.random()));
