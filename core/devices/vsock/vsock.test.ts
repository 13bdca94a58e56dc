import { expect, test } from 'vitest';
import { complete, goldenLaunch, recordedCapabilities } from '../../../test/golden/golden-launch.ts';
import { buildCommandLine } from '../../command/build-command-line.ts';
import { liveDefinition } from '../../command/live-definition.ts';
import { formatDomain } from '../domain-xml.ts';

const capabilities = await recordedCapabilities();
const launch = goldenLaunch(capabilities);

function domain(vsock: string): string {
  return `<domain type='qemu'><name>x</name><memory>262144</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${vsock}</devices></domain>`;
}

test('a number that the user chose is the guest’s', () => {
  const { argv } = buildCommandLine(liveDefinition(complete(domain("<vsock><cid address='4'/></vsock>"), capabilities), launch), launch);
  expect(JSON.parse(argv.find((arg) => arg.includes('vsock')) ?? '{}')).toMatchObject({ driver: 'vhost-vsock-pci', id: 'vsock0', 'guest-cid': 4 });
});

test('a number that nobody chose is one of the run only', () => {
  const definition = liveDefinition(complete(domain('<vsock/>'), capabilities), launch);
  expect(formatDomain(definition, { form: 'live' })).toMatch(/<vsock model='virtio'>\s*<cid auto='yes' address='\d+'\/>/);
  expect(formatDomain(complete(domain('<vsock/>'), capabilities), { form: 'inactive' })).toMatch(/<cid auto='yes'\/>/);
});

test.each([
  ["<vsock><cid address='2'/></vsock>", /the cid of <vsock> has to be 3 or more, not 2/],
  ["<vsock><cid auto='no'/></vsock>", /needs the attribute 'address'/],
  ['<vsock/><vsock/>', /a domain has one <vsock>/],
])('%s is refused', (vsock, message) => {
  expect(() => complete(domain(vsock), capabilities)).toThrow(message);
});
