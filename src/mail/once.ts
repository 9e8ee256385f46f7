// What is dear to find and seldom or repeatedly asked for: found when the first asks.

export function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | null = null;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}
