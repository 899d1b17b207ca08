export * from './compiler/boot-ruleset.ts';
export * from './compiler/host-policy-compiler.ts';
export * from './diff/apply-nft-changes.ts';
export * from './diff/ruleset-diff.ts';
export * from './evaluator/trace-packet.ts';
export * from './model/fabric-model.ts';
export * from './model/model-changes.ts';
export * from './model/resolved-instance.ts';
