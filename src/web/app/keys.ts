// Keys of the whole page. Each view adds its own while it is there; the help (?) lists what is in force.
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface Key {
  keys: string[]; // as KeyboardEvent.key has them
  does: string;
  run: (event: KeyboardEvent) => void;
  inFields?: boolean; // also while somebody types
}

export const bindings = signal<{ title: string; keys: Key[] }[]>([]);

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) && (target as HTMLInputElement).type !== "range";
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const inField = isField(event.target);
  // The last added view goes first.
  for (const group of [...bindings.value].reverse()) {
    const found = group.keys.find((key) => key.keys.includes(event.key) && (!inField || key.inFields));
    if (!found) continue;
    // Enter and space on a button or link are its own.
    if ((event.key === "Enter" || event.key === " ") && event.target instanceof HTMLElement && event.target.closest("button, a, summary, input")) return;
    event.preventDefault();
    found.run(event);
    return;
  }
});

export function useKeys(title: string, keys: Key[]): void {
  const current = useRef(keys);
  current.current = keys;
  useLayoutEffect(() => {
    const group = {
      title,
      keys: keys.map((key, index) => ({ ...key, run: (event: KeyboardEvent) => current.current[index]?.run(event) })),
    };
    bindings.value = [...bindings.value, group];
    return () => {
      bindings.value = bindings.value.filter((one) => one !== group);
    };
  }, []);
}
