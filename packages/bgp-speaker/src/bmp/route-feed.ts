import type { BgpFamily } from '@slash32/shared';
import { encodeEndOfRib, type PrefixKey } from '../codec/index.ts';
import { encodeRouteMonitoring } from './bmp-message.ts';
import type { ReportedTable } from './reported-table.ts';
import { RouteMarks } from './route-marks.ts';
import { routeUpdates } from './route-messages.ts';

/** Prefixes per round; their messages are made at once. */
const PREFIXES_PER_ROUND = 4096;

/** The routes of one table on their way to one collector: first all that there are, then those that change. */
export class RouteFeed {
  readonly #table: ReportedTable;
  readonly #marks = new RouteMarks();
  readonly #endOfRibDue: Set<BgpFamily>;

  /** `settled`: families of which all is there by now, so that End-of-RIB follows them. */
  constructor(table: ReportedTable, settled: Iterable<BgpFamily>) {
    this.#table = table;
    this.#endOfRibDue = new Set(settled);
    for (const [key, pathId] of table.all()) this.#marks.add(key, pathId);
  }

  changed(key: PrefixKey, pathId: number | undefined): void {
    this.#marks.add(key, pathId);
  }

  /** All of a family is there; said once nothing else waits. */
  endOfRib(family: BgpFamily): void {
    this.#endOfRibDue.add(family);
  }

  /** Some more messages; none: nothing waits. */
  take(wallMs: number): readonly Uint8Array[] {
    const { encoding, flags } = this.#table;
    const peer = this.#table.peer(wallMs);
    if (!this.#marks.isEmpty) {
      const marks = this.#marks.take(PREFIXES_PER_ROUND);
      const updates = routeUpdates(marks, (key, pathId) => this.#table.route(key, pathId), encoding);
      return updates.map((update) => encodeRouteMonitoring(peer, flags, update)).toArray();
    }
    const families = [...this.#endOfRibDue];
    this.#endOfRibDue.clear();
    return families.map((family) => encodeRouteMonitoring(peer, flags, encodeEndOfRib(family)));
  }
}
