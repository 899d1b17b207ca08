import { hash } from 'node:crypto';
import type { Resource } from '../resources/resource.ts';

/** Equal for equal resources, however and wherever they are written. */
export function revisionOf(resource: Resource): string {
  return hash('sha256', JSON.stringify(resource)).slice(0, 32);
}
