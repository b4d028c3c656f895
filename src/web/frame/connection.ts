import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { Info, ThresholdPoint } from '../../serve/api.js';
import { type Client, createClient, type Failure } from '../client.js';
import { byRisingRate } from '../threshold/rates.js';

const TOKEN = 'ft-token';
/** Pauses between two tries to reach the server, in milliseconds; the last one stays. */
const PAUSES: readonly number[] = [1000, 2000, 4000, 8000];

export interface Known {
  readonly info: Info;
  /** By rising rate. */
  readonly thresholds: readonly ThresholdPoint[];
}

export interface Connection {
  readonly client: Client;
  /** null until the server has answered once. */
  readonly known: Known | null;
  /** What keeps the page from working now. */
  readonly failure: Failure | null;
  readonly returns: number;
  readonly report: (failure: Failure) => void;
  readonly refresh: () => void;
  readonly giveToken: (token: string) => void;
  readonly tryAgain: () => void;
}

/** Asks the server what it is, waits for it where it is away, and keeps the token for as long as the tab is open. */
export function useConnection(): Connection {
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN));
  const [known, setKnown] = useState<Known | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [returns, setReturns] = useState(0);
  const [tries, setTries] = useState(0);
  const client = useMemo(() => createClient(token), [token]);

  const load = useCallback(async (): Promise<Failure | null> => {
    const [info, thresholds] = await Promise.all([client.info(), client.thresholds()]);
    if (!info.ok) return info.failure;
    if (!thresholds.ok) return thresholds.failure;
    setKnown({ info: info.value, thresholds: byRisingRate(thresholds.value) });
    return null;
  }, [client]);

  // `tries` asks for another try.
  useEffect(() => {
    let left = false;
    let timer = 0;
    const attempt = async (at: number) => {
      const found = await load();
      if (left) return;
      setFailure(found);
      if (found === null) setReturns((count) => count + 1);
      else if (found.kind === 'away') timer = window.setTimeout(() => attempt(at + 1), PAUSES[Math.min(at, PAUSES.length - 1)]);
    };
    void attempt(0);
    return () => {
      left = true;
      window.clearTimeout(timer);
    };
  }, [load, tries]);

  const tryAgain = useCallback(() => setTries((count) => count + 1), []);
  const report = useCallback(
    (found: Failure) => {
      if (found.kind === 'refused') return;
      setFailure(found);
      if (found.kind === 'away') tryAgain();
    },
    [tryAgain],
  );
  const refresh = useCallback(() => {
    void load().then((found) => {
      if (found !== null) report(found);
    });
  }, [load, report]);
  const giveToken = useCallback((given: string) => {
    sessionStorage.setItem(TOKEN, given);
    setToken(given);
  }, []);
  return { client, known, failure, returns, report, refresh, giveToken, tryAgain };
}
