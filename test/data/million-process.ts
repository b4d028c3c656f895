import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** What million.ts prints. */
export interface Million {
  readonly images: number;
  readonly classes: number;
  readonly labels: number;
  readonly train: number;
  readonly drawnOnce: number;
  readonly pkImages: number;
  readonly megabytes: number;
  readonly seconds: number;
}

/** Lists, splits and draws so many images in a process of its own, whose heap may take no more than 1 GiB. */
export function drawFrom(images: number): Million {
  const script = fileURLToPath(new URL('million.ts', import.meta.url));
  const output = execFileSync(process.execPath, ['--max-old-space-size=1024', '--import', 'tsx', script, String(images)], {
    encoding: 'utf8',
  });
  return JSON.parse(output) as Million;
}
