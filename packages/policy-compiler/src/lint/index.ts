export * from './lint-finding.ts';
export { lintPolicy } from './lint-policy.ts';
export { MANAGEMENT_PORTS, type ManagementPort } from './management-ports.ts';
