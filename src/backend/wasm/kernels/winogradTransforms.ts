/**
 * The transforms of Winograd's minimal filtering F(4×4, 3×3) (Lavin and Gray 2016), along one axis, four channels
 * at a time. Each reads `channels` numbers from every source and writes as many to targets that lie `step` bytes
 * apart; `channels` is a multiple of four.
 */
import {activate} from './activation';

/** `to = Bᵀ d`, from six pixels to six numbers. */
export function transformInput(
  d0: usize,
  d1: usize,
  d2: usize,
  d3: usize,
  d4: usize,
  d5: usize,
  to: usize,
  step: usize,
  channels: i32,
): void {
  const four = f32x4.splat(4);
  const five = f32x4.splat(5);
  const end = (<usize>channels) << 2;
  for (let c: usize = 0; c < end; c += 16) {
    const x1 = v128.load(d1 + c);
    const x2 = v128.load(d2 + c);
    const x3 = v128.load(d3 + c);
    const x4 = v128.load(d4 + c);
    const even = f32x4.sub(x4, f32x4.mul(four, x2));
    const odd = f32x4.sub(x3, f32x4.mul(four, x1));
    const difference = f32x4.sub(x4, x2);
    const slope = f32x4.sub(x3, x1);
    const twice = f32x4.add(slope, slope);
    let target = to + c;
    v128.store(target, f32x4.add(f32x4.sub(f32x4.mul(four, v128.load(d0 + c)), f32x4.mul(five, x2)), x4));
    target += step;
    v128.store(target, f32x4.add(even, odd));
    target += step;
    v128.store(target, f32x4.sub(even, odd));
    target += step;
    v128.store(target, f32x4.add(difference, twice));
    target += step;
    v128.store(target, f32x4.sub(difference, twice));
    target += step;
    v128.store(target, f32x4.add(f32x4.sub(f32x4.mul(four, x1), f32x4.mul(five, x3)), v128.load(d5 + c)));
  }
}

/** `to = Aᵀ m`, from six numbers (`mStep` bytes apart) to four. */
export function transformOutput(m: usize, mStep: usize, to: usize, step: usize, channels: i32): void {
  const four = f32x4.splat(4);
  const eight = f32x4.splat(8);
  const end = (<usize>channels) << 2;
  for (let c: usize = 0; c < end; c += 16) {
    let source = m + c;
    const m0 = v128.load(source);
    const m1 = v128.load((source += mStep));
    const m2 = v128.load((source += mStep));
    const m3 = v128.load((source += mStep));
    const m4 = v128.load((source += mStep));
    const m5 = v128.load((source += mStep));
    const s12 = f32x4.add(m1, m2);
    const d12 = f32x4.sub(m1, m2);
    const s34 = f32x4.add(m3, m4);
    const d34 = f32x4.sub(m3, m4);
    let target = to + c;
    v128.store(target, f32x4.add(f32x4.add(m0, s12), s34));
    target += step;
    v128.store(target, f32x4.add(d12, f32x4.add(d34, d34)));
    target += step;
    v128.store(target, f32x4.add(s12, f32x4.mul(four, s34)));
    target += step;
    v128.store(target, f32x4.add(f32x4.add(d12, f32x4.mul(eight, d34)), m5));
  }
}

/** As `transformOutput`, to four places of their own (0 for one outside the image), with bias (or 0) and activation. */
export function finishOutput(
  m: usize,
  mStep: usize,
  y0: usize,
  y1: usize,
  y2: usize,
  y3: usize,
  bias: usize,
  activation: i32,
  channels: i32,
): void {
  const four = f32x4.splat(4);
  const eight = f32x4.splat(8);
  const end = (<usize>channels) << 2;
  for (let c: usize = 0; c < end; c += 16) {
    let source = m + c;
    const m0 = v128.load(source);
    const m1 = v128.load((source += mStep));
    const m2 = v128.load((source += mStep));
    const m3 = v128.load((source += mStep));
    const m4 = v128.load((source += mStep));
    const m5 = v128.load((source += mStep));
    const s12 = f32x4.add(m1, m2);
    const d12 = f32x4.sub(m1, m2);
    const s34 = f32x4.add(m3, m4);
    const d34 = f32x4.sub(m3, m4);
    const b = bias == 0 ? f32x4.splat(0) : v128.load(bias + c);
    if (y0 != 0) v128.store(y0 + c, activate(f32x4.add(f32x4.add(f32x4.add(m0, s12), s34), b), activation));
    if (y1 != 0) v128.store(y1 + c, activate(f32x4.add(f32x4.add(d12, f32x4.add(d34, d34)), b), activation));
    if (y2 != 0) v128.store(y2 + c, activate(f32x4.add(f32x4.add(s12, f32x4.mul(four, s34)), b), activation));
    if (y3 != 0) {
      const sum = f32x4.add(f32x4.add(d12, f32x4.mul(eight, d34)), m5);
      v128.store(y3 + c, activate(f32x4.add(sum, b), activation));
    }
  }
}

