import type { DatastoreProblem } from '../datastore/datastore.ts';

/** Something that keeps a resource from taking effect, found by the daemon (not by the schema). */
export interface ResourceFinding {
  /** Stable code: `instance.unknown-network`, `instance.duplicate-address`, `endpoint.kernel-refused`, … */
  readonly code: string;
  /** Resource key, `Instance/tenant-a/web-1`. */
  readonly resource: string;
  /** Field path, where one is at fault. */
  readonly path?: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

export interface DaemonStatus {
  readonly host: string;
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly datastore: { readonly description: string; readonly inSync: boolean };
  readonly problems: readonly DatastoreProblem[];
  readonly findings: readonly ResourceFinding[];
}
