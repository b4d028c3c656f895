import { type Dataset, type Sample, sharedAcrossClasses, singleImageClasses } from './dataset.js';

/** What a person should know of a data set before it is trained on, one line a thing, the number of images first. */
export function describeDataset(dataset: Dataset, listed = 5): string[] {
  const lines = [`${dataset.name}: ${dataset.samples.length} images in ${dataset.classes.length} classes`];
  if (dataset.skipped.length > 0) {
    lines.push(`skipped ${dataset.skipped.length} files that cannot be used:`);
    for (const { file, reason } of dataset.skipped.slice(0, listed)) lines.push(`  ${file}: ${reason}`);
    if (dataset.skipped.length > listed) lines.push(`  … and ${dataset.skipped.length - listed} more`);
  }
  const single = singleImageClasses(dataset);
  if (single.length > 0) {
    lines.push(`${single.length} classes have one image only, so nothing can be retrieved for it: ${shortList(single, listed)}`);
  }
  const shared = sharedAcrossClasses(dataset);
  if (shared.length > 0) {
    const groups = shared.map((group) => group.map((index) => (dataset.samples[index] as Sample).file).join(' = '));
    lines.push(`${shared.length} images lie in more than one class, so a label is wrong: ${shortList(groups, listed)}`);
  }
  return lines;
}

function shortList(names: readonly string[], listed: number): string {
  return names.length <= listed ? names.join(', ') : `${names.slice(0, listed).join(', ')}, … (${names.length - listed} more)`;
}
