import type { DatastoreProblem, ResourceFinding } from '@slash32/shared';

/** `web.yaml:12:7: spec.mac: message [code]`: editors and terminals jump to it. */
export function problemLine({ file, line, column, path, key, message, code }: DatastoreProblem): string {
  const place = placeText(file, line, line === undefined ? undefined : column);
  const subject = path !== undefined && !message.includes(path) ? path : undefined;
  const resource = place === '' ? key : undefined;
  return `${[place, resource, subject, message].filter((part) => part !== undefined && part !== '').join(': ')} [${code}]`;
}

/** `FILE:LINE:COLUMN`, as far as known; empty if the file is not. */
export function placeText(file: string | undefined, line: number | undefined, column: number | undefined): string {
  if (file === undefined) return '';
  return [file === '-' ? '<stdin>' : file, line, column].filter((part) => part !== undefined).join(':');
}

/** `Instance/tenant-a/web-1: spec.network: message [code]`. */
export function findingLine({
  resource,
  path,
  message,
  code,
}: Pick<ResourceFinding, 'resource' | 'path' | 'message' | 'code'>): string {
  const rest = withoutSubject(message, resource);
  const field = path !== undefined && !rest.includes(path) ? `${path}: ` : '';
  return `${resource}: ${field}${rest} [${code}]`;
}

/** The message without the name of its resource in front, where that stands beside it anyway. */
export function withoutSubject(message: string, resource: string): string {
  const subject = `${resource.replace('/', ' ')}: `;
  return message.startsWith(subject) ? message.slice(subject.length) : message;
}

/** `1 problem`, `3 problems`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
