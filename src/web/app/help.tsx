// The keys that are in force: ?
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { bindings } from "./keys";
import { Icon } from "./parts/icons";

export const helpOpen = signal(false);

const names: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", PageDown: "Page ↓", PageUp: "Page ↑", " ": "Space", Escape: "Esc" };

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (helpOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [helpOpen.value]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => (helpOpen.value = false)} onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
      <header><h2 id="help-title">Keys</h2><button class="icon-button" aria-label="Close" onClick={() => dialog.current?.close()}><Icon name="close" /></button></header>
      <div class="help-body" tabIndex={0} role="region" aria-label="Keys">
        {helpOpen.value && bindings.value.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>{group.keys.map((key) => <div key={key.does}><dt>{key.keys.map((one) => <kbd key={one}>{names[one] ?? one}</kbd>)}</dt><dd>{key.does}</dd></div>)}</dl>
          </section>
        ))}
        <section>
          <h3>Mouse and touch, on pictures</h3>
          <dl>
            <div><dt>Wheel</dt><dd>Page through; with Ctrl zoom</dd></div>
            <div><dt>Drag</dt><dd>The chosen tool: window at first</dd></div>
            <div><dt>Right drag</dt><dd>Zoom</dd></div>
            <div><dt>Middle or Shift drag</dt><dd>Pan</dd></div>
            <div><dt>Two fingers</dt><dd>Zoom and pan</dd></div>
            <div><dt>Double click</dt><dd>Reset</dd></div>
          </dl>
        </section>
      </div>
    </dialog>
  );
}
