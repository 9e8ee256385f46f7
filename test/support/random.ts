// Chance that can be repeated: what a test draws follows from a seed that it prints.

/** mulberry32: small, seeded, good enough to draw moments and mail. Evenly from 0 up to 1, 1 left out. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
