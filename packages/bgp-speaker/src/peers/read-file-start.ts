import { open } from 'node:fs/promises';

/** Up to `limit` octets of a file: what is longer than it may be need not be read to its end. */
export async function readFileStart(path: string, limit: number): Promise<Uint8Array> {
  await using file = await open(path, 'r');
  const buffer = new Uint8Array(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await file.read(buffer, length, limit - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
