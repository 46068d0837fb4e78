/** The pixels that a block of Winograd's algorithm works on, taken from an image and transformed. */
import {gradientFactor} from './activation';
import {COLUMNS} from './tile';
import {transformInput} from './winogradTransforms';

/** Products a block and pair of channels. */
export const PRODUCTS: usize = 36;

/** How many panels of sixteen columns hold so many. */
// @ts-ignore: decorator
@inline
export function panelsOf(columns: i32): i32 {
  return (columns + COLUMNS - 1) / COLUMNS;
}

/** Where the pixels of a block of images come from. */
// @ts-ignore: decorator
@inline
export function pixel(image: usize, row: i32, column: i32, height: i32, width: i32, pixelBytes: usize, zeros: usize): usize {
  if (<u32>row >= <u32>height || <u32>column >= <u32>width) return zeros;
  return image + (<usize>row * <usize>width + <usize>column) * pixelBytes;
}

/** The pixels of a square of `size` × `size` with the gradient of an activation applied, zeros outside the image. */
export function maskedPatch(
  gradient: usize,
  y: usize,
  activation: i32,
  top: i32,
  left: i32,
  size: i32,
  height: i32,
  width: i32,
  channels: i32,
  to: usize,
): void {
  const bytes = (<usize>channels) << 2;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++, to += bytes) {
      const row = top + i;
      const column = left + j;
      if (<u32>row >= <u32>height || <u32>column >= <u32>width) {
        memory.fill(to, 0, bytes);
        continue;
      }
      const offset = (<usize>row * <usize>width + <usize>column) * bytes;
      for (let c: usize = 0; c < bytes; c += 16)
        v128.store(
          to + c,
          f32x4.mul(v128.load(gradient + offset + c), gradientFactor(v128.load(y + offset + c), activation)),
        );
    }
  }
}

/**
 * `Bᵀ d B` of the 6 × 6 pixels at (top, left), as 36 rows of `channels` numbers, `step` bytes apart. Pixels outside
 * the image are zero. Where `y` is an address, pixels are gradients that still have to pass the activation.
 *
 * @param scratch `72 · channels` numbers and `channels` zeros before them
 */
export function transformPatch(
  image: usize,
  y: usize,
  activation: i32,
  top: i32,
  left: i32,
  height: i32,
  width: i32,
  channels: i32,
  to: usize,
  step: usize,
  zeros: usize,
): void {
  const bytes = (<usize>channels) << 2;
  const columns = zeros + bytes;
  let source = image;
  if (y != 0) {
    source = columns + PRODUCTS * bytes;
    maskedPatch(image, y, activation, top, left, 6, height, width, channels, source);
    top = 0;
    left = 0;
    height = 6;
    width = 6;
  }
  for (let j = 0; j < 6; j++) {
    const column = left + j;
    transformInput(
      pixel(source, top, column, height, width, bytes, zeros),
      pixel(source, top + 1, column, height, width, bytes, zeros),
      pixel(source, top + 2, column, height, width, bytes, zeros),
      pixel(source, top + 3, column, height, width, bytes, zeros),
      pixel(source, top + 4, column, height, width, bytes, zeros),
      pixel(source, top + 5, column, height, width, bytes, zeros),
      columns + <usize>j * bytes,
      6 * bytes,
      channels,
    );
  }
  for (let i: usize = 0; i < 6; i++) {
    const row = columns + i * 6 * bytes;
    transformInput(
      row,
      row + bytes,
      row + 2 * bytes,
      row + 3 * bytes,
      row + 4 * bytes,
      row + 5 * bytes,
      to + i * 6 * step,
      step,
      channels,
    );
  }
}