/** `to = A g`, from four gradients of outputs to six numbers: the transpose of `transformOutput`. */
export function transformGradient(
  g0: usize,
  g1: usize,
  g2: usize,
  g3: usize,
  to: usize,
  step: usize,
  channels: i32,
): void {
  const four = f32x4.splat(4);
  const end = (<usize>channels) << 2;
  for (let c: usize = 0; c < end; c += 16) {
    const y0 = v128.load(g0 + c);
    const y1 = v128.load(g1 + c);
    const y2 = v128.load(g2 + c);
    const y3 = v128.load(g3 + c);
    const even = f32x4.add(y0, y2);
    const odd = f32x4.add(y1, y3);
    const even4 = f32x4.add(y0, f32x4.mul(four, y2));
    const odd4 = f32x4.add(y1, f32x4.mul(four, y3));
    const odd8 = f32x4.add(odd4, odd4);
    let target = to + c;
    v128.store(target, y0);
    target += step;
    v128.store(target, f32x4.add(even, odd));
    target += step;
    v128.store(target, f32x4.sub(even, odd));
    target += step;
    v128.store(target, f32x4.add(even4, odd8));
    target += step;
    v128.store(target, f32x4.sub(even4, odd8));
    target += step;
    v128.store(target, y3);
  }
}

/** `to = G g`, from three taps (`gStep` bytes apart) to six numbers. */
export function transformFilter(g: usize, gStep: usize, to: usize, step: usize, channels: i32): void {
  const quarter = f32x4.splat(1.0 / 4.0);
  const sixth = f32x4.splat(-1.0 / 6.0);
  const twelfth = f32x4.splat(1.0 / 12.0);
  const end = (<usize>channels) << 2;
  for (let c: usize = 0; c < end; c += 16) {
    const g0 = v128.load(g + c);
    const g1 = v128.load(g + gStep + c);
    const g2 = v128.load(g + 2 * gStep + c);
    const ends = f32x4.mul(sixth, f32x4.add(g0, g2));
    const middle = f32x4.mul(sixth, g1);
    // (g0 + 4·g2) / 24
    const wide = f32x4.mul(f32x4.splat(1.0 / 24.0), f32x4.add(g0, f32x4.mul(f32x4.splat(4), g2)));
    const half = f32x4.mul(twelfth, g1);
    let target = to + c;
    v128.store(target, f32x4.mul(quarter, g0));
    target += step;
    v128.store(target, f32x4.add(ends, middle));
    target += step;
    v128.store(target, f32x4.sub(ends, middle));
    target += step;
    v128.store(target, f32x4.add(wide, half));
    target += step;
    v128.store(target, f32x4.sub(wide, half));
    target += step;
    v128.store(target, g2);
  }
}

/** `to = Gᵀ u`, from six numbers (`uStep` bytes apart) to three taps: the transpose of `transformFilter`. */
export function transformFilterGradient(u: usize, uStep: usize, to: usize, step: usize, channels: i32): void {
  const end = (<usize>channels) << 2;
  for (let c: usize = 0; c < end; c += 16) {
    let source = u + c;
    const u0 = v128.load(source);
    const u1 = v128.load((source += uStep));
    const u2 = v128.load((source += uStep));
    const u3 = v128.load((source += uStep));
    const u4 = v128.load((source += uStep));
    const u5 = v128.load((source += uStep));
    const s12 = f32x4.mul(f32x4.splat(-1.0 / 6.0), f32x4.add(u1, u2));
    const d12 = f32x4.mul(f32x4.splat(-1.0 / 6.0), f32x4.sub(u1, u2));
    const s34 = f32x4.add(u3, u4);
    const d34 = f32x4.sub(u3, u4);
    v128.store(
      to + c,
      f32x4.add(f32x4.add(f32x4.mul(f32x4.splat(0.25), u0), s12), f32x4.mul(f32x4.splat(1.0 / 24.0), s34)),
    );
    v128.store(to + step + c, f32x4.add(d12, f32x4.mul(f32x4.splat(1.0 / 12.0), d34)));
    v128.store(
      to + 2 * step + c,
      f32x4.add(f32x4.add(s12, f32x4.mul(f32x4.splat(1.0 / 6.0), s34)), u5),
    );
  }
}
