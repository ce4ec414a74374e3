function parse(text) {
  return text.name.length;
}

function main() {
  parse({});
}

main();
