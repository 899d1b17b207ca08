import type { NftElementComment } from '@slash32/shared';

/** An element's comment may have 127 octets. */
const LONGEST_ELEMENT_COMMENT = 127;

/** A tenant's words, fit for nft: printable ASCII without quotes, on one line, at most so long. */
export function commentText(text: string, longest: number): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .replace(/\s+/g, ' ')
    .replace(/["“”„]/g, "'")
    .replace(/[^ -~]/gu, '?')
    .trim();
  return plain.length <= longest ? plain : `${plain.slice(0, longest - 2)}..`;
}

/** What stands behind an element's key; '' if there is nothing to say. */
export function elementComment(text: string): NftElementComment | '' {
  const plain = commentText(text, LONGEST_ELEMENT_COMMENT);
  return plain === '' ? '' : `comment "${plain}"`;
}
