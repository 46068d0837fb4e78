/** A quantity as a function of the number of optimizer updates done so far (0 for the first update). */
export type Schedule = (count: number) => number;
