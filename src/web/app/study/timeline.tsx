// All studies of a patient: as a list beside a study, and on an axis of time on the patient's own page.
import { useEffect } from "preact/hooks";
import { nextLink, read, type Bundle, type ImagingStudy, type Patient } from "../api/fhir";
import { count, dayText, describe, modalities, otherNames, patientName, patientNumber, sex, studyUid } from "../api/study";
import { Icon } from "../parts/icons";
import { useLoaded } from "../parts/load";
import { Fact, Modality, Thumbnail, Trouble, Waiting } from "../parts/parts";
import { go, link } from "../router";
import { useKeys } from "../keys";
import { lookForPictures, withPictures } from "../search/results";
import { arrivals } from "../upload/upload";

const studiesMax = 1000;

async function studiesOf(patient: string, signal: AbortSignal): Promise<ImagingStudy[]> {
  let url: string | undefined = `ImagingStudy?${new URLSearchParams({ patient: `Patient/${patient}`, _sort: "-started", _summary: "true", _count: "200" })}`;
  const all: ImagingStudy[] = [];
  while (url && all.length < studiesMax) {
    const bundle: Bundle<ImagingStudy> = await read(url, signal);
    all.push(...(bundle.entry ?? []).map((entry) => entry.resource).filter((one): one is ImagingStudy => one?.resourceType === "ImagingStudy"));
    url = nextLink(bundle);
  }
  void lookForPictures(all.slice(0, 200), signal);
  return all;
}

export function useStudiesOf(patient: string | undefined) {
  return useLoaded(`${patient} ${arrivals.value}`, patient ? (signal) => studiesOf(patient, signal) : undefined);
}

function Entry({ study, current }: { study: ImagingStudy; current: boolean }) {
  const uid = studyUid(study);
  const kinds = modalities(study);
  return (
    <li>
      <a class="timeline-entry" href={link(["study", study.id ?? ""])} aria-current={current ? "page" : undefined}>
        <Thumbnail study={uid} size={36} modality={kinds[0] ?? "?"} missing={!uid || !withPictures.value.has(uid)} />
        <span>
          <span class="timeline-what">{describe(study)}</span>
          <span class="quiet tabular">{dayText(study.started)}</span>
        </span>
        <span class="timeline-kinds">{kinds.slice(0, 2).map((code) => <Modality key={code} code={code} />)}</span>
      </a>
    </li>
  );
}

export function StudyList({ studies, current }: { studies: ImagingStudy[]; current?: string }) {
  return <ol class="timeline-list">{studies.map((study) => <Entry key={study.id} study={study} current={study.id === current} />)}</ol>;
}

const day = 86_400_000;

function Axis({ studies }: { studies: ImagingStudy[] }) {
  const dated = studies.filter((study) => (study.started ?? "").length >= 10);
  if (dated.length < 2) return null;
  const times = dated.map((study) => Date.parse(study.started!.slice(0, 10)));
  const least = Math.min(...times);
  const most = Math.max(...times, least + 30 * day);
  const pad = (most - least) * 0.06;
  const lanes = [...new Set(dated.map((study) => modalities(study)[0] ?? "?"))];
  const [width, laneHeight, left] = [1000, 34, 60];
  const x = (time: number) => left + ((time - least + pad) / (most - least + 2 * pad)) * (width - left);
  const height = lanes.length * laneHeight + 26;
  const years: number[] = [];
  for (let year = new Date(least - pad).getUTCFullYear(); year <= new Date(most + pad).getUTCFullYear() + 1; year++) years.push(year);
  const ticks = years.map((year) => ({ year, at: x(Date.UTC(year, 0, 1)) })).filter(({ at }) => at >= left && at <= width);
  return (
    <div class="axis" role="region" tabIndex={0} aria-label="Studies by date">
      <svg viewBox={`0 0 ${width} ${height}`} role="group" aria-label="Timeline">
        {ticks.map(({ year, at }) => <g key={year}><line class="axis-tick" x1={at} x2={at} y1={0} y2={height - 20} /><text class="axis-year" x={at + 5} y={height - 6}>{year}</text></g>)}
        {lanes.map((code, lane) => (
          <g key={code}>
            <line class="axis-lane" x1={left} x2={width} y1={lane * laneHeight + 17} y2={lane * laneHeight + 17} />
            <text class="axis-label" x={0} y={lane * laneHeight + 22}>{code}</text>
          </g>
        ))}
        {dated.map((study, index) => {
          const code = modalities(study)[0] ?? "?";
          return (
            <a key={study.id} href={link(["study", study.id ?? ""])} aria-label={`${dayText(study.started)}: ${describe(study)}`}>
              <title>{`${dayText(study.started)} · ${describe(study)}`}</title>
              <circle class="axis-dot" data-modality={code} cx={x(times[index]!)} cy={lanes.indexOf(code) * laneHeight + 17} r={8} />
            </a>
          );
        })}
      </svg>
    </div>
  );
}

export function PatientView({ id }: { id: string }) {
  const patient = useLoaded(id, (signal) => read<Patient>(`Patient/${id}`, signal));
  const studies = useStudiesOf(id);
  const name = patientName(patient.value);
  useEffect(() => {
    document.title = patient.value ? `${name} · Lightbox` : "Lightbox";
  }, [name]);
  useKeys("Patient", [{ keys: ["Escape"], does: "Back to the studies", run: () => go(link([])) }]);
  return (
    <main class="patient" id="main">
      <header class="page-head">
        <a class="icon-button" href={link([])} aria-label="Back to the studies" title="Back to the studies"><Icon name="back" /></a>
        <div>
          <h1>{patient.value ? name : "Patient"}</h1>
          <p class="quiet">{otherNames(patient.value)}</p>
        </div>
        <dl class="facts">
          <Fact name="ID">{patientNumber(patient.value)}</Fact>
          <Fact name="Born">{dayText(patient.value?.birthDate)}</Fact>
          <Fact name="Sex">{sex(patient.value)}</Fact>
          <Fact name="Studies">{studies.value && count(studies.value.length, "study", "studies")}</Fact>
        </dl>
      </header>
      {patient.failure && <Trouble failure={patient.failure} retry={patient.again} />}
      {studies.failure && <Trouble failure={studies.failure} retry={studies.again} />}
      {!studies.value && !studies.failure && <Waiting what="Loading the studies…" />}
      {studies.value && <><Axis studies={studies.value} /><StudyList studies={studies.value} /></>}
    </main>
  );
}
