import { InvalidArgumentError } from 'commander';

/** Reads an option's value as a whole number from 1 on. */
export function readCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError('Give a whole number from 1 on.');
}
