async function load() {
  await null;
  throw new Error('no answer\nfrom the other side');
}
async function main() {
  await load();
}
main();
