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
