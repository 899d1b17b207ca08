export { type AddressSet, addressSet, addressTexts } from './address-set.ts';
export * from './compare-reachability.ts';
export type { FlowBox } from './flow-box.ts';
export { type FlowEnd, OUTSIDE } from './flow-end.ts';
export { type Interval, IntervalSet } from './interval-set.ts';
export * from './outside-text.ts';
export { type EdgeOptions, type FlowEdge, Reachability } from './reachability.ts';
export { type ServiceRange, serviceRanges, servicesText } from './service-ranges.ts';
export type { ServiceSet } from './services.ts';
