import { it } from 'vitest';
import { isFresh, type Place, record } from './cells.js';

/** A test that fills a cell of the table: `check` asserts, and gives what the table shows. */
export function fills(title: string, place: Place, check: () => string | Promise<string>): void {
  it.skipIf(isFresh(place))(title, async () => record(place, await check()));
}
