// Bundles the SDK twice (a script for a tag, a module for a bundler) and holds its size against the limit.
// `--check` builds nothing and fails when what lies in `dist` is not what would be built.

import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";

const LIMIT = 6 * 1024;
const shared = { bundle: true, minify: true, target: "es2020", write: false, legalComments: "none" };
const outputs = [
  ["dist/issuetracker.js", { ...shared, entryPoints: ["src/script.ts"], format: "iife" }],
  ["dist/issuetracker.mjs", { ...shared, entryPoints: ["src/index.ts"], format: "esm" }],
];

let failed = false;
for (const [file, options] of outputs) {
  const text = buildSync(options).outputFiles[0].text;
  const size = gzipSync(text, { level: 9 }).length;
  const large = size >= LIMIT;
  console.log(`${file}: ${text.length} bytes, ${size} gzip, limit ${LIMIT}${large ? ": TOO LARGE" : ""}`);
  failed ||= large;
  if (!process.argv.includes("--check")) {
    writeFileSync(file, text);
  } else if (readFileSync(file, "utf8") !== text) {
    console.log(`${file} is not what \`npm run build\` makes`);
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
