/** `ft serve`: a model for others to ask, by HTTP. */
import { resolve } from 'node:path';
import process from 'node:process';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Serving } from '../run/serve.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';

interface Options {
  gallery?: string;
  store?: string;
  name?: string;
  host: string;
  port: number;
  /** false: --no-token. */
  token?: string | false;
  precision: 'fp32' | 'bf16' | 'auto';
  batch: number;
  queue: number;
  maxImages: number;
  maxBytes: number;
  maxPixels: number;
  timeout: number;
  json?: true;
}

/** Milliseconds between two looks at whether Ctrl-C was pressed. */
const LOOK = 100;

export function serveVerb(io: Io = processIo()): Command {
  const command = new Command('serve')
    .description(
      "Serve a finished run, or an export (SavedModel, ONNX, tfjs), by HTTP: a page, TensorFlow Serving's REST interface, and /embed, /search, " +
        '/verify, /classify, /enrol. GET /docs describes it all. Requests that come at the same time are computed together.',
    )
    .argument('[model]', "a run folder, or an export's", 'runs/latest')
    .option(
      '--gallery <where>',
      'what is searched: a folder or table of images (embedded once, then remembered), or a file of vectors',
    )
    .option(
      '--store <where>',
      "where the gallery's rows, and classes that are enrolled, are kept: a folder, memory:, postgres://…, qdrant://… or milvus://… (else a folder of the cache)",
    )
    .option('--name <name>', "what it is called in /v1/models/NAME; else by the run's recipe, or the export's folder", modelName)
    .option('--host <address>', 'where to listen; other machines reach 0.0.0.0', '127.0.0.1')
    .option('--port <number>', "the port (0: any that is free); 8501 is that of TensorFlow Serving's REST", port, 8501)
    .option(
      '--token <token>',
      'what has to come with every request, as Authorization: Bearer; FT_SERVE_TOKEN names it as well',
      token,
    )
    .option('--no-token', 'let anybody ask who reaches --host')
    .addOption(
      new Option('--precision <precision>', 'fp32, bf16, or auto: whichever is faster here (a run, not an export)')
        .choices(['fp32', 'bf16', 'auto'])
        .default('fp32'),
    )
    .option('--batch <images>', 'images computed together, at most', whole(1, 1024), 32)
    .option('--queue <images>', 'images that are taken in at one time; more are told to come again (503)', whole(1, 100_000), 256)
    .option('--max-images <count>', 'images a request', whole(1, 1024), 32)
    .option('--max-bytes <bytes>', 'bytes a request', whole(1024, 2 ** 30), 32 * 2 ** 20)
    .option('--max-pixels <count>', 'pixels an image', whole(1, 268_000_000), 50_000_000)
    .option('--timeout <seconds>', 'time that a request has, once it is here', seconds, 30)
    .option('--json', 'print one line of JSON when it listens, for tools')
    .action(async (argument: string, options: Options) => {
      const { serve } = await import('../run/serve.js');
      const { bundlePage } = await import('../web/bundle.js');
      const given = options.token === undefined ? process.env.FT_SERVE_TOKEN : options.token;
      const interrupt = io.interrupt('ending: what was asked is answered first (again: end at once)');
      try {
        const serving = await serve(
          {
            argument,
            folder: io.folder,
            name: options.name ?? null,
            gallery: options.gallery === undefined ? null : resolve(io.folder, options.gallery),
            store: storeOf(options.store, io.folder),
            host: options.host,
            port: options.port,
            token: given === false || given === undefined || given === '' ? null : given,
            noToken: options.token === false,
            precision: options.precision,
            batch: options.batch,
            queue: options.queue,
            images: options.maxImages,
            bytes: options.maxBytes,
            pixels: options.maxPixels,
            time: options.timeout * 1000,
            page: bundlePage,
          },
          io.progress,
        );
        io.stdout.write(options.json ? `${JSON.stringify({ url: serving.url })}\n` : `${serving.url}\n`);
        await untilAsked(serving, interrupt.asked);
      } finally {
        interrupt.off();
      }
    });
  return withExamples(command, [
    ['ft serve runs/latest --gallery my-photos', 'a page to search, at http://127.0.0.1:8501'],
    ['ft serve runs/latest/export/onnx --port 0 --json', 'an export, for tools'],
    ['ft serve --host 0.0.0.0 --token $(openssl rand -hex 16)', 'for other machines'],
  ]);
}

/** Until Ctrl-C or a request to end; or the model's own end, which is a fault. */
async function untilAsked({ server, broken }: Serving, asked: () => boolean): Promise<void> {
  let looking: NodeJS.Timeout | undefined;
  const pressed = new Promise<void>((resolve) => {
    looking = setInterval(() => asked() && resolve(), LOOK);
  });
  try {
    await Promise.race([pressed, broken]);
  } finally {
    clearInterval(looking);
    await server.stop();
  }
}

/** A scheme is two letters at least: `C:\\rows` is a folder. */
function storeOf(where: string | undefined, folder: string): string | null {
  if (where === undefined) return null;
  return /^[a-z][a-z0-9+.-]+:/i.test(where) ? where : resolve(folder, where);
}

function whole(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!(Number.isInteger(value) && value >= least && value <= most))
      throw new InvalidArgumentError(`a whole number from ${least} to ${most} was expected`);
    return value;
  };
}

function port(text: string): number {
  return whole(0, 65_535)(text);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.01 && value <= 3600)) throw new InvalidArgumentError('a number of seconds from 0.01 to 3600 was expected');
  return value;
}

function modelName(text: string): string {
  if (!/^[\w.-]{1,100}$/.test(text)) throw new InvalidArgumentError('letters, digits, and . _ - were expected');
  return text;
}

function token(text: string): string {
  if (!/^\S{8,200}$/.test(text)) throw new InvalidArgumentError('at least 8 signs without spaces were expected');
  return text;
}
