import type { ResourceFinding } from '@slash32/shared';
import type { PasswordState } from './password-files.ts';
import type { PeerSettings } from './peer-settings.ts';

/** What a session may need beside its settings. */
export interface PeerPrerequisites {
  /** `undefined`: the file is being read. */
  readonly passwordOf: (path: string) => PasswordState | undefined;
  /** Link-local address of the router on an interface; `undefined`: none is known. */
  readonly routerOn: (device: string) => string | undefined;
  /** Why this host cannot be advertised on an interface. */
  readonly announceFailureOn: (device: string) => string | undefined;
}

export interface ReadyPeer {
  readonly settings: PeerSettings;
  readonly md5Key?: Uint8Array;
}

export interface WaitingPeer {
  readonly settings: PeerSettings;
  /** What it waits for. */
  readonly reason: string;
}

export interface PeerReadiness {
  /** By name: those that may have a session. */
  readonly ready: ReadonlyMap<string, ReadyPeer>;
  /** Those that must not have one. */
  readonly waiting: ReadonlyMap<string, WaitingPeer>;
  /** Those that are not known yet to be either: what they have stays as it is. */
  readonly undecided: ReadonlyMap<string, WaitingPeer>;
  readonly findings: readonly ResourceFinding[];
}

export const NO_PEERS_READY: PeerReadiness = {
  ready: new Map(),
  waiting: new Map(),
  undecided: new Map(),
  findings: [],
};

/**
 * Which planned peers may have a session. Fail closed: a peer with a password file has none before there is a password.
 * One whose file cannot be read any more keeps the key that was read last.
 */
export function readyPeers(
  planned: ReadonlyMap<string, PeerSettings>,
  prerequisites: PeerPrerequisites,
): PeerReadiness {
  const ready = new Map<string, ReadyPeer>();
  const waiting = new Map<string, WaitingPeer>();
  const undecided = new Map<string, WaitingPeer>();
  const findings: ResourceFinding[] = [];
  for (const [name, settings] of planned) {
    const wait = (finding: Omit<ResourceFinding, 'resource'>): void => {
      findings.push({ ...finding, resource: `BGPPeer/${name}` });
      waiting.set(name, { settings, reason: finding.message });
    };
    const address = settings.interface === undefined ? settings.address : prerequisites.routerOn(settings.interface);
    const { passwordFile } = settings;
    const password = passwordFile === undefined ? {} : prerequisites.passwordOf(passwordFile);
    if (password === undefined) {
      undecided.set(name, { settings, reason: `${passwordFile} is being read` });
      continue;
    }
    if (password.problem !== undefined) {
      const finding = passwordFinding(passwordFile ?? '', password);
      if (password.key === undefined) {
        wait(finding);
        continue;
      }
      findings.push({ ...finding, resource: `BGPPeer/${name}` });
    }
    if (address === undefined) {
      const device = settings.interface ?? '';
      wait(noRouterFinding(device, prerequisites.announceFailureOn(device)));
      continue;
    }
    ready.set(name, {
      settings: { ...settings, address, ...(password.keyId === undefined ? {} : { passwordId: password.keyId }) },
      ...(password.key === undefined ? {} : { md5Key: password.key }),
    });
  }
  return { ready, waiting, undecided, findings };
}

function passwordFinding(path: string, { problem, key }: PasswordState): Omit<ResourceFinding, 'resource'> {
  return {
    code: 'bgp-peer.no-password',
    path: 'spec.passwordFile',
    severity: key === undefined ? 'error' : 'warning',
    message: `${path} ${problem}; write the password into it, readable by the speaker; ${
      key === undefined ? 'the session stays closed until then' : 'the password that it had stays in force until then'
    }`,
  };
}

function noRouterFinding(device: string, failure: string | undefined): Omit<ResourceFinding, 'resource'> {
  return {
    code: 'bgp-peer.no-router',
    path: 'spec.interface',
    severity: 'warning',
    message:
      failure === undefined
        ? `no router is known on ${device}: none sends router advertisements there; have it send some (FRR does for a neighbor with "interface")`
        : failure,
  };
}
