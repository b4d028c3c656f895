/** The place in a person's (or our own) code that led here: the first frame outside node_modules and the tracer itself. */
export function sourceLine(stack = new Error().stack ?? ''): string {
  const frames = stack
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
  const own = frames.find(
    (frame) =>
      frame.startsWith('at ') &&
      !/node_modules|tfjs-(core|layers|node|converter)[/\\]|src[/\\]runtime[/\\](trace|ops)[/\\]|node:internal/.test(frame),
  );
  return (own ?? frames[0] ?? 'unknown').replace(/^at /, '').replace(/file:\/\//, '');
}

/**
 * Names of the functions that are being called. The text of a stack has a line of source for each, looked up in its source map: with one
 * for each constant, tracing takes nearly twice as long.
 */
export function callers(): string[] {
  const prepare = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFunctionName() ?? '');
  try {
    return new Error().stack as unknown as string[];
  } finally {
    Error.prepareStackTrace = prepare as typeof Error.prepareStackTrace;
  }
}
