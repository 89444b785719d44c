// Reading something that a view shows, again whenever what it depends on changes; what is out of date is stopped.
import { useCallback, useEffect, useState } from "preact/hooks";
import { asFailure, isAbort, type Failure } from "../api/http";

export interface Loaded<T> { value: T | undefined; failure: Failure | undefined; again: () => void }

/** `read` undefined: there is nothing to read (yet). The last value stays while the next one comes. */
export function useLoaded<T>(key: string, read: ((signal: AbortSignal) => Promise<T>) | undefined): Loaded<T> {
  const [state, setState] = useState<{ key: string; value?: T; failure?: Failure }>({ key: "" });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!read) return;
    const abort = new AbortController();
    read(abort.signal).then(
      (value) => !abort.signal.aborted && setState({ key, value }),
      (error: unknown) => !isAbort(error) && !abort.signal.aborted && setState({ key, failure: asFailure(error) }),
    );
    return () => abort.abort();
  }, [key, turn, read !== undefined]);
  const again = useCallback(() => setTurn((now) => now + 1), []);
  const isCurrent = state.key === key;
  return { value: isCurrent ? state.value : undefined, failure: isCurrent ? state.failure : undefined, again };
}
