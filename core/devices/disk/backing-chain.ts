/**
 * `<backingStore>`: the images below a disk's own, from the top down. In the XML each lies inside the one above it;
 * here they are a list, so that nobody has to walk a tree that cannot branch.
 */
import { childFlag, children, type Codec, object } from '../../conf/codec/codec.ts';
import type { ElementBuilder } from '../../conf/codec/element-builder.ts';
import type { ElementCursor } from '../../conf/codec/element-cursor.ts';
import { type StorageLayer, storageLayerCodec } from './storage-source.ts';

export interface BackingChain {
  readonly layers: readonly StorageLayer[];
  /** `<backingStore/>` below the last: it has none, whatever its header says. */
  readonly terminated: boolean;
}

export const noChain: BackingChain = { layers: [], terminated: false };

const elementName = 'backingStore';

export const backingChainCodec: Codec<BackingChain> = {
  read(cursor) {
    const layers: StorageLayer[] = [];
    let inner: ElementCursor | null = cursor.child(elementName);
    // Without a type it is the terminator, as libvirt reads it.
    while (inner?.hasAttribute('type')) {
      layers.push(storageLayerCodec.read(inner));
      inner = inner.child(elementName);
    }
    return { layers, terminated: inner !== null };
  },
  write({ layers, terminated }, builder) {
    let outer: ElementBuilder = builder;
    for (const layer of layers) {
      outer = outer.child(elementName);
      storageLayerCodec.write(layer, outer);
    }
    if (terminated) outer.child(elementName);
  },
  present: (cursor) => cursor.hasChild(elementName),
  // For generators: never read or written through these two.
  shape: object({ layers: children('layer', storageLayerCodec), terminated: childFlag('terminated') }).shape,
};
