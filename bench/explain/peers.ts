/** Who is measured: our explainers in this process, and Captum's and shap's in a process of Python. */
import {spawn} from 'node:child_process';
import type {ChildProcessWithoutNullStreams} from 'node:child_process';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import type {Explainer} from 'glassbox/explain';
import type {Peer} from '../peers/job';
import type {ExplainCase} from './cases';
import {networkData} from './networks';
import type {Network, NetworkName} from './networks';

const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('peer.py', import.meta.url));

/** Explains, and keeps the values that it found last. */
export interface ExplainPeer extends Peer<ExplainCase> {
  readonly values: ReadonlyMap<string, ArrayLike<number>>;
}

export class OurExplainers implements ExplainPeer {
  readonly name = 'glassbox';
  readonly values = new Map<string, Float32Array>();
  private readonly explainers = new Map<string, Explainer>();

  constructor(private readonly networks: Readonly<Record<NetworkName, Network>>) {}

  async measure({name, network, explainer}: ExplainCase, times: number): Promise<number[]> {
    const built = this.explainers.get(name) ?? explainer(this.networks[network]);
    this.explainers.set(name, built);
    const taken: number[] = [];
    for (let i = 0; i < times; i++) {
      const begun = performance.now();
      const explanation = await built.explain(this.networks[network].example);
      taken.push(performance.now() - begun);
      this.values.set(name, explanation.values);
    }
    return taken;
  }

  async rest(): Promise<void> {}

  async close(): Promise<void> {}
}

type Answer =
  | {readonly failure: string}
  | {readonly versions: Readonly<Record<string, string>>}
  | {readonly ms: number[]; readonly values: number[]};

/** A process that answers a line with a line. */
export class PythonExplainers implements ExplainPeer {
  readonly values = new Map<string, number[]>();

  private constructor(
    readonly name: string,
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
  ) {}

  /** Undefined, or the reason in words, where there is no PyTorch. */
  static async start(networks: Readonly<Record<NetworkName, Network>>): Promise<PythonExplainers | string> {
    const child = spawn(PYTHON, [SCRIPT]);
    let complaints = '';
    child.stderr.on('data', (text: Buffer) => (complaints += text.toString()));
    // A process that cannot start is found out by its silence.
    child.on('error', error => (complaints += error.message));
    child.stdin.on('error', () => undefined);
    const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
    const python = new PythonExplainers('', child, lines);
    const data = Object.fromEntries(
      Object.entries(networks).map(([name, network]) => [name, networkData(network)]),
    );
    const answer = await python.ask({networks: data, threads: 1}).catch(() => undefined);
    if (answer === undefined || !('versions' in answer)) {
      return `${PYTHON} could not start: ${complaints.trim().split('\n').at(-1)}`;
    }
    for (const line of complaints.trim().split('\n')) if (line !== '') console.log(`${line}\n`);
    const name = Object.entries(answer.versions)
      .map(pair => pair.join(' '))
      .join(', ');
    return new PythonExplainers(name, child, lines);
  }

  async measure({name}: ExplainCase, times: number): Promise<number[]> {
    const answer = await this.ask({case: name, times});
    if (!('ms' in answer)) throw new Error('failure' in answer ? answer.failure : 'no times');
    this.values.set(name, answer.values);
    return answer.ms;
  }

  async rest(): Promise<void> {}

  async close(): Promise<void> {
    this.child.stdin.end();
  }

  private async ask(request: object): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    const {done, value} = await this.lines.next();
    if (done === true) throw new Error('the process of Python ended');
    return JSON.parse(value) as Answer;
  }
}
