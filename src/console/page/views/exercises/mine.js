// Which run is this browser's, and what its trainee has already filled in: a reload loses neither.

const RUN = 'doorbuster.exercise';
const DRAFT = 'doorbuster.exercise.draft';
const ALIAS = 'doorbuster.alias';

export const remembered = () => read(RUN);
export const alias = () => read(ALIAS) ?? '';
export const rememberAlias = (name) => write(ALIAS, name);

export function remember(id) {
  write(RUN, id);
  write(DRAFT, null);
}

/** What stands in the form. */
export function draft() {
  try {
    return JSON.parse(read(DRAFT) ?? '{}');
  } catch {
    return {};
  }
}

export const keepDraft = (fields) => write(DRAFT, JSON.stringify(fields));

function read(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing asks again after a reload.
  }
}
