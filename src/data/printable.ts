/**
 * A name as a terminal may show it: control characters (line breaks, escape sequences), marks that turn the direction of
 * writing, and other invisible ones are written as escapes. A file's name can hold any of them, and printed raw it could
 * clear the screen, forge a line, or hide its extension.
 */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, escaped);
}

function escaped(character: string): string {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    default: {
      const code = character.codePointAt(0) as number;
      return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
    }
  }
}

/** The first names of a list, printable, and how many more there are. */
export function shortList(names: readonly string[], listed: number): string {
  const shown = names.slice(0, listed).map(printable).join(', ');
  return names.length <= listed ? shown : `${shown}, … (${names.length - listed} more)`;
}

/** `1 image`, `2 images`; `1 class`, `2 classes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : noun.endsWith('s') ? `${noun}es` : `${noun}s`}`;
}
