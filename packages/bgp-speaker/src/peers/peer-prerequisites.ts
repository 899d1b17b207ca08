import type { RouterDiscovery } from '@slash32/linux';
import type { Clock, Logger } from '@slash32/shared';
import { PasswordFiles } from './password-files.ts';
import type { PeerSettings } from './peer-settings.ts';
import { type PeerReadiness, readyPeers } from './ready-peers.ts';
import { RouterFinder } from './router-finder.ts';

export interface PrerequisiteWatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly discovery: RouterDiscovery;
  /** Up to `limit` octets of a file. */
  readonly readFile: (path: string, limit: number) => Promise<Uint8Array>;
  /** Called when {@link PrerequisiteWatch.readinessOf} may answer otherwise. */
  readonly onChange: () => void;
}

/** What planned peers wait for, watched: their password files and the routers of their links. */
export class PrerequisiteWatch {
  readonly #passwords: PasswordFiles;
  readonly #routers: RouterFinder;

  constructor({ clock, logger, discovery, readFile, onChange }: PrerequisiteWatchOptions) {
    this.#passwords = new PasswordFiles({ clock, readFile, onChange });
    this.#routers = new RouterFinder({ discovery, clock, logger, onChange });
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#routers.start(signal);
    signal.addEventListener('abort', () => this.#passwords.close(), { once: true });
  }

  readinessOf(planned: ReadonlyMap<string, PeerSettings>): PeerReadiness {
    const settings = [...planned.values()];
    this.#passwords.follow(new Set(settings.flatMap(({ passwordFile }) => passwordFile ?? [])));
    this.#routers.follow(new Set(settings.flatMap((peer) => peer.interface ?? [])));
    return readyPeers(planned, {
      passwordOf: (path) => this.#passwords.state(path),
      routerOn: (device) => this.#routers.routerOn(device),
      announceFailureOn: (device) => this.#routers.failureOn(device),
    });
  }
}
