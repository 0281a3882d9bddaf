// Whether the audience windows of this browser are blank. Kept where all its windows see it and hear of a change.

const KEY = 'doorbuster-audience-blank';
const listeners = new Set();

addEventListener('storage', (event) => event.key === KEY && announce());

export const blank = {
  is: () => localStorage.getItem(KEY) === 'yes',
  set(isBlank) {
    if (isBlank) localStorage.setItem(KEY, 'yes');
    else localStorage.removeItem(KEY);
    announce();
  },
  toggle: () => blank.set(!blank.is()),
  /** Calls `fn` now and at each change; returns what ends that. */
  watch(fn) {
    listeners.add(fn);
    fn(blank.is());
    return () => listeners.delete(fn);
  },
};

function announce() {
  for (const fn of listeners) fn(blank.is());
}
