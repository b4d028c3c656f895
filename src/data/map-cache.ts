import { fromBfloat16, toBfloat16 } from './bfloat16.js';
import { type MapStore, openMapStore } from './map-store.js';

/** How the numbers of a map are kept: as they are, or rounded to half the bytes. */
export type MapFormat = 'fp32' | 'bf16';

export const BYTES: Readonly<Record<MapFormat, number>> = { fp32: 4, bf16: 2 };

/** Feature maps on disk, each in its slot. */
export class MapCache {
  private readonly store: MapStore;
  private readonly halves: Uint16Array;

  /** @param size numbers of a map */
  constructor(
    folder: string,
    slots: number,
    readonly size: number,
    private readonly format: MapFormat,
  ) {
    this.store = openMapStore(folder, slots, size * BYTES[format]);
    this.halves = new Uint16Array(format === 'bf16' ? size : 0);
  }

  has(slot: number): boolean {
    return this.store.has(slot);
  }

  /** Reads a map; false where there is none, or it is not what was written. */
  read(slot: number, target: Float32Array): boolean {
    if (this.format === 'fp32') return this.store.read(slot, new Uint8Array(target.buffer, target.byteOffset, target.byteLength));
    if (!this.store.read(slot, new Uint8Array(this.halves.buffer))) return false;
    fromBfloat16(this.halves, target);
    return true;
  }

  write(slot: number, map: Float32Array): void {
    if (this.format === 'bf16') {
      toBfloat16(map, this.halves);
      this.store.write(slot, new Uint8Array(this.halves.buffer));
    } else this.store.write(slot, new Uint8Array(map.buffer, map.byteOffset, map.byteLength));
  }

  close(): void {
    this.store.close();
  }
}
