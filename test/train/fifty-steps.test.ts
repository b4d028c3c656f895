import { holdToPyTorch } from './fifty-steps.js';

// All of them take half a minute: make verify.
holdToPyTorch(2);
