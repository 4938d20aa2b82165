/** Which node runs which slot: rendezvous hashing, so that a node that comes or goes moves only its own share. */
import { slotCount } from '../../domain/ids.ts';

/** The node that runs `slot` among `nodes`, whatever their order; null where there is none. */
export function ownerOf<Node extends string>(slot: number, nodes: readonly Node[]): Node | null {
  let owner: Node | null = null;
  let best = -1;
  for (const node of nodes) {
    const weight = weightOf(node, slot);
    if (weight > best || (weight === best && owner !== null && node < owner)) {
      owner = node;
      best = weight;
    }
  }
  return owner;
}

/** The slots of `node` among `nodes`, ascending; none when it is not one of them. */
export function slotsOf<Node extends string>(
  node: Node,
  nodes: readonly Node[],
  slots: number = slotCount,
): readonly number[] {
  return Array.from({ length: slots }, (_, slot) => slot).filter((slot) => ownerOf(slot, nodes) === node);
}

/** 32 bits of FNV-1a over the node's name and the slot, mixed once more so that near names lie far apart (MurmurHash3's finaliser). */
function weightOf(node: string, slot: number): number {
  let hash = 0x811c9dc5;
  for (const text of [node, '|', String(slot)]) {
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The slots of a node that knows its own; null when they are all there are. */
export function slotsOwned(owns: (slot: number) => boolean, slots: number = slotCount): readonly number[] | null {
  const mine: number[] = [];
  for (let slot = 0; slot < slots; slot += 1) if (owns(slot)) mine.push(slot);
  return mine.length === slots ? null : mine;
}
