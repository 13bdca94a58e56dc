/**
 * The words of the guest agent (qga/qapi-schema.json, QEMU 7.2) that the driver uses: what is sent with a command and the
 * shape its answer must have, checked because it comes from the guest. Fields that a newer agent adds are dropped.
 */
import { z } from 'zod';

const text = z.string();
/** A counter of 64 bits; beyond 2^53 it loses its last digits on the way through JSON. */
const counter = z.number().nonnegative();

const networkInterface = z.object({
  name: text,
  'hardware-address': text.optional(),
  'ip-addresses': z.array(z.object({ 'ip-address': text, 'ip-address-type': z.enum(['ipv4', 'ipv6']), prefix: z.number().int().min(0).max(128) })).optional(),
  statistics: z
    .object({
      'rx-bytes': counter,
      'rx-packets': counter,
      'rx-errs': counter,
      'rx-dropped': counter,
      'tx-bytes': counter,
      'tx-packets': counter,
      'tx-errs': counter,
      'tx-dropped': counter,
    })
    .optional(),
});

/** The answers of the commands that ask; none of them takes arguments. */
export const agentAnswers = {
  'guest-ping': z.object({}),
  'guest-info': z.object({
    version: text,
    supported_commands: z.array(z.object({ name: text, enabled: z.boolean(), 'success-response': z.boolean().default(true) })),
  }),
  'guest-get-host-name': z.object({ 'host-name': text }),
  'guest-network-get-interfaces': z.array(networkInterface),
  /** Every field may be missing: the guest's os-release decides (QEMU 2.10 and later). */
  'guest-get-osinfo': z.object({
    id: text.optional(),
    name: text.optional(),
    'pretty-name': text.optional(),
    version: text.optional(),
    'version-id': text.optional(),
    variant: text.optional(),
    'variant-id': text.optional(),
    machine: text.optional(),
    'kernel-release': text.optional(),
    'kernel-version': text.optional(),
  }),
} as const;

export type AgentCommand = keyof typeof agentAnswers;
export type AgentResult<C extends AgentCommand> = z.infer<(typeof agentAnswers)[C]>;

/** guest-shutdown's modes; `halt` stops the guest without switching it off. */
export type GuestShutdownMode = 'powerdown' | 'reboot' | 'halt';
