/** `npm run console-exact -- [--bytes 1G] [--seed S] [--device port|hvc0|ttyS1] [--bounded]`: exit code 1 where a byte was wrong. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { connectLocal } from '../../core/api/local-client.ts';
import { findSampleGuest } from '../../core/storage/sample-guest.ts';
import { openTestHost } from '../support/open-test-host.ts';
import { type ExactDevice, exactGuestXml, port, serialPort, startExactGuest, virtioConsole } from './exact-guest.ts';
import { proveExact } from './exact-run.ts';
import { Source } from './source.ts';

const devices: Readonly<Record<string, ExactDevice>> = { port, hvc0: virtioConsole, ttyS1: serialPort };
const units: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
const blockBytes = 65_536;
const watchers = 10;
const limitMs = 30 * 60_000;

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...words], options: { bytes: { type: 'string', default: '1G' }, seed: { type: 'string', default: String(Date.now() % 100_000) }, device: { type: 'string', default: 'port' }, bounded: { type: 'boolean', default: false } } });
  const [, digits = '', unit = ''] = /^(\d+)([KMG]?)$/.exec(values.bytes) ?? [];
  const blocks = Math.ceil((Number(digits) * units[unit]!) / blockBytes);
  const [seed, device] = [Number(values.seed), devices[values.device]];
  if (!device || !(blocks > 0) || !Number.isInteger(seed)) throw new Error('--bytes takes a number with K, M or G, --seed a number, --device port, hvc0 or ttyS1');
  const guest = await findSampleGuest();
  if ('missing' in guest) throw new Error(`the sample guest is not here: ${guest.missing}`);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const source = new Source(device === serialPort ? 'text' : 'binary', seed, blocks * blockBytes);
  say(`${source.bytes} bytes on ${device.what}, one writer and ${watchers} watchers, seed ${seed}`);
  await using host = await openTestHost();
  // With its usual bounds the log keeps some 40 MiB of a console: who is later than that has a gap.
  if (!values.bounded) await writeFile(host.host.layout.settingsFile, JSON.stringify({ consoleLogBytes: 4 * source.bytes + (64 << 20) }));
  await host.reopen();
  const disk = path.join(host.home, 'source.raw');
  await source.writeTo(disk);
  await using shell = await startExactGuest(host.client, exactGuestXml(guest, disk));
  const result = await proveExact({
    ...{ device, source, shell, seed, watchers, limitMs, pauseMs: 100 },
    command: `dd if=/dev/vda bs=${blockBytes} count=${blocks} 2>/dev/null >${device.file}`,
    connect: (label) => connectLocal(host.host.layout.socket, label, { deadlineMs: 20_000, waitForHost: true, signal: new AbortController().signal }),
  });
  const MiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  say(`${(result.ms / 1000).toFixed(1)} s; ${result.acts} acts, readers attached ${result.attached} times; together they read ${MiB(result.bytes)}, ${MiB(result.gapBytes)} in marked gaps (${MiB(result.steadyGapBytes)} of the one who stayed)`);
  if (device.mayLeaveOut) say(`QEMU left out ${result.leftOut.reduce((total, { bytes }) => total + bytes, 0)} bytes at ${result.leftOut.length} places`);
  say(`${result.wrong.length} wrong`);
  for (const what of result.wrong) say(`  ${what}`);
  return result.wrong.length === 0 ? 0 : 1;
}
