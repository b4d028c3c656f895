#!/usr/bin/env node
// The launcher: plain JavaScript, so that an old Node or a missing set-up is told in words. Everything else is TypeScript.

/** Says what is wrong and what to do, and ends with the exit code for what a person can mend. */
function refuse(what, mend) {
  process.stderr.write(`ft: ${what}\n  do this:  ${mend}\n`);
  process.exit(2);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  refuse(`Node ${process.versions.node} is too old`, 'install Node 20.9 or newer, then: make setup');
}

// `ft plan | head` closes the pipe before we are done writing: that is no fault.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const tsx = await import('tsx/esm/api').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  return refuse('its packages are not installed here', 'make setup');
});
tsx.register();
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
