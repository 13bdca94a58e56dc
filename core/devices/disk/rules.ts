/** Rules as a table: a condition under which something is refused, and the words. */
import { type ErrorCode, VireoError } from '../../base/errors.ts';

/** Refused when the first is true; CONFIG_UNSUPPORTED unless another code is named. */
export type Rule = readonly [isBroken: boolean | undefined, text: string, code?: ErrorCode];

export function refuseFirst(name: string, rules: readonly Rule[]): void {
  for (const [isBroken, text, code = 'CONFIG_UNSUPPORTED'] of rules) if (isBroken) throw new VireoError(code, `${name}: ${text}`);
}
