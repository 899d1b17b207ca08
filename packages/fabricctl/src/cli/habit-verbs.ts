/** First words of what people type by habit (habits.ts, which is loaded for these alone); none is a command of ours. */
export const HABIT_VERBS: ReadonlySet<string> = new Set([
  'show',
  'clear',
  'reload',
  'restart',
  'disable',
  'enable',
  'neighbor',
  'neighbors',
  'global',
  'monitor',
]);

const LEAST_ABBREVIATION = 2;

/** True if `word` is `whole`, or a beginning of it of two letters and more. */
export function isShortFor(word: string, whole: string): boolean {
  return word === whole || (word.length >= LEAST_ABBREVIATION && whole.startsWith(word));
}

/** True if a command line that begins so may be a habit. */
export function mayBeHabit(word: string): boolean {
  return HABIT_VERBS.values().some((verb) => isShortFor(word, verb));
}
