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

Object.assign(globalThis, { vireoBench: { open, openEcho, repeat: (name: string, count: number, inFlight: number) => repeatCall(calls[name] as Call, count, inFlight) } });
