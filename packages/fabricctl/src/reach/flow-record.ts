import {
  type AddressSet,
  addressTexts,
  type FlowBox,
  type FlowEdge,
  type FlowEnd,
  OUTSIDE,
  outsideText,
  type Reachability,
  type ServiceRange,
  type ServiceSet,
  serviceRanges,
  servicesText,
} from '@slash32/policy-compiler';
import type { AddressFamily } from '@slash32/shared';

/** One end of some flows, as plain JSON. */
export interface RecordEnd {
  /** `NAMESPACE/NAME`; left out: no instance of ours. */
  readonly instance?: string;
  /** The instance's name; `internet`, `site` or prefixes otherwise. */
  readonly name: string;
  /** Addresses and prefixes, where it is not all that the end has. */
  readonly addresses?: readonly string[];
}

/** Flows between two ends that are allowed alike. */
export interface FlowRecord {
  readonly source: RecordEnd;
  readonly destination: RecordEnd;
  readonly family: AddressFamily;
  readonly services: readonly ServiceRange[];
  /** The services in one line. */
  readonly text: string;
  /** What receivers beyond the site see as source, where that is not the instance's own address. */
  readonly seenSource?: string;
}

type Words = Pick<FlowRecord, 'services' | 'text'>;

/** Makes records of flows; what many of them have in common is put in words once. */
export class FlowRecorder {
  readonly #reachability: Reachability;
  readonly #words = new Map<string, Words>();
  readonly #outside = new Map<string, RecordEnd>();

  /** `reachability`: that which the edges are from. */
  constructor(reachability: Reachability) {
    this.#reachability = reachability;
  }

  /** A record per box. */
  recordsOf(edge: FlowEdge): readonly FlowRecord[] {
    return edge.boxes.map((box) => this.#record(edge, box));
  }

  #record({ source, destination, family }: FlowEdge, box: FlowBox): FlowRecord {
    const reachability = this.#reachability;
    const seenSource = destination === OUTSIDE && family === 4 ? reachability.seenSource(source) : undefined;
    const isTranslated = seenSource !== undefined && !reachability.site(family).covers(box.destinations);
    const own = [reachability.sourceAddresses(source, family), reachability.addresses(source, family)];
    return {
      source: this.#end(source, box.sources, own, family),
      destination: this.#end(destination, box.destinations, [reachability.addresses(destination, family)], family),
      family,
      ...this.#wordsFor(box.services, family),
      ...(isTranslated ? { seenSource } : {}),
    };
  }

  /** `whole`: the sets that go without saying. */
  #end(end: FlowEnd, addresses: AddressSet, whole: readonly AddressSet[], family: AddressFamily): RecordEnd {
    if (end === OUTSIDE) return this.#outsideEnd(addresses, family);
    const isWhole = whole.some((set) => set.equals(addresses));
    return { instance: end, name: end, ...(isWhole ? {} : { addresses: addressTexts(addresses, family) }) };
  }

  #outsideEnd(addresses: AddressSet, family: AddressFamily): RecordEnd {
    const key = `${family} ${addresses.key}`;
    const known = this.#outside.get(key);
    if (known !== undefined) return known;
    const name = outsideText(addresses, this.#reachability, family);
    const end = { name, ...(name === 'internet' ? {} : { addresses: addressTexts(addresses, family) }) };
    this.#outside.set(key, end);
    return end;
  }

  #wordsFor(services: ServiceSet, family: AddressFamily): Words {
    const key = `${family} ${services.key}`;
    const known = this.#words.get(key);
    if (known !== undefined) return known;
    const words = { services: serviceRanges(services, family), text: servicesText(services, family) };
    this.#words.set(key, words);
    return words;
  }
}

/** The end with the addresses that it is about: `tenant-a/web-1 (10.1.0.5)`. */
export function endText({ instance, name, addresses }: RecordEnd): string {
  return instance === undefined || addresses === undefined ? name : `${name} (${addresses.join(', ')})`;
}
