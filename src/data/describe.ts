import { type Dataset, type Sample, type Skipped, sharedAcrossClasses, singleImageClasses } from './dataset.js';
import { counted, printable, shortList } from './printable.js';

/**
 * What a person should know of a data set before it is trained on: one line a kind of thing, with how many there are and a
 * few names, however many files there are. Names are made safe to print.
 */
export function describeDataset(dataset: Dataset, listed = 5): string[] {
  const { samples, classes, skipped, remarks } = dataset;
  const lines = [`${printable(dataset.name)}: ${counted(samples.length, 'image')} in ${counted(classes.length, 'class')}`];
  lines.push(...(remarks?.notes ?? []));
  if (skipped.length > 0) {
    lines.push(`skipped ${counted(skipped.length, 'file')} that cannot be used:`);
    const groups = groupByReason(skipped);
    for (const { reason, files } of groups.slice(0, 2 * listed)) lines.push(`  ${reasonLine(reason, files, listed)}`);
    const rest = groups.slice(2 * listed);
    if (rest.length > 0) {
      lines.push(
        `  … and ${rest.reduce((sum, { files }) => sum + files.length, 0)} more, for ${counted(rest.length, 'other reason')}`,
      );
    }
  }
  const passedOver = remarks?.passedOver ?? [];
  if (passedOver.length > 0) {
    const kinds = passedOver.map(({ kind, count }) => `${count} × ${kind}`);
    lines.push(`passed over: ${shortList(kinds, 2 * listed)}`);
  }
  const single = singleImageClasses(dataset);
  if (single.length > 0) {
    const have = single.length === 1 ? '1 class has' : `${single.length} classes have`;
    lines.push(`${have} one image only, so nothing can be retrieved for it: ${shortList(single, listed)}`);
  }
  const shared = sharedAcrossClasses(dataset);
  if (shared.length > 0) {
    const groups = shared.map((group) => group.map((index) => (samples[index] as Sample).file).join(' = '));
    const lie = shared.length === 1 ? '1 image lies' : `${shared.length} images lie`;
    lines.push(`${lie} in more than one class, so a label is wrong: ${shortList(groups, listed)}`);
  }
  return lines;
}

/** Files that were skipped for the same reason, whatever numbers it names; the reasons with most files first. */
export function groupByReason(skipped: readonly Skipped[]): { readonly reason: string; readonly files: readonly string[] }[] {
  const groups = new Map<string, { reason: string; files: string[] }>();
  for (const { file, reason } of skipped) {
    const key = reason.replace(/\d+/g, '0');
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { reason, files: [file] });
    else known.files.push(file);
  }
  return [...groups.values()].sort((a, b) => b.files.length - a.files.length);
}

function reasonLine(reason: string, files: readonly string[], listed: number): string {
  if (files.length === 1) return `${printable(files[0] as string)}: ${printable(reason)}`;
  return `${files.length} × ${printable(reason)}: ${shortList(files, listed)}`;
}
