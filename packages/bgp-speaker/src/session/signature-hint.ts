import type { SignatureCounters } from '@slash32/linux';
import type { BgpSessionState, ResourceFinding } from '@slash32/shared';
import { isRange, type PeerSettings, resourceOf } from '../peers/peer-settings.ts';

/**
 * What segments with bad signatures may mean for a peer without session, or for a range that somebody may call from. They
 * are counted for the host as a whole, so it says no more than that it may be this one. `undefined`: nothing.
 */
export function signatureHint(
  settings: PeerSettings,
  state: BgpSessionState,
  { missing, unexpected, wrong }: SignatureCounters,
): ResourceFinding | undefined {
  if (state === 'Established') return undefined;
  const from = isRange(settings) ? `a router of ${settings.range?.prefix}` : settings.address;
  const texts =
    settings.passwordFile === undefined
      ? [segments(unexpected, 'with an MD5 signature that nothing here asks for')]
      : [segments(wrong, 'with the MD5 signature of another password'), segments(missing, 'without MD5 signature')];
  const told = texts.filter((text) => text !== undefined);
  // A range without password is open to others, so unsigned routers say nothing about it.
  if (told.length === 0 || (isRange(settings) && settings.passwordFile === undefined)) return undefined;
  const remedy =
    settings.passwordFile === undefined
      ? 'if its password is for us, give it as spec.passwordFile'
      : 'check that the password is the same on both sides';
  return {
    code: 'bgp-peer.bad-signatures',
    resource: resourceOf(settings),
    path: 'spec.passwordFile',
    severity: 'warning',
    message: `${told.join(' and ')} came to this host within two minutes, and were dropped; if they are of ${from}: ${remedy}`,
  };
}

function segments(count: number, what: string): string | undefined {
  if (count <= 0) return undefined;
  return `${count} ${count === 1 ? 'segment' : 'segments'} ${what}`;
}
