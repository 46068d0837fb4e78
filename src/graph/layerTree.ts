/**
 * The layers of a model as a tree: which layer sits where, and what encloses it. Paths come from positions
 * alone, so that they are the same for every build of the same model.
 */
import {LayersModel} from '@tensorflow/tfjs-layers';
import {heldLayers, listedWeights, ownWeights} from './tfjsInternals';
import type {Layer} from './tfjsInternals';

export interface LayerEntry {
  /** Where the layer sits: `'3'`, `'2/0'` in a nested model, `'4/forward'` in a wrapper. */
  readonly path: string;
  /** What the keys of its weights begin with: as `path`, but that a recurrent layer's cell adds nothing. */
  readonly keyPrefix: string;
  readonly layer: Layer;
  /** The layer that a person set up: for a cell the recurrent layer around it, else the layer itself. */
  readonly owner: Layer;
  /** All models and wrappers around it (a shared layer can have several). */
  readonly enclosing: Set<Layer>;
  /** The layers that it holds. */
  readonly children: LayerEntry[];
}

/** All layers of a model, nested ones and held ones too, in graph order; a shared layer appears once. */
export class LayerTree {
  readonly entries: LayerEntry[] = [];
  private readonly byLayer = new Map<Layer, LayerEntry>();

  constructor(model: LayersModel) {
    this.addModel(model, '', new Set([model]));
  }

  find(layer: Layer): LayerEntry | undefined {
    return this.byLayer.get(layer);
  }

  private addModel(model: LayersModel, prefix: string, enclosing: ReadonlySet<Layer>): LayerEntry[] {
    return model.layers.map((layer, i) => {
      const path = join(prefix, `${i}`);
      return this.add({layer, owner: layer, path, keyPrefix: path, enclosing});
    });
  }

  private add(
    place: Omit<LayerEntry, 'children' | 'enclosing'> & {enclosing: ReadonlySet<Layer>},
  ): LayerEntry {
    const {layer, path, keyPrefix, owner} = place;
    const known = this.byLayer.get(layer);
    if (known !== undefined) {
      encloseAlso(known, place.enclosing);
      return known;
    }
    const entry: LayerEntry = {...place, enclosing: new Set(place.enclosing), children: []};
    this.entries.push(entry);
    this.byLayer.set(layer, entry);
    const inside = new Set([...place.enclosing, layer]);
    if (layer instanceof LayersModel) {
      entry.children.push(...this.addModel(layer, path, inside));
      return entry;
    }
    const listed = new Set(listedWeights(layer).map(weight => weight.variable));
    for (const held of heldLayers(layer)) {
      // A layer may point at one that is not its part (the model it sits in, tied weights): tfjs's own list
      // of its weights tells.
      const weights = listedWeights(held.layer);
      if (place.enclosing.has(held.layer)) continue;
      if (weights.length > 0 && !weights.some(weight => listed.has(weight.variable))) continue;
      const isCell = held.segment === undefined;
      entry.children.push(
        this.add({
          layer: held.layer,
          owner: isCell || owner !== layer ? owner : held.layer,
          path: join(path, held.property),
          keyPrefix: isCell ? keyPrefix : join(keyPrefix, held.segment),
          enclosing: inside,
        }),
      );
    }
    return entry;
  }
}

function encloseAlso(entry: LayerEntry, enclosing: ReadonlySet<Layer>): void {
  const before = entry.enclosing.size;
  for (const layer of enclosing) if (layer !== entry.layer) entry.enclosing.add(layer);
  if (entry.enclosing.size === before) return;
  for (const child of entry.children) encloseAlso(child, enclosing);
}

/** Whether a layer and all that enclose it are trainable now. */
export function isTrainable(entry: LayerEntry): boolean {
  if (!entry.layer.trainable) return false;
  for (const layer of entry.enclosing) if (!layer.trainable) return false;
  return true;
}

/**
 * Whether a layer's weights stay as they are: it or what encloses it is frozen, or (so tfjs freezes the
 * layers of a model) each of its trainable weights is.
 */
export function isFrozen(entry: LayerEntry): boolean {
  if (!isTrainable(entry)) return true;
  const weights = ownWeights(entry.layer).filter(weight => !weight.statistic);
  return weights.length > 0 && weights.every(weight => !weight.layerVariable.trainable);
}

/** An entry and all below it. */
export function withDescendants(entry: LayerEntry): LayerEntry[] {
  return [entry, ...entry.children.flatMap(withDescendants)];
}

function join(prefix: string, segment: string): string {
  return prefix === '' ? segment : `${prefix}/${segment}`;
}
