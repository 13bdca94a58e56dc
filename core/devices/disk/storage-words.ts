/**
 * Texts of storage. All of them are read as they stand; what their `shape` adds is what the schema would let pass, so that
 * definitions that are made up are such as somebody could have written.
 */
import { anyText, type Scalar, someText } from '../../conf/codec/scalar.ts';

function like(scalar: Scalar<string>, pattern: RegExp): Scalar<string> {
  return { ...scalar, shape: { type: 'pattern', pattern } };
}

/** A pool, a user, an export: no slash in it. */
export const objectName = like(someText, /^[a-z0-9_+-]{1,12}$/);
export const absolutePath = like(someText, /^\/[a-z0-9_.+-]{1,12}$/);
/** A path that may be empty, which is none. */
export const maybePath = like(anyText, /^\/[a-z0-9_.+-]{1,12}$/);
/** A name or an address. */
export const hostName = like(someText, /^[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,2}$/);
