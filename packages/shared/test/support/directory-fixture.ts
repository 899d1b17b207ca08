import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DirDatastore, SystemClock, silentLogger } from '../../src/index.ts';
import { makeTemporaryDirectory } from './temporary-directory.ts';
import { WatchRecorder } from './watch-recorder.ts';

export const options = { clock: new SystemClock(), logger: silentLogger };

/** A Host as somebody may write it. */
export const host = (name: string, address = '192.0.2.1'): string =>
  `apiVersion: slash32.dev/v1\nkind: Host\nmetadata: { name: ${name} }\nspec: { address: ${address} }\n`;

/** A datastore on a fresh directory, and ways to edit it like a person. */
export async function makeFixture() {
  const directory = await makeTemporaryDirectory();
  const datastore = await DirDatastore.open(directory.path, options);
  const path = (name: string): string => join(directory.path, name);
  return {
    datastore,
    path,
    write: (name: string, text: string): void => writeFileSync(path(name), text),
    /** What is in the directory, without what is hidden. */
    names: (): string[] => readdirSync(directory.path).filter((name) => !name.startsWith('.')),
    read: (name: string): string => readFileSync(path(name), 'utf8'),
    async watch(): Promise<WatchRecorder> {
      const recorder = new WatchRecorder(datastore);
      await recorder.untilInSync();
      return recorder;
    },
    async [Symbol.asyncDispose]() {
      await datastore[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
