/** What every explainer promises: it ends when it is told to, leaves everything as it was, and always says the same. */
import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest';
import * as explain from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {buildSubjects, disposeSubjects, stateOf} from './subjects';
import type {Calls, Subjects} from './subjects';

interface Explains<Input> {
  explain(input: Input, options?: {signal?: AbortSignal}): Promise<object>;
}

interface Entry {
  readonly name: string;
  /** A new explainer of the subjects' models, and the calls of the model that it explains. */
  make(subjects: Subjects): {run: (signal?: AbortSignal) => Promise<object>; calls: Calls};
}

/** An explainer of one of the subjects. */
function of<Kind extends keyof Subjects>(
  kind: Kind,
  make: (model: Subjects[Kind]['model']) => Explains<Subjects[Kind]['input']>,
): Omit<Entry, 'name'> {
  return {
    make(subjects) {
      const {model, input, calls}: Subjects[Kind] = subjects[kind];
      const explainer = make(model);
      const run = (signal?: AbortSignal): Promise<object> =>
        explainer.explain(input, {...(signal && {signal})});
      return {run, calls};
    },
  };
}

const background = [
  [0, 0, 0, 0],
  [1, 0.5, -1, 0],
  [0.2, 1, 1, -2],
];
const image = Array.from({length: 6}, () => Array.from({length: 6}, (_, i) => [i / 6]));
const halves = Array.from({length: 6}, (_, row) => Array.from({length: 6}, () => (row < 3 ? 0 : 1)));

/** Every explainer, a line each: small batches, so that each calls its model several times. */
const EXPLAINERS = {
  AttentionRollout: of('encoder', model => new explain.AttentionRollout(model, {batchSize: 1})),
  Counterfactual: of('mlp', model => new explain.Counterfactual(model, {background, maxIterations: 3})),
  Deconvolution: of('cnn', model => new explain.Deconvolution(model, {batchSize: 1})),
  DeepLift: of('cnn', model => new explain.DeepLift(model, {batchSize: 1})),
  DeepShap: of('mlp', model => new explain.DeepShap(model, {background, batchSize: 2})),
  FeatureAblation: of('mlp', model => new explain.FeatureAblation(model, {batchSize: 2})),
  GradCam: of('cnn', model => new explain.GradCam(model, {guided: true, batchSize: 1})),
  GradientShap: of('cnn', model => {
    return new explain.GradientShap(model, {background: [image], samples: 4, noise: 0.1, batchSize: 2});
  }),
  GuidedBackprop: of('cnn', model => new explain.GuidedBackprop(model, {batchSize: 1})),
  InputXGradient: of('cnn', model => new explain.InputXGradient(model, {batchSize: 1})),
  IntegratedGradients: of('cnn', model => new explain.IntegratedGradients(model, {steps: 4, batchSize: 3})),
  KernelShap: of('rows', model => new explain.KernelShap(model, {background, samples: 8, batchSize: 6})),
  LayerConductance: of('cnn', model => {
    return new explain.LayerConductance(model, {layer: 'conv', steps: 4, batchSize: 3});
  }),
  LayerIntegratedGradients: of('cnn', model => {
    return new explain.LayerIntegratedGradients(model, {layer: 'conv', steps: 4, batchSize: 3});
  }),
  LayerRelevance: of('cnn', model => new explain.LayerRelevance(model, {rule: 'gamma', batchSize: 1})),
  LimeImage: of('cnn', model => {
    return new explain.LimeImage(model, {segmentation: 'grid', segments: 4, samples: 8, batchSize: 3});
  }),
  LimeTabular: of('rows', model => {
    return new explain.LimeTabular(model, {trainingData: background, samples: 20, batchSize: 6});
  }),
  LimeText: of('texts', model => new explain.LimeText(model, {samples: 12, batchSize: 5})),
  Occlusion: of('cnn', model => new explain.Occlusion(model, {window: [3, 3, 1], batchSize: 5})),
  PartialDependence: of('mlp', model => {
    const explainer = new explain.PartialDependence(model, {target: 0, kind: 'both', batchSize: 1});
    return {explain: (input, options) => explainer.explain(input, {features: [0, [0, 1]], ...options})};
  }),
  PartitionShap: of('rows', model => new explain.PartitionShap(model, {background, maxEvaluations: 12})),
  PermutationImportance: of('mlp', model => {
    const explainer = new explain.PermutationImportance(model, {metric: 'accuracy', batchSize: 1});
    return {explain: (input, options) => explainer.explain(input, [0, 1], options)};
  }),
  Saliency: of('cnn', model => new explain.Saliency(model, {batchSize: 1})),
  ScoreCam: of('cnn', model => new explain.ScoreCam(model, {batchSize: 1})),
  Shapley: of('rows', model => {
    return new explain.Shapley(model, {method: 'permutation', maxEvaluations: 20, batchSize: 6});
  }),
  SmoothGrad: of('cnn', model => {
    return new explain.SmoothGrad(new explain.GuidedBackprop(model, {batchSize: 3}), {samples: 4});
  }),
};

