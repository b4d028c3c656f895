/** Loaded before each file that shares its process: puts back the environment as the file found it, for the file after it. */
import { afterAll } from 'vitest';
import { putBack } from './isolation.js';

const before = { ...process.env };

afterAll(() => putBack(process.env, before));
