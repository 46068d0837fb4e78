/** Attention written plainly, in float64. */

/** Numbers with a shape. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Says which query may look at which key. */
export type Allowed = (batch: number, head: number, query: number, key: number) => boolean;

/** softmax(Q·Kᵀ/√d)·V; `query` `[B, T, H, K]`, `key` `[B, S, H, K]`, `value` `[B, S, H, V]`. */
export function attentionReference(
  query: Values,
  key: Values,
  value: Values,
  allowed: Allowed = () => true,
): {output: number[]; scores: number[]} {
  const [batch, targets, heads, keyDim] = query.shape as [number, number, number, number];
  const [, sources, , valueDim] = value.shape as [number, number, number, number];
  const at = (x: Values, b: number, t: number, h: number, d: number): number =>
    x.values[((b * x.shape[1]! + t) * heads + h) * x.shape[3]! + d]!;
  const output = new Array<number>(batch * targets * heads * valueDim).fill(0);
  const scores: number[] = [];
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < targets; t++) {
        const logits = Array.from({length: sources}, (_, s) => {
          if (!allowed(b, h, t, s)) return -Infinity;
          let sum = 0;
          for (let d = 0; d < keyDim; d++) sum += at(query, b, t, h, d) * at(key, b, s, h, d);
          return sum / Math.sqrt(keyDim);
        });
        const largest = Math.max(...logits);
        const powers = logits.map(logit => (logit === -Infinity ? 0 : Math.exp(logit - largest)));
        const total = powers.reduce((a, c) => a + c, 0);
        powers.forEach((power, s) => {
          const probability = power === 0 ? 0 : power / total;
          scores.push(probability);
          for (let d = 0; d < valueDim; d++) {
            output[((b * targets + t) * heads + h) * valueDim + d]! += probability * at(value, b, s, h, d);
          }
        });
      }
    }
  }
  return {output, scores};
}

/** The gradients of `query`, `key` and `value`, from that of the output. */
export function attentionGradientReference(
  query: Values,
  key: Values,
  value: Values,
  upstream: Values,
  allowed: Allowed = () => true,
): [query: number[], key: number[], value: number[]] {
  const [batch, targets, heads, keyDim] = query.shape as [number, number, number, number];
  const [, sources, , valueDim] = value.shape as [number, number, number, number];
  const {scores} = attentionReference(query, key, value, allowed);
  const indexOf = (x: Values, b: number, t: number, h: number): number =>
    ((b * x.shape[1]! + t) * heads + h) * x.shape[3]!;
  const zeros = ({values}: Values) => new Array<number>(values.length).fill(0);
  const [dQuery, dKey, dValue] = [zeros(query), zeros(key), zeros(value)];
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < targets; t++) {
        const row = ((b * heads + h) * targets + t) * sources;
        const [qAt, yAt] = [indexOf(query, b, t, h), indexOf(upstream, b, t, h)];
        const dScores = Array.from({length: sources}, (_, s) => {
          const vAt = indexOf(value, b, s, h);
          let sum = 0;
          for (let d = 0; d < valueDim; d++) {
            sum += upstream.values[yAt + d]! * value.values[vAt + d]!;
            dValue[vAt + d]! += scores[row + s]! * upstream.values[yAt + d]!;
          }
          return sum;
        });
        const mean = dScores.reduce((sum, dp, s) => sum + dp * scores[row + s]!, 0);
        dScores.forEach((dp, s) => {
          const kAt = indexOf(key, b, s, h);
          const dLogit = (scores[row + s]! * (dp - mean)) / Math.sqrt(keyDim);
          for (let d = 0; d < keyDim; d++) {
            dQuery[qAt + d]! += dLogit * key.values[kAt + d]!;
            dKey[kAt + d]! += dLogit * query.values[qAt + d]!;
          }
        });
      }
    }
  }
  return [dQuery, dKey, dValue];
}
