/** Which TCP ports a display leaves to the driver, and the display with those that were found. */
import { type Graphics, tcpAddress } from './graphics-definition.ts';

/** Field of a VNC or spice display that holds a port. */
export type DisplayPort = 'port' | 'tlsPort' | 'websocket';

export interface PortRequest {
  /** The address that the port must be free on. */
  readonly address: string;
  readonly ports: readonly DisplayPort[];
}

/** Null for a display that names its ports, or listens on none. */
export function requestedPorts({ backend }: Graphics): PortRequest | null {
  const address = tcpAddress(backend);
  if (address === null || (backend.type !== 'vnc' && backend.type !== 'spice')) return null;
  const ports: DisplayPort[] = [];
  const isAny = (port: number | null): boolean => backend.autoport === true || port === -1;
  if (backend.type === 'vnc') {
    if (isAny(backend.port)) ports.push('port');
    if (backend.websocket === -1) ports.push('websocket');
  } else {
    // Encryption needs certificates: a port for it is opened only where a channel must have it.
    const isSecure = backend.defaultMode === 'secure' || backend.channels.some(({ mode }) => mode === 'secure');
    if (backend.defaultMode !== 'secure' && isAny(backend.port)) ports.push('port');
    if (backend.tlsPort === -1 || (backend.autoport === true && isSecure)) ports.push('tlsPort');
  }
  return ports.length === 0 ? null : { address, ports };
}

export function withPorts(graphics: Graphics, found: Readonly<Partial<Record<DisplayPort, number>>>): Graphics {
  const { backend } = graphics;
  if (backend.type === 'vnc') return { ...graphics, backend: { ...backend, port: found.port ?? backend.port, websocket: found.websocket ?? backend.websocket } };
  return backend.type === 'spice' ? { ...graphics, backend: { ...backend, port: found.port ?? backend.port, tlsPort: found.tlsPort ?? backend.tlsPort } } : graphics;
}
