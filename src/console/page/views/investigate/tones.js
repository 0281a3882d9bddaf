// The colour a service has in this view, always the same: a class, so that themes decide what it looks like.

const TONES = 7;

export function tone(service) {
  let hash = 2166136261;
  for (const letter of service) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  return `tone-${(hash >>> 0) % TONES + 1}`;
}
