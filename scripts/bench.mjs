/**
 * `npm run bench [-- NAME...] [--rounds N] [--json FILE]`: bundles the measurements, because Node 20 runs neither
 * TypeScript nor `await using`, and runs them. The numbers of a quiet machine are in docs/BENCHMARKS.md.
 */
import { builtinModules } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runInForeground } from './setup/foreground.mjs';
import { isMainScript, projectRoot, runScript } from './setup/project.mjs';
import { setUpCommand } from './setup/set-up.mjs';

async function bench(words) {
  await setUpCommand();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vireo-bench-'));
  try {
    const program = await bundle(folder);
    return await runInForeground(process.execPath, ['--enable-source-maps', program, ...words], { cwd: projectRoot, env: process.env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bundle(folder) {
  const { build } = await import('vite');
  await build({
    root: projectRoot,
    configFile: false,
    envDir: false,
    publicDir: false,
    logLevel: 'warn',
    ssr: { target: 'node', noExternal: true, external: [...builtinModules, 'node-pty'] },
    build: {
      ssr: true,
      target: 'node20',
      sourcemap: true,
      minify: false,
      emptyOutDir: false, // it is new and outside the project
      outDir: folder,
      rolldownOptions: {
        input: path.join(projectRoot, 'bench/main.ts'),
        output: { format: 'esm', entryFileNames: 'bench.mjs', codeSplitting: false },
      },
    },
  });
  return path.join(folder, 'bench.mjs');
}

if (isMainScript(import.meta.url)) await runScript(() => bench(process.argv.slice(2)));
