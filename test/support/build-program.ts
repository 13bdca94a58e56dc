/** Bundles a TypeScript program for plain Node: the tests' own processes run without the test runner. */
import { builtinModules } from 'node:module';
import path from 'node:path';
import { build } from 'vite';

const outside = [...builtinModules, ...builtinModules.map((name) => `node:${name}`)];

/** Bundles `entry` into `folder`; returns the program's path, `<folder>/<name>.mjs`. */
export async function buildProgram(entry: string, folder: string, name: string): Promise<string> {
  await build({
    configFile: false,
    envDir: false,
    publicDir: false,
    logLevel: 'error',
    ssr: { target: 'node', noExternal: true },
    build: {
      ssr: true,
      target: 'node20',
      outDir: folder,
      minify: false,
      emptyOutDir: false,
      rolldownOptions: { input: entry, external: outside, output: { format: 'es', entryFileNames: `${name}.mjs`, codeSplitting: false } },
    },
  });
  return path.join(folder, `${name}.mjs`);
}
