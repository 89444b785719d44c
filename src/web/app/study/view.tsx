// One study: its series as strips, the preview, the patient's other studies; its FHIR resource, history and mapping.
import { useEffect, useState } from "preact/hooks";
import { read, type ImagingStudy, type Patient } from "../api/fhir";
import { dicomBase, hasPictures } from "../api/dicomweb";
import { accession, ageAt, count, dayText, describe, modalities, otherNames, patientId, patientName, patientNumber, sex, studyUid, timeText } from "../api/study";
import { useKeys } from "../keys";
import { Icon } from "../parts/icons";
import { useLoaded } from "../parts/load";
import { Fact, Modality, Trouble, Waiting } from "../parts/parts";
import { adjust, go, link, place } from "../router";
import { History } from "../resource/history";
import { Mapping } from "../resource/mapping";
import { ResourceView } from "../resource/view";
import { lookForPictures, results, withPictures } from "../search/results";
import { arrivals } from "../upload/upload";
import { viewerUrl } from "../viewer/ohif";
import { Pictures } from "./pictures";
import { Strips } from "./strips";
import { StudyList, useStudiesOf } from "./timeline";

const tabs = [
  { key: "", label: "Pictures" },
  { key: "resource", label: "FHIR" },
  { key: "history", label: "History" },
  { key: "mapping", label: "Mapping" },
];

