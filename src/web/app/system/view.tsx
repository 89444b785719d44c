// The system: what is stored, what is going on, which versions.
import { useEffect, useRef, useState } from "preact/hooks";
import { asFailure, request, type Failure } from "../api/http";
import { useKeys } from "../keys";
import { bytesText, Fact, Trouble, Waiting } from "../parts/parts";
import { go, link } from "../router";
import { Sources } from "./sources";
import { labelOf, parse, valueOf, type Sample } from "./metrics";

const everyMs = 2000;
const kept = 60; // of the last two minutes

interface Reading { at: number; samples: Sample[] }

function useReadings() {
  const [readings, setReadings] = useState<Reading[]>([]);
  const [failure, setFailure] = useState<Failure>();
  useEffect(() => {
    const abort = new AbortController();
    const read = async () => {
      try {
        const response = await request("/metrics", { signal: abort.signal });
        const samples = parse(await response.text());
        setReadings((before) => [...before, { at: performance.now(), samples }].slice(-kept));
        setFailure(undefined);
      } catch (error) {
        if (!abort.signal.aborted) setFailure(asFailure(error));
      }
    };
    void read();
    const timer = setInterval(() => !document.hidden && void read(), everyMs);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, []);
  return { readings, failure };
}

// Per second, between each two readings.
function rates(readings: Reading[], name: string): number[] {
  return readings.slice(1).map((reading, index) => {
    const before = readings[index]!;
    const grown = (valueOf(reading.samples, name) ?? 0) - (valueOf(before.samples, name) ?? 0);
    return Math.max(0, (grown * 1000) / (reading.at - before.at));
  });
}

function Spark({ values, label }: { values: number[]; label: string }) {
  const [width, height] = [180, 34];
  const most = Math.max(...values, 1);
  const points = values.map((value, index) => `${(width * (index + kept - values.length)) / (kept - 1)},${height - 1 - (value / most) * (height - 3)}`);
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label} preserveAspectRatio="none">
      {points.length > 1 && <polyline points={points.join(" ")} />}
    </svg>
  );
}

function Card({ title, value, note, children }: { title: string; value: string; note?: string | undefined; children?: preact.ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      <p class="card-value tabular">{value}</p>
      {children}
      {note && <p class="quiet">{note}</p>}
    </section>
  );
}

function durationText(seconds: number): string {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

export function SystemView() {
  const { readings, failure } = useReadings();
  const opened = useRef(Date.now());
  useEffect(() => {
    document.title = "System · Lightbox";
  }, []);
  useKeys("System", [{ keys: ["Escape"], does: "Back to the studies", run: () => go(link([])) }]);
  const now = readings.at(-1)?.samples;
  const number = (name: string) => valueOf(now ?? [], `lightbox_${name}`);
  const whole = (name: string) => number(name)?.toLocaleString() ?? "–";
  const requests = rates(readings, "lightbox_http_requests_total");
  const arrived = rates(readings, "lightbox_dicom_instances");
  const writable = number("store_writable") !== 0;
  const started = valueOf(now ?? [], "process_start_time_seconds");
  const memory = valueOf(now ?? [], "process_resident_memory_bytes");
  const free = number("disk_free_bytes");
  const perSecond = (values: number[]) => `${(values.at(-1) ?? 0).toLocaleString(undefined, { maximumFractionDigits: 1 })}/s`;
  return (
    <main class="narrow" id="main">
      <header class="page-head"><h1>System</h1><span class={`badge ${writable ? "is-good" : "is-bad"}`}>{writable ? "Taking writes" : "Read only: a sync to disk failed"}</span></header>
      {failure && <Trouble failure={failure} />}
      {!now && !failure && <Waiting what="Reading the numbers…" />}
      {now && <>
        <div class="cards">
          <Card title="Studies" value={whole("dicom_studies")} note={`${whole("dicom_series")} series`} />
          <Card title="Instances" value={whole("dicom_instances")} note={`${perSecond(arrived)} now`}><Spark values={arrived} label="Instances stored per second" /></Card>
          <Card title="Images on disk" value={bytesText(number("dicom_bytes") ?? 0)} note={free === undefined ? undefined : `${bytesText(free)} free`} />
          <Card title="FHIR resources" value={whole("resources")} note={`${whole("dicom_studies_waiting")} studies waiting`} />
          <Card title="Requests" value={perSecond(requests)} note={`${whole("http_requests_total")} in all`}><Spark values={requests} label="Requests per second" /></Card>
          <Card title="Connections" value={whole("http_connections")} note={`${whole("http_refused_total")} refused`} />
        </div>
        {(number("dicom_problems") ?? 0) > 0 && <p><a href={link(["problems"])}>{whole("dicom_problems")} problems</a> with what arrived.</p>}
        <Sources />
        <dl class="facts system-facts">
          <Fact name="Version">{labelOf(now, "lightbox_build_info", "version")}</Fact>
          <Fact name="Running for">{started && durationText(opened.current / 1000 - started)}</Fact>
          <Fact name="Memory">{memory && bytesText(memory)}</Fact>
          <Fact name="FHIR"><a href="/baseR4/metadata?_format=json&_pretty=true" target="_blank" rel="noopener">{`${location.origin}/baseR4`}</a></Fact>
          <Fact name="DICOMweb"><span class="code">{`${location.origin}/dicomweb`}</span></Fact>
          <Fact name="Metrics"><a href="/metrics" target="_blank" rel="noopener">/metrics</a></Fact>
        </dl>
      </>}
    </main>
  );
}
