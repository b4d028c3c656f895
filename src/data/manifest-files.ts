import { readdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** An image that a table names, found on this machine. */
export interface FoundFile {
  /** Its name in the data set: relative to the table's folder where it lies in it. */
  readonly file: string;
  readonly path: string;
}

const extensions = ['', '.jpg', '.jpeg', '.png', '.webp'];

/**
 * Finds the files that a table names. A name is relative to the table, or to a folder `images/` beside it, or whole. Tables
 * from Windows (`cat\1.jpg`), from a Mac (`é` in two characters), and those that leave out the extension are understood.
 * Folders are listed once each, so a million rows do not ask the disk a million times.
 */
export class FileFinder {
  private readonly folders = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(private readonly root: string) {}

  async find(written: string): Promise<FoundFile | undefined> {
    const forms = new Set([written, written.trim()].flatMap((form) => [form, form.normalize('NFC'), form.normalize('NFD')]));
    for (const form of [...forms]) if (form.includes('\\')) forms.add(form.replaceAll('\\', '/'));
    for (const extension of extensions) {
      for (const form of forms) {
        const name = `${form}${extension}`;
        for (const folder of isAbsolute(name) ? [''] : ['', 'images']) {
          const path = resolve(this.root, folder, name);
          if (await this.isFile(path)) return { file: this.nameOf(path, folder), path };
        }
      }
    }
    return undefined;
  }

  /** Relative to the table, or to `images/` where it was found there; a path that leaves the folder stays as it is. */
  private nameOf(path: string, folder: string): string {
    const below = relative(resolve(this.root, folder), path);
    const inside = below !== '' && !below.startsWith('..') && !isAbsolute(below);
    return (inside ? below : path).split(sep).join('/');
  }

  private async isFile(path: string): Promise<boolean> {
    const folder = dirname(path);
    let names = this.folders.get(folder);
    if (names === undefined) {
      names = namesOfFiles(folder);
      this.folders.set(folder, names);
    }
    return (await names).has(path);
  }
}

/** The whole paths of the regular files in a folder, links followed; none where the folder cannot be read. */
async function namesOfFiles(folder: string): Promise<ReadonlySet<string>> {
  const paths = new Set<string>();
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const regular = entry.isSymbolicLink()
      ? await stat(path)
          .then((info) => info.isFile())
          .catch(() => false)
      : entry.isFile();
    if (regular) paths.add(path);
  }
  return paths;
}
