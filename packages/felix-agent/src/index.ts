export * from './daemon/felix-agent.ts';
export * from './dataplane/dataplane.ts';
export * from './graph/fabric-graph.ts';
