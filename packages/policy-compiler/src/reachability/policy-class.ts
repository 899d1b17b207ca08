import type { AddressFamily } from '@slash32/shared';
import type { FabricModel } from '../model/fabric-model.ts';
import type { OpenInstance } from '../model/resolved-instance.ts';
import type { AddressAtom } from './address-atoms.ts';
import { IntervalSet } from './interval-set.ts';
import { ANYBODY, type RemoteTable, SITE_INDEX } from './remotes.ts';
import { ANY_SERVICE, FLOW_BEGINNING, ROUTER_MESSAGES, ruleServices, type ServiceSet } from './services.ts';

export type FlowDirection = 'ingress' | 'egress';

interface ClassRule {
  /** Index in the {@link RemoteTable}; `undefined`: anybody. */
  readonly remote: number | undefined;
  readonly services: ServiceSet;
}

/** What instances have in common that the same rules judge in the same way: groups, reach, port security. */
export class PolicyClass {
  readonly id: number;
  /** Equal for classes, of any moment, that judge alike what is alike to their remotes. */
  readonly signature: string;
  readonly #reach: OpenInstance['reach'];
  readonly #portSecurity: boolean;
  readonly #stateful: boolean;
  readonly #rules = new Map<string, readonly ClassRule[]>();
  readonly #services = new Map<string, ServiceSet>();

  constructor(id: number, instance: OpenInstance, model: FabricModel, remotes: RemoteTable) {
    this.id = id;
    this.#reach = instance.reach;
    this.#portSecurity = instance.portSecurity;
    this.#stateful = instance.stateful;
    const signature: string[] = [instance.reach, `${instance.portSecurity}`, `${instance.stateful}`];
    for (const direction of ['ingress', 'egress'] as const) {
      for (const family of [4, 6] as const) {
        const byRemote = new Map<number | undefined, ServiceSet[]>();
        for (const name of instance.groups) {
          const group = model.securityGroup(name);
          for (const rule of group?.spec.rules ?? []) {
            if (rule.direction !== direction || rule.ethertype !== (family === 4 ? 'IPv4' : 'IPv6')) continue;
            const remote = remotes.indexOf(rule.remote, group?.metadata.namespace ?? '');
            byRemote.set(remote, [...(byRemote.get(remote) ?? []), ruleServices(rule)]);
          }
        }
        const rules = [...byRemote].map(([remote, sets]) => ({ remote, services: IntervalSet.unionOf(sets) }));
        this.#rules.set(`${direction}${family}`, rules);
        const texts = rules.map(
          ({ remote, services }) => `${remote === undefined ? ANYBODY : remotes.keys[remote]} ${services.key}`,
        );
        signature.push(direction, `${family}`, ...texts.sort());
      }
    }
    this.signature = signature.join('\n');
  }

  /** Equal for instances of one class. */
  static keyOf({ groups, reach, portSecurity, stateful }: OpenInstance): string {
    return `${reach} ${portSecurity} ${stateful} ${groups.join()}`;
  }

  /** False: nothing passes in this direction, whoever the far end is. */
  hasRules(direction: FlowDirection, family: AddressFamily): boolean {
    return !this.#portSecurity || (this.#rules.get(`${direction}${family}`)?.length ?? 0) > 0;
  }

  /** What passes this end as the first packet of a flow, with the far end in the atom. */
  services(direction: FlowDirection, family: AddressFamily, far: AddressAtom): ServiceSet {
    const key = `${direction}${family}${far.id}`;
    const known = this.#services.get(key);
    if (known !== undefined) return known;
    const services = this.#judge(direction, family, far);
    this.#services.set(key, services);
    return services;
  }

  #judge(direction: FlowDirection, family: AddressFamily, far: AddressAtom): ServiceSet {
    if (this.#reach === 'site' && !far.sets.has(SITE_INDEX)) return IntervalSet.empty;
    if (!this.#portSecurity) return ANY_SERVICE;
    const rules = this.#rules.get(`${direction}${family}`) ?? [];
    const matching = rules.filter(({ remote }) => remote === undefined || far.sets.has(remote));
    let services = IntervalSet.unionOf(matching.map((rule) => rule.services));
    if (this.#stateful) services = services.intersect(FLOW_BEGINNING[family]);
    return direction === 'egress' && family === 6 ? services.subtract(ROUTER_MESSAGES) : services;
  }
}
