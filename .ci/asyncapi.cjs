// Checks a description with the parser of the AsyncAPI project: it must have no errors or warnings.
//
// Usage: NODE_PATH=<where the parser is installed>/node_modules node asyncapi.cjs FILE

const { readFileSync } = require('node:fs');
const { Parser } = require('@asyncapi/parser');

// Errors are 0 and warnings 1. The rest is advice, such as to use the newest version of AsyncAPI.
const WARNING = 1;

async function main(file) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'));
  const faults = diagnostics.filter(({ severity }) => severity <= WARNING);
  for (const { path, message } of faults) console.error(`${file}: ${path.join('/')}: ${message}`);
  process.exitCode = document && faults.length === 0 ? 0 : 1;
}

main(process.argv[2]);
