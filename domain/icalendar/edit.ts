/** Changes to the lines of a component: what is not named keeps its place and its bytes. */
import type { Component, Line, Node } from './tree.ts';

/** Puts `lines` where the first property of one of these names stands (else after the last property); drops the others. */
export function setLines(component: Component, names: readonly string[], lines: readonly Line[]): void {
  const { nodes } = component;
  const named = (node: Node): boolean => node.kind === 'line' && names.includes(node.name);
  const first = nodes.findIndex(named);
  const firstChild = nodes.findIndex((node) => node.kind === 'component');
  const at = first !== -1 ? first : firstChild !== -1 ? firstChild : nodes.length;
  refill(nodes, [...nodes.slice(0, at), ...lines, ...nodes.slice(at).filter((node) => !named(node))]);
}

export const removeLines = (component: Component, names: readonly string[]): void => setLines(component, names, []);

/** Drops the nodes that `gone` names. */
export function removeNodes(nodes: Node[], gone: (node: Node) => boolean): void {
  refill(
    nodes,
    nodes.filter((node) => !gone(node)),
  );
}

/** Without spreading arguments: a body may have more lines than a call can take. */
function refill(nodes: Node[], next: readonly Node[]): void {
  nodes.length = 0;
  for (const node of next) nodes.push(node);
}

/** Puts one line in the place of another. */
export function replaceLine(component: Component, before: Line, after: Line): void {
  const at = component.nodes.indexOf(before);
  if (at !== -1) component.nodes.splice(at, 1, after);
}

export function newComponent(name: string, nodes: readonly Node[]): Component {
  return {
    kind: 'component',
    name,
    begin: { kind: 'line', name: 'BEGIN', raw: `BEGIN:${name}` },
    end: { kind: 'line', name: 'END', raw: `END:${name}` },
    nodes: [...nodes],
    received: '',
  };
}
