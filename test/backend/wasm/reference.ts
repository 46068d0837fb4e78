/** Convolutions, pooling and products in float64, written out as their definitions, to compare kernels with. */

export type Padding = 'valid' | 'same' | number | [[number, number], [number, number]];

export interface Window {
  size: [number, number];
  strides: [number, number];
  dilations?: [number, number];
  pad: Padding;
}

interface Axis {
  before: number;
  output: number;
}

/** TensorFlow's rule for sizes and paddings. */
export function axisOf(
  input: number,
  taps: number,
  stride: number,
  dilation: number,
  pad: Padding,
  axis: 0 | 1,
): Axis {
  const extent = (taps - 1) * dilation + 1;
  if (pad === 'valid') return {before: 0, output: Math.ceil((input - extent + 1) / stride)};
  if (pad === 'same') {
    const output = Math.ceil(input / stride);
    const total = Math.max(0, (output - 1) * stride + extent - input);
    return {before: Math.floor(total / 2), output};
  }
  const [before, after] = typeof pad === 'number' ? [pad, pad] : pad[axis];
  return {before, output: Math.floor((input + before + after - extent) / stride) + 1};
}

/** Calls `visit` for each output position, tap and input position that meet. */
export function forEachTap(
  [batch, inHeight, inWidth]: number[],
  {size: [tapsY, tapsX], strides: [strideY, strideX], dilations: [dilY, dilX] = [1, 1], pad}: Window,
  visit: (b: number, oy: number, ox: number, i: number, j: number, y: number, x: number) => void,
): {height: number; width: number} {
  const rows = axisOf(inHeight!, tapsY, strideY, dilY, pad, 0);
  const columns = axisOf(inWidth!, tapsX, strideX, dilX, pad, 1);
  for (let b = 0; b < batch!; b++)
    for (let oy = 0; oy < rows.output; oy++)
      for (let ox = 0; ox < columns.output; ox++)
        for (let i = 0; i < tapsY; i++)
          for (let j = 0; j < tapsX; j++) {
            const y = oy * strideY + i * dilY - rows.before;
            const x = ox * strideX + j * dilX - columns.before;
            if (y >= 0 && y < inHeight! && x >= 0 && x < inWidth!) visit(b, oy, ox, i, j, y, x);
          }
  return {height: rows.output, width: columns.output};
}

/** Offset of an element of a tensor. */
export function at(shape: number[], ...index: number[]): number {
  return index.reduce((offset, i, axis) => offset * shape[axis]! + i, 0);
}

export type Values = ArrayLike<number>;

/** The output size of a window over images. */
export function outputSize(xShape: number[], window: Window): [number, number] {
  const {height, width} = forEachTap([0, xShape[1]!, xShape[2]!], window, () => {});
  return [height, width];
}

/** Both gradients of a 2-D convolution. */
export function convGradients(
  x: Values,
  xShape: number[],
  w: Values,
  wShape: number[],
  dy: Values,
  window: Window,
) {
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  const [height, width] = outputSize(xShape, window);
  const [, , ins, outs] = wShape as [number, number, number, number];
  const yShape = [xShape[0]!, height, width, outs];
  forEachTap(xShape, window, (b, oy, ox, i, j, yy, xx) => {
    for (let c = 0; c < ins; c++)
      for (let o = 0; o < outs; o++) {
        const g = dy[at(yShape, b, oy, ox, o)]!;
        dx[at(xShape, b, yy, xx, c)]! += g * w[at(wShape, i, j, c, o)]!;
        dw[at(wShape, i, j, c, o)]! += g * x[at(xShape, b, yy, xx, c)]!;
      }
  });
  return {dx, dw};
}

/** Both gradients of a depthwise convolution. */
export function depthwiseGradients(
  x: Values,
  xShape: number[],
  w: Values,
  wShape: number[],
  dy: Values,
  window: Window,
) {
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  const [height, width] = outputSize(xShape, window);
  const [, , ins, times] = wShape as [number, number, number, number];
  const yShape = [xShape[0]!, height, width, ins * times];
  forEachTap(xShape, window, (b, oy, ox, i, j, yy, xx) => {
    for (let c = 0; c < ins; c++)
      for (let q = 0; q < times; q++) {
        const g = dy[at(yShape, b, oy, ox, c * times + q)]!;
        dx[at(xShape, b, yy, xx, c)]! += g * w[at(wShape, i, j, c, q)]!;
        dw[at(wShape, i, j, c, q)]! += g * x[at(xShape, b, yy, xx, c)]!;
      }
  });
  return {dx, dw};
}

/** The gradient of max-pooling; the first of equal maxima gets it, a NaN never wins. */
export function maxPoolGradient(x: Values, xShape: number[], dy: Values, window: Window): Float64Array {
  const [height, width] = outputSize(xShape, window);
  const channels = xShape[3]!;
  const yShape = [xShape[0]!, height, width, channels];
  const best = new Float64Array(dy.length).fill(-Infinity);
  const where = new Int32Array(dy.length).fill(-1);
  forEachTap(xShape, window, (b, oy, ox, _i, _j, yy, xx) => {
    for (let c = 0; c < channels; c++) {
      const out = at(yShape, b, oy, ox, c);
      const source = at(xShape, b, yy, xx, c);
      if (x[source]! > best[out]!) {
        best[out] = x[source]!;
        where[out] = source;
      }
    }
  });
  const dx = new Float64Array(x.length);
  where.forEach((source, out) => {
    if (source >= 0) dx[source]! += dy[out]!;
  });
  return dx;
}

/** The gradient of average pooling: a window's mean is that of its elements inside the image. */
export function avgPoolGradient(xShape: number[], dy: Values, window: Window): Float64Array {
  const [height, width] = outputSize(xShape, window);
  const channels = xShape[3]!;
  const counts = new Float64Array(height * width);
  forEachTap([1, xShape[1]!, xShape[2]!], window, (_, oy, ox) => counts[oy * width + ox]!++);
  const dx = new Float64Array(xShape.reduce((a, b) => a * b, 1));
  forEachTap(xShape, window, (b, oy, ox, _i, _j, yy, xx) => {
    for (let c = 0; c < channels; c++)
      dx[at(xShape, b, yy, xx, c)]! +=
        dy[at([xShape[0]!, height, width, channels], b, oy, ox, c)]! / counts[oy * width + ox]!;
  });
  return dx;
}
