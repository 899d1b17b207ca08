import type { ManifestSource, ResourceOrigin } from '@slash32/shared';
import { placeOfField, type TextPlace } from './field-place.ts';
import { findingLine, placeText } from './problem-line.ts';

/** What findings of all sorts have. */
export interface Finding {
  readonly code: string;
  readonly resource: string;
  readonly path?: string;
  readonly severity: string;
  readonly message: string;
}

/** A finding with the place of the field it is about, if its manifest is among those read. */
export type Placed<Some extends Finding> = Some & Partial<TextPlace> & { readonly file?: string };

export function placed<Some extends Finding>(
  finding: Some,
  origin: ResourceOrigin | undefined,
  sources: readonly ManifestSource[],
): Placed<Some> {
  if (origin === undefined) return finding;
  const text = sources.find(({ file }) => file === origin.file)?.text;
  const place = text === undefined ? undefined : placeOfField(text, origin.line, finding.path ?? '');
  return { ...finding, ...origin, ...place };
}

export function placedLine(finding: Placed<Finding>): string {
  const place = placeText(finding.file, finding.line, finding.column);
  return `${place === '' ? '' : `${place}: `}${finding.severity}: ${findingLine(finding)}`;
}
