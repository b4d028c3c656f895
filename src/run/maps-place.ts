/** Where a phase that runs on a card has the maps of its frozen part: the rule, and its words. */
import { LARGEST_TABLE } from '../runtime/trace/table.js';
import type { PhasePlan } from '../transfer/plan.js';

/** In the card's memory, in the machine's, or nowhere but on disk: then each step is fed those of its images. */
export type MapsPlace = 'card' | 'machine' | 'fed';

/** Bytes that were free before anything was computed. */
export interface FreeMemory {
  readonly card: number;
  readonly machine: number;
}

/** cuDNN's and cuBLAS' work space. */
const WORKSPACE = 1e9;
/** Of what is free on the card: memory is taken in blocks, and others may take some. */
const USABLE = 0.9;
/** Of what is free in the machine: the rest is for the process itself, for the images' bytes, and for files that are read again. */
const SHARE = 0.5;

/** Bytes: of all tables, of the largest of them, and what the phase takes besides (a forecast). */
export interface WantedMemory {
  readonly tables: number;
  readonly largest: number;
  readonly phase: number;
}

/** Whether tables fit on a card with so many bytes free, beside all that the phase computes there. */
export function fitOnCard({ tables, largest, phase }: WantedMemory, free: number): boolean {
  return largest <= LARGEST_TABLE && tables + phase + WORKSPACE <= USABLE * free;
}

/** On the card where maps fit there, else in the machine's memory where they fit into half of it. */
export function placeOfMaps(wanted: WantedMemory, free: FreeMemory): MapsPlace {
  if (fitOnCard(wanted, free.card)) return 'card';
  return wanted.tables <= SHARE * free.machine ? 'machine' : 'fed';
}

/** The line that a run and `ft plan` show. */
export function placeLine({ phase }: PhasePlan, maps: number, place: MapsPlace, { card, machine }: FreeMemory): string {
  const where = {
    card: 'on the card',
    machine: `in the machine's memory, of which a step carries its images' (${inWords(card)} are free on the card)`,
    fed: `fed in each step (${inWords(card)} are free on the card, ${inWords(machine)} in the machine)`,
  };
  return `${phase}: maps of the frozen part: ${inWords(maps)}, ${where[place]}`;
}

/** Bytes for a person. */
export function inWords(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return mib < 1000 ? `${mib.toFixed(mib < 10 ? 1 : 0)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
