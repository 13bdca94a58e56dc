/** A client of the local door in a process of its own, which can be frozen and killed while it writes: `socket label`. */
import { setTimeout } from 'node:timers/promises';
import { connectLocal } from '../../core/api/local-client.ts';

const [socket = '', label = ''] = process.argv.slice(2);
const client = await connectLocal(socket, label, { deadlineMs: 20_000 });
const say = (word: string): void => void process.stdout.write(`${word}\n`);
const stream = await client.openStream(
  'domainOpenConsole',
  { domain: 'fedora', device: null, mode: 'write' },
  {
    onBytes: (_bytes, _offset, acknowledge) => acknowledge(),
    onMessage: (message) => say(message.type === 'notice' ? `${message.what} by ${message.by}` : message.type),
    onEnd: () => process.exit(0),
  },
);
say('open');
const line = Buffer.alloc(1_000, 'a');
for (;;) {
  await stream.send(line);
  await setTimeout(1); // a guest of a test has to keep all of it
}
