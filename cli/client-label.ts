/** What the command is called to others who use the same host: who runs it, at which terminal, and from where. */
import { readlink } from 'node:fs/promises';
import { isIP } from 'node:net';

export interface Caller {
  readonly command: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  readonly platform: NodeJS.Platform;
}

/** `vireo console (ann on pts/3 from 10.0.0.5, pid 4411)`, with what is known of it. */
export async function clientLabel({ command, pid, env, isTerminal, platform }: Caller): Promise<string> {
  const user = env['SUDO_USER'] ?? env['LOGNAME'] ?? env['USER'];
  const terminal = isTerminal && platform === 'linux' ? await terminalName() : null;
  const from = sshClient(env['SSH_CONNECTION']);
  const who = [user, terminal && `on ${terminal}`, from && `from ${from}`].filter(Boolean).join(' ');
  return `vireo ${command} (${[who, `pid ${pid}`].filter(Boolean).join(', ')})`;
}

/** Node has no ttyname(3). */
async function terminalName(): Promise<string | null> {
  const target = await readlink('/proc/self/fd/0').catch(() => '');
  return target.startsWith('/dev/') ? target.slice('/dev/'.length) : null;
}

/** sshd sets the client's address and port, then the server's. */
function sshClient(connection: string | undefined): string | null {
  const [address = ''] = (connection ?? '').split(' ');
  return isIP(address.replace(/%.*$/, '')) === 0 ? null : address;
}
