import { renderChanges } from '@slash32/linux';
import { FabricModel, HostPolicyCompiler } from '@slash32/policy-compiler';
import { type Shape, shapedFabric } from './rule-shapes.ts';

/** The program of `compute-1` as an nft file for an empty kernel. */
export function compiledRuleset(shape: Shape, rules: number): string {
  const model = new FabricModel();
  for (const resource of shapedFabric(shape, rules)) model.put(resource);
  using compiler = new HostPolicyCompiler(model, 'compute-1');
  return renderChanges(compiler.reconcile(new Map()).changes).text;
}
