/** The networks of the benchmark, apart from what makes them: the process that starts all others loads no TensorFlow. */
export const NETWORKS = ['resnet50-thin', 'resnet50', 'mobilenet-v1', 'mobilenet-v2', 'efficientnet-lite0'] as const;
export type NetworkName = (typeof NETWORKS)[number];
