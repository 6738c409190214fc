#!/usr/bin/env node
// Written so that a Node of any age can read it: an old one gets this sentence instead of a syntax error.
var version = process.versions.node.split('.').map(Number)
if (version[0] < 22 || (version[0] === 22 && version[1] < 18)) {
  console.error(
    'Sluice needs Node 22.18 or newer; this is Node ' + process.versions.node + '. Install a newer Node and try again.',
  )
  process.exitCode = 78
} else {
  process.exitCode = 75
  void import('../dist/cli/main.js').then((cli) => cli.main(process.argv.slice(2)))
}
