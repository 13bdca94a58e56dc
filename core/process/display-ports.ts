/**
 * TCP ports for displays that take any free one. They are found before QEMU is started, since its options name them,
 * and kept from other starts until QEMU has them; what another program takes in between makes the start fail with
 * QEMU's own words.
 */
import { createServer } from 'node:net';
import { VireoError } from '../base/errors.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { type DisplayPort, requestedPorts, withPorts } from '../devices/graphics/display-ports.ts';
import { firstDisplayPort } from '../devices/graphics/graphics-definition.ts';

/** Where libvirt begins to look, too: remote displays and their websockets have ranges of their own. */
const firstPorts: Readonly<Record<DisplayPort, number>> = { port: firstDisplayPort, tlsPort: firstDisplayPort, websocket: 5700 };
const triedPorts = 1000;

/** Ports belong to the machine: every start in this process keeps them from all others. */
const reserved = new Set<number>();

export interface DisplayPorts extends Disposable {
  /** The definition with a port wherever one was left open. */
  readonly definition: DomainDefinition;
}

/** Dispose of it once QEMU listens, or will never. @throws OPERATION_FAILED where no port is free. */
export async function reserveDisplayPorts(definition: DomainDefinition): Promise<DisplayPorts> {
  const own: number[] = [];
  const release = (): void => own.forEach((port) => reserved.delete(port));
  try {
    const devices: DeviceDefinition[] = [];
    for (const device of definition.devices) {
      const request = device.kind === 'graphics' ? requestedPorts(device) : null;
      if (device.kind !== 'graphics' || !request) {
        devices.push(device);
        continue;
      }
      const found: Partial<Record<DisplayPort, number>> = {};
      for (const field of request.ports) own.push((found[field] = await reservePort(request.address, firstPorts[field])));
      devices.push(withPorts(device, found));
    }
    return { definition: { ...definition, devices }, [Symbol.dispose]: release };
  } catch (error) {
    release();
    throw error;
  }
}

async function reservePort(address: string, first: number): Promise<number> {
  for (let port = first; port < first + triedPorts; port += 1) {
    if (reserved.has(port)) continue;
    reserved.add(port);
    if (await isFree(address, port)) return port;
    reserved.delete(port);
  }
  throw new VireoError('OPERATION_FAILED', `no TCP port from ${first} to ${first + triedPorts - 1} is free on ${address} for a display`);
}

/** An address that the host does not have is for QEMU to refuse, with its own words. */
async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    return true;
  } catch (error) {
    return ['EADDRNOTAVAIL', 'ENOTFOUND'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
