/**
 * What must be true before any other module of a page runs; every entry imports it first.
 *
 * zod compiles validators with `new Function` unless told otherwise, which the pages' CSP forbids (and reports even
 * though zod catches the refusal). Chrome 130 has no Symbol.dispose; the value given here is the one that the
 * bundler's lowered `using` looks for.
 */
import { config } from 'zod';

config({ jitless: true });

for (const name of ['dispose', 'asyncDispose'] as const) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol.for(`Symbol.${name}`) });
}
