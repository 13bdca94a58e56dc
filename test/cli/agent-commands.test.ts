/** The commands of the guest's agent, on a host that only pretends: virsh's words and columns. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { beginCommand, type CommandOutcome, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

let host: FakeHost;
let folder = '';
let uuid = '';
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  host = new FakeHost();
  uuid = host.add({ uuid: 'c7a5fdbd-edaf-9455-926a-d65c16db1809', name: 'web', id: 1, state: 'running', agent: 'connected' }).uuid;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const vireo = (...words: string[]): Promise<CommandOutcome> => runCommand(host, words, { folder });
const printed = (...lines: string[]): CommandOutcome => ({ exitCode: 0, stdout: `${[...lines, ''].join('\n')}\n`, stderr: '' });
const quietly = { exitCode: 0, stdout: '\n', stderr: '' };
const lastCall = (): unknown => host.calls.at(-1)?.params;

describe('what a guest says', () => {
  test('guestinfo prints libvirt\'s fields, and leaves out what is missing', async () => {
    const { stdout } = await vireo('guestinfo', 'web');
    expect(stdout.split('\n')).toEqual([
      'user.count          : 1', 'user.0.name         : root', 'user.0.login-time   : 1700000000123',
      'os.id               : debian', 'os.name             : Debian', 'os.pretty-name      : Debian 12', 'os.version          : 12', 'os.version-id       : 12',
      'os.machine          : x86_64', 'os.kernel-release   : 6.1', 'os.kernel-version   : #1',
      'timezone.name       : CET', 'timezone.offset     : 3600',
      'fs.count            : 2', 'fs.0.name           : sda1', 'fs.0.mountpoint     : /', 'fs.0.fstype         : ext4', 'fs.0.total-bytes    : 1000000', 'fs.0.used-bytes     : 250000',
      'fs.0.disk.count     : 1', 'fs.0.disk.0.alias   : vda', 'fs.0.disk.0.serial  : S1', 'fs.0.disk.0.device  : /dev/sda1',
      'fs.1.name           : dm-0', 'fs.1.mountpoint     : /mnt', 'fs.1.fstype         : xfs', 'fs.1.disk.count     : 0',
      'disk.count          : 1', 'disk.0.name         : /dev/vda', 'disk.0.partition    : no', 'disk.0.dependency.count: 1', 'disk.0.dependency.0.name: /dev/sda',
      'disk.0.serial       : S1', 'disk.0.alias        : vda', 'disk.0.guest_bus    : virtio', 'disk.0.guest_alias  : root',
      'if.count            : 3', 'if.0.name           : lo', 'if.0.addr.count     : 1', 'if.0.addr.0.type    : ipv4', 'if.0.addr.0.addr    : 127.0.0.1', 'if.0.addr.0.prefix  : 8',
      'if.1.name           : eth0', 'if.1.hwaddr         : 52:54:00:00:00:01', 'if.1.addr.count     : 2', 'if.1.addr.0.type    : ipv4', 'if.1.addr.0.addr    : 10.0.2.15', 'if.1.addr.0.prefix  : 24',
      'if.1.addr.1.type    : ipv6', 'if.1.addr.1.addr    : fec0::1', 'if.1.addr.1.prefix  : 64', 'if.2.name           : eth1', 'if.2.hwaddr         : 52:54:00:00:00:02', 'if.2.addr.count     : 0',
      'load.1m             : 0.500000', 'load.5m             : 0.250000', 'load.15m            : 0.000000', '', '',
    ]); // prettier-ignore
    await vireo('guestinfo', 'web', '--os', '--hostname', '--load');
    expect(lastCall()).toEqual({ domain: uuid, types: ['os', 'hostname', 'load'] });
  });

  test('domifaddr asks the agent where there is one, and names each interface once', async () => {
    const rows = [
      ' Name       MAC address          Protocol     Address', '-'.repeat(79), ' lo                              ipv4         127.0.0.1/8',
      ' eth0       52:54:00:00:00:01    ipv4         10.0.2.15/24', ' -          -                    ipv6         fec0::1/64', ' eth1       52:54:00:00:00:02    N/A          N/A',
    ]; // prettier-ignore
    expect(await vireo('domifaddr', 'web')).toEqual(printed(...rows));
    expect(lastCall()).toEqual({ domain: uuid, source: 'agent' });
    expect((await vireo('domifaddr', 'web', 'eth0', '--full', '--source', 'lease')).stdout).toContain(' eth0       52:54:00:00:00:01    ipv6         fec0::1/64');
    expect(lastCall()).toEqual({ domain: uuid, source: 'lease' });
    expect((await vireo('domifaddr', 'web', '--source', 'moon')).stderr).toBe("error: Unknown data source 'moon'\n");
  });

  test('domhostname, domtime and guestvcpus print as virsh does', async () => {
    expect(await vireo('domhostname', 'web')).toEqual(printed('sample'));
    expect(await vireo('domtime', 'web')).toEqual(printed('Time: 1700000000'));
    expect(await vireo('domtime', 'web', '--pretty')).toEqual(printed('Time: 2023-11-14 22:13:20'));
    expect(await vireo('guestvcpus', 'web')).toEqual(printed('vcpus          : 0-1', 'online         : 0-1', 'offlinable     : 1'));
    expect(await vireo('domfsinfo', 'web')).toEqual(printed(' Mountpoint   Name   Type   Target', '------------------------------------', ' /            sda1   ext4   vda', ' /mnt         dm-0   xfs    '));
  });
});

describe('what is done to a guest', () => {
  test.each([
    [['domtime', 'web', '--sync'], { time: null }],
    [['domtime', 'web', '--time', '12'], { time: { seconds: 12, nanoseconds: 0 } }],
    [['guestvcpus', 'web', '1', '--disable'], { cpus: '1', online: false }],
    [['domfstrim', 'web', '--minimum', '4096'], { minimumBytes: 4096 }],
    [['guest-agent-timeout', 'web'], { timeoutSeconds: -2 }],
    [['guest-agent-timeout', 'web', '--timeout', '-1'], { timeoutSeconds: -1 }],
    [['guest-agent-timeout', 'web', '0'], { timeoutSeconds: 0 }],
    [['set-user-sshkeys', 'web', 'root', '--reset'], { user: 'root', keys: [], change: 'replace' }],
    [['qemu-agent-command', 'web', '--async', 'guest-ping'], { command: 'guest-ping', timeoutSeconds: 0 }],
  ])('%s says nothing where it went well', async (words, params) => {
    const outcome = await vireo(...words);
    expect({ ...outcome, stderr: words[0] === 'domfstrim' ? '' : outcome.stderr }).toEqual(quietly);
    expect(lastCall()).toEqual({ domain: uuid, ...params });
  });

  test.each([
    [['domfsfreeze', 'web'], 'Froze 3 filesystem(s)', { mountpoints: [] }],
    [['domfsfreeze', 'web', '/', '/data'], 'Froze 2 filesystem(s)', { mountpoints: ['/', '/data'] }],
    [['domfsfreeze', 'web', '--status'], 'frozen', {}],
    [['domfsthaw', 'web'], 'Thawed 3 filesystem(s)', {}],
    [['dompmsuspend', 'web', 'mem'], "Domain 'web' successfully suspended", { target: 'mem' }],
    [['dompmwakeup', 'web'], "Domain 'web' successfully woken up", {}],
    [['set-user-password', 'web', 'root', 'x', '--encrypted'], 'Password set successfully for root in web', { user: 'root', password: 'x', encrypted: true }],
    [['qemu-agent-command', 'web', '--block', '{"execute":', '"guest-ping"}'], '{"return":{"a":"\\u009b\\u202e"}}', { command: '{"execute": "guest-ping"}', timeoutSeconds: -2 }],
  ])('%s tells what was done', async (words, sentence, params) => {
    expect(await vireo(...words)).toEqual(printed(sentence));
    expect(lastCall()).toEqual({ domain: uuid, ...params });
  });

  test.each([
    [['domtime', 'web', '--now', '--sync'], 'Options --now and --sync are mutually exclusive'],
    [['domtime', 'web', '--time', 'noon'], "Numeric value 'noon' for <time> option is malformed or out of range"],
    [['guestvcpus', 'web', '1'], 'One of options --enable or --disable is required by option --cpulist'],
    [['guestvcpus', 'web', '--enable'], 'Option --cpulist is required by option --enable'],
    [['domfsthaw', 'web', '/'], 'specifying mountpoints is not supported'],
    [['domfstrim', 'web', '--mountpoint', '/'], 'Specifying mount point is not supported for now'],
    [['dompmsuspend', 'web', 'deep'], 'Invalid target'],
    [['dompmsuspend', 'web', 'mem', '--duration', '5'], 'Duration not supported. Use 0 for now'],
    [['guest-agent-timeout', 'web', '-3'], "guest agent timeout '-3' is less than the minimum '-2'"],
    [['qemu-agent-command', 'web', '--async', '--block', 'x'], 'timeout, async and block options are exclusive'],
    [['set-user-sshkeys', 'web', 'root'], 'Option --file is required'],
    [['set-user-password', 'web', 'root'], 'there is no terminal to ask for the password; - reads it from standard input'],
  ])('%s is refused', async (words, refusal) => {
    expect(await vireo(...words)).toEqual({ exitCode: 1, stdout: '\n', stderr: `error: ${refusal}\n` });
    expect(host.calls.every(({ method }) => method === 'domainLookup')).toBe(true);
  });

  test('domfstrim names what was not trimmed', async () => {
    expect((await vireo('domfstrim', 'web')).stderr).toBe('vireo: /mnt was not trimmed: trim not supported\n');
  });

  test('SSH keys come from a file, a line each', async () => {
    await writeFile(path.join(folder, 'keys'), '# mine\nssh-rsa A a@b\n\n ssh-rsa B c@d \n');
    expect(await vireo('set-user-sshkeys', 'web', 'root', 'keys')).toEqual(quietly);
    expect(lastCall()).toEqual({ domain: uuid, user: 'root', keys: ['ssh-rsa A a@b', 'ssh-rsa B c@d'], change: 'append' });
    await vireo('set-user-sshkeys', 'web', 'root', 'keys', '--remove');
    expect(lastCall()).toMatchObject({ change: 'remove' });
    expect(await vireo('get-user-sshkeys', 'web', 'root')).toEqual(printed('ssh-ed25519 AAAA a@b', 'ssh-rsa BBBB c@d'));
  });
});

describe('a password', () => {
  test('is asked for twice on a terminal that shows nothing of it', async () => {
    const modes: boolean[] = [];
    const run = beginCommand(host, ['set-user-password', 'web', 'root'], { folder, terminal: (raw) => void modes.push(raw) });
    run.stdin.write('wrong\u0015ge\u00fcheim\u007f\u007fim\r');
    run.stdin.write('ge\u00fcheim\r');
    expect(await run.exitCode).toBe(0);
    expect(lastCall()).toEqual({ domain: uuid, user: 'root', password: 'ge\u00fcheim', encrypted: false });
    expect(modes).toEqual([true, false]);
    expect(run.stdout.text + run.stderr.text).not.toContain('heim');
  });

  test('that is typed differently, or not at all, changes nothing', async () => {
    for (const [typed, words] of [['a\rb\r', 'the two passwords differ'], ['a\u0003', 'the password was not given']] as const) {
      const run = beginCommand(host, ['set-user-password', 'web', 'root'], { folder, terminal: () => {} });
      run.stdin.write(typed);
      expect(await run.exitCode).toBe(1);
      expect(run.stderr.text).toContain(words);
    }
    expect(host.calls.map(({ method }) => method)).not.toContain('domainSetUserPassword');
  });

  test('is a line of standard input for -', async () => {
    const run = beginCommand(host, ['set-user-password', 'web', 'root', '-'], { folder });
    run.stdin.end('secret\nmore\n');
    expect(await run.exitCode).toBe(0);
    expect(lastCall()).toMatchObject({ password: 'secret' });
  });
});

describe('guest-exec', () => {
  test('is the program: its bytes, its errors, its exit code', async () => {
    expect(await vireo('-q', 'guest-exec', 'web', '--env', 'A=1', '--', 'prog', '--flag', 'a b')).toEqual({ exitCode: 3, stdout: '\u0001\u00ff\n', stderr: 'oops\n' });
    expect(lastCall()).toEqual({ domain: uuid, program: 'prog', arguments: ['--flag', 'a b'], environment: ['A=1'], input: null, timeoutSeconds: 60 });
    expect((await vireo('-q', 'guest-exec', 'web', '--timeout', '5', 'killed')).exitCode).toBe(137);
    expect(JSON.parse((await vireo('--json', 'guest-exec', 'web', 'prog')).stdout)).toMatchObject({ exitCode: 3, output: 'Af8K' });
  });

  test('gives it standard input', async () => {
    const run = beginCommand(host, ['-q', 'guest-exec', 'web', '--stdin', 'cat'], { folder });
    run.stdin.end('hello');
    expect(await run.exitCode).toBe(3);
    expect(run.stdout.text).toBe('hello');
  });
});
