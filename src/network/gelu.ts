/** 1 + tanh(root · (x + cubic · x³)) is nearly 2 Φ(x) (Hendrycks & Gimpel 2016, Gaussian Error Linear Units, section 2). */
export const GELU_TANH = { root: Math.sqrt(2 / Math.PI), cubic: 0.044715 } as const;
