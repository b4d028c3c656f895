import { useEffect, useState } from 'preact/hooks';
import { useServer } from '../context.js';
import { useBlobAddress } from './preview.js';

interface Properties {
  /** Where the server has the picture; null where there is none. */
  readonly address: string | null;
  readonly alt: string;
  /** What is shown in place of a missing picture; 'no picture' unless told. */
  readonly missing?: string;
}

/** Pixels that are asked for: enough for the largest place on a screen of two pixels a point. */
const SIDE = 320;

/** A picture of the server's. Its place has its size before it comes. With a token it is fetched, as `<img>` cannot send one. */
export function Picture({ address: place, alt, missing = 'no picture' }: Properties) {
  const address = place === null ? null : `${place}?side=${SIDE}`;
  const { client } = useServer();
  const [gone, setGone] = useState(false);
  const [blob, setBlob] = useState<Blob | null>(null);
  const fetched = useBlobAddress(blob);
  useEffect(() => {
    let left = false;
    setGone(false);
    setBlob(null);
    if (address === null || client.token === null) return;
    void client.picture(address).then((outcome) => {
      if (left) return;
      if (outcome.ok) setBlob(outcome.value);
      else setGone(true);
    });
    return () => {
      left = true;
    };
  }, [address, client]);
  if (address === null || gone)
    return (
      <span class="picture gone" role="img" aria-label={alt}>
        {missing}
      </span>
    );
  const source = client.token === null ? address : fetched;
  if (source === null) return <span class="picture" role="img" aria-label={alt} />;
  return <img class="picture" src={source} alt={alt} loading="lazy" decoding="async" onError={() => setGone(true)} />;
}
