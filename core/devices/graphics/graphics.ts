/** `<graphics>`: a display that is looked at from outside; on a private Unix socket unless asked otherwise. */
import type { DeviceModule, HostNeed, SideProcess } from '../device-module.ts';
import type { LaunchContext } from '../launch-context.ts';
import { completeGraphics } from './complete-graphics.ts';
import { plainDisplaySettings, spiceCertificateFolder, vncCertificates } from './display-access.ts';
import { graphicsCommandLine } from './graphics-command.ts';
import { type Graphics, graphicsCodec, listenOf, tcpAddress } from './graphics-definition.ts';
import { validateGraphics } from './validate-graphics.ts';

export const graphicsModule: DeviceModule<'graphics'> = {
  kind: 'graphics',
  codec: graphicsCodec,
  defaults: completeGraphics,
  domainDefaults: 'none',
  validate: validateGraphics,
  address: () => ({ type: 'none' }),
  alias: (_, number) => number('graphics'),
  abi: { backend: 'may-change', alias: 'may-change', address: 'may-change' },
  prepare: prepareGraphics,
  commandLine: graphicsCommandLine,
  boots: () => 'none',
  hostNeeds,
  sideProcesses: busProcess,
  hotplug: 'unsupported',
  live: 'none',
  label: describeGraphics,
};

/** Sockets of the run lie in its private folder, under names of one letter. */
function prepareGraphics(graphics: Graphics, { runFolder }: LaunchContext): Graphics {
  const { backend } = graphics;
  if (backend.type === 'dbus') return backend.p2p || backend.address !== null ? graphics : { ...graphics, backend: { ...backend, address: `unix:path=${busSocket(runFolder)}` } };
  if (backend.type !== 'vnc' && backend.type !== 'spice') return graphics;
  const [first, ...others] = backend.listens;
  if (first?.type !== 'socket' || first.socket !== null) return graphics;
  const socket = `${runFolder}/${backend.type === 'vnc' ? 'v' : 's'}`;
  const listens = [{ ...first, socket }, ...others];
  return { ...graphics, backend: backend.type === 'vnc' ? { ...backend, socket, listens } : { ...backend, listens } };
}

function busSocket(runFolder: string): string {
  return `${runFolder}/d`;
}

/** A display on D-Bus without a bus gets one of its own, that nobody else is on. */
function busProcess({ backend }: Graphics, { runFolder }: LaunchContext): readonly SideProcess[] {
  const socket = busSocket(runFolder);
  if (backend.type !== 'dbus' || backend.address !== `unix:path=${socket}`) return [];
  return [{ name: 'dbus', programs: ['dbus-daemon'], argv: ['--session', '--nofork', '--nopidfile', '--nosyslog', `--address=unix:path=${socket}`], socket, folders: [] }];
}

function hostNeeds({ backend }: Graphics, { displays = plainDisplaySettings }: LaunchContext): readonly HostNeed[] {
  const needs: HostNeed[] = [];
  const rendernode = backend.type === 'spice' || backend.type === 'dbus' || backend.type === 'egl-headless' ? (backend.gl?.rendernode ?? null) : null;
  if (rendernode !== null) needs.push({ type: 'path', path: rendernode, access: 'read-write', why: `<gl rendernode='...'> of <graphics type='${backend.type}'>` });
  if (backend.type === 'spice' && (backend.tlsPort ?? 0) > 0) needs.push({ type: 'path', path: spiceCertificateFolder(displays), access: 'read', why: "the tlsPort of <graphics type='spice'>" });
  const certificates = vncCertificates(backend, displays);
  if (certificates) needs.push({ type: 'path', path: certificates.folder, access: 'read', why: "'vncTls' in settings.json" });
  if (backend.type === 'rdp') needs.push({ type: 'unsupported', reason: "graphics of type 'rdp' are served by the program qemu-rdp, which this driver does not start" });
  const listen = listenOf(backend);
  if (listen?.type === 'network' && !listen.address) needs.push({ type: 'unsupported', reason: `graphics on the network '${listen.network}' need a libvirt network, which this driver does not have; name an address` });
  return needs;
}

function describeGraphics({ backend }: Graphics): string {
  const names = { vnc: 'VNC', spice: 'SPICE', rdp: 'RDP', sdl: 'SDL', dbus: 'D-Bus', 'egl-headless': 'headless OpenGL', desktop: 'desktop' } as const;
  const name = `${names[backend.type]} display`;
  const address = tcpAddress(backend);
  if (address !== null) return `${name}, ${address}:${backend.type === 'vnc' || backend.type === 'spice' || backend.type === 'rdp' ? portWords(backend.port) : ''}`;
  const listen = listenOf(backend);
  if (listen?.type === 'none') return `${name}, not listening`;
  return listen?.type === 'socket' ? `${name}, ${listen.socket === null ? 'private socket' : 'socket'}` : name;
}

function portWords(port: number | null): string {
  return port === null || port <= 0 ? 'any port' : String(port);
}
