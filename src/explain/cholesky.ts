/** Symmetric, positive (semi-)definite systems, in float64. */

/** Solves A·x = b; directions that A leaves open are zero. */
export function solve(matrix: Float64Array, vector: Float64Array): Float64Array {
  return substitute(cholesky(matrix, vector.length), vector);
}

/** The lower triangle L of A = L·Lᵀ, with a zero on the diagonal for each direction that A leaves open. */
export function cholesky(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
      if (i > j) lower[i * size + j] = lower[j * size + j] === 0 ? 0 : sum / lower[j * size + j]!;
      else if (sum > 1e-12 * matrix[i * size + i]!) lower[i * size + i] = Math.sqrt(sum);
    }
  }
  return lower;
}

/** Solves L·Lᵀ·x = b. */
export function substitute(lower: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length;
  const x = Float64Array.from(vector);
  const divide = (i: number): void => {
    const pivot = lower[i * size + i]!;
    x[i] = pivot === 0 ? 0 : x[i]! / pivot;
  };
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i]! -= lower[i * size + k]! * x[k]!;
    divide(i);
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i]! -= lower[k * size + i]! * x[k]!;
    divide(i);
  }
  return x;
}
