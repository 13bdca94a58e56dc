import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { complete, goldenFolder, goldenLaunch, recordedCapabilities } from '../../../test/golden/golden-launch.ts';
import { buildCommandLine } from '../../command/build-command-line.ts';
import { liveDefinition } from '../../command/live-definition.ts';
import { definitionFromArguments } from './definition-from-arguments.ts';
import { readKeyed } from './qemu-options.ts';
import { splitShellText } from './shell-text.ts';

const capabilities = await recordedCapabilities();

describe('the command line of a golden definition', () => {
  test.each(['sample', 'desktop', 'consoles'])('of %s is read back into a definition that renders to it', async (name) => {
    const written = complete(await readFile(`${goldenFolder}cases/${name}.xml`, 'utf8'), capabilities);
    const launch = goldenLaunch(capabilities);
    const text = buildCommandLine(liveDefinition(written, launch), launch).toShellText();
    const { environment, words } = splitShellText(text);
    const [binary = '', ...argv] = words;
    const { definition, run, accelerator } = definitionFromArguments(binary, argv, environment);
    const again = { capabilities, accelerator, ...run };
    const rendered = buildCommandLine(liveDefinition(complete(definition, capabilities), again), again);
    expect(rendered.argv.toSorted()).toEqual(argv.toSorted());
  });
});

describe('what is not read back', () => {
  test.each([
    [['-vga', 'std'], "the option '-vga' is not read back"],
    [['-device', '{"driver":"sb16"}'], "the device 'sb16' is not read back"],
    [['-device', 'e1000'], '-device e1000 is not in JSON, as this driver writes it'],
    [['disk.img'], "the command line has 'disk.img', which belongs to no option"],
  ])('%j is refused by name', (args, words) => {
    expect(() => definitionFromArguments('/usr/bin/qemu-system-x86_64', args, {})).toThrow(words);
  });
});

describe('words of a shell', () => {
  test('are those that a shell would hand over', () => {
    expect(splitShellText(`A=1 B='x y' \\\n/bin/q -name 'it'\\''s' "a \\"b\\"" c\\ d`)).toEqual({ environment: { A: '1', B: 'x y' }, words: ['/bin/q', '-name', "it's", 'a "b"', 'c d'] });
  });

  test.each(['$(rm x)', '`x`', '| sh', "'open"])('do not come from %s', (text) => {
    expect(() => splitShellText(`/bin/q ${text}`)).toThrow(/INVALID|only a shell|inside a quote/);
  });
});

test('two commas are one that belongs to the value', () => {
  expect(readKeyed('socket,path=/a,,b,,,,c,server=on')).toEqual({ first: 'socket', keys: new Map([['path', '/a,b,,c'], ['server', 'on']]) });
});
