import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FabricError, type ManifestParseResult, type ManifestSource, parseManifests } from '@slash32/shared';
import type { CommandIo } from '../cli/command-io.ts';

export interface ReadManifests extends ManifestParseResult {
  readonly sources: readonly ManifestSource[];
}

/**
 * Reads and checks the manifests that `-f` names: files, directories (every *.yaml and *.yml below, without hidden
 * files) and `-` for standard input. Throws `FabricError` `manifest.not-found` or `manifest.empty`.
 */
export async function readManifests(names: readonly string[], io: CommandIo): Promise<ReadManifests> {
  const sources: ManifestSource[] = [];
  for (const name of names) sources.push(...(await readSource(name, io)));
  const result = parseManifests(...sources);
  if (result.manifests.length === 0 && result.problems.length === 0) {
    const where = names.map((name) => (name === '-' ? 'standard input' : name)).join(', ');
    throw new FabricError('manifest.empty', `${where} has no manifest in it`, { details: { files: names } });
  }
  return { ...result, sources };
}

async function readSource(name: string, io: CommandIo): Promise<readonly ManifestSource[]> {
  if (name === '-') return [{ file: '-', text: await io.readInput() }];
  try {
    if (!(await stat(name)).isDirectory()) return [{ file: name, text: await readFile(name, 'utf8') }];
    const files = await manifestFilesBelow(name);
    return await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new FabricError('file.not-found', `-f ${name}: no such file or directory`, { cause: error });
    }
    throw error;
  }
}

async function manifestFilesBelow(directory: string): Promise<readonly string[]> {
  const files: string[] = [];
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) files.push(...(await manifestFilesBelow(path)));
    else if (/\.ya?ml$/.test(entry.name)) files.push(path);
  }
  return files;
}
