import { describe, expect, test } from 'vitest';
import { recordedCapabilities } from '../test/golden/golden-launch.ts';
import { examineDocument } from './examine-document.ts';
import { type ExaminedFile, summarize, unexamined } from './examined-file.ts';
import { formatReport } from './report.ts';

const domain = (inside: string) => `<domain type='qemu'><name>x</name><memory>1024</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>${inside}</domain>`;

async function examine(xml: string) {
  const emulators = [{ capabilities: await recordedCapabilities(), installed: false }];
  return examineDocument(xml, { emulators, firmware: [], runFolder: '/tmp/x', exists: () => false });
}

describe('a document', () => {
  test('that is understood comes through every step', async () => {
    const found = await examine(domain("<devices><emulator>/nowhere/qemu</emulator><memballoon model='virtio'/></devices>"));
    expect(found).toMatchObject({ refused: null, crash: null, roundTrip: true, stable: true, rendered: true, unknown: [] });
  });

  test('with an unknown element is kept, reported, and refused where the guest would differ', async () => {
    const found = await examine(domain('<mood/>'));
    expect(found).toMatchObject({ roundTrip: true, stable: true, rendered: false, unknown: ['domain/mood'], refused: { step: 'render', code: 'CONFIG_UNSUPPORTED' } });
  });

  test('that is no domain is left out', async () => {
    expect(await examine('<network/>')).toMatchObject({ skipped: 'its root is <network>', refused: null });
  });

  test.each([
    ['<domain', /XML error/],
    [domain('<vcpu>no</vcpu>'), /'no'/],
  ])('%s is refused at parsing', async (xml, words) => {
    expect((await examine(xml)).refused).toMatchObject({ step: 'parse', message: expect.stringMatching(words) });
  });

  test('for an architecture that nobody has is refused by name', async () => {
    expect((await examine(domain('').replace('x86_64', 'vax'))).refused?.message).toMatch(/'vax'/);
  });
});

const file = (more: Partial<ExaminedFile>): ExaminedFile => ({ ...unexamined, file: 'a.xml', ...more });

test('the summary counts domains only', () => {
  const files = [file({ parsed: true, accepted: true }), file({ skipped: 'its root is <network>' }), file({ refused: { step: 'parse', code: 'XML_ERROR', message: 'no', line: 1 } })];
  expect(summarize(files)).toEqual({ files: 2, parsed: 1, schemaValid: 0, roundTrip: 0, stable: 0, rendered: 0, accepted: 1, refused: 1 });
});

test('the report puts reasons that differ in paths together', () => {
  const refusals = ["no '/a/b' there", "no '/c/d' there"].map((message) => file({ refused: { step: 'render', code: 'CONFIG_UNSUPPORTED', message, line: null } }));
  expect(formatReport(refusals)).toContain("    2  render: no 'PATH' there  [a.xml]");
});
