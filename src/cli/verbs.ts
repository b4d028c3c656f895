import type { Command } from 'commander';
import type { Io } from './io.js';

/** A verb of `ft`. Its module is read only when the verb is called, so that `ft --help` waits for nothing. */
export interface Verb {
  readonly name: string;
  /** The line that `ft --help` shows. */
  readonly summary: string;
  readonly load: (io: Io) => Promise<Command>;
}

/** Every verb, in the order of a first day's work. */
export const verbs: readonly Verb[] = [
  {
    name: 'data',
    summary: 'check images before they are trained on, and split them',
    load: async (io) => (await import('./data.js')).dataVerb(io),
  },
  {
    name: 'train',
    summary: 'fine-tune a backbone by a recipe: scores, export, run folder',
    load: async (io) => (await import('./train.js')).trainVerb(io),
  },
  {
    name: 'plan',
    summary: 'show what is frozen and how fast the rest learns, before a step is run',
    load: async (io) => (await import('./plan.js')).planVerb(io),
  },
  {
    name: 'freeze',
    summary: 'freeze the lower layers in the working recipe (ft.yaml)',
    load: async (io) => (await import('./freeze.js')).freezeVerb(io),
  },
  {
    name: 'find-lr',
    summary: 'raise the rate step by step: where a phase learns fastest, and where it runs away',
    load: async (io) => (await import('./find-lr.js')).findLrVerb(io),
  },
  {
    name: 'evaluate',
    summary: 'score a run on classes it never saw',
    load: async (io) => (await import('./evaluate.js')).evaluateVerb(io),
  },
  {
    name: 'compare',
    summary: 'set runs side by side: what is better, and on which images',
    load: async (io) => (await import('./compare.js')).compareVerb(io),
  },
  {
    name: 'report',
    summary: 'write a run as one page: scores, curves, what it finds and mixes up',
    load: async (io) => (await import('./report.js')).reportVerb(io),
  },
  {
    name: 'embed',
    summary: 'turn a folder of images into vectors',
    load: async (io) => (await import('./embed.js')).embedVerb(io),
  },
  {
    name: 'search',
    summary: 'find the images that are most alike to one',
    load: async (io) => (await import('./search.js')).searchVerb(io),
  },
  {
    name: 'verify',
    summary: 'say whether two images show the same',
    load: async (io) => (await import('./verify.js')).verifyVerb(io),
  },
  {
    name: 'serve',
    summary: "serve a model by HTTP: a page, search, and TensorFlow Serving's interface",
    load: async (io) => (await import('./serve.js')).serveVerb(io),
  },
  {
    name: 'export',
    summary: 'write a run as a model that others load',
    load: async (io) => (await import('./export.js')).exportVerb(io),
  },
  { name: 'recipes', summary: 'list, show and make recipes', load: async (io) => (await import('./recipes.js')).recipesVerb(io) },
  {
    name: 'weights',
    summary: 'list, fetch and show pre-trained backbones',
    load: async (io) => (await import('./weights.js')).weightsVerb(io),
  },
  {
    name: 'doctor',
    summary: 'say what was found on this machine and what is missing',
    load: async (io) => (await import('./doctor.js')).doctorVerb(io),
  },
  {
    name: 'setup',
    summary: 'set TensorFlow up on this machine (make calls it)',
    load: async (io) => (await import('./setup.js')).setupVerb(io),
  },
];
