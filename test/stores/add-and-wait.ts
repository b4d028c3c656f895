/** Adds rows to a store one by one, says so, and waits to be killed: `tsx add-and-wait.ts FOLDER COUNT`. */
import { embeddedStore } from '../../src/stores/embedded.js';
import { DIMENSIONS, MODEL, row } from './rows.js';

const [folder, count] = process.argv.slice(2) as [string, string];
const store = await embeddedStore(folder, { dimensions: DIMENSIONS, model: MODEL });
for (let i = 0; i < Number(count); i++) await store.add([row(i)]);
process.stdout.write('added\n');
setInterval(() => {}, 1000);
