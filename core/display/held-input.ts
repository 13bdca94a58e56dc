/**
 * What one viewer holds down: keys and buttons. Whoever loses the input lets go of all of it, or the guest would go on
 * with a Ctrl key that nobody presses and that the next one does not know of.
 */
import { type ViewerMessage, letGo, letGoOfButtons, malformed } from './rfb-input-filter.ts';

/** More than any keyboard reports at once. */
const maximumKeys = 256;

export class HeldInput {
  readonly #keys = new Map<string, Buffer>();
  #pointer: Buffer | null = null;

  /** Takes note of a message that was sent to the guest. @throws INVALID_ARG for more keys than there are. */
  sent(message: ViewerMessage): void {
    if (message.kind === 'pointer') this.#pointer = message.buttons === 0 ? null : message.bytes;
    if (message.kind !== 'key') return;
    if (!message.down) this.#keys.delete(message.id);
    else if (this.#keys.size < maximumKeys) this.#keys.set(message.id, message.bytes);
    else throw malformed(`a viewer holds more than ${maximumKeys} keys`);
  }

  /** The messages that let go of everything, keys in the order opposite to that in which they were pressed. */
  letGo(): readonly Buffer[] {
    const messages = [...this.#keys.values()].toReversed().map(letGo);
    if (this.#pointer) messages.push(letGoOfButtons(this.#pointer));
    this.#keys.clear();
    this.#pointer = null;
    return messages;
  }
}
