/** Whether Chromium's sandbox can work here, asked before Electron answers with a crash that names neither cause nor cure. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isRoot, SetupProblem } from './project.mjs';
import { say } from './step.mjs';

/** The arguments that the app needs for its sandbox; throws where a person has to do something. @param {string} runtimeFolder */
export async function sandboxArguments(runtimeFolder) {
  if (process.platform !== 'linux') return [];
  if (isRoot) {
    say('electron', "running as root, where Chromium's sandbox cannot work: starting with --no-sandbox");
    return ['--no-sandbox'];
  }
  const helper = path.join(runtimeFolder, 'chrome-sandbox');
  const entry = await stat(helper).catch(() => null);
  if (!entry || (entry.uid === 0 && (entry.mode & 0o4000) !== 0) || (await allowsUserNamespaces())) return [];
  throw new SetupProblem("this system forbids user namespaces, so Chromium's sandbox needs its helper to belong to root", [
    `sudo chown root:root '${helper}' && sudo chmod 4755 '${helper}'`,
  ]);
}

async function allowsUserNamespaces() {
  const value = async (name) => (await readFile(`/proc/sys/${name}`, 'utf8').catch(() => '')).trim();
  const [debian, apparmor, most] = await Promise.all(
    ['kernel/unprivileged_userns_clone', 'kernel/apparmor_restrict_unprivileged_userns', 'user/max_user_namespaces'].map(value),
  );
  return debian !== '0' && apparmor !== '1' && most !== '0';
}
