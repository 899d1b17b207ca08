import type { DatastoreProblem, ResourceFinding } from '@slash32/shared';

/** `web.yaml:12:7: spec.mac: message [code]`: editors and terminals jump to it. */
export function problemLine({ file, line, column, path, key, message, code }: DatastoreProblem): string {
  const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':');
  const subject = path !== undefined && !message.includes(path) ? path : undefined;
  const resource = place === '' ? key : undefined;
  return `${[place, resource, subject, message].filter((part) => part !== undefined && part !== '').join(': ')} [${code}]`;
}

/** `Instance/tenant-a/web-1: spec.network: message [code]`. */
export function findingLine({ resource, path, message, code }: ResourceFinding): string {
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
