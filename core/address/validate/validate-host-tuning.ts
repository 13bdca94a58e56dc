/** Threads, limits, labels and tables: what must at least not contradict itself, whether or not this host can do it. */
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { membersOf } from '../../conf/cpu-set.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { effectiveIothreads } from '../../conf/iothreads.ts';
import { smbiosNames, type SysinfoDefinition } from '../../conf/sysinfo.ts';
import { contradiction, duplicateOf, unsupported } from './refusals.ts';

export function validateIothreads(definition: DomainDefinition, capabilities: QemuCapabilities): void {
  const { iothreadids, defaultIothread } = definition;
  const twice = duplicateOf(iothreadids.map(({ id }) => id));
  if (twice !== undefined) contradiction(`two iothreads have the id ${twice}`);
  const pools = [...iothreadids, ...(defaultIothread ? [defaultIothread] : [])];
  for (const { threadPoolMinimum, threadPoolMaximum } of pools) {
    if (threadPoolMaximum === 0) contradiction('thread_pool_max of an iothread must be at least 1');
    if (threadPoolMinimum !== null && threadPoolMaximum !== null && threadPoolMinimum > threadPoolMaximum) {
      contradiction(`thread_pool_min ${threadPoolMinimum} of an iothread is greater than thread_pool_max ${threadPoolMaximum}`);
    }
  }
  if (defaultIothread && !capabilities.objectTypes.has('main-loop')) unsupported('this QEMU has no main-loop object for defaultiothread');
}

export function validateTuning({ cputune, blkiotune, resource, throttlegroups, ...definition }: DomainDefinition): void {
  const path = duplicateOf((blkiotune?.devices ?? []).map((device) => device.path));
  if (path !== undefined) contradiction(`blkiotune has the device '${path}' twice`);
  if (resource?.appid && !/^[\x20-\x7e]{1,128}$/.test(resource.appid)) unsupported('resource/fibrechannel appid must have 1 to 128 printable characters');
  const group = duplicateOf(throttlegroups.map(({ name }) => name));
  if (group !== undefined) contradiction(`two throttlegroups have the name '${group}'`);
  const odd = throttlegroups.find(({ name }) => !/^[A-Za-z0-9._-]{1,64}$/.test(name));
  if (odd) unsupported(`throttlegroup '${odd.name}': its name may have letters, digits, '-', '.' and '_'`);
  if (!cputune) return;
  const threads = new Set(effectiveIothreads(definition).map(({ id }) => id));
  const known = (id: number): boolean => threads.has(id);
  const lost = cputune.iothreadsched.flatMap(({ members }) => (members === null ? [] : membersOf(members))).find((id) => !known(id));
  if (lost !== undefined) unsupported(`cputune/iothreadsched names iothread ${lost}, which does not exist`);
  for (const [name, list] of [['vcpusched', cputune.vcpusched], ['iothreadsched', cputune.iothreadsched]] as const) {
    const twice = duplicateOf(list.flatMap(({ members }) => (members === null ? [] : membersOf(members))));
    if (twice !== undefined) unsupported(`cputune/${name} names ${twice} twice`);
  }
  const pinned = duplicateOf(cputune.vcpupin.map(({ vcpu }) => vcpu));
  if (pinned !== undefined) contradiction(`cputune pins vcpu ${pinned} twice`);
  const iothread = duplicateOf(cputune.iothreadpin.map((pin) => pin.iothread));
  if (iothread !== undefined) contradiction(`cputune pins iothread ${iothread} twice`);
  const caches = cputune.cachetune.map(({ vcpus }) => vcpus).flatMap(membersOf);
  if (duplicateOf(caches) !== undefined) contradiction(`cputune/cachetune has vcpu ${duplicateOf(caches)} twice`);
  if ((cputune.cachetune.length > 0 || cputune.memorytune.length > 0) && definition.type !== 'kvm') unsupported(`cachetune and memorytune are for domains of type 'kvm', not '${definition.type}'`);
}

export function validateSeclabels({ seclabels }: DomainDefinition): void {
  if (seclabels.length > 1 && seclabels.some(({ model }) => model === null)) contradiction('every seclabel needs a model where there are several');
  const twice = duplicateOf(seclabels.map(({ model }) => model));
  if (twice !== undefined) contradiction(`seclabel for model '${twice}' is there twice`);
  for (const { type, label, relabel } of seclabels) {
    if (type === 'static' && label === null) contradiction("seclabel of type 'static' needs a label");
    if (type === 'dynamic' && relabel === false) unsupported("seclabel of type 'dynamic' must relabel");
    if (type === 'none' && relabel) unsupported("seclabel of type 'none' cannot relabel");
  }
}

export function validateSysinfo({ sysinfo, os, uuid }: DomainDefinition): void {
  const tables = sysinfo.filter((table) => table.type === 'smbios');
  if (os.smbiosMode === 'host') unsupported("smbios mode 'host' is not supported; copy the host's values into sysinfo and use mode 'sysinfo'");
  if (os.smbiosMode === 'sysinfo' && tables.length === 0) contradiction("smbios mode 'sysinfo' needs a sysinfo of type 'smbios'");
  for (const table of sysinfo) {
    if (table.type === 'smbios') validateSmbios(table, uuid);
    else table.entries.forEach(validateFirmwareFile);
  }
}

function validateSmbios({ bios, system, chassis, baseBoards }: Extract<SysinfoDefinition, { readonly type: 'smbios' }>, uuid: string | null): void {
  const blocks = [['bios', bios], ['system', system], ['chassis', chassis], ...baseBoards.map(({ entries }) => ['baseBoard', entries] as const)] as const;
  for (const [block, entries] of blocks) {
    const unknown = entries.find(({ name }) => !(smbiosNames[block] as readonly string[]).includes(name));
    if (unknown) unsupported(`sysinfo/${block} has no entry '${unknown.name}'; it has ${smbiosNames[block].join(', ')}`);
  }
  if (baseBoards.length > 1) unsupported('sysinfo has more than one baseBoard, and QEMU takes one');
  const date = bios.find(({ name }) => name === 'date')?.value;
  const [, month = 0, day = 0] = (/^(\d\d)\/(\d\d)\/(\d\d){1,2}$/.exec(date ?? '01/01/00') ?? []).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31) contradiction(`sysinfo/bios date '${date}' is not of the form mm/dd/yyyy`);
  const said = system.find(({ name }) => name === 'uuid')?.value;
  if (said !== undefined && uuid !== null && said.trim().toLowerCase().replaceAll('-', '') !== uuid.replaceAll('-', '')) {
    contradiction(`the domain's uuid ${uuid} differs from the uuid '${said}' in sysinfo`);
  }
}

/** Names under `opt/` are the users'; two of its branches belong to firmware and QEMU. */
function validateFirmwareFile({ name, file, value }: { readonly name: string; readonly file: string | null; readonly value: string | null }): void {
  if (!name.startsWith('opt/')) unsupported(`sysinfo entry '${name}' must begin with opt/`);
  if (name.startsWith('opt/ovmf/') || name.startsWith('opt/org.qemu/')) unsupported(`sysinfo entry '${name}' is reserved`);
  if ((file === null) === (value === null)) contradiction(`sysinfo entry '${name}' needs either a file or a value`);
}
