/** Parts of what explanations hold. */
import type {Values} from './explanation';

/** One example, as a batch of one. */
export function row({data, shape}: Values, index: number): Values {
  const size = data.length / shape[0]!;
  return {data: data.slice(index * size, (index + 1) * size), shape: [1, ...shape.slice(1)]};
}
