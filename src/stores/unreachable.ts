import { UserError } from '../errors.js';

/**
 * What a client says of a server that does not answer, refuses the key, or is none of its kind.
 * @param where the store, as a person may read it: no password in it
 */
export function unreachable(server: string, where: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const { message, cause, data } = error as Error & { data?: { status?: { error?: string } } };
  // Qdrant's client says the HTTP status, and keeps what the server said beside it.
  const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : data?.status?.error;
  return new UserError({
    what: `${server} cannot be used`,
    where,
    found: why ? `${message}: ${why}` : message,
    mend: 'check the address and the key of --store, and that the server runs',
  });
}
