import type { ResourceKey } from '@slash32/shared';

export const LINT_SEVERITIES = ['info', 'warning', 'error'] as const;
/** `error`: likely a hole; `warning`: not what it seems; `info`: can go. */
export type LintSeverity = (typeof LINT_SEVERITIES)[number];

/** Every check: how bad what it finds is, and what that is. Codes are stable: scripts ignore by them. */
export const LINT_CHECKS = {
  'lint.allow-all-ingress': { severity: 'error', about: 'everybody may begin any flow' },
  'lint.open-management-port': { severity: 'error', about: 'a management or database port is open to everybody' },
  'lint.pair-covers-instances': { severity: 'error', about: 'an allowed address pair holds the addresses of others' },
  'lint.pair-exceeds-pools': {
    severity: 'warning',
    about: 'an allowed address pair is wider than the pools of its network',
  },
  'lint.stateless-without-reply': {
    severity: 'warning',
    about: 'no rule lets the replies back, and nothing remembers the flow',
  },
  'lint.remote-out-of-reach': {
    severity: 'warning',
    about: 'the far end of the rule is beyond the reach of all members',
  },
  'lint.remote-without-members': { severity: 'warning', about: 'the remote group or address group is empty' },
  'lint.duplicate-rule': { severity: 'warning', about: 'another rule of the group says the same' },
  'lint.shadowed-rule': { severity: 'warning', about: 'other rules of the group allow all of it' },
  'lint.redundant-pair': { severity: 'info', about: 'another allowed address pair holds all of it' },
  'lint.group-without-members': { severity: 'info', about: 'no instance is in the group, and no rule refers to it' },
  'lint.unused-address-group': { severity: 'info', about: 'no rule refers to the address group' },
} as const satisfies Record<string, { readonly severity: LintSeverity; readonly about: string }>;

export type LintCode = keyof typeof LINT_CHECKS;

export interface LintFinding {
  readonly code: LintCode;
  readonly severity: LintSeverity;
  readonly resource: ResourceKey;
  /** `spec.rules[2]`. */
  readonly path?: string;
  /** A sentence that names the resource and says what to do. */
  readonly message: string;
}

export function lintFinding(
  code: LintCode,
  resource: ResourceKey,
  path: string | undefined,
  message: string,
): LintFinding {
  return { code, severity: LINT_CHECKS[code].severity, resource, ...(path === undefined ? {} : { path }), message };
}
