import { describe, expect, test } from 'vitest';
import { CpioArchive } from './cpio.mjs';

/** Reads an archive back, by the format's text and not by the writer's code. */
function entriesOf(archive) {
  const entries = [];
  let at = 0;
  for (;;) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index) => Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const name = archive.toString('utf8', at + 110, at + 110 + field(11) - 1);
    if (name === 'TRAILER!!!') return entries;
    const start = Math.ceil((at + 110 + field(11)) / 4) * 4;
    entries.push({ name, mode: field(1).toString(8), content: archive.toString('utf8', start, start + field(6)), device: [field(9), field(10)] });
    at = Math.ceil((start + field(6)) / 4) * 4;
  }
}

describe('the initramfs archive', () => {
  test('holds files, links, folders and devices, each after the folder it lies in', () => {
    const archive = new CpioArchive();
    archive.addFile('/sbin/deep/run', 'hello', 0o755);
    archive.addLink('bin/sh', '/bin/busybox');
    archive.addCharacterDevice('dev/console', 5, 1);
    const none = { content: '', device: [0, 0] };
    expect(entriesOf(archive.toBuffer())).toEqual([
      { ...none, name: 'bin', mode: '40755' },
      { ...none, name: 'bin/sh', mode: '120777', content: '/bin/busybox' },
      { ...none, name: 'dev', mode: '40755' },
      { ...none, name: 'dev/console', mode: '20600', device: [5, 1] },
      { ...none, name: 'sbin', mode: '40755' },
      { ...none, name: 'sbin/deep', mode: '40755' },
      { ...none, name: 'sbin/deep/run', mode: '100755', content: 'hello' },
    ]);
  });

  test('is whole blocks, and the same bytes for the same files in any order', () => {
    const [one, other] = [new CpioArchive(), new CpioArchive()];
    one.addFile('a', 'x');
    one.addFile('b', 'yy');
    other.addFile('b', 'yy');
    other.addFile('a', 'x');
    expect(one.toBuffer().length % 512).toBe(0);
    expect(one.toBuffer().equals(other.toBuffer())).toBe(true);
  });
});