/** The same methods in other ways, where these take another path. */
const WAYS = {
  'Counterfactual by differences': of('rows', model => {
    return new explain.Counterfactual(model, {background, maxIterations: 3, starts: 2});
  }),
  'KernelShap in log-odds': of('rows', model => {
    return new explain.KernelShap(model, {background, link: 'logit', samples: 8, batchSize: 6});
  }),
  'KernelShap of segments': of('cnn', model => {
    return new explain.KernelShap(model, {
      featureMask: halves.map(row => row.map(one => [one])),
      batchSize: 1,
    });
  }),
  'SmoothGrad of DeepLift': of('cnn', model => {
    return new explain.SmoothGrad(new explain.DeepLift(model), {samples: 3});
  }),
};

/** Reading a tensor at once is an error while `run` runs. */
async function withoutWaiting<T>(run: () => Promise<T>): Promise<T> {
  const reading = vi.spyOn(tf.engine(), 'readSync').mockImplementation(() => {
    throw new Error('It was read at once.');
  });
  try {
    return await run();
  } finally {
    reading.mockRestore();
  }
}

const entries: Entry[] = Object.entries({...EXPLAINERS, ...WAYS}).map(([name, entry]) => ({name, ...entry}));

it('all explainers are looked at', () => {
  const exported = Object.entries(explain)
    .filter(([, value]) => typeof value === 'function' && 'explain' in ((value.prototype ?? {}) as object))
    .map(([name]) => name);
  expect(Object.keys(EXPLAINERS)).toEqual(exported.sort());
});

describe.each(BACKENDS)('on %s', backend => {
  let subjects: Subjects;
  beforeAll(async () => {
    await activate(backend);
    subjects = buildSubjects();
  });
  afterAll(() => disposeSubjects(subjects));

  describe.each(entries)('$name', ({make}) => {
    it('ends when it is told to or the model throws, and leaves all as it was', async () => {
      const {run, calls} = make(subjects);
      calls.watch();
      const undisturbed = await run();
      const most = calls.count;
      const before = await stateOf(subjects);
      expect(most).toBeGreaterThan(2);
      for (const [how, at] of [
        ['abort', 2],
        ['throw', Math.ceil((most + 1) / 2)],
        ['abort', most],
      ] as const) {
        const controller = new AbortController();
        const reason = new Error(`${how} at call ${at}`);
        calls.watch(at, () => {
          if (how === 'throw') throw reason;
          controller.abort(reason);
        });
        const outcome: unknown = await run(controller.signal).then(
          () => 'an explanation',
          (error: unknown) => error,
        );
        expect(outcome).toBe(reason);
        // It ends soon, and not when all is done.
        expect(calls.count).toBeLessThanOrEqual(at + 2);
        expect(await stateOf(subjects)).toEqual(before);
      }
      calls.watch();
      expect(await run()).toStrictEqual(undisturbed);
    });

    it('reads nothing while the program waits, which WebGPU cannot do in Node', async () => {
      const {run} = make(subjects);
      await withoutWaiting(run);
    });

    it('gives the same twice at once as one after another, and from another instance', async () => {
      const {run} = make(subjects);
      const first = await run();
      expect(await Promise.all([run(), run()])).toStrictEqual([first, first]);
      expect(await make(subjects).run()).toStrictEqual(first);
    });
  });

  it('a baseline for whole numbers is looked at without waiting too', async () => {
    const score = (x: tf.Tensor): tf.Tensor => tf.sum(tf.mul(x, [2, 3]), 1);
    const [x, half] = [tf.tensor2d([[1, 2]], [1, 2], 'int32'), tf.tensor1d([0.5, 1])];
    const explained = (baseline: explain.Baseline): Promise<explain.Explanation> =>
      withoutWaiting(() => new explain.FeatureAblation(score, {baseline}).explain(x));
    expect([...(await explained([0, 1])).values]).toEqual([2, 3]);
    await expect(explained(half)).rejects.toThrow('The baseline of input 0 holds 0.5');
    tf.dispose([x, half]);
  });

  it('none disturbs another that explains at the same time', async () => {
    const runs = entries.map(({make}) => make(subjects).run);
    const alone: object[] = [];
    for (const run of runs) alone.push(await run());
    const before = await stateOf(subjects);
    const together = await Promise.all(runs.map(run => run()));
    entries.forEach(({name}, i) => expect({[name]: together[i]}).toStrictEqual({[name]: alone[i]}));
    expect(await stateOf(subjects)).toEqual(before);
  });
});

it('hears of a signal that a timer gives, although computing takes the thread', async () => {
  await activate('cpu');
  const score = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(x), 1);
  const explainer = new explain.IntegratedGradients(score, {rule: 'riemannMiddle', steps: 1e5, batchSize: 1});
  const signal = AbortSignal.timeout(20);
  const started = performance.now();
  await expect(explainer.explain([[1, 2]], {signal})).rejects.toMatchObject({name: 'TimeoutError'});
  expect(performance.now() - started).toBeLessThan(5000);
});
