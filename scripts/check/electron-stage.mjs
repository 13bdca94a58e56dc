/**
 * How the tests of the real app are run: on a virtual screen, on a message bus of their own, and by a user without
 * rights, because Chromium's sandbox does not work as root. Where such a user cannot read the checkout or the runtime
 * they run as root with VIREO_NO_SANDBOX=1, which their launcher turns into --no-sandbox, and that is said.
 */
import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { isRoot, projectRoot } from '../setup/project.mjs';
import { say } from '../setup/step.mjs';
import { runVitest } from './vitest.mjs';

const nobody = 65534;
const screen = ['xvfb-run', '-a', '-s', '-screen 0 1600x1000x24'];

/**
 * @param {{ electron: { folder: string, program: string }, guest: { kernel: string }, limitMs: number }} options
 * @returns {Promise<import('./vitest.mjs').ProjectOutcome>}
 */
export async function runElectronTests({ electron, guest, limitMs }) {
  const wrapper = process.platform === 'linux' ? ['dbus-run-session', '--', ...screen] : [];
  const readable = [electron.program, guest.kernel, path.join(projectRoot, 'dist', 'vireo.cjs'), path.join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs')];
  const unprivileged = isRoot && (await canRead(nobody, readable));
  if (isRoot && !unprivileged) say('electron', "an unprivileged user cannot read the checkout or the runtime: tests run as root, Chromium's sandbox off");
  // Short, because sockets lie below it and their paths end at a hundred bytes.
  const home = await mkdtemp('/tmp/vireo-e-');
  const folders = { HOME: home, TMPDIR: path.join(home, 't'), XDG_RUNTIME_DIR: path.join(home, 'r') };
  try {
    for (const folder of [folders.TMPDIR, folders.XDG_RUNTIME_DIR]) await mkdir(folder, { mode: 0o700 });
    if (unprivileged) for (const folder of Object.values(folders)) await chown(folder, nobody, nobody);
    return await runVitest('electron', {
      limitMs,
      wrapper,
      env: { ...testEnvironment(electron, guest), ...folders, ...(isRoot && !unprivileged ? { VIREO_NO_SANDBOX: '1' } : {}) },
      reportFolder: home,
      ...(unprivileged ? { uid: nobody } : {}),
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** The tests' user gets what was set up for this one by name, since its own home is empty. */
function testEnvironment(electron, guest) {
  const kept = Object.entries(process.env).filter(([name]) => !/^(XDG_|npm_|DBUS_)/.test(name));
  return {
    ...Object.fromEntries(kept),
    VIREO_SAMPLE_GUEST: path.dirname(guest.kernel),
    VIREO_NODE: process.execPath,
    VIREO_ELECTRON_DIST: electron.folder,
    ELECTRON_OVERRIDE_DIST_PATH: electron.folder,
  };
}

/** Whether a user without rights reads these files by this Node; asked by being it. */
async function canRead(uid, files) {
  const script = 'for (const file of process.argv.slice(1)) fs.accessSync(file, fs.constants.R_OK)';
  return promisify(execFile)(process.execPath, ['-e', script, ...files], { uid, gid: uid, cwd: '/', timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}
