/**
 * Watching one number of the logs: which it is, whether higher or lower is better, and what counts as better.
 */
import {ConfigurationError} from '../core';
import {directionOf} from '../metrics';
import type {EpochEndContext, Logs, TrainContext} from '../trainer';
import {badOption, checkNumber} from './options';

/** `'min'`: lower is better; `'max'`: higher; `'auto'`: by the name. */
export type MonitorMode = 'auto' | 'min' | 'max';

export interface MonitorOptions {
  /** The name in the logs. Default `'val_loss'`. */
  monitor?: string;
  /** Which way is better. Default `'auto'`: known from names such as `loss`, `accuracy`, `val_auc`. */
  mode?: MonitorMode;
  /** Changes of no more than this count as none. Default 0; the sign is ignored. */
  minDelta?: number;
}

export class Monitor {
  readonly name: string;
  /** Whether lower is better. */
  readonly descending: boolean;
  private readonly minDelta: number;

  constructor(
    private readonly owner: string,
    {monitor = 'val_loss', mode = 'auto', minDelta = 0}: MonitorOptions,
  ) {
    if (typeof monitor !== 'string' || monitor === '')
      throw badOption(owner, 'monitor', monitor, 'a name in the logs');
    if (!['auto', 'min', 'max'].includes(mode))
      throw badOption(owner, 'mode', mode, "'auto', 'min' or 'max'");
    checkNumber(owner, 'minDelta', minDelta);
    this.name = monitor;
    this.minDelta = Math.abs(minDelta);
    this.descending = (mode === 'auto' ? directionByName(owner, monitor) : mode) === 'min';
  }

  /** Whether `current` is better than `reference` by more than `minDelta`. NaN never is; any number beats undefined. */
  isImprovement(current: number, reference: number | undefined): boolean {
    if (Number.isNaN(current)) return false;
    if (reference === undefined) return true;
    return this.descending ? current + this.minDelta < reference : current - this.minDelta > reference;
  }

  /** Before training: a validation loss without validation data is noticed here and not an epoch later. */
  checkRun({validationFrequency}: TrainContext): void {
    if (this.name !== 'val_loss' || validationFrequency !== undefined) return;
    throw new ConfigurationError(`${this.owner} watches 'val_loss', but this run has no validation data.`, {
      hint: "Give fit `validation` or `validationSplit`, or watch another number, such as monitor: 'loss'.",
      code: 'configuration/monitor',
    });
  }

  /**
   * This epoch's value; undefined in an epoch without the validation that would give it.
   *
   * @throws ConfigurationError if the logs have no such name
   */
  read({logs, validationFrequency = 0}: EpochEndContext): number | undefined {
    const validated = Object.keys(logs).some(name => name.startsWith('val_'));
    if (this.name.startsWith('val_') && !(this.name in logs) && validationFrequency > 1 && !validated) {
      return undefined;
    }
    return this.find(logs);
  }

  /** The value in `logs`. Throws {@link ConfigurationError} if it is not there. */
  find(logs: Readonly<Logs>): number {
    const value = Object.hasOwn(logs, this.name) ? logs[this.name] : undefined;
    if (value !== undefined) return value;
    throw new ConfigurationError(`${this.owner} watches '${this.name}', which is not in the logs.`, {
      hint: `Set monitor to one of: ${Object.keys(logs).sort().join(', ') || '(there are none)'}.`,
      code: 'configuration/monitor',
    });
  }
}

function directionByName(owner: string, monitor: string): 'min' | 'max' {
  const direction = directionOf(monitor);
  if (direction !== undefined) return direction;
  throw new ConfigurationError(
    `${owner} cannot tell from its name whether a higher '${monitor}' is better.`,
    {
      hint: "Set mode: 'max' if higher is better, mode: 'min' if lower is.",
      code: 'configuration/monitor-mode',
    },
  );
}
