// The pictures of a series on a canvas, by cornerstone3D: the one file that knows it. Loaded when the first
// series is opened; its decoders run in workers and come from this server.
import { cache, Enums, eventTarget, getShouldUseCPURendering, imageLoader, init as initCore, RenderingEngine, type Types } from "@cornerstonejs/core";
import { init as initLoader, wadors } from "@cornerstonejs/dicom-image-loader";
import type { DataSet } from "../api/dicomweb";
import type { Frame } from "./frames";
import { withPalette } from "./palette";

const engineId = "lightbox";
const viewportId = "pictures";
const cacheBytesMax = 512 * 1024 * 1024;
const prefetchAtOnce = 4;

export interface Window { center: number; width: number }

export interface Listener {
  shown: (shown: Shown) => void;
  /** The picture cannot be shown; what is seen is still the one before it. */
  failed: (index: number, reason: string) => void;
}

export interface Shown { index: number; window: Window; zoom: number; inverted: boolean }

let engine: RenderingEngine | undefined;

function start(): RenderingEngine {
  if (!engine) {
    initCore({ rendering: { webGlContextCount: 1 } } as Parameters<typeof initCore>[0]);
    initLoader({ maxWebWorkers: Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 2) - 1)) });
    cache.setMaxCacheSize(cacheBytesMax);
    engine = new RenderingEngine(engineId);
  }
  return engine;
}

// What a loader fails with: an error, a request with its answer, or one of these in another.
function reasonOf(error: unknown): string {
  const { message, status, error: inner } = (error ?? {}) as { message?: string; status?: number; error?: unknown };
  if (message) return message;
  if (status) return status === 404 ? "the server has no such frame" : `the server answers ${status}`;
  return inner ? reasonOf(inner) : "it cannot be loaded or decoded";
}

/** One series on one element; close() it before the next is made. */
export class Stack {
  readonly frames: Frame[];
  private readonly element: HTMLDivElement;
  private readonly listener: Listener;
  private readonly viewport: Types.IStackViewport;
  private readonly listeners: [string, () => void][];
  private readonly ids: string[];
  private closed = false;
  // Half of what the element's height shows, when the whole picture fits: zooms are told against it.
  private fittedScale = 1;
  private isMoved = false;

  private constructor(element: HTMLDivElement, frames: Frame[], sets: Map<DataSet, DataSet>, listener: Listener) {
    this.element = element;
    this.frames = frames;
    this.listener = listener;
    this.ids = frames.map((frame) => frame.imageId);
    const rendering = start(); // which forgets all metadata: they come after it
    for (const frame of frames) wadors.metaDataManager.add(frame.imageId, sets.get(frame.set) as never);
    rendering.enableElement({ viewportId, type: Enums.ViewportType.STACK, element, defaultOptions: { background: [0, 0, 0] } });
    element.tabIndex = 0; // which cornerstone3D takes away
    this.viewport = rendering.getViewport(viewportId) as Types.IStackViewport;
    const report = () => this.report();
    this.listeners = [Enums.Events.STACK_NEW_IMAGE, Enums.Events.VOI_MODIFIED, Enums.Events.CAMERA_MODIFIED].map((name) => [name, report]);
    for (const [name, run] of this.listeners) element.addEventListener(name, run);
    eventTarget.addEventListener(Enums.Events.IMAGE_LOAD_ERROR, this.onLoadError);
  }

  /** Resolves when the first picture is shown. */
  static async open(element: HTMLDivElement, frames: Frame[], index: number, listener: Listener): Promise<Stack> {
    const sets = new Map<DataSet, DataSet>();
    for (const { set } of frames) if (!sets.has(set)) sets.set(set, await withPalette(set));
    const stack = new Stack(element, frames, sets, listener);
    try {
      await stack.viewport.setStack(stack.ids, index);
    } catch (error) {
      stack.close();
      throw error instanceof Error ? error : new Error(`The picture cannot be shown: ${reasonOf(error)}`);
    }
    stack.viewport.render();
    stack.fit();
    stack.report();
    return stack;
  }

  close(): void {
    this.closed = true;
    for (const [name, run] of this.listeners) this.element.removeEventListener(name, run);
    eventTarget.removeEventListener(Enums.Events.IMAGE_LOAD_ERROR, this.onLoadError);
    engine?.disableElement(viewportId);
  }

