import type { Clock } from '@slash32/shared';
import { type Tool, toolTimeout } from './tool.ts';
import { ToolProcess } from './tool-process.ts';

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunToolOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly input?: string;
}

/** Runs a tool to its end. Throws `AREA.unavailable` if it cannot be run or is killed, `AREA.timeout` if it hangs. */
export async function runTool(tool: Tool, args: readonly string[], options: RunToolOptions): Promise<ToolResult> {
  return finishTool(ToolProcess.start(tool, args), options);
}

/** As {@link runTool}, for a child that was started before and has got no input so far. */
export async function finishTool(child: ToolProcess, options: RunToolOptions): Promise<ToolResult> {
  let stdout = '';
  let stderr = '';
  child.onOutput('stdout', (text) => {
    stdout += text;
  });
  child.onOutput('stderr', (text) => {
    stderr += text;
  });
  let timedOut = false;
  const timer = options.clock.schedule(options.timeoutMs, () => {
    timedOut = true;
    child.kill();
  });
  child.end(options.input);
  const exit = await child.exited;
  timer.cancel();
  if (timedOut) throw toolTimeout(child.tool, options.timeoutMs);
  if (exit.exitCode === undefined) throw child.unavailable(exit);
  return { exitCode: exit.exitCode, stdout, stderr };
}
