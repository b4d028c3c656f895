import { resolve } from 'node:path';
import { UserError } from '../errors.js';
import { createFolderAtomic } from '../runtime/folders.js';
import type { Io } from './io.js';

export const FORMATS = ['tfjs', 'safetensors', 'onnx'] as const;
type Format = (typeof FORMATS)[number];

/** `ft weights convert`: a network of any format, up to its features or with its classifier, in another. */
export async function convertWeights(
  file: string,
  options: { to: Format; out: string; network?: string; classifier?: true; force?: true },
  io: Io,
): Promise<void> {
  const { networkFromFile } = await import('../backbones/from-file.js');
  const { network, format, fit, tensors } = await networkFromFile(resolve(io.folder, file), {
    progress: io.progress,
    classifier: options.classifier === true,
    ...(options.network === undefined ? {} : { variant: options.network }),
  });
  if (options.classifier === true && fit?.classifier !== true)
    throw new UserError({
      where: file,
      what: 'there is no classifier of 1,000 classes that ft knows in this file',
      mend: 'leave --classifier away',
    });
  const out = resolve(io.folder, options.out);
  switch (options.to) {
    case 'tfjs': {
      const { writeTfjsLayers } = await import('../weights/tfjs/layers-write.js');
      await createFolderAtomic(out, (folder) => writeTfjsLayers(network, folder));
      break;
    }
    case 'safetensors': {
      const { writeCheckpoint } = await import('../runtime/checkpoint.js');
      // Under the names that it came with, by which others know it too.
      const named =
        tensors === null
          ? network.variables
          : [...tensors].map(([name, { shape, values }]) => [name, { shape, values: values() }] as const);
      await writeCheckpoint(out, { tensors: Object.fromEntries(named), meta: { network: fit?.variant.name ?? null } });
      break;
    }
    case 'onnx': {
      const { writeOnnxFile } = await import('../weights/onnx/write-file.js');
      await writeOnnxFile(out, network);
      break;
    }
  }
  const { mean, std } = network.preprocessing;
  io.stdout.write(
    `${file} (${format}${fit === null ? '' : `, ${fit.variant.name}`}) → ${options.out}\n` +
      `fed with RGB, (value − [${mean.join(', ')}]) / [${std.join(', ')}]\n`,
  );
}
