/**
 * Runs a program of this checkout that is no part of the product: bundled for each run into a folder of its own, because
 * Node 20 runs neither TypeScript nor `await using`.
 */
import { builtinModules } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runInForeground } from '../setup/foreground.mjs';
import { projectRoot } from '../setup/project.mjs';
import { setUpCommand } from '../setup/set-up.mjs';

/**
 * @param {string} entry the program's first file, from the project's folder
 * @param {readonly string[]} words its arguments
 * @returns {Promise<number>} its exit code
 */
export async function runBundled(entry, words) {
  await setUpCommand();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vireo-bundle-'));
  try {
    const program = await bundle(entry, folder);
    return await runInForeground(process.execPath, ['--enable-source-maps', program, ...words], { cwd: projectRoot, env: process.env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bundles `entry` into `folder`; returns the program, named for the entry's own folder. */
export async function bundle(entry, folder) {
  const { build } = await import('vite');
  const name = `${path.basename(path.dirname(entry))}.mjs`;
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
        input: path.join(projectRoot, entry),
        output: { format: 'esm', entryFileNames: name, codeSplitting: false },
      },
    },
  });
  return path.join(folder, name);
}
