/**
 * What the measuring side puts into a page of the app: the windows' own client over a port of its own, and the least
 * that a question over such a port can cost.
 */
import { connect } from '../core/api/client.ts';
import { openPortChannel } from '../renderer/client/port-channel.ts';
import { repeatCall } from './repeat-call.ts';

type Call = () => Promise<unknown>;

const calls: Record<string, Call> = {};

async function open(): Promise<void> {
  const client = connect(await openPortChannel(AbortSignal.timeout(10_000)), 'the bench');
  calls['domainGetInfo'] = () => client.call('domainGetInfo', { domain: 'tiny' });
  calls['domainLookup'] = () => client.call('domainLookup', { domain: 'tiny' });
}

/** The next port that main hands over is answered by nothing but an echo. */
async function openEcho(name: string, message: unknown): Promise<void> {
  const port = await new Promise<MessagePort>((resolve) => {
    const onMessage = ({ ports: [given] }: MessageEvent<unknown>): void => {
      if (!given) return;
      window.removeEventListener('message', onMessage);
      resolve(given);
    };
    window.addEventListener('message', onMessage);
    window.vireo?.connect();
  });
  const waiting: (() => void)[] = [];
  port.onmessage = () => waiting.shift()?.(); // answers come in the order of the questions
  calls[name] = () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      port.postMessage(message);
    });
}

/** The milliseconds from each keystroke to its echo, in the way that a console window reads and types. */
async function echoes(count: number): Promise<number[]> {
  const client = connect(await openPortChannel(AbortSignal.timeout(10_000)), 'the bench');
  let came = (): void => {};
  const stream = await client.openStream('domainOpenConsole', { domain: 'echoes', mode: 'write', force: true, from: 'now' }, {
    onBytes(_bytes, _offset, acknowledge) {
      acknowledge();
      came();
    },
    onMessage() {},
    onEnd() {},
  });
  const key = new TextEncoder().encode('x');
  const ms: number[] = [];
  for (let index = -10; index < count; index++) {
    const beganMs = performance.now();
    const echoed = new Promise<void>((resolve) => (came = resolve));
    void stream.send(key);
    await echoed;
    if (index >= 0) ms.push(performance.now() - beganMs);
  }
  stream.close();
  client.close();
  return ms;
}

/** A window of the app on the domain's first console, which it only watches. */
async function openConsole(uuid: string): Promise<void> {
  const client = connect(await openPortChannel(AbortSignal.timeout(10_000)), 'the bench');
  await client.call('desktopOpenConsole', { uuid, device: null, mode: 'watch' });
  client.close();
}

Object.assign(globalThis, { vireoBench: { open, openEcho, openConsole, echoes, repeat: (name: string, count: number, inFlight: number) => repeatCall(calls[name] as Call, count, inFlight) } });
