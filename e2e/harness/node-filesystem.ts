/**
 * A node's own view of the file system, standing in for a container's: a private /etc and /run, with the topology's
 * binds in them. Works in a user namespace too, since it is made of symbolic links and bind mounts only.
 *
 *   /etc        directory of links to the machine's /etc/*; what a bind or the image brings stands instead
 *   /run        empty, with /run/tmp for temporary files; sockets in it are reachable from outside by path
 *   /var/tmp    the same as /run/tmp
 *   the rest    the machine's
 */
import { cp, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FabricError } from '@slash32/shared';

export interface NodeMount {
  /** Absolute path on the machine; must exist. */
  readonly source: string;
  /** Path in the node, below /etc or /run. */
  readonly target: string;
  /** Read-only ones are copied, the others are mounted. */
  readonly readOnly: boolean;
}

export interface NodeFilesystem {
  /** The machine's path of the node's /run. */
  readonly runDirectory: string;
  /** Shell commands that, run in a fresh mount namespace, make the view. */
  readonly script: string;
}

/** Where the machine's /etc is found inside a node; the links in the node's /etc lead there. */
const HOST_ETC = '/run/.host-etc';

/**
 * Prepares the folders below `directory`. `files` are text files that the image brings, by path in the node. Throws
 * `FabricError` `topology.bad-bind` for a path outside /etc and /run, and for a source that does not exist.
 */
export async function prepareNodeFilesystem(
  directory: string,
  files: Readonly<Record<string, string>>,
  mounts: readonly NodeMount[],
): Promise<NodeFilesystem> {
  const etc = join(directory, 'etc');
  const run = join(directory, 'run');
  const folders = [etc, ...['tmp', '.host-etc', 'slash32'].map((name) => join(run, name))];
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true })));
  const script = [`mount --bind /etc ${quote(join(run, '.host-etc'))}`];
  for (const [path, content] of Object.entries({ '/etc/resolv.conf': '', ...files })) {
    const place = placeOf(path, etc, run);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, content);
  }
  for (const { source, target, readOnly } of mounts) {
    const place = placeOf(target, etc, run);
    const status = await stat(source).catch((cause: unknown) => {
      throw new FabricError('topology.bad-bind', `bind ${target}: ${source} does not exist`, { cause });
    });
    await mkdir(status.isDirectory() ? place : dirname(place), { recursive: true });
    if (readOnly) await cp(source, place, { recursive: true });
    else {
      if (!status.isDirectory()) await writeFile(place, '');
      script.push(`mount --bind ${quote(source)} ${quote(place)}`);
    }
  }
  const own = new Set(await readdir(etc));
  const inherited = (await readdir('/etc')).filter((name) => !own.has(name));
  await Promise.all(inherited.map((name) => symlink(join(HOST_ETC, name), join(etc, name))));
  script.push(
    `mount --bind ${quote(join(run, 'tmp'))} /var/tmp`,
    `mount --rbind ${quote(etc)} /etc`,
    `mount --rbind ${quote(run)} /run`,
  );
  return { runDirectory: run, script: script.join('\n') };
}

function placeOf(path: string, etc: string, run: string): string {
  if (path.startsWith('/etc/')) return join(etc, path.slice('/etc/'.length));
  if (path.startsWith('/run/')) return join(run, path.slice('/run/'.length));
  throw new FabricError('topology.bad-bind', `bind ${path}: paths in a node must be below /etc or /run`);
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