  /** Loads the others, the nearest first; stops when closed. */
  async prefetch(from: number, onLoaded: (count: number) => void): Promise<void> {
    // Not more than the cache holds beside what is looked at, or the first would be lost for the last.
    const most = Math.floor(cacheBytesMax / 2 / this.frameBytes());
    const order = this.ids.map((_, index) => index).sort((a, b) => Math.abs(a - from) - Math.abs(b - from)).slice(0, most);
    let loaded = 0;
    const work = async () => {
      for (let index = order.shift(); index !== undefined && !this.closed; index = order.shift()) {
        await imageLoader.loadAndCacheImage(this.ids[index]!, this.loading(Enums.RequestType.Prefetch)).catch(() => undefined);
        onLoaded(++loaded);
      }
    };
    await Promise.all(Array.from({ length: prefetchAtOnce }, work));
  }

  async show(index: number): Promise<void> {
    if (!this.closed) await this.viewport.setImageIdIndex(index);
  }

  get index(): number {
    return this.viewport.getCurrentImageIdIndex();
  }

  get window(): Window {
    const range = this.viewport.getProperties().voiRange ?? { lower: 0, upper: 255 };
    // PS3.3 C.11.2.1.2.1: the width counts both ends, the centre lies half a value above the middle.
    return { center: (range.lower + range.upper + 1) / 2, width: range.upper - range.lower + 1 };
  }

  set window({ center, width }: Window) {
    const half = (Math.max(width, 1) - 1) / 2;
    this.viewport.setProperties({ voiRange: { lower: center - 0.5 - half, upper: center - 0.5 + half } });
    this.viewport.render();
    this.report();
  }

  /** Of the values that the picture has: how far a drag over the whole of it moves the window. */
  get span(): number {
    const { minPixelValue, maxPixelValue } = this.viewport.getCornerstoneImage() ?? {};
    const span = (maxPixelValue ?? 255) - (minPixelValue ?? 0);
    return Math.min(Math.max(span, 64), 4096);
  }

  get inverted(): boolean {
    return this.viewport.getProperties().invert ?? false;
  }

  invert(): void {
    this.viewport.setProperties({ invert: !this.inverted });
    this.viewport.render();
    this.report();
  }

  /** Keeps the point below (x, y), in pixels from the element's corner, where it is. */
  zoom(factor: number, x = this.element.clientWidth / 2, y = this.element.clientHeight / 2): void {
    const below = this.viewport.canvasToWorld([x, y]);
    const now = this.zoomFactor;
    const next = Math.min(Math.max(now * factor, 0.2), 30);
    this.viewport.setCamera({ parallelScale: this.fittedScale / next });
    const after = this.viewport.worldToCanvas(below);
    this.pan(x - after[0], y - after[1]);
  }

  pan(x: number, y: number): void {
    const from = this.viewport.canvasToWorld([0, 0]);
    const to = this.viewport.canvasToWorld([x, y]);
    const { focalPoint, position } = this.viewport.getCamera();
    const move = (point: Types.Point3): Types.Point3 => [point[0] + from[0] - to[0], point[1] + from[1] - to[1], point[2] + from[2] - to[2]];
    this.viewport.setCamera({ focalPoint: move(focalPoint!), position: move(position!) });
    this.isMoved = true;
    this.viewport.render();
  }

  reset(): void {
    this.viewport.resetProperties();
    this.viewport.resetCamera();
    this.fit();
    this.viewport.render();
    this.report();
  }

  /** The element has another size: what was fitted into it is fitted again. */
  resize(): void {
    engine?.resize(true, this.isMoved);
    if (!this.isMoved) this.fit();
    this.report();
  }

  private fit(): void {
    this.isMoved = false;
    this.fittedScale = this.viewport.getCamera().parallelScale ?? 1;
  }

  private get zoomFactor(): number {
    return this.fittedScale / (this.viewport.getCamera().parallelScale ?? 1);
  }

  private loading(requestType: Enums.RequestType) {
    // As the viewport asks for them: the cache holds what came first.
    return { requestType, priority: requestType === Enums.RequestType.Prefetch ? 10 : 5, useRGBA: getShouldUseCPURendering() };
  }

  private readonly onLoadError = ((event: CustomEvent<{ imageId?: string; error?: unknown }>) => {
    const index = this.ids.indexOf(event.detail.imageId ?? "");
    if (this.closed || index < 0) return;
    this.listener.failed(index, reasonOf(event.detail.error));
  }) as EventListener;

  // Decoded and rescaled, at most.
  private frameBytes(): number {
    const value = (tag: string) => Number(this.frames[0]?.set[tag]?.Value?.[0] ?? 1);
    return Math.max(1, value("00280010") * value("00280011") * (value("00280002") === 1 ? 4 : value("00280002")));
  }

  private report(): void {
    // Before its first picture it has no window.
    if (this.closed || !this.viewport.getCornerstoneImage()) return;
    this.listener.shown({ index: this.index, window: this.window, zoom: this.zoomFactor, inverted: this.inverted });
  }
}
