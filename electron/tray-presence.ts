/**
 * Whether there is a tray to live in. On Linux Electron makes a tray object that nobody shows just as gladly, so the
 * session bus is asked for the StatusNotifierWatcher; there is no bus client among the dependencies, so the tools that
 * come with the bus ask. No tool, no bus or no answer within a second counts as no tray.
 */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import path from 'node:path';

const watcher = 'org.kde.StatusNotifierWatcher';
const bus = 'org.freedesktop.DBus';
const timeoutMs = 1_000;

/** The same question in the words of each tool, and the answer that means yes. */
const questions: readonly { readonly tool: string; readonly args: readonly string[]; readonly yes: RegExp }[] = [
  { tool: 'busctl', args: ['--user', 'call', bus, '/org/freedesktop/DBus', bus, 'NameHasOwner', 's', watcher], yes: /\btrue\b/ },
  { tool: 'gdbus', args: ['call', '--session', '--dest', bus, '--object-path', '/org/freedesktop/DBus', '--method', `${bus}.NameHasOwner`, watcher], yes: /\btrue\b/ },
  { tool: 'dbus-send', args: ['--session', '--print-reply', `--dest=${bus}`, '/org/freedesktop/DBus', `${bus}.NameHasOwner`, `string:${watcher}`], yes: /\btrue\b/ },
];

export async function hasTray(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): Promise<boolean> {
  if (platform !== 'linux') return true;
  // Without an address the tools would start a bus of their own.
  if (!env['DBUS_SESSION_BUS_ADDRESS'] && !(await hasUserBus(env))) return false;
  const answers = await Promise.all(questions.map(({ tool, args, yes }) => ask(tool, args, env).then((answer) => yes.test(answer))));
  return answers.includes(true);
}

async function hasUserBus(env: NodeJS.ProcessEnv): Promise<boolean> {
  const folder = env['XDG_RUNTIME_DIR'];
  return folder !== undefined && (await access(path.join(folder, 'bus')).then(() => true, () => false));
}

function ask(tool: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    execFile(tool, args, { timeout: timeoutMs, env, killSignal: 'SIGKILL' }, (error, stdout) => resolve(error ? '' : stdout));
  });
}
