/** The compile benchmark as a process of its own, so that its heap is its own. Prints {@link CompileResult} as JSON. */
import { FabricModel, HostPolicyCompiler } from '@slash32/policy-compiler';
import type { Resource } from '@slash32/shared';
import { median } from '../report/percentile.ts';
import { SHAPES, serverGroup, shapedFabric } from '../traffic/rule-shapes.ts';
import { type CompileCost, type CompileResult, HOST_RULES, SHAPED_RULES } from './compile-run.ts';
import { LOCAL_HOST, memberOf, resource } from './large-fabric.ts';

const SCRATCH_RUNS = 3;
const CHANGES = 100;
const RULES_PER_GROUP = 10;

/** Ten rules of all sorts; another `port`, another last rule. */
function mixedGroup(group: number, port: number): Resource {
  const ingress = { direction: 'ingress', ethertype: 'IPv4' } as const;
  const tcp = { ...ingress, protocol: 'tcp' } as const;
  return resource('SecurityGroup', {
    metadata: { namespace: 'bench', name: `g${group}` },
    spec: {
      rules: [
        { direction: 'egress', ethertype: 'IPv4' },
        { direction: 'egress', ethertype: 'IPv6' },
        { ...tcp, ports: 22, remote: { cidr: '192.0.2.0/24' } },
        { ...tcp, ports: 80 },
        { ...tcp, ports: 443 },
        { ...ingress, protocol: 'icmp' },
        { ...ingress, remote: { group: `g${group}` } },
        { ...tcp, ports: 5_432, remote: { group: 'g0' } },
        { ...ingress, protocol: 'udp', ports: '8000-8099', remote: { cidr: '10.0.0.0/8' } },
        { ...tcp, ports: port, remote: { cidr: '10.0.0.0/8' } },
      ],
    },
  });
}

function hostCost(rules: number): CompileCost {
  const groups = rules / RULES_PER_GROUP;
  const shape = { instances: groups, groups, local: groups };
  const model = new FabricModel();
  model.put(resource('Host', { metadata: { name: LOCAL_HOST }, spec: { address: '192.0.2.11' } }));
  model.put(
    resource('Network', {
      metadata: { name: 'net' },
      spec: { pools: [{ cidr: '10.64.0.0/12', gateway: '10.64.0.1' }] },
    }),
  );
  for (let group = 0; group < groups; group += 1) {
    model.put(mixedGroup(group, 9_000));
    model.put(memberOf(group, group, shape));
  }
  return cost(model, rules, (change) => mixedGroup((change * 37) % groups, 10_000 + change));
}

/** `changed`: the n-th change. */
function cost(model: FabricModel, rules: number, changed: (change: number) => Resource): CompileCost {
  model.findings(); // resolves the instances, which is no part of compiling
  const scratch = Array.from({ length: SCRATCH_RUNS }, () => {
    using compiler = new HostPolicyCompiler(model, LOCAL_HOST);
    const started = performance.now();
    compiler.reconcile(new Map());
    return performance.now() - started;
  });
  using compiler = new HostPolicyCompiler(model, LOCAL_HOST);
  compiler.reconcile(new Map());
  const changes = Array.from({ length: CHANGES }, (_, change) => {
    const next = changed(change);
    const started = performance.now();
    model.put(next);
    if (compiler.flush().changes.length === 0) throw new Error('the change came to nothing');
    return performance.now() - started;
  });
  return { rules, scratchMs: median(scratch), changeMs: median(changes) };
}

const result: CompileResult = {
  host: HOST_RULES.map(hostCost),
  shapes: SHAPES.map((shape) => {
    const model = new FabricModel();
    for (const each of shapedFabric(shape, SHAPED_RULES)) model.put(each);
    return { shape, ...cost(model, SHAPED_RULES, (change) => serverGroup(shape, SHAPED_RULES, 1 + change)) };
  }),
};
process.stdout.write(JSON.stringify(result));
