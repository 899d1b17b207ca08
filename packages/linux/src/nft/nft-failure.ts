import { FabricError } from '@slash32/shared';
import type { RenderedTransaction } from './render-changes.ts';

/** What separates the statements of a transaction on one line. */
export const STATEMENT_SEPARATOR = '; ';

/** Where nft says that an error is. */
interface Location {
  readonly statementIndex: number;
  /** The words that it points at. */
  readonly words: string;
}

/** True if what nft wrote to standard error means that the transaction was refused. */
export function isRejection(stderr: string): boolean {
  return /\bError: /.test(stderr);
}

/**
 * nft's standard error as `nft.rejected`: the one place that reads nft's complaints. `details`: `stderr`, `reason`,
 * and, where nft points at the culprit, `changeIndex` and `at` (the words: an element, a chain's name).
 */
export function nftRejection(stderr: string, transaction: RenderedTransaction): FabricError<'nft.rejected'> {
  const reason = /\bError: (?:Could not process rule: )?(.*)/.exec(stderr)?.[1] ?? stderr.trim();
  const location = locateInFile(stderr, transaction) ?? locateInLine(stderr, transaction);
  const statement = location === undefined ? undefined : transaction.statements[location.statementIndex];
  const where =
    statement === undefined ? '' : ` at "${shorten(location?.words ?? '')}" of "${shorten(statement.text)}"`;
  return new FabricError('nft.rejected', `nft refused a transaction and nothing of it was applied: ${reason}${where}`, {
    details: {
      stderr: stderr.slice(0, 4_000),
      reason,
      ...(statement === undefined ? {} : { changeIndex: statement.changeIndex, at: location?.words }),
    },
  });
}

/** `FILE:LINE:FROM-TO: Error: …`, one statement a line; columns count from 1. */
function locateInFile(stderr: string, transaction: RenderedTransaction): Location | undefined {
  const match = /\.nft:(\d+):(\d+)-(\d+): Error: /.exec(stderr);
  if (match === null) return undefined;
  const [line, from, to] = match.slice(1).map(Number);
  if (line === undefined || from === undefined || to === undefined) return undefined;
  const text = transaction.statements[line - 1]?.text;
  return text === undefined ? undefined : { statementIndex: line - 1, words: text.slice(from - 1, to) };
}

/** Three lines: the message, the whole line as it was sent, carets below the culprit. */
function locateInLine(stderr: string, transaction: RenderedTransaction): Location | undefined {
  const lines = stderr.split('\n');
  const messageAt = lines.findIndex((line) => line.includes('Error: '));
  const sent = lines[messageAt + 1];
  const carets = /[\^~]+/.exec(lines[messageAt + 2] ?? '');
  if (messageAt < 0 || sent === undefined || carets === null) return undefined;
  const words = sent.slice(carets.index, carets.index + carets[0].length);
  let end = 0;
  for (const [statementIndex, { text }] of transaction.statements.entries()) {
    end += text.length + STATEMENT_SEPARATOR.length;
    if (carets.index < end) return { statementIndex, words };
  }
  return undefined;
}

function shorten(text: string): string {
  return text.length <= 160 ? text : `${text.slice(0, 157)}...`;
}
