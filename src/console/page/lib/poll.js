// Asks again and again, one question at a time, and not while nobody looks.

/** Calls `ask` at once and then every `pause` milliseconds; `failed` hears of what went wrong. */
export function poll(ask, pause, failed = () => {}) {
  let stopped = false;
  let busy = false;
  const turn = async () => {
    if (stopped || busy || document.hidden) return;
    busy = true;
    try {
      await ask(() => stopped);
    } catch (problem) {
      if (!stopped) failed(problem);
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(turn, pause);
  document.addEventListener('visibilitychange', turn);
  turn();
  return {
    now: turn,
    stop() {
      stopped = true;
      clearInterval(timer);
      document.removeEventListener('visibilitychange', turn);
    },
  };
}
