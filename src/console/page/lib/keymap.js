// The keys of the page, in one table: what is bound, the list that `?` shows, and the table of the README come from it.

/**
 * `keys` are the browser's names (letters in lower case: Caps Lock changes nothing); `shift` is asked of letters alone,
 * for some keyboards need it to write `.` or `1`. `clicker`: works in the audience window as well.
 */
export const KEYS = [
  { action: 'next', keys: ['ArrowRight', 'PageDown', ' '], names: ['→', 'Page Down', 'Space'], title: 'Next phase', clicker: true },
  { action: 'previous', keys: ['ArrowLeft', 'PageUp'], names: ['←', 'Page Up'], title: 'Previous phase', clicker: true },
  { action: 'blank', keys: ['.', 'b'], names: ['.', 'B'], title: 'Blank the audience window; again: show it', clicker: true },
  { action: 'calm', keys: [], names: ['Esc Esc'], title: 'Calm: end every fault', clicker: true },
  { action: 'blackfriday', keys: ['b'], shift: true, names: ['Shift B'], title: 'Start Black Friday' },
  { action: 'normal', keys: ['n'], shift: true, names: ['Shift N'], title: 'Start a normal evening' },
  { action: 'pick', keys: ['s'], names: ['S'], title: 'Choose another scenario' },
  { action: 'pause', keys: ['p'], names: ['P'], title: 'Pause or resume' },
  { action: 'audience', keys: ['a'], names: ['A'], title: 'Open the audience window' },
  { action: 'stage', keys: ['1'], names: ['1'], title: 'Go to Stage' },
  { action: 'faults', keys: ['2'], names: ['2'], title: 'Go to Faults' },
  { action: 'investigate', keys: ['3'], names: ['3'], title: 'Go to Investigate' },
  { action: 'alerts', keys: ['4'], names: ['4'], title: 'Go to Alerts' },
  { action: 'exercises', keys: ['5'], names: ['5'], title: 'Go to Exercises' },
  { action: 'list', keys: ['?'], names: ['?'], title: 'List the keys' },
];

/** The key as a button shows it beside its action. */
export const nameOf = (action) => KEYS.find((row) => row.action === action).names[0];

/** The row of a key that was pressed; nothing when it is bound to no action, or not in this window. */
export function rowOf({ key, shiftKey }, isAudience) {
  const isLetter = /^[a-z]$/i.test(key);
  const name = isLetter ? key.toLowerCase() : key;
  const isMeant = (row) => {
    if (isLetter) return Boolean(row.shift) === shiftKey;
    // Shift and an arrow select text; Shift and Space scroll back.
    return !shiftKey || (name.length === 1 && name !== ' ');
  };
  return KEYS.find((row) => row.keys.includes(name) && isMeant(row) && (row.clicker || !isAudience));
}
