/** What is used of WebGPU, whose types TypeScript's library does not have yet. */
import {isImitation} from '../softwareGpu';

export interface Gpu {
  requestAdapter(options?: {powerPreference?: string}): Promise<Adapter | null>;
}

export interface Adapter {
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  readonly info?: AdapterDescription;
  /** In older browsers. */
  readonly isFallbackAdapter?: boolean;
  requestDevice(descriptor: object): Promise<Device>;
}

export interface AdapterDescription {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly device?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
}

export interface Device {
  /** Not in older browsers. */
  readonly adapterInfo?: AdapterDescription;
  readonly queue: {onSubmittedWorkDone(): Promise<undefined>};
  readonly lost: Promise<{readonly message: string; readonly reason: string}>;
  /** Calls `listener` for each error that nobody has asked for. */
  addEventListener(
    type: 'uncapturederror',
    listener: (event: {readonly error: {readonly message: string}}) => void,
  ): void;
}

/** The page's or the process's way to the GPUs; undefined where there is none. */
export function gpuOfGlobal(): Gpu | undefined {
  return (globalThis as {navigator?: {gpu?: Gpu}}).navigator?.gpu;
}

/** What is known of an adapter, also where it is gone and its device is left. */
export type Described = Pick<Adapter, 'info' | 'isFallbackAdapter'>;

/** Whether the processor imitates the adapter. */
export function isSoftware({info, isFallbackAdapter}: Described): boolean {
  const names = [info?.vendor, info?.architecture, info?.device, info?.description].join(' ');
  return isFallbackAdapter === true || info?.isFallbackAdapter === true || isImitation(names);
}

/** What an adapter calls itself. */
export function nameOf({info}: Described): string {
  return info?.description || info?.device || info?.architecture || info?.vendor || 'without a name';
}
