/** A column of a text table; numbers stand right, words left. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Rows as aligned text, two spaces between columns, a rule under the titles. A row of undefined is a rule. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[] | undefined)[]): string {
  const widths = columns.map((column, i) => Math.max(letters(column.title), ...rows.map((row) => letters(row?.[i] ?? ''))));
  const format = (row: readonly string[]) =>
    columns
      .map((column, i) => {
        const text = row[i] ?? '';
        const space = ' '.repeat((widths[i] ?? 0) - letters(text));
        return column.align === 'right' ? space + text : text + space;
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [
    format(columns.map((column) => column.title)),
    rule,
    ...rows.map((row) => (row === undefined ? rule : format(row))),
  ].join('\n');
}

function letters(text: string): number {
  return [...text].length;
}
