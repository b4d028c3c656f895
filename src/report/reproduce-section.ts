import { html } from '../page/shell.js';
import type { ReportInput } from './input.js';
import { type Section, section } from './section.js';

/** What makes the run again, and how to see that it was made so. */
export function reproduceSection({ command, facts }: ReportInput): Section {
  return section(
    'reproduce',
    'How to make it again',
    'The same command on the same images, weights and versions gives the same weights, bit for bit, on the same kind of machine.',
    html`${command.length === 0 ? null : html`<pre>ft ${command.map(quoted).join(' ')}</pre>`}
<dl>${facts.map(({ what, value, code }) => html`<dt>${what}</dt><dd>${code ? html`<code>${value}</code>` : value}</dd>`)}</dl>`,
  );
}

/** An argument as a shell takes it. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
