function load(number) {
  throw new RangeError(`row ${number} is out of range`);
}

function handle(number) {
  try {
    load(number);
  } catch (cause) {
    throw new TypeError(`cannot handle request ${number}`, { cause });
  }
}

console.log("working", process.argv[2]);
handle(Number(process.argv[2]));
