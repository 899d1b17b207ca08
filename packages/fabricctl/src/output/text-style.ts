import { styleText } from 'node:util';

/** What a piece of text says, not how it looks. Never the only carrier of a fact: colour is for speed of reading. */
export type Tone = 'good' | 'bad' | 'warning' | 'quiet' | 'heading';

export type TextStyle = (tone: Tone | undefined, text: string) => string;

const FORMATS = { good: 'green', bad: 'red', warning: 'yellow', quiet: 'gray', heading: 'bold' } as const;

export const plainStyle: TextStyle = (_tone, text) => text;

export const ansiStyle: TextStyle = (tone, text) =>
  tone === undefined || text === '' ? text : styleText(FORMATS[tone], text, { validateStream: false });
