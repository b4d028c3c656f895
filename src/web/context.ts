import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Info, ThresholdPoint } from '../serve/api.js';
import type { Client, Failure } from './client.js';

/** What every part of the page knows of its server. */
export interface Server {
  readonly client: Client;
  readonly info: Info;
  /** By rising rate. */
  readonly thresholds: readonly ThresholdPoint[];
  /** The point of the rate that the slider stands at; null where none is calibrated. */
  readonly point: ThresholdPoint | null;
  readonly choosePoint: (point: ThresholdPoint) => void;
  /** Counts how often the server has come back: what it could not be asked is asked again. */
  readonly returns: number;
  /** To be told of every failure: the page then waits for the server, or asks for the token. */
  readonly report: (failure: Failure) => void;
  /** To be called when classes were enrolled or removed. */
  readonly galleryChanged: () => void;
  /** Counts these changes. */
  readonly changes: number;
}

export const ServerContext = createContext<Server | null>(null);

export function useServer(): Server {
  const server = useContext(ServerContext);
  if (server === null) throw new Error('a part of the page stands outside of its server');
  return server;
}
