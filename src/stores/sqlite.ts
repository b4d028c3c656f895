import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'libsql';
import { UserError } from '../errors.js';
import { checkRecord, type StoreRecord } from './record.js';

/** `key` counts up and is never used twice: a row that is replaced gets a new one, so a key means one vector for ever. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS record (dimensions INTEGER NOT NULL, model TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS rows (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    vector BLOB NOT NULL,
    class TEXT,
    file TEXT NOT NULL,
    path TEXT,
    kind TEXT NOT NULL,
    images INTEGER NOT NULL
  );`;

/**
 * Opens the SQLite file of a store's folder, or makes both. This process alone has it until it is closed or ends: the lock is
 * the operating system's, so a killed process leaves none. A transaction is on the disk when it is done (log, fsync).
 * @throws UserError where another process has it, where it is no database, or where it holds other vectors
 */
export async function openSqlite(folder: string, wanted: StoreRecord): Promise<Database> {
  const { default: Libsql } = await import('libsql');
  let db: Database | null = null;
  try {
    mkdirSync(folder, { recursive: true });
    db = new Libsql(join(folder, 'rows.sqlite')) as Database;
    // EXCLUSIVE comes first: the log is then opened without the shared memory that others would read.
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = FULL');
    // Takes the lock, and makes the tables in one piece.
    db.exec(`BEGIN IMMEDIATE;${SCHEMA}`);
    const found = db.prepare('SELECT dimensions, model FROM record').get() as StoreRecord | undefined;
    if (found === undefined) db.prepare('INSERT INTO record VALUES (?, ?)').run(wanted.dimensions, wanted.model);
    else checkRecord(found, wanted, folder);
    db.exec('COMMIT');
    return db;
  } catch (error) {
    if (db !== null) closeSqlite(db);
    throw error instanceof UserError ? error : cannotOpen(error as Error & { code?: string }, folder);
  }
}

/**
 * Gives the file back. libsql closes a file only when its statements have been collected as garbage; the lock must not wait for
 * that, and it goes only with the log. A process that is killed loses both at once.
 */
export function closeSqlite(db: Database): void {
  try {
    if (db.inTransaction) db.exec('ROLLBACK');
    db.exec('PRAGMA journal_mode = DELETE');
    db.exec('PRAGMA locking_mode = NORMAL');
    // The next access is what unlocks.
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
  } catch {
    // Never ours: another process has it, or it is no database.
  }
  db.close();
}

function cannotOpen(error: Error & { code?: string }, where: string): Error {
  const { code = '', message } = error;
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new UserError({
      what: 'another process has this store open',
      where,
      mend: 'stop that one, or name another folder; for several at once, see --store postgres://…',
    });
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new UserError({
      what: 'this store cannot be read',
      where,
      found: message,
      mend: 'remove the folder, and embed the gallery again',
    });
  }
  if (['EACCES', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOSPC'].includes(code) || code.startsWith('SQLITE_CANTOPEN')) {
    return new UserError({
      what: 'the store cannot be opened here',
      where,
      found: message,
      mend: 'name a folder that can be written to',
    });
  }
  return error;
}
