import { readFile } from 'node:fs/promises';

/** Segments that the kernel dropped for their MD5 signature (RFC 2385), since the network namespace was made. */
export interface SignatureCounters {
  /** From an address with a key, without a signature. */
  readonly missing: number;
  /** From an address without a key, with a signature. */
  readonly unexpected: number;
  /** With the signature of another key. */
  readonly wrong: number;
}

const COUNTERS_FILE = '/proc/self/net/netstat';

/** `undefined` where the kernel does not tell: without TCP-MD5, or without /proc. */
export async function readSignatureCounters(): Promise<SignatureCounters | undefined> {
  try {
    return parseSignatureCounters(await readFile(COUNTERS_FILE, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Reads `/proc/net/netstat`: of each group a line with names, and one with values in the same order. */
export function parseSignatureCounters(text: string): SignatureCounters | undefined {
  const [names = '', values = ''] = text.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const numbers = values.split(' ').map(Number);
  const counter = (name: string): number | undefined => numbers[names.split(' ').indexOf(name)];
  const [missing, unexpected, wrong] = ['TCPMD5NotFound', 'TCPMD5Unexpected', 'TCPMD5Failure'].map(counter);
  if (missing === undefined || unexpected === undefined || wrong === undefined) return undefined;
  return { missing, unexpected, wrong };
}
