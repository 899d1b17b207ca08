/** Equal for findings that say the same, whoever found them. */
export function findingIdentity({
  code,
  resource,
  path,
}: {
  readonly code: string;
  readonly resource: string;
  readonly path?: string;
}): string {
  return `${code} ${resource} ${path ?? ''}`;
}
