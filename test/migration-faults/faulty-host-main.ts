/**
 * A host in a process of its own whose migrations stop where they are told to. Words come in a line each, and are answered
 * in lines: `stop STEP` (said before), then `at STEP` when it is reached; `go` lets it go on, `fail TEXT` makes it fail there.
 * Where it leads, memory and copies of disks go through links of whoever started it: `link PORT` asks for one to a port of
 * this computer, `linked PORT OTHER` answers.
 */
import { createInterface } from 'node:readline';
import type { Client } from '../../core/api/client.ts';
import { openHost } from '../../core/api/host.ts';
import { connectLocal } from '../../core/api/local-client.ts';
import { systemClock } from '../../core/base/clock.ts';
import { VireoError } from '../../core/base/errors.ts';
import { createLog } from '../../core/base/log.ts';
import { stateLayout } from '../../core/status/state-folder.ts';

const [home = '', peerSocket = ''] = process.argv.slice(2);
const links = new Map<number, (port: number) => void>();
let stopAt: string | null = null;
let release: ((failure: string | null) => void) | null = null;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const [word = '', first = '', second = ''] = line.split(' ');
  if (word === 'stop') stopAt = line.slice(5);
  else if (word === 'linked') links.get(Number(first))?.(Number(second));
  else if (word === 'go' || word === 'fail') {
    release?.(word === 'fail' ? line.slice(5) : null);
    release = null;
  }
});

async function gate(operation: string, step: string): Promise<void> {
  if (`${operation} ${step}` !== stopAt) return;
  stopAt = null;
  const released = new Promise<string | null>((resolve) => (release = resolve));
  say(`at ${operation} ${step}`);
  const failure = await released;
  if (failure !== null) throw new VireoError('OPERATION_FAILED', failure);
}

function linked(port: number): Promise<number> {
  return new Promise((resolve) => {
    links.set(port, resolve);
    say(`link ${port}`);
  });
}

/** The destination, whose ports are reached through links. */
function throughLinks(client: Client): Client {
  const prepare = async (prepared: { readonly cookie: string; readonly uri: string }): Promise<{ readonly cookie: string; readonly uri: string }> => {
    const port = /:(\d+)$/.exec(prepared.uri)?.[1];
    const diskPort = /<nbd port='(\d+)'/.exec(prepared.cookie)?.[1];
    const uri = port === undefined ? prepared.uri : prepared.uri.replace(/\d+$/, String(await linked(Number(port))));
    const cookie = diskPort === undefined ? prepared.cookie : prepared.cookie.replace(/(?<=<nbd port=')\d+/, String(await linked(Number(diskPort))));
    return { uri, cookie };
  };
  return {
    call: async (method, params, settings) => {
      const answer = await client.call(method, params, settings);
      return method === 'domainMigratePrepare3Params' ? ((await prepare(answer as Awaited<ReturnType<typeof prepare>>)) as typeof answer) : answer;
    },
    on: (event, listener) => client.on(event, listener),
    openStream: (stream, params, handlers) => client.openStream(stream, params, handlers),
    get closed() {
      return client.closed;
    },
    close: () => client.close(),
  };
}

const host = await openHost({
  layout: stateLayout(home),
  role: 'host',
  clock: systemClock,
  log: createLog((line) => void process.stderr.write(`${line.trimEnd()}\n`)),
  version: '0.0.0-test',
  carriers: { reachFolder: async (_folder, label, signal) => throughLinks(await connectLocal(peerSocket, label, { deadlineMs: 10_000, signal })) },
  atStep: gate,
});
await host.driver.reconnected;
process.once('SIGTERM', () => void host.close().then(() => process.exit(0)));
say('ready');
setInterval(() => {}, 60_000); // it ends when it is told to
