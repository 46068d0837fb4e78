/**
 * How progress reads in a terminal: Keras's look.
 */
import type {Logs} from '../trainer';

/** Where training stands. */
export interface Progress {
  /** The running epoch, from 0, and how many there shall be (Infinity when only steps bound the run). */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches done in this epoch, and how many it has where that is known. */
  readonly batch: number;
  readonly batchesPerEpoch: number | undefined;
  /** Seconds since this epoch began (or went on, in a run that continues a checkpoint). */
  readonly elapsedSeconds: number;
  /** Seconds a batch takes, the first one left out. */
  readonly secondsPerBatch: number;
  /** Seconds until the epoch's last batch, where known. */
  readonly remainingSeconds: number | undefined;
  readonly logs: Readonly<Logs>;
  /** Whether the epoch is over, validation included. */
  readonly done: boolean;
}

const BOLD = '\x1b[1m';
const GREEN = '\x1b[32m';
const GREY = '\x1b[37m';
const PLAIN = '\x1b[0m';

/** `Epoch 3/20`. */
export function epochTitle({epoch, epochs}: Progress): string {
  return Number.isFinite(epochs) ? `Epoch ${epoch + 1}/${epochs}` : `Epoch ${epoch + 1}`;
}

/** `37/469 ━━━━━━━━━━━━━━━━━━━━ 6s 13ms/step - accuracy: 0.8123 - loss: 0.5312`, at most `columns` wide. */
export function barLine(progress: Progress, {width = 20, columns = Infinity} = {}): string {
  const {batch, batchesPerEpoch: total, remainingSeconds, elapsedSeconds, done} = progress;
  const count = counter(progress);
  const time =
    done || remainingSeconds === undefined ? `${elapsedSeconds.toFixed(0)}s` : clock(remainingSeconds);
  let visible = `${count} ${time}`.length;
  let line = `${BOLD}${count}${PLAIN} `;
  if (total !== undefined && total > 0) {
    const filled = Math.min(width, Math.floor((width * batch) / total));
    if (filled > 0) line += `${GREEN}${'━'.repeat(filled)}${PLAIN}`;
    if (filled < width) line += `${GREY}${'━'.repeat(width - filled)}${PLAIN}`;
    line += ' ';
    visible += width + 1;
  }
  line += `${BOLD}${time}${PLAIN}`;
  // What does not fit is left out: a line that wraps could not be written over.
  for (const part of [` ${perBatch(progress)}`, ...numbers(progress.logs)]) {
    visible += part.length;
    if (visible >= columns) break;
    line += part;
  }
  return line;
}

/** `Epoch 3/20 - 469/469 - 6s - 13ms/step - accuracy: 0.8123 - loss: 0.5312`, without colours. */
export function plainLine(progress: Progress): string {
  const head = [
    epochTitle(progress),
    counter(progress),
    `${progress.elapsedSeconds.toFixed(0)}s`,
    perBatch(progress),
  ];
  return head.join(' - ') + numbers(progress.logs).join('');
}

/** A number as Keras shows it: `0.8123`, and `5.0000e-04` at or below 1e-3. */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Math.abs(value) > 1e-3) return value.toFixed(4);
  return value.toExponential(4).replace(/e([+-])(\d)$/, 'e$10$2');
}

function counter({batch, batchesPerEpoch: total}: Progress): string {
  if (total === undefined) return `${String(batch).padStart(7)}/Unknown`;
  return `${String(batch).padStart(String(total).length)}/${total}`;
}

function perBatch({secondsPerBatch: seconds}: Progress): string {
  if (seconds >= 1 || seconds === 0) return `${seconds.toFixed(0)}s/step`;
  return seconds >= 1e-3 ? `${(seconds * 1e3).toFixed(0)}ms/step` : `${(seconds * 1e6).toFixed(0)}us/step`;
}

function numbers(logs: Readonly<Logs>): string[] {
  return Object.entries(logs).map(([name, value]) => ` - ${name}: ${formatValue(value)}`);
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  if (whole > 3600)
    return `${Math.floor(whole / 3600)}:${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return whole > 60 ? `${Math.floor(whole / 60)}:${two(whole % 60)}` : `${whole}s`;
}
