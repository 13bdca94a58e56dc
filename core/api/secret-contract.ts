/** The methods about secrets, as libvirt's: what a disk is encrypted with, what a server is told. Values go in and, unless private, out. */
import { z } from 'zod';
import { secretUses } from '../secret/secret-reference.ts';

const none = z.null();
/** Any 128 bits: libvirt's own examples are no RFC 9562 UUIDs. */
const uuid = z.guid();

export const secretSummarySchema = z.object({
  uuid,
  usage: z.object({ type: z.enum(secretUses), name: z.string() }).nullable(),
  description: z.string().nullable(),
  /** Forgotten when the host ends. */
  ephemeral: z.boolean(),
  /** Nobody can read its value back. */
  private: z.boolean(),
  hasValue: z.boolean(),
});

export const secretMethods = {
  connectListAllSecrets: { access: 'read', params: z.object({}), result: z.object({ secrets: z.array(secretSummarySchema) }) },
  secretDefineXML: { access: 'write', params: z.object({ xml: z.string().min(1).max(65_536) }), result: z.object({ uuid }) },
  secretGetXMLDesc: { access: 'read', params: z.object({ uuid }), result: z.object({ xml: z.string() }) },
  /** `value` in base64. */
  secretSetValue: { access: 'write', params: z.object({ uuid, value: z.base64().min(1).max(90_000) }), result: none },
  /** Not for those who may only look. */
  secretGetValue: { access: 'write', params: z.object({ uuid }), result: z.object({ value: z.base64() }) },
  secretUndefine: { access: 'write', params: z.object({ uuid }), result: none },
} as const;
