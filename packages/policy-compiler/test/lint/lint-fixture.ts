import type { Resource } from '@slash32/shared';
import { FabricModel, type LintCode, type LintFinding, lintPolicy } from '../../src/index.ts';
import { instance, type RuleInput } from '../manifests.ts';
import { foundation } from '../random-fabric.ts';

export const IN = { direction: 'ingress', ethertype: 'IPv4' } as const;
export const OUT = { direction: 'egress', ethertype: 'IPv4' } as const;
export const TCP_443: RuleInput = { ...IN, protocol: 'tcp', ports: 443 };

export function modelOf(resources: Iterable<Resource>): FabricModel {
  const model = new FabricModel();
  for (const resource of resources) model.put(resource);
  return model;
}

/** Findings of the codes, in the foundation (empty groups of nobody) and these resources. */
export function lint(codes: readonly LintCode[], ...resources: readonly Resource[]): readonly LintFinding[] {
  const all = [...new Map([...foundation(), ...resources].map((some) => [keyText(some), some])).values()];
  return lintPolicy(modelOf(all), all).filter(({ code }) => codes.includes(code));
}

export function keyText({ kind, metadata }: Resource): string {
  return `${kind} ${JSON.stringify('namespace' in metadata ? metadata.namespace : '')} ${metadata.name}`;
}

export function places(findings: readonly LintFinding[]): readonly string[] {
  return findings.map(({ resource, path }) => (path === undefined ? resource : `${resource} ${path}`));
}

export function vm(name: string, last: number, spec: Partial<Parameters<typeof instance>[1]> = {}): Resource {
  return instance(name, {
    host: 'h1',
    interface: `tap${last}`,
    mac: `52:54:00:00:00:0${last}`,
    network: 'public',
    addresses: [`10.1.0.${last}`],
    ...spec,
  });
}