function Tabs({ chosen }: { chosen: string }) {
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    event.stopPropagation();
    const now = tabs.findIndex((tab) => tab.key === chosen);
    const next = tabs[(now + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length]!;
    adjust({ tab: next.key });
    document.getElementById(`tab-${next.key}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Study" onKeyDown={onKey}>
      {tabs.map((tab) => (
        <button key={tab.key} id={`tab-${tab.key}`} role="tab" aria-selected={tab.key === chosen} aria-controls="panel" tabIndex={tab.key === chosen ? 0 : -1} onClick={() => adjust({ tab: tab.key })}>{tab.label}</button>
      ))}
    </div>
  );
}

function Head({ study, patient }: { study: ImagingStudy; patient: Patient | undefined }) {
  const uid = studyUid(study);
  const id = patientId(study);
  const viewer = uid && withPictures.value.has(uid) ? viewerUrl(uid) : undefined;
  return (
    <header class="page-head">
      <a class="icon-button" href={link([], new URLSearchParams(sessionStorage.getItem("lightbox.search") ?? ""))} aria-label="Back to the studies" title="Back to the studies (Escape)"><Icon name="back" /></a>
      <div class="study-who">
        <h1>{id ? <a href={link(["patient", id])}>{patientName(patient, study)}</a> : patientName(patient, study)}</h1>
        <p class="quiet">{[patientNumber(patient), sex(patient), ageAt(patient, study.started), patient?.birthDate && `born ${dayText(patient.birthDate)}`, otherNames(patient)].filter(Boolean).join(" · ")}</p>
      </div>
      <div class="study-what">
        <p class="study-title">{modalities(study).map((code) => <Modality key={code} code={code} />)} {describe(study)}</p>
        <p class="quiet tabular">{[`${dayText(study.started)} ${timeText(study.started)}`.trim(), accession(study), count(study.numberOfSeries, "series", "series"), count(study.numberOfInstances, "image")].filter(Boolean).join(" · ")}</p>
      </div>
      <div class="study-actions">
        {study.status !== "available" && <span class="status" data-status={study.status}>{study.status}</span>}
        {viewer && <a class="button is-primary" href={viewer} target="_blank" rel="noopener"><Icon name="external" size={16} />Open in OHIF</a>}
        {uid && withPictures.value.has(uid) && <a class="button" href={`${dicomBase}/studies/${uid}?accept=application%2Fzip`} download={`${uid}.zip`} title="Download the DICOM files"><Icon name="download" size={16} /><span>Download</span></a>}
      </div>
    </header>
  );
}

function Details({ study }: { study: ImagingStudy }) {
  return (
    <dl class="facts study-facts">
      <Fact name="Referrer">{study.referrer?.display}</Fact>
      <Fact name="Reason">{study.reasonCode?.map((one) => one.text ?? one.coding?.[0]?.display).filter(Boolean).join(", ")}</Fact>
      <Fact name="Procedure">{study.procedureCode?.map((one) => one.text ?? one.coding?.[0]?.display).filter(Boolean).join(", ")}</Fact>
    </dl>
  );
}

export function StudyView({ id }: { id: string }) {
  const tab = place.value.query.get("tab") ?? "";
  const wanted = place.value.query.get("series");
  const { value: study, failure, again } = useLoaded(`${id} ${arrivals.value}`, (signal) => read<ImagingStudy>(`ImagingStudy/${id}`, signal));
  const patientOfStudy = study && patientId(study);
  const known = results.value.found.find((one) => one.study.id === id);
  const patient = useLoaded(patientOfStudy ?? "", patientOfStudy ? (signal) => read<Patient>(`Patient/${patientOfStudy}`, signal) : undefined);
  const others = useStudiesOf(patientOfStudy);
  const [instance, setInstance] = useState<string>();
  const [asked, setAsked] = useState(false);

  useEffect(() => {
    if (!study) return;
    document.title = `${patientName(patient.value ?? known?.patient, study)} · ${describe(study)} · Lightbox`;
    void lookForPictures([study]).then(() => setAsked(true));
  }, [study, patient.value]);

  const series = study?.series ?? [];
  const chosen = series.find((one) => one.uid === wanted) ?? series.find((one) => hasPictures(one.modality.code)) ?? series[0];
  const uid = study && studyUid(study);
  const isHere = uid !== undefined && withPictures.value.has(uid);
  const choose = (to: string, picture?: string) => {
    setInstance(picture);
    adjust({ series: to, tab: "" });
  };
  const step = (by: number) => {
    const next = series[series.findIndex((one) => one === chosen) + by];
    if (next) choose(next.uid);
  };
  useKeys("Study", [
    { keys: ["ArrowRight", "ArrowLeft"], does: "Next, previous series", run: (event) => step(event.key === "ArrowRight" ? 1 : -1) },
    { keys: ["Escape"], does: "Back to the studies", run: () => go(link([], new URLSearchParams(sessionStorage.getItem("lightbox.search") ?? ""))) },
  ]);

  if (failure) return <main class="study" id="main"><h1 class="visually-hidden">Study</h1><Trouble failure={failure} retry={again} /></main>;
  if (!study) return <main class="study" id="main"><h1 class="visually-hidden">Study</h1><Waiting what="Loading the study…" /></main>;
  return (
    <main class="study" id="main">
      <Head study={study} patient={patient.value ?? known?.patient} />
      <div class="study-bar"><Tabs chosen={tab} /><Details study={study} /></div>
      <div class="study-panel" id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "" && (
          <div class="study-pictures">
            <Strips study={uid} series={series} chosen={chosen?.uid} missing={!isHere} onChoose={choose} />
            {chosen && uid && isHere ? <Pictures study={uid} series={chosen} instance={instance} /> : (
              <div class="no-pictures">
                {asked ? <p>The images of this study are not in this archive: it is known to FHIR only.</p> : <Waiting what="Looking for images…" />}
              </div>
            )}
            <aside class="others" aria-label="All studies of this patient">
              <h2>{patientOfStudy ? <a href={link(["patient", patientOfStudy])}>Timeline</a> : "Timeline"}</h2>
              {others.failure && <Trouble failure={others.failure} retry={others.again} />}
              {others.value && <StudyList studies={others.value} current={id} />}
            </aside>
          </div>
        )}
        {tab === "resource" && <ResourceView resource={study} />}
        {tab === "history" && <History of={`ImagingStudy/${id}`} />}
        {tab === "mapping" && <Mapping id={id} />}
      </div>
    </main>
  );
}
