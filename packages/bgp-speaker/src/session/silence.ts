import type { ResourceFinding } from '@slash32/shared';
import { type PeerSettings, resourceOf } from '../peers/peer-settings.ts';

/** Attempts without any answer after which it is worth a finding. */
const TELLING_ATTEMPTS = 2;

/**
 * A peer that does not even refuse our connections. The kernel drops segments with a wrong signature, or from too far
 * away, without a word, on either side, so that silence is all that there is to see of a wrong password.
 */
export class Silence {
  #unansweredAttempts = 0;

  /** An attempt ended without an answer of any kind. */
  unanswered(): void {
    this.#unansweredAttempts += 1;
  }

  /** The peer said something, if only that it does not want us. */
  answered(): void {
    this.#unansweredAttempts = 0;
  }

  findings(settings: PeerSettings): readonly ResourceFinding[] {
    if (this.#unansweredAttempts < TELLING_ATTEMPTS) return [];
    return [
      {
        code: 'bgp-peer.no-answer',
        resource: resourceOf(settings),
        ...pathOf(settings),
        severity: 'warning',
        message: `${this.#unansweredAttempts} connections in a row: ${noAnswerText(settings)}`,
      },
    ];
  }
}

/** What silence may mean, given what the session demands. */
export function noAnswerText(settings: PeerSettings): string {
  const questions = [
    ...(settings.passwordFile === undefined ? [] : ['is the password right, on both sides?']),
    ...(settings.ttlSecurityHops === undefined
      ? []
      : [`is the router at most ${settings.ttlSecurityHops} hop(s) away, with TTL security of its own?`]),
    ...(settings.passwordFile === undefined && settings.ttlSecurityHops === undefined
      ? ['is the address right, the link up, and does the router demand a password or TTL security?']
      : []),
  ];
  return `no answer from ${settings.address}: ${questions.join(' ')}`;
}

function pathOf(settings: PeerSettings): { readonly path?: string } {
  if (settings.passwordFile !== undefined) return { path: 'spec.passwordFile' };
  return settings.ttlSecurityHops === undefined ? {} : { path: 'spec.ttlSecurity' };
}
