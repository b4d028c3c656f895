import { useEffect, useState } from 'preact/hooks';

/** An address of a blob for as long as it is shown. */
export function useBlobAddress(blob: Blob | null): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (blob === null) return setAddress(null);
    const made = URL.createObjectURL(blob);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return address;
}

/** The user's own picture, from this machine. Files that the browser cannot show may still be ones that the server reads. */
export function Preview({ image, alt }: { image: Blob; alt: string }) {
  const address = useBlobAddress(image);
  const [unseen, setUnseen] = useState(false);
  if (unseen)
    return (
      <span class="picture gone" role="img" aria-label={alt}>
        this browser cannot show it
      </span>
    );
  if (address === null) return <span class="picture" />;
  return <img class="picture" src={address} alt={alt} onError={() => setUnseen(true)} />;
}
