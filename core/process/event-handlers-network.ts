/** Who connects to a display, and who leaves a network of stream sockets. */
import type { QmpEvents } from '../monitor/commands.ts';
import type { EventScene } from './event-scene.ts';

type Address = QmpEvents['VNC_CONNECTED']['server'] | QmpEvents['SPICE_CONNECTED']['server'];
type Client = QmpEvents['VNC_INITIALIZED']['client'] | QmpEvents['VNC_CONNECTED']['client'] | QmpEvents['SPICE_CONNECTED']['client'];

/** libvirt's `graphics` event. */
export function onDisplayClient(scene: EventScene, phase: 'connect' | 'initialize' | 'disconnect', server: Address, client: Client): void {
  const details = {
    phase,
    authScheme: ('auth' in server ? server.auth : null) ?? null,
    localFamily: server.family,
    localNode: server.host,
    localService: serviceOf(server),
    remoteFamily: client.family,
    remoteNode: client.host,
    remoteService: serviceOf(client),
    x509DistinguishedName: ('x509_dname' in client ? client.x509_dname : null) ?? null,
    saslUser: ('sasl_username' in client ? client.sasl_username : null) ?? null,
  };
  scene.tell('graphics', phase, details, `${phase} ${client.host}`);
}

function serviceOf(address: Address | Client): string {
  return 'service' in address ? address.service : address.port;
}

/** QEMU does not connect again by itself (7.2): the guest's interface leads nowhere from now on. */
export function onStreamDisconnected(scene: EventScene, data: QmpEvents['NETDEV_STREAM_DISCONNECTED']): void {
  scene.note(data['netdev-id'], `network backend ${data['netdev-id']} was disconnected`);
}
