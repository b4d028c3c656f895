import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import { STYLE } from '../page/style.js';
import type { PageFiles } from '../serve/page.js';

/**
 * Bundles the page in memory: nothing is written, and nothing built lies about that could be stale.
 * The page asks for nothing outside its own server, and runs under `Content-Security-Policy: default-src 'self'; img-src 'self' blob: data:`:
 * no script or style stands in the markup itself. Its addresses are relative, so it works behind a path of a proxy as well.
 */
export async function bundlePage(): Promise<PageFiles> {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
    entryPoints: ['main.tsx'],
    outdir: 'bundle',
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    // Browsers of the last five years.
    target: ['chrome100', 'firefox100', 'safari15.4'],
    logLevel: 'silent',
  });
  // The bundler is a process of its own, which would stay for as long as the server.
  await stop();
  const text = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return { html: HTML, js: text('.js'), css: STYLE + text('.css') };
}

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>ft serve</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script type="module" src="page.js"></script>
</head>
<body>
<div id="page"><noscript><main><p>This page needs JavaScript. The same is to be had by HTTP: see <a href="docs">its description</a>.</p></main></noscript></div>
</body>
</html>
`;
