// Validates a description with the AsyncAPI project's parser. Fails on errors and warnings.
//
// Usage: NODE_PATH=<folder of the parser>/node_modules node asyncapi.cjs FILE

const { readFileSync } = require('node:fs');
const { Parser } = require('@asyncapi/parser');

// Errors have severity 0 and warnings 1. Higher numbers are hints, such as to use the latest
// version of AsyncAPI.
const WARNING = 1;

async function main(file) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'));
  const faults = diagnostics.filter(({ severity }) => severity <= WARNING);
  for (const { path, message } of faults) console.error(`${file}: ${path.join('/')}: ${message}`);
  process.exitCode = document && faults.length === 0 ? 0 : 1;
}

main(process.argv[2]);
