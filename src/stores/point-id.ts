import { createHash } from 'node:crypto';

/** The name of a row where a server wants numbers or UUIDs (Qdrant) or short names (Milvus): the first 128 bits of the id's SHA-256, marked as UUID version 8 (RFC 9562, "custom"). */
export function pointId(id: string): string {
  const bytes = createHash('sha256').update(id).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
