/**
 * What a peer can be asked to measure. A job is plain data, so that it can be sent to a process.
 */
export type Job = StepJob | MatMulJob | ConvJob | PeakBytesJob | WorkJob;

/** A training step; times. */
export interface StepJob {
  readonly kind: 'step';
  readonly workload: string;
  readonly batch?: number;
  readonly width?: number;
}

/** A product of two square matrices; times. */
export interface MatMulJob {
  readonly kind: 'matMul';
  readonly size: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export type ConvPass = 'forward' | 'filterGradient' | 'inputGradient';

/** A convolution or one of its gradients; times. */
export interface ConvJob {
  readonly kind: 'conv';
  readonly pass: ConvPass;
  /** `[batch, height, width, channels]` */
  readonly input: readonly [number, number, number, number];
  readonly kernelSize: number;
  readonly filters: number;
  readonly strides: number;
  readonly padding: 'same' | 'valid';
}

/** The most bytes of tensors alive at once in the first training step. */
export interface PeakBytesJob {
  readonly kind: 'peakBytes';
  readonly workload: string;
  readonly batch: number;
}

/** Multiply-adds of a workload's forward pass, an example. */
export interface WorkJob {
  readonly kind: 'work';
  readonly workload: string;
  readonly width: number;
}

/** A job made ready: its data is in memory, its network built. */
export interface Ready {
  /** Does the job `times` times; one number for each: milliseconds, or what the job says. */
  run(times: number): Promise<number[]>;
  close(): Promise<void> | void;
}

/** What stands ready in a peer's process. */
export type Prepare = (job: Job) => Promise<Ready> | Ready;

/** Somebody who can be measured, at jobs of some kind. */
export interface Peer<J = Job> {
  readonly name: string;
  /**
   * Does a job some times, after a warm-up where the job is a new one.
   *
   * @throws Error where the peer cannot do it: the message is the reason.
   */
  measure(job: J, times: number): Promise<number[]>;
  /** Lets go of what stands ready. */
  rest(): Promise<void>;
  close(): Promise<void>;
}
