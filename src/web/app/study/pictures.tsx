// The chosen series: its pictures, or what it is otherwise.
import { useMemo, useState } from "preact/hooks";
import type { Series } from "../api/fhir";
import { seriesMetadata } from "../api/dicomweb";
import { useLoaded } from "../parts/load";
import { Trouble, Waiting } from "../parts/parts";
import { framesOf, type Frame } from "../viewer/frames";
import { Viewport } from "../viewer/viewport";
import { Documents } from "./documents";

interface Props {
  study: string;
  series: Series;
  instance: string | undefined; // the picture to show
}

// The middle of a volume says more than its end; a cine begins at its beginning.
function startOf(frames: Frame[], instance: string | undefined): { index: number } {
  const wanted = frames.findIndex((frame) => frame.instance === instance);
  if (wanted >= 0) return { index: wanted };
  const isVolume = frames.length > 1 && frames[0]!.instance !== frames[1]!.instance;
  return { index: isVolume ? Math.floor(frames.length / 2) : 0 };
}

export function Pictures({ study, series, instance }: Props) {
  const { value, failure, again } = useLoaded(`${study}/${series.uid}`, (signal) => seriesMetadata(study, series.uid, signal));
  const frames = useMemo(() => (value ? framesOf(study, series.uid, value) : []), [value]);
  const title = [series.number, series.description ?? series.modality.code].filter((one) => one !== undefined).join(" · ");
  const isSegmentation = series.modality.code === "SEG";

  // Where the series opens, and where people have gone since.
  const start = useMemo(() => startOf(frames, instance), [frames, instance]);
  const [moved, setMoved] = useState<{ start: object; index: number }>();
  const index = moved?.start === start ? moved.index : start.index;

  if (failure) return <div class="no-pictures"><Trouble failure={failure} retry={again} /></div>;
  if (!value) return <div class="no-pictures"><Waiting what="Loading the series…" /></div>;
  if (frames.length === 0 || isSegmentation) return <Documents study={study} series={series.uid} metadata={value} />;
  return <Viewport study={study} series={series.uid} modality={series.modality.code ?? ""} title={title} frames={frames} index={index} onIndex={(to) => setMoved({ start, index: to })} />;
}
