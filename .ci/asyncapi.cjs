// Whether the parser of AsyncAPI's own project takes a description: no errors, no warnings.
//
// Usage: NODE_PATH=<where it is installed>/node_modules node asyncapi.cjs FILE

const { readFileSync } = require('node:fs');
const { Parser } = require('@asyncapi/parser');

// What is less than a warning is advice, such as to use the newest version of AsyncAPI.
const WARNING = 1;

async function main(file) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'));
  const faults = diagnostics.filter(({ severity }) => severity <= WARNING);
  for (const { path, message } of faults) console.error(`${file}: ${path.join('/')}: ${message}`);
  process.exitCode = document && faults.length === 0 ? 0 : 1;
}

main(process.argv[2]);
