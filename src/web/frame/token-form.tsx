import { useEffect, useRef, useState } from 'preact/hooks';

/** Asks for the token that the server was started with. It is kept in this tab alone, and goes with the tab. */
export function TokenForm({ refused, give }: { refused: boolean; give: (token: string) => void }) {
  const [token, setToken] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    if (token.trim() !== '') give(token.trim());
  };
  return (
    <main>
      <form class="token" onSubmit={submit}>
        <h2>This server wants a token</h2>
        <p class="quiet" id="token-about">
          It is the one that <code>ft serve</code> was started with. This tab keeps it until you close it.
        </p>
        {refused && (
          <p class="bad" role="alert">
            The server did not take that token.
          </p>
        )}
        <label for="token">Token</label>
        <div class="row">
          <input
            id="token"
            type="password"
            autocomplete="off"
            aria-describedby="token-about"
            ref={field}
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
          <button type="submit" class="button chief">
            Go on
          </button>
        </div>
      </form>
    </main>
  );
}
