export * from './bfd/bfd-service.ts';
export * from './codec/index.ts';
export * from './daemon/run-speaker.ts';
export * from './daemon/speaker.ts';
