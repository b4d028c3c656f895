import { holdToPyTorch } from './fifty-steps.js';

holdToPyTorch(1);
