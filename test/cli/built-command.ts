/** The `vireo` command as it is shipped: one bundled file, run by Node in a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type InlineConfig, build } from 'vite';

export interface BuiltCommand extends AsyncDisposable {
  readonly script: string;
}

interface BuildTarget {
  readonly name: string;
  readonly config: () => Promise<InlineConfig>;
}

/** Bundles what stands in the checkout now, beside whatever is in dist/. */
export async function buildCommand(): Promise<BuiltCommand> {
  const targetsFile = pathToFileURL(path.resolve('scripts/build/targets.mjs')).href;
  const { targets } = (await import(/* @vite-ignore */ targetsFile)) as { targets: readonly BuildTarget[] };
  const config = await targets.find(({ name }) => name === 'command')!.config();
  const folder = await mkdtemp('/tmp/vireo-');
  await build({ ...config, build: { ...config.build, outDir: folder, sourcemap: false } });
  return { script: path.join(folder, 'vireo.cjs'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  readonly printed: () => string;
  readonly complained: () => string;
  readonly outcome: Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
}

export function spawnCommand(command: BuiltCommand, home: string, words: readonly string[]): RunningCommand {
  const child = spawn(process.execPath, [command.script, ...words], { env: { ...process.env, VIREO_HOME: home, VIREO_NODE: process.execPath, INIT_CWD: home } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('latin1')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('latin1')));
  const outcome = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number | null, stdout, stderr }));
  return { child, printed: () => stdout, complained: () => stderr, outcome };
}
