import { type BigIntStats, type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What `stat` says about a file, reduced to what tells one version from another. */
export interface FileStamp {
  /** Equal as long as the file is the same, unchanged file. */
  readonly identity: string;
  /** Milliseconds since 1970 of the last write. */
  readonly modifiedMs: number;
  /**
   * True if something other than a write came last, in practice the rename that moved the complete file here. False
   * says nothing: clocks of file systems are coarse.
   */
  readonly movedAfterWrite: boolean;
}

export interface TreeScan {
  /** Manifest files by path below the root. */
  readonly files: ReadonlyMap<string, FileStamp>;
  /** Directories below the root, '' for the root itself. */
  readonly directories: ReadonlySet<string>;
  /** Directories that could not be listed, and why; what was in them is unknown, not gone. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** True for *.yaml and *.yml, without editors' hidden files. */
export function isManifestName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !name.startsWith('.') && !name.startsWith('#');
}

/** Walks the tree. Symbolic links to files are followed, those to directories are not. */
export function scanTree(root: string): TreeScan {
  const files = new Map<string, FileStamp>();
  const directories = new Set<string>();
  const unreadable = new Map<string, string>();
  const pending = [''];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    try {
      for (const entry of listDirectory(root, directory)) {
        const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
        if (entry.isDirectory()) pending.push(path);
        else if (isManifestName(entry.name)) {
          const stamp = stampOf(root, path);
          if (stamp !== undefined) files.set(path, stamp);
        }
      }
      directories.add(directory);
    } catch (error) {
      unreadable.set(directory, error instanceof Error ? error.message : String(error));
    }
  }
  return { files, directories, unreadable };
}

/**
 * Paths of all manifest files below `root`, and each directory with what `mark` said of it before it was listed. Throws
 * where a directory cannot be listed.
 */
export function listManifests<Mark>(
  root: string,
  mark: (directory: string) => Mark,
): { readonly paths: readonly string[]; readonly directories: Map<string, Mark> } {
  const paths: string[] = [];
  const directories = new Map<string, Mark>();
  const pending = [''];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    directories.set(directory, mark(directory));
    for (const entry of listDirectory(root, directory)) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else if (isManifestName(entry.name) && (entry.isFile() || entry.isSymbolicLink())) paths.push(path);
    }
  }
  return { paths, directories };
}

/** What is not hidden; nothing if a directory below the root has gone since its name was read. */
function listDirectory(root: string, directory: string): Dirent[] {
  try {
    return readdirSync(join(root, directory), { withFileTypes: true }).filter((entry) => !entry.name.startsWith('.'));
  } catch (error) {
    if (directory !== '' && error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** `undefined` if there is no such regular file. */
export function stampOf(root: string, path: string): FileStamp | undefined {
  const stats: BigIntStats | undefined = statSync(join(root, path), { bigint: true, throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) return undefined;
  return {
    identity: `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
    modifiedMs: Number(stats.mtimeNs / 1_000_000n),
    movedAfterWrite: stats.ctimeNs > stats.mtimeNs,
  };
}
