/** One document of a YAML stream, still as text, so that a fault in one cannot touch the others. */
export interface DocumentChunk {
  /** With its `---` line, if it has one, and everything up to the next document. */
  readonly text: string;
  /** Where it starts in the stream, in UTF-16 units. */
  readonly offset: number;
  /** Line that `text` starts at, from 1. */
  readonly line: number;
  /** Nothing but white space, comments, directives and markers. */
  readonly blank: boolean;
}

/**
 * Cuts a YAML stream at its `---` lines (and after `...` lines). Exact without parsing: YAML 1.2.2 (9.1.2) lets no
 * content line begin with either marker, not even in a block scalar. Joined, the chunks' texts are the stream.
 */
export function splitDocuments(text: string): DocumentChunk[] {
  const chunks: DocumentChunk[] = [];
  let start = 0;
  let startLine = 1;
  let line = 1;
  const cut = (end: number): void => {
    if (end > start) {
      const chunkText = text.slice(start, end);
      chunks.push({ text: chunkText, offset: start, line: startLine, blank: isBlank(chunkText) });
    }
    start = end;
    startLine = line;
  };
  for (let position = 0; position < text.length; line += 1) {
    const newline = text.indexOf('\n', position);
    const next = newline < 0 ? text.length : newline + 1;
    if (isMarker(text, position, '---')) cut(position);
    if (isMarker(text, position, '...')) {
      line += 1;
      cut(next);
      line -= 1;
    }
    position = next;
  }
  cut(text.length);
  return chunks;
}

function isMarker(text: string, position: number, marker: string): boolean {
  if (!text.startsWith(marker, position)) return false;
  const after = text[position + 3];
  return after === undefined || after === '\n' || after === '\r' || after === ' ' || after === '\t';
}

/** Stops at the first line that says something, which is nearly always the first line. */
function isBlank(text: string): boolean {
  let position = text.startsWith('\ufeff') ? 1 : 0;
  if (isMarker(text, position, '---')) position += 3;
  while (position < text.length) {
    const newline = text.indexOf('\n', position);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(position, end).trim();
    if (line !== '' && line !== '...' && !line.startsWith('#') && !line.startsWith('%')) return false;
    position = end + 1;
  }
  return true;
}
