import { describe, expect, test } from 'vitest';
import { parseHostUri } from './host-uri.ts';
import { sshArguments, type SshUri } from './ssh-carrier.ts';

const ssh = (uri: string): readonly string[] => sshArguments(parseHostUri(uri) as SshUri).filter((word) => !word.startsWith('-o'));

test('the host of a state folder, and hosts behind ssh, are named by URIs', () => {
  expect(parseHostUri('vireo+unix:///var/lib/vireo%20two/')).toEqual({ kind: 'unix', home: '/var/lib/vireo two' });
  expect(parseHostUri('vireo+ssh://beta')).toEqual({ kind: 'ssh', user: null, host: 'beta', port: null, home: null });
  expect(parseHostUri('vireo+ssh://ann@beta.example:2222/srv/vireo')).toEqual({ kind: 'ssh', user: 'ann', host: 'beta.example', port: 2222, home: '/srv/vireo' });
  expect(parseHostUri('vireo+ssh://[fe80::1]/')).toEqual({ kind: 'ssh', user: null, host: '[fe80::1]', port: null, home: null });
});

describe('what names no host is refused with the two forms', () => {
  test.each([
    ['qemu+ssh://beta/system', /no connection of the kind 'qemu\+ssh'/],
    ['/var/lib/vireo', /names no host/],
    ['vireo+unix://', /no state folder/],
    ['vireo+unix://beta/srv', /no state folder/],
    ['vireo+unix:///', /no state folder/],
    ['vireo+unix:///a%0ab', /control characters/],
    ['vireo+unix:///a%zz', /followed by no code/],
    ['vireo+ssh:///srv', /no host's name/],
    ['vireo+ssh://-oProxyCommand=reboot/srv', /no host's name/],
    ['vireo+ssh://%2doProxyCommand=reboot/srv', /no host's name/],
    ['vireo+ssh://be ta', /no host's name/],
    ['vireo+ssh://beta;reboot', /no host's name/],
    ['vireo+ssh://-l@beta', /no user's name/],
    ['vireo+ssh://a%20b@beta', /no user's name/],
    ['vireo+ssh://beta:0', /no port/],
    ['vireo+ssh://beta:2x', /no port/],
    ['vireo+ssh://beta/srv?command=reboot', /neither a query nor a fragment/],
  ])('%s', (uri, why) => {
    expect(() => parseHostUri(uri)).toThrow(why);
    expect(() => parseHostUri(uri)).toThrow(/it is vireo\+unix:\/\/\/STATE-FOLDER or vireo\+ssh:\/\//);
  });
});

test('ssh gets the place as one word after its options, and a folder that its shell cannot read as more', () => {
  expect(ssh('vireo+ssh://ann@beta:2222')).toEqual(['-T', '-p', '2222', '--', 'ann@beta', 'vireo --quiet host --stdio']);
  expect(ssh("vireo+ssh://beta/srv/it's;reboot")).toEqual(['-T', '--', 'beta', "vireo --quiet --home '/srv/it'\\''s;reboot' host --stdio"]);
  expect(ssh('vireo+ssh://[fe80::1]')).toEqual(['-T', '--', 'fe80::1', 'vireo --quiet host --stdio']);
});
