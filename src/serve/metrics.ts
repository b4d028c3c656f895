import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What Prometheus is told. */
export interface Metrics {
  readonly registry: Registry;
  /** A request that was answered, by the pattern of its path. */
  answered(route: string, status: number, seconds: number): void;
  batch(images: number, seconds: number): void;
}

/** Seconds: from a small model on a fast card to the longest time that a request has. */
const LATENCY = [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60];
const BATCH = [1, 2, 4, 8, 16, 32, 64, 128];

/**
 * @param queue how many images wait, and how many are inside
 */
export function createMetrics(queue: () => { waiting: number; inside: number }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: 'ft_requests_total',
    help: 'Requests that were answered',
    labelNames: ['route', 'status'],
    registers,
  });
  const latency = new Histogram({
    name: 'ft_request_seconds',
    help: 'From the head of a request to the end of its answer',
    labelNames: ['route'],
    buckets: LATENCY,
    registers,
  });
  const sizes = new Histogram({ name: 'ft_batch_images', help: 'Images computed together', buckets: BATCH, registers });
  const model = new Histogram({ name: 'ft_model_seconds', help: 'Time of a batch in the model', buckets: LATENCY, registers });
  new Gauge({
    name: 'ft_images_waiting',
    help: 'Images that wait for their batch',
    registers,
    collect() {
      this.set(queue().waiting);
    },
  });
  new Gauge({
    name: 'ft_images_inside',
    help: 'Images that are decoded, wait or are computed',
    registers,
    collect() {
      this.set(queue().inside);
    },
  });
  return {
    registry,
    answered(route, status, seconds) {
      requests.inc({ route, status: String(status) });
      latency.observe({ route }, seconds);
    },
    batch(images, seconds) {
      sizes.observe(images);
      model.observe(seconds);
    },
  };
}
