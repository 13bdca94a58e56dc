/** Whether two definitions may differ in a field without the guest noticing. */

/** In parts where parts differ: those that are not named are 'same'. */
export type AbiVerdict = 'same' | 'may-change' | { readonly [field: string]: AbiVerdict };

/** A verdict on a value of type T: its parts are T's own, for a list those of an item. */
export type AbiVerdictOf<T> = 'same' | 'may-change' | (PartsOf<T> extends object ? { readonly [P in keyof PartsOf<T>]?: AbiVerdictOf<PartsOf<T>[P]> } : never);

type PartsOf<T> = NonNullable<T> extends readonly (infer Item)[] ? NonNullable<Item> : NonNullable<T>;
