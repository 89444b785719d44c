// Mouse, pen and fingers on the picture: what a drag means is up to the tool; the wheel pages, two fingers zoom and pan.
import type { Stack } from "./cornerstone";

export type Tool = "window" | "scroll" | "zoom" | "pan";

interface Finger { x: number; y: number }

// Pixels of a drag for one slice, at least.
const scrollPixels = 6;

export function attachGestures(element: HTMLElement, stack: () => Stack | undefined, tool: () => Tool, scrollBy: (slices: number) => void): () => void {
  const fingers = new Map<number, Finger>();
  let dragging: Tool | undefined;
  let scrolled = 0;
  let wheeled = 0;

  const toolOf = (event: PointerEvent): Tool => {
    if (event.pointerType === "mouse" && event.button === 2) return "zoom";
    if ((event.pointerType === "mouse" && event.button === 1) || event.shiftKey) return "pan";
    return tool();
  };

  const drag = (dx: number, dy: number) => {
    const shown = stack();
    if (!shown || !dragging) return;
    if (dragging === "window") {
      const { center, width } = shown.window;
      const step = shown.span / 700;
      shown.window = { center: center + dy * step, width: Math.max(1, width + dx * step) };
    } else if (dragging === "zoom") {
      shown.zoom(Math.exp(-dy / 180));
    } else if (dragging === "pan") {
      shown.pan(dx, dy);
    } else {
      const pixels = Math.max(scrollPixels, element.clientHeight / 1.5 / shown.frames.length);
      scrolled += dy / pixels;
      const whole = Math.trunc(scrolled);
      scrolled -= whole;
      if (whole) scrollBy(whole);
    }
  };

  const pinch = (moved: number, to: Finger) => {
    const other = [...fingers].find(([id]) => id !== moved)?.[1];
    const from = fingers.get(moved);
    const shown = stack();
    if (!other || !from || !shown) return;
    const before = Math.hypot(from.x - other.x, from.y - other.y);
    const after = Math.hypot(to.x - other.x, to.y - other.y);
    const box = element.getBoundingClientRect();
    if (before > 10) shown.zoom(after / before, (to.x + other.x) / 2 - box.left, (to.y + other.y) / 2 - box.top);
    shown.pan((to.x - from.x) / 2, (to.y - from.y) / 2);
  };

  const listeners: { [name: string]: (event: never) => void } = {
    pointerdown: (event: PointerEvent) => {
      element.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      dragging = toolOf(event);
      scrolled = 0;
      element.focus({ preventScroll: true });
      event.preventDefault();
    },
    pointermove: (event: PointerEvent) => {
      const from = fingers.get(event.pointerId);
      if (!from) return;
      const to = { x: event.clientX, y: event.clientY };
      if (fingers.size > 1) pinch(event.pointerId, to);
      else drag(to.x - from.x, to.y - from.y);
      fingers.set(event.pointerId, to);
    },
    pointerup: (event: PointerEvent) => void fingers.delete(event.pointerId),
    pointercancel: (event: PointerEvent) => void fingers.delete(event.pointerId),
    contextmenu: (event: Event) => event.preventDefault(),
    dblclick: () => stack()?.reset(),
    wheel: (event: WheelEvent) => {
      event.preventDefault();
      if (event.ctrlKey) {
        const box = element.getBoundingClientRect();
        stack()?.zoom(Math.exp(-event.deltaY / 200), event.clientX - box.left, event.clientY - box.top);
        return;
      }
      // A notch of a wheel is about 100 pixels; touch pads send small steps.
      wheeled += event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / 60 : event.deltaY;
      const whole = Math.abs(event.deltaY) >= 60 ? Math.sign(event.deltaY) : Math.trunc(wheeled);
      if (!whole) return;
      wheeled = 0;
      scrollBy(whole);
    },
  };
  for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener as (event: Event) => void, { passive: false });
  return () => {
    for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener as (event: Event) => void);
  };
}
