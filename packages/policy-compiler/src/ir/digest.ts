import { hash } from 'node:crypto';

/** The first `length` hex digits of a text's SHA-256: the same text, the same name, on every host and in every run. */
export function digest(text: string, length: number): string {
  return hash('sha256', text, 'hex').slice(0, length);
}
