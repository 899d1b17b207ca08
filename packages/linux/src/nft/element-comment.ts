import type { NftElementComment } from '@slash32/shared';

export const ELEMENT_COMMENT = 'comment "';

/** What follows an element's key is a comment, not a map's data: no data begins with a word and a quotation mark. */
export function isElementComment(data: string): data is NftElementComment {
  return data.startsWith(ELEMENT_COMMENT);
}

export function elementComment(text: string): NftElementComment {
  return `comment "${text}"`;
}
