// The preview: one series as a stack of pictures, with window, zoom and pan by mouse, touch and keys.
import { useEffect, useRef, useState } from "preact/hooks";
import { instanceUrl, thumbnailUrl } from "../api/dicomweb";
import { asFailure, Failure } from "../api/http";
import { useKeys } from "../keys";
import { Icon, type IconName } from "../parts/icons";
import { Trouble } from "../parts/parts";
import type { Shown, Stack } from "./cornerstone";
import { edges, frameTime, type Frame } from "./frames";
import { attachGestures, type Tool } from "./gestures";
import { ctPresets } from "./presets";

const tools: { tool: Tool; label: string; icon: IconName }[] = [
  { tool: "window", label: "Window: drag across for width, down for level", icon: "window" },
  { tool: "scroll", label: "Scroll through the pictures", icon: "scroll" },
  { tool: "zoom", label: "Zoom", icon: "zoom" },
  { tool: "pan", label: "Pan", icon: "pan" },
];

interface Props {
  study: string;
  series: string;
  modality: string;
  title: string;
  frames: Frame[];
  index: number; // the picture to begin with
  onIndex: (index: number) => void;
}

export function Viewport(props: Props) {
  const { study, series, frames, title, modality } = props;
  const element = useRef<HTMLDivElement>(null);
  const stack = useRef<Stack | undefined>(undefined);
  const tool = useRef<Tool>("window");
  const [chosen, setChosen] = useState<Tool>("window");
  const [shown, setShown] = useState<Shown>();
  const [loaded, setLoaded] = useState(0);
  const [failure, setFailure] = useState<Failure>();
  const [playing, setPlaying] = useState(false);
  // Where paging is heading: faster than pictures come.
  const wanted = useRef(props.index);

  const show = (index: number) => {
    const to = Math.max(0, Math.min(index, frames.length - 1));
    if (to === wanted.current) return;
    wanted.current = to;
    void stack.current?.show(to);
    props.onIndex(to);
  };
  const scrollBy = (slices: number) => show(wanted.current + slices);

  useEffect(() => {
    let closed = false;
    let opened: Stack | undefined;
    wanted.current = Math.min(props.index, frames.length - 1);
    setShown(undefined);
    setFailure(undefined);
    setLoaded(0);
    setPlaying(false);
    const canvas = element.current!;
    const detach = attachGestures(canvas, () => stack.current, () => tool.current, scrollBy);
    const observer = new ResizeObserver(() => stack.current?.resize());
    void (async () => {
      try {
        const { Stack } = await import("./cornerstone");
        if (closed) return;
        opened = await Stack.open(canvas, frames, wanted.current, {
          shown: (now) => {
            setShown(now);
            if (now.index === wanted.current) setFailure(undefined);
          },
          failed: (index, reason) => {
            if (index === wanted.current) setFailure(new Failure(0, `Picture ${index + 1} cannot be shown: ${reason}`));
          },
        });
        if (closed) return opened.close();
        stack.current = opened;
        observer.observe(canvas);
        if (opened.index !== wanted.current) await opened.show(wanted.current);
        await opened.prefetch(wanted.current, setLoaded);
      } catch (error) {
        if (!closed) setFailure(asFailure(error));
      }
    })();
    return () => {
      closed = true;
      detach();
      observer.disconnect();
      stack.current = undefined;
      opened?.close();
    };
  }, [frames]);

  // A picture of the strip was clicked.
  useEffect(() => {
    if (stack.current && props.index !== wanted.current) {
      wanted.current = props.index;
      void stack.current.show(props.index);
    }
  }, [props.index]);

  const cine = frames[0] && frameTime(frames[0].set);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => {
      const next = (wanted.current + 1) % frames.length;
      wanted.current = next;
      void stack.current?.show(next);
    }, cine ?? 80);
    return () => {
      clearInterval(timer);
      props.onIndex(wanted.current);
    };
  }, [playing, frames]);

  const setWindow = (preset: { center: number; width: number }) => {
    if (stack.current) stack.current.window = preset;
  };
  const nudge = (center: number, width: number) => {
    const now = stack.current?.window;
    if (now) setWindow({ center: now.center + center * now.width * 0.05, width: now.width * (1 + width * 0.08) });
  };
  const choose = (next: Tool) => {
    tool.current = next;
    setChosen(next);
  };

  useKeys("Pictures", [
    { keys: ["ArrowDown", "ArrowUp"], does: "Next, previous picture", run: (event) => scrollBy(event.key === "ArrowDown" ? 1 : -1) },
    { keys: ["PageDown", "PageUp"], does: "Ten further, ten back", run: (event) => scrollBy(event.key === "PageDown" ? 10 : -10) },
    { keys: ["Home", "End"], does: "First, last picture", run: (event) => show(event.key === "Home" ? 0 : frames.length - 1) },
    { keys: [" "], does: "Play, pause", run: () => frames.length > 1 && setPlaying(!playing) },
    { keys: ["+", "=", "-"], does: "Zoom in, out", run: (event) => stack.current?.zoom(event.key === "-" ? 1 / 1.2 : 1.2) },
    { keys: ["w", "s", "z", "p"], does: "Tool: window, scroll, zoom, pan", run: (event) => choose(tools.find(({ tool: one }) => one.startsWith(event.key))!.tool) },
    { keys: ["[", "]"], does: "Darker, brighter", run: (event) => nudge(event.key === "[" ? 1 : -1, 0) },
    { keys: [",", "."], does: "More, less contrast", run: (event) => nudge(0, event.key === "." ? 1 : -1) },
    { keys: ["i"], does: "Invert", run: () => stack.current?.invert() },
    { keys: ["r", "0"], does: "Reset window, zoom and pan", run: () => stack.current?.reset() },
    { keys: ["1", "2", "3", "4", "5"], does: "CT: soft tissue, lung, bone, brain, mediastinum", run: (event) => modality === "CT" && setWindow(ctPresets[Number(event.key) - 1]!) },
    { keys: ["f"], does: "Full screen", run: () => void fullScreen() },
  ]);

  const box = useRef<HTMLDivElement>(null);
  const fullScreen = async () => {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await box.current?.requestFullscreen?.();
  };

  // What is seen, which lags behind where paging is heading.
  const index = shown?.index ?? wanted.current;
  const heading = playing ? index : wanted.current;
  const frame = frames[index];
  const letters = frame && edges(frame.set);
  const poster = frames[Math.min(props.index, frames.length - 1)];
  return (
    <div class="viewport" ref={box}>
      <div class="viewport-tools" role="toolbar" aria-label="Tools">
        {tools.map((one) => (
          <button key={one.tool} class="icon-button" title={one.label} aria-label={one.label} aria-pressed={chosen === one.tool} onClick={() => choose(one.tool)}><Icon name={one.icon} /></button>
        ))}
        <span class="divider" />
        {modality === "CT" && (
          <select class="preset" aria-label="Window preset" value="" onChange={(event) => { const preset = ctPresets[Number(event.currentTarget.value)]; if (preset) setWindow(preset); event.currentTarget.value = ""; }}>
            <option value="">Window…</option>
            {ctPresets.map((preset, number) => <option key={preset.name} value={number}>{`${number + 1} ${preset.name}`}</option>)}
          </select>
        )}
        <button class="icon-button" title="Invert" aria-label="Invert" aria-pressed={shown?.inverted ?? false} onClick={() => stack.current?.invert()}><Icon name="invert" /></button>
        {frames.length > 1 && <button class="icon-button" title={playing ? "Pause" : "Play"} aria-label={playing ? "Pause" : "Play"} onClick={() => setPlaying(!playing)}><Icon name={playing ? "pause" : "play"} /></button>}
        <button class="icon-button" title="Reset" aria-label="Reset window, zoom and pan" onClick={() => stack.current?.reset()}><Icon name="reset" /></button>
        <button class="icon-button" title="Full screen" aria-label="Full screen" onClick={() => void fullScreen()}><Icon name="expand" /></button>
      </div>
      <div class="viewport-picture">
        {/* A region that takes keys; what it shows is told in the caption below it. */}
        <div class="canvas" ref={element} tabIndex={0} role="application" aria-label={`Pictures of ${title}. Arrow keys page through them; ? lists all keys.`} data-ready={shown !== undefined} data-stale={failure !== undefined} />
        {!shown && !failure && poster && <img class="poster" src={thumbnailUrl(instanceUrl(study, series, poster.instance), 256)} alt="" />}
        {failure && <Trouble failure={failure} />}
        {letters && shown && !failure && <>
          <span class="edge edge-left">{letters.left}</span><span class="edge edge-right">{letters.right}</span>
          <span class="edge edge-top">{letters.top}</span><span class="edge edge-bottom">{letters.bottom}</span>
        </>}
        <div class="overlay overlay-left" aria-hidden="true">
          <span>{title}</span>
          {frames.length > 1 && <span class="tabular">{index + 1} / {frames.length}</span>}
        </div>
        {shown && (
          <div class="overlay overlay-bottom tabular" aria-hidden="true">
            <span>C {Math.round(shown.window.center)}</span><span>W {Math.round(shown.window.width)}</span><span>{Math.round(shown.zoom * 100)} %</span>
          </div>
        )}
        {frames.length > 1 && (
          <input class="slices" type="range" min={1} max={frames.length} value={heading + 1} aria-label="Picture" aria-valuetext={`${heading + 1} of ${frames.length}`} onInput={(event) => show(Number(event.currentTarget.value) - 1)} />
        )}
        {frames.length > 1 && loaded > 0 && loaded < frames.length && <progress class="prefetch" max={frames.length} value={loaded} aria-label="Pictures loaded" />}
      </div>
    </div>
  );
}
