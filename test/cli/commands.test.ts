/** What the command prints, against what virsh 9.0.0 prints for the same (measured with its test driver). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commands } from '../../cli/commands.ts';
import { VireoError } from '../../core/base/errors.ts';
import { type CommandOptions, type CommandOutcome, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f';
let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});

const vireo = (line: string, options?: CommandOptions): Promise<CommandOutcome> => runCommand(host, line.split(' '), options);
const printed = (...lines: string[]): CommandOutcome => ({ exitCode: 0, stdout: `${[...lines, ''].join('\n')}\n`, stderr: '' });
const failed = (...lines: string[]): CommandOutcome => ({ exitCode: 1, stdout: '\n', stderr: lines.map((line) => `error: ${line}\n`).join('') });
const refused = (line: string): CommandOutcome => ({ exitCode: 1, stdout: '', stderr: `error: ${line}\n` });

function addTwo(): void {
  host.add({ uuid: '00000000-0000-4000-8000-000000000002', name: 'zero', title: 'The other' });
  host.add({ uuid, name: 'test', id: 1, state: 'running', reason: 'booted' });
}

describe('list', () => {
  test('shows the running domains', async () => {
    addTwo();
    expect(await vireo('list')).toEqual(printed(' Id   Name   State', '----------------------', ' 1    test   running'));
  });

  test('shows all, the running ones first', async () => {
    addTwo();
    expect(await vireo('list --all')).toEqual(printed(' Id   Name   State', '-----------------------', ' 1    test   running', ' -    zero   shut off'));
  });

  test('shows an empty table where there is nothing', async () => {
    expect(await vireo('list --transient')).toEqual(printed(' Id   Name   State', '--------------------'));
  });

  test('shows titles', async () => {
    addTwo();
    expect(await vireo('list --all --title')).toEqual(
      printed(' Id   Name   State      Title', '-----------------------------------', ' 1    test   running    ', ' -    zero   shut off   The other'),
    );
  });

  test('prints only what scripts ask for', async () => {
    addTwo();
    expect([await vireo('list --uuid'), await vireo('list --name --uuid --all'), await vireo('list --all --id'), await vireo('list --state-shutoff --name')]).toEqual([
      printed(uuid),
      printed(`${uuid} test`, '00000000-0000-4000-8000-000000000002 zero'),
      printed('1', '-'),
      printed('zero'),
    ]);
  });

  test('combines filters as virsh does', async () => {
    addTwo();
    const names = async (line: string): Promise<string> => (await vireo(`list --name ${line}`)).stdout.trim();
    expect([await names('--all --inactive --state-running'), await names('--inactive'), await names('--state-paused'), await names('--persistent --transient'), await names('--all --state-other')]).toEqual(['test', 'zero', '', 'test', '']);
  });

  test('keeps columns straight under wide names', async () => {
    host.add({ name: '虚拟机', id: 2, state: 'running' });
    expect((await vireo('list')).stdout).toBe(' Id   Name     State\n------------------------\n 2    虚拟机   running\n\n');
  });

  test('is quiet when asked to be', async () => {
    addTwo();
    expect(await vireo('-q list')).toEqual({ exitCode: 0, stdout: ' 1   test   running\n', stderr: '' });
  });
});

describe('acts', () => {
  test.each([
    ['shutdown test', "Domain 'test' is being shutdown"],
    ['shutdown 1', "Domain 'test' is being shutdown"],
    ['reboot test --mode=agent', "Domain 'test' is being rebooted"],
    ['reset test', "Domain 'test' was reset"],
    ['destroy test --graceful', "Domain 'test' destroyed"],
    ['suspend --domain test', "Domain 'test' suspended"],
    [`resume ${uuid}`, "Domain 'test' resumed"],
    ['undefine test', "Domain 'test' has been undefined"],
    ['start zero --paused', "Domain 'zero' started"],
  ])('%s says: %s', async (line, sentence) => {
    addTwo();
    expect(await vireo(line)).toEqual(printed(sentence));
  });

  test('reach the host with what was asked for, in the name of the command', async () => {
    addTwo();
    await vireo('shutdown test acpi');
    expect(host.calls).toEqual([
      { method: 'domainLookup', params: { domain: 'test' }, client: 'vireo shutdown (pid 4711)' },
      { method: 'domainShutdown', params: { domain: uuid, mode: 'acpi' }, client: 'vireo shutdown (pid 4711)' },
    ]);
  });

  test('tell what failed, why, and who is in the way', async () => {
    addTwo();
    host.failures.set('domainCreate', new VireoError('OPERATION_TIMEOUT', 'cannot acquire state change lock (held by monitor=remoteDispatchDomainSuspend)', { details: { holders: [{ client: 'window 1', owner: 'remoteDispatchDomainSuspend', ageMs: 30_400 }] } }));
    expect(await vireo('start zero')).toEqual(failed("Failed to start domain 'zero'", 'Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainSuspend)', 'held by window 1 (remoteDispatchDomainSuspend) for 30 s'));
  });

  test('know an unknown domain and a running one', async () => {
    addTwo();
    expect([await vireo('start nosuch'), await vireo('start test'), await vireo('shutdown test --mode foo')]).toEqual([
      failed("failed to get domain 'nosuch'"),
      failed('Domain is already active'),
      failed("Unknown mode foo value, expecting 'acpi', 'agent' or 'signal'"),
    ]);
  });
});

describe('looking', () => {
  test('dominfo of a running domain', async () => {
    addTwo();
    expect(await vireo('dominfo test')).toEqual(
      printed(
        'Id:             1',
        'Name:           test',
        `UUID:           ${uuid}`,
        'OS Type:        hvm',
        'State:          running',
        'CPU(s):         2',
        'CPU time:       12.3s',
        'Max memory:     98304 KiB',
        'Used memory:    65536 KiB',
        'Persistent:     yes',
        'Autostart:      disable',
        'Managed save:   no',
        'Security model: none',
        'Security DOI:   0',
      ),
    );
  });

  test('dominfo of one that is shut off has no id and no CPU time', async () => {
    addTwo();
    const { stdout } = await vireo('dominfo zero');
    expect(stdout).toContain('Id:             -\n');
    expect(stdout).not.toContain('CPU time');
  });

  test('domstate, dumpxml, domxml-to-native', async () => {
    addTwo();
    expect([await vireo('domstate test'), await vireo('domstate test --reason'), await vireo('dumpxml test --inactive'), await vireo('domxml-to-native qemu-argv --domain test')]).toEqual([
      printed('running'),
      printed('running (booted)'),
      printed("<domain type='qemu'>", '  <name>test</name>', '</domain>'),
      printed('qemu -S'),
    ]);
    expect(await vireo('domxml-to-native qemu-argv')).toEqual(failed('need either domain or domain XML'));
    expect(await vireo('domxml-to-native xen-xl --domain test')).toEqual(failed('invalid argument: unsupported config type xen-xl'));
  });

  test('qemu-monitor-command joins its words and shows the reply', async () => {
    addTwo();
    expect([await vireo('qemu-monitor-command test --hmp info status'), await vireo('qemu-monitor-command test --pretty {"execute":"query-status"}'), await vireo('qemu-monitor-command test --return-value x')]).toEqual([
      printed('VM status: running'),
      printed('{', '  "return": {', '    "running": true', '  },', '  "id": "1"', '}'),
      printed('{"running":true}'),
    ]);
    expect(host.calls.find(({ method }) => method === 'qemuDomainMonitorCommand')?.params).toEqual({ domain: uuid, command: 'info status', hmp: true });
  });

  test('version tells all three', async () => {
    expect(await vireo('version')).toEqual(printed('Compiled against library: vireo 0.1.0', 'Using library: vireo 0.1.0', 'Using API: QEMU 0.1.0', 'Running hypervisor: QEMU 7.2.22'));
  });
});

describe('definitions', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp('/tmp/vireo-');
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('define reads the file from the folder of the caller, under npm too', async () => {
    await writeFile(`${folder}/a.xml`, '<domain><name>new</name></domain>');
    expect(await vireo('define a.xml', { folder: '/', env: { INIT_CWD: folder } })).toEqual(printed("Domain 'new' defined from a.xml"));
    expect(host.calls[0]?.params).toEqual({ xml: '<domain><name>new</name></domain>', source: `${folder}/a.xml` });
  });

  test('dumpxml --migratable asks for the migratable form', async () => {
    addTwo();
    await vireo('dumpxml test --migratable --security-info');
    expect(host.calls.find(({ method }) => method === 'domainGetXMLDesc')?.params).toMatchObject({ migratable: true, secure: true, inactive: false });
  });

  test('domxml-from-native reads the file of a command line', async () => {
    await writeFile(`${folder}/a.args`, 'qemu -S\n');
    expect(await vireo('domxml-from-native qemu-argv a.args', { folder })).toEqual(printed('<domain/>'));
    expect(host.calls.at(-1)).toMatchObject({ method: 'connectDomainXMLFromNative', params: { config: 'qemu -S\n' } });
  });

  test('domxml-to-native hands over recorded capabilities', async () => {
    addTwo();
    await writeFile(`${folder}/caps.replies`, '{}');
    await vireo('domxml-to-native qemu-argv --domain test --capabilities caps.replies', { folder });
    expect(host.calls.at(-1)).toMatchObject({ method: 'connectDomainXMLToNative', params: { capabilities: { name: 'caps.replies', text: '{}' } } });
  });

  test('import says of each file what became of it', async () => {
    const file = { uuid: null, autostart: false, notUnderstood: [], missingFiles: [] };
    host.importable.push(
      { ...file, file: '/q/a.xml', outcome: 'imported', name: 'a', reason: null, autostart: true, notUnderstood: [{ path: 'domain/mood', line: 3 }], missingFiles: ['/images/a.img'] },
      { ...file, file: '/q/b.xml', outcome: 'refused', name: null, reason: 'XML error: no' },
    );
    expect(await vireo('import /q')).toMatchObject({
      exitCode: 1,
      stdout: "a.xml: imported as 'a', started with the host\n  line 3: domain/mood is kept but not understood\n  /images/a.img is not there or cannot be read\nb.xml: refused: XML error: no\n\n1 imported, 1 refused\n\n",
    });
  });

  test('define --validate refuses what is not understood, and defines nothing', async () => {
    await writeFile(`${folder}/a.xml`, '<domain><name>new</name>\n\n<odd/></domain>');
    expect(await vireo('define a.xml --validate', { folder })).toEqual(failed('Failed to define domain from a.xml: XML error: not understood: /domain/odd (line 3)'));
    expect(host.calls.map(({ method }) => method)).not.toContain('domainDefineXML');
  });

  test('define names what it does not understand', async () => {
    await writeFile(`${folder}/a.xml`, '<domain><name>new</name>\n\n<odd/></domain>');
    expect((await vireo('define a.xml', { folder })).stderr).toBe('vireo: line 3: /domain/odd is kept but not understood\n');
  });

  test('define of a file that is not there, or that the host refuses', async () => {
    await writeFile(`${folder}/a.xml`, '<domain>');
    host.failures.set('domainDefineXML', new VireoError('XML_ERROR', 'line 1: unclosed tag: domain'));
    expect([await vireo('define /nonexist'), await vireo('define a.xml', { folder })]).toEqual([
      failed("Failed to open file '/nonexist': No such file or directory"),
      failed('Failed to define domain from a.xml', 'XML error: line 1: unclosed tag: domain'),
    ]);
  });

  test('define of what is too long to be a definition', async () => {
    await writeFile(`${folder}/disk.img`, Buffer.alloc(5 << 20));
    expect(await vireo('define disk.img', { folder })).toEqual(failed('invalid argument: disk.img is longer than 4194304 bytes: this is no domain definition'));
  });

  test('create starts what the file says, and tells what it did', async () => {
    await writeFile(`${folder}/a.xml`, '<domain><name>new</name></domain>');
    expect(await vireo('create a.xml --paused', { folder })).toEqual(printed("Domain 'new' created from a.xml"));
    expect(host.calls).toMatchObject([{ method: 'domainCreateXML', params: { xml: '<domain><name>new</name></domain>', source: `${folder}/a.xml`, paused: true } }]);
    host.failures.set('domainCreateXML', new VireoError('OPERATION_INVALID', "domain 'new' is already active"));
    expect(await vireo('create a.xml', { folder })).toEqual(failed('Failed to create domain from a.xml', "Requested operation is not valid: domain 'new' is already active"));
  });

  test('sample defines the sample guest and starts it', async () => {
    expect([await vireo('sample'), await vireo('sample other --start')]).toEqual([
      printed("Domain 'sample' defined from the sample guest"),
      printed("Domain 'other' defined from the sample guest", "Domain 'other' started"),
    ]);
  });
});

describe('words that make no sense', () => {
  test.each([
    ['frob', "unknown command: 'frob'"],
    ['list --frob', "command 'list' doesn't support option --frob"],
    ['list -a', "unexpected data '-a'"],
    ['list --all=3', "invalid '=' after option --all"],
    ['start', "command 'start' requires <domain> option"],
    ['start test --domain test', 'option --domain already seen'],
    ['shutdown --mode', 'expected syntax: --mode <string>'],
    ['qemu-monitor-command test', "command 'qemu-monitor-command' requires <cmd> option"],
    ['--frob', "unsupported option '--frob'. See --help."],
    ['list --home', "option '--home' requires an argument"],
  ])('%s', async (line, sentence) => {
    addTwo();
    expect(await vireo(line)).toEqual(refused(sentence));
  });

  test('that can only be seen when the command has begun', async () => {
    expect([await vireo('list --table --name'), await vireo('event --timeout 0 --all'), await vireo('help nosuch')]).toEqual([
      failed('Options --table and --name are mutually exclusive'),
      failed("Numeric value '0' for <timeout> option is malformed or out of range"),
      failed("command or command group 'nosuch' doesn't exist"),
    ]);
  });
});

describe('help', () => {
  test('of a command', async () => {
    expect((await vireo('help console')).stdout).toBe(
      [
        '  NAME',
        '    console - connect to the guest console',
        '',
        '  SYNOPSIS',
        '    console <domain> [--devname <string>] [--force] [--safe] [--resume] [--watch] [--readonly] [--request] [--yield] [--escape <string>] [--linger <number>] [--pty] [--wait]',
        '',
        '  DESCRIPTION',
        '    Connect the virtual serial console for the guest',
        '',
        '  OPTIONS',
        '    [--domain] <string>  domain name, id or uuid',
        '    --devname <string>  character device name',
        '    --force          force console connection (disconnect already connected sessions)',
        '    --safe           only connect if safe console handling is supported',
        '    --resume         resume a paused guest after connecting to console',
        '    --watch          look on without writing; any number of clients may',
        '    --readonly       the same as --watch',
        '    --request        watch while somebody else writes, and ask for the input',
        '    --yield          give the input to the first who asks for it, and watch on',
        '    --escape <string>  key that ends the console (default ^], Ctrl + ])',
        '    --linger <number>  end after so many seconds of silence once the input, a pipe or a file, has ended (default: go on until the guest ends)',
        '    --pty            make it a terminal of this machine for other programs, and print its path',
        '    --wait           with --pty: stay while the guest does not run',
        '',
        '',
        '',
      ].join('\n'),
    );
    expect((await vireo('console --help')).stdout).toContain('    console - connect to the guest console\n');
  });

  test('lists every command under its group, each once', async () => {
    const { stdout } = await vireo('help');
    expect(stdout.split('\n').filter((line) => line.startsWith(' Domain') || line.startsWith(' Host'))).toEqual([
      " Domain Management (help keyword 'domain'):",
      " Domain Monitoring (help keyword 'monitor'):",
      " Host and Hypervisor (help keyword 'host'):",
    ]);
    expect(stdout.match(/^ {4}\S+/gm)).toHaveLength(commands.length);
    expect((await vireo('help monitor')).stdout).toContain('    list                           list domains\n');
  });

  test('without a command the usage is shown, and no host is asked', async () => {
    const { exitCode, stdout } = await runCommand(host, [], { hosts: { connect: () => Promise.reject(new Error('not asked for')) } });
    expect({ exitCode, first: stdout.split('\n')[1] }).toEqual({ exitCode: 0, first: 'vireo [options]... <command> [args...]' });
    expect(await vireo('--version')).toEqual({ exitCode: 0, stdout: '0.1.0\n', stderr: '' });
  });
});

describe('--json', () => {
  test('prints what the contract answers, before or after the command', async () => {
    addTwo();
    const before = await vireo('--json domstate test');
    expect(await vireo('domstate test --json')).toEqual(before);
    expect(JSON.parse(before.stdout)).toMatchObject({ name: 'test', state: 'running', reason: 'booted' });
    expect(await vireo('suspend test --json')).toEqual({ exitCode: 0, stdout: 'null\n', stderr: '' });
    expect(JSON.parse((await vireo('list --json')).stdout)).toMatchObject({ revision: 0, domains: [{ name: 'test' }] });
  });

  test('prints errors with their code and fields', async () => {
    addTwo();
    host.failures.set('domainDestroy', new VireoError('RESOURCE_BUSY', 'it is held', { domain: { name: 'test', uuid }, details: { holder: 'window 1' } }));
    const errors = [await vireo('destroy test --json'), await vireo('start nosuch --json'), await vireo('frob --json')];
    expect(errors.map(({ exitCode, stdout, stderr }) => ({ exitCode, stderr, ...(JSON.parse(stdout) as object) }))).toEqual([
      { exitCode: 1, stderr: '', error: { code: 'RESOURCE_BUSY', message: 'resource busy: it is held', domain: { name: 'test', uuid }, details: { holder: 'window 1' }, what: "Failed to destroy domain 'test'" } },
      { exitCode: 1, stderr: '', error: { code: 'NO_DOMAIN', message: "failed to get domain 'nosuch'", details: {} } },
      { exitCode: 1, stderr: '', error: { code: 'INVALID_ARG', message: "unknown command: 'frob'", details: {} } },
    ]);
  });
});

test('--home chooses the state folder, against the folder of the caller', async () => {
  const folders: string[] = [];
  const connect = (stateFolder: string, label: string): Promise<ReturnType<FakeHost['connect']>> => {
    folders.push(stateFolder);
    return Promise.resolve(host.connect(label));
  };
  await vireo('list --home state', { env: { INIT_CWD: '/work' }, hosts: { connect } });
  await vireo('--home=/abs list', { hosts: { connect } });
  await vireo('list', { env: { VIREO_HOME: '/from-variable' }, hosts: { connect } });
  expect(folders).toEqual(['/work/state', '/abs', '/from-variable']);
});
