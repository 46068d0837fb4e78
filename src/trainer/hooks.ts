/**
 * Calls callbacks: the hooks of one event in ascending `order`, awaited one after the other.
 */
import {ConfigurationError} from '../core';
import type {Callback} from './callback';

type HookName = Extract<keyof Callback, `on${string}`>;
type HookContext<Name extends HookName> = Parameters<NonNullable<Callback[Name]>>[0];

export class Hooks {
  readonly callbacks: readonly Callback[];
  private readonly byName = new Map<HookName, Callback[]>();

  constructor(callbacks: readonly Callback[]) {
    const keys = new Set<string>();
    for (const callback of callbacks) {
      const label = callback.name ?? callback.constructor.name;
      if (callback.getState !== undefined && callback.stateKey === undefined) {
        throw new ConfigurationError(`Callback ${label} has getState but no stateKey.`, {
          hint: 'Give it a stateKey, under which checkpoints keep its state.',
          code: 'configuration/state-key',
        });
      }
      if (callback.stateKey === undefined) continue;
      if (keys.has(callback.stateKey)) {
        throw new ConfigurationError(`Two callbacks have the stateKey '${callback.stateKey}'.`, {
          hint: 'Give each its own, so that a checkpoint can tell them apart.',
          code: 'configuration/state-key',
        });
      }
      keys.add(callback.stateKey);
    }
    this.callbacks = callbacks
      .map((callback, position) => ({callback, position}))
      .sort((a, b) => (a.callback.order ?? 0) - (b.callback.order ?? 0) || a.position - b.position)
      .map(({callback}) => callback);
  }

  /** Whether anybody listens: spares making a context for nobody. */
  has(name: HookName): boolean {
    return this.listeners(name).length > 0;
  }

  /** Calls the hook `name` of every callback. Returns a promise only where there is something to wait for. */
  call<Name extends HookName>(name: Name, context: () => HookContext<Name>): Promise<void> | undefined {
    const listeners = this.listeners(name);
    return listeners.length === 0 ? undefined : callInTurn(listeners, name, context());
  }

  /** As `call`, for events that every callback must hear: goes on past errors and throws the first at the end. */
  async callAll<Name extends HookName>(name: Name, context: () => HookContext<Name>): Promise<void> {
    const errors: unknown[] = [];
    for (const callback of this.listeners(name)) {
      try {
        await callInTurn([callback], name, context());
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  private listeners(name: HookName): Callback[] {
    let listeners = this.byName.get(name);
    if (listeners === undefined) {
      listeners = this.callbacks.filter(callback => callback[name] !== undefined);
      this.byName.set(name, listeners);
    }
    return listeners;
  }
}

async function callInTurn<Name extends HookName>(
  listeners: readonly Callback[],
  name: Name,
  context: HookContext<Name>,
): Promise<void> {
  for (const callback of listeners) {
    const hook = callback[name] as
      ((this: Callback, context: HookContext<Name>) => void | Promise<void>) | undefined;
    const pending = hook?.call(callback, context);
    if (pending !== undefined) await pending;
  }
}
