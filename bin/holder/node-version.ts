/*
 * The first thing that the holder's script does: everything below it may use what an older Node does not have. A holder
 * starts it with the Node that is there, and bin/sigstead is not around it.
 */
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`sigstead: error: node: expected version 24 or later, got v${process.versions.node}\n`);
  process.stderr.write('sigstead: hint: install Node.js 24 or later\n');
  process.exit(5);
}
