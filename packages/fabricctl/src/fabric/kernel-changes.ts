import { type FabricModel, HostPolicyCompiler, type ModelChanges } from '@slash32/policy-compiler';
import { type NftChange, resolveReference } from '@slash32/shared';
import { modelOf } from './fabric-model.ts';
import type { PlannedFabric } from './planned-fabric.ts';

/** What the agent of a host would send to its kernel. */
export interface HostChanges {
  readonly host: string;
  /** True: flows that are established are judged again, from their next packet on. */
  readonly revokes: boolean;
  readonly changes: readonly KernelChange[];
}

/** One object of nftables that changes. */
export interface KernelChange {
  readonly table: string;
  readonly action: 'add' | 'change' | 'delete';
  readonly object: 'table' | 'set' | 'chain' | 'elements';
  readonly name: string;
  /** Rules of a chain after the change; elements that come or go. */
  readonly count?: number;
}

/** Compiles each host that the change may concern before and after it; hosts whose program stays are left out. */
export function kernelChanges(plan: PlannedFabric): readonly HostChanges[] {
  const hosts = concernedHosts(plan);
  const model = modelOf(plan.before);
  using cleanUp = new DisposableStack();
  const compilers = hosts.map((host) => {
    const compiler = cleanUp.use(new HostPolicyCompiler(model, host));
    compiler.reconcile(new Map());
    return compiler;
  });
  applyPlan(model, plan);
  return compilers.flatMap((compiler) => {
    const { changes, revokes } = compiler.flush();
    return changes.length === 0 ? [] : [{ host: compiler.host, revokes, changes: changes.flatMap(kernelChange) }];
  });
}

function applyPlan(model: FabricModel, { put, deleted }: PlannedFabric): void {
  for (const key of deleted) model.delete(key);
  for (const resource of put) model.put(resource);
}

/** Hosts with an instance that changes, or whose groups do, or refer to what does; sorted. Rather one too many. */
function concernedHosts(plan: PlannedFabric): readonly string[] {
  const model = modelOf(plan.before);
  using subscription = model.subscribe();
  subscription.take();
  const hostsBefore = new Map([...model.instances()].map(({ name, host }) => [name, host]));
  applyPlan(model, plan);
  const changes = subscription.take();
  const hosts = new Set(changes.hosts);
  for (const name of changes.instances) {
    const before = hostsBefore.get(name);
    if (before !== undefined) hosts.add(before);
  }
  const concerned = concernedGroups(plan, changes);
  for (const instance of model.instances()) {
    const groups = instance.state === 'open' ? instance.groups : [];
    if (changes.fabric || changes.instances.has(instance.name) || groups.some((group) => concerned.has(group))) {
      hosts.add(instance.host);
    }
  }
  if (changes.fabric) for (const host of hostsBefore.values()) hosts.add(host);
  return [...hosts].sort();
}

function concernedGroups({ after }: PlannedFabric, changes: ModelChanges): ReadonlySet<string> {
  const concerned = new Set(changes.securityGroups);
  for (const resource of after) {
    if (resource.kind !== 'SecurityGroup') continue;
    const { namespace, name } = resource.metadata;
    const refers = resource.spec.rules.some(({ remote }) => {
      const { group, addressGroup } = remote ?? {};
      if (group !== undefined) return changes.memberships.has(resolveReference(group, namespace));
      return addressGroup !== undefined && changes.addressGroups.has(resolveReference(addressGroup, namespace));
    });
    if (refers) concerned.add(`${namespace}/${name}`);
  }
  return concerned;
}

function kernelChange(change: NftChange): readonly KernelChange[] {
  const { table } = change;
  switch (change.op) {
    case 'add-table':
      return [{ table, action: 'add', object: 'table', name: table }];
    case 'delete-table':
      return [{ table, action: 'delete', object: 'table', name: table }];
    case 'add-set':
      return [{ table, action: 'add', object: 'set', name: change.set.name }];
    case 'delete-set':
      return [{ table, action: 'delete', object: 'set', name: change.name }];
    case 'add-chain':
      return [{ table, action: 'add', object: 'chain', name: change.chain.name }];
    case 'delete-chain':
      return [{ table, action: 'delete', object: 'chain', name: change.name }];
    case 'set-rules':
      return [{ table, action: 'change', object: 'chain', name: change.chain, count: change.rules.length }];
    case 'add-elements':
      return [{ table, action: 'add', object: 'elements', name: change.set, count: change.elements.size }];
    case 'delete-elements':
      return [{ table, action: 'delete', object: 'elements', name: change.set, count: change.keys.length }];
  }
}
