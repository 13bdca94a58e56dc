/**
 * What is built from what: the main process, the preload, the command, the windows. Each is one Vite build; the three
 * Node-side ones are single CommonJS files (package.json says "module", hence .cjs) in which everything but Electron
 * and Node's own modules is bundled. The targets lower `using` and `await using`, which Node 20 and Chrome 130 lack.
 */
import { builtinModules } from 'node:module';
import path from 'node:path';
import { projectRoot } from '../setup/project.mjs';
import { notePackages } from './notices.mjs';

/** The folders of the packages that the builds of this process bundled. @type {Set<string>} */
export const bundledPackages = new Set();

const nodeTarget = 'node20';
const browserTarget = 'chrome130';

/**
 * @typedef {{ name: string, entries: readonly string[], outputs: readonly string[], config: () => Promise<import('vite').InlineConfig> }} Target
 * @type {readonly Target[]}
 */
export const targets = [
  commonJs('main', 'electron/main.ts', 'dist/electron/main.cjs', nodeTarget),
  commonJs('preload', 'electron/preload.ts', 'dist/electron/preload.cjs', browserTarget),
  commonJs('command', 'cli/vireo.ts', 'dist/vireo.cjs', nodeTarget),
  {
    name: 'windows',
    entries: ['renderer/index.html', 'renderer/console.html', 'renderer/display.html'],
    outputs: ['dist/renderer/index.html', 'dist/renderer/console.html', 'dist/renderer/display.html'],
    config: windowsConfig,
  },
];

/** node-pty loads its native part from beside its own files, so it stays in node_modules. */
const leftOutside = ['electron', 'node-pty', ...builtinModules, ...builtinModules.map((name) => `node:${name}`)];

/** @returns {Target} */
function commonJs(name, entry, output, target) {
  const config = async () => ({
    ...shared,
    plugins: [notePackages(bundledPackages)],
    ssr: { target: 'node', noExternal: true, external: leftOutside },
    build: {
      ...sharedBuild,
      ssr: true,
      target,
      outDir: path.join(projectRoot, path.dirname(output)),
      rolldownOptions: {
        input: path.join(projectRoot, entry),
        external: leftOutside,
        output: { format: 'cjs', entryFileNames: path.basename(output), codeSplitting: false, exports: 'auto' },
      },
    },
  });
  return { name, entries: [entry], outputs: [output], config };
}

async function windowsConfig() {
  const { default: react } = await import('@vitejs/plugin-react');
  return {
    ...shared,
    root: path.join(projectRoot, 'renderer'),
    base: './',
    plugins: [react(), notePackages(bundledPackages)],
    build: {
      ...sharedBuild,
      target: browserTarget,
      outDir: path.join(projectRoot, 'dist/renderer'),
      assetsInlineLimit: 0, // the windows' content policy allows no data: scripts and fonts
      modulePreload: { polyfill: false }, // it would be an inline script
      chunkSizeWarningLimit: 4096,
      rolldownOptions: { input: ['index.html', 'console.html', 'display.html'].map((page) => path.join(projectRoot, 'renderer', page)) },
    },
  };
}

/** @type {import('vite').InlineConfig} */
const shared = { root: projectRoot, configFile: false, envDir: false, publicDir: false, logLevel: 'warn', clearScreen: false };

/** @type {import('vite').BuildOptions} */
const sharedBuild = { sourcemap: true, minify: false, emptyOutDir: false, reportCompressedSize: false, copyPublicDir: false };
