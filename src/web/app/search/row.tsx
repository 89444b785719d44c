import { link } from "../router";
import { Modality, Thumbnail } from "../parts/parts";
import { accession, ageAt, bodySites, count, dayText, describe, modalities, patientName, patientNumber, sex, studyUid, timeText } from "../api/study";
import { withPictures, type Found } from "./results";

export function Row({ found, chosen, onChoose }: { found: Found; chosen: boolean; onChoose: () => void }) {
  const { study, patient } = found;
  const uid = studyUid(study);
  const kinds = modalities(study);
  const target = link(["study", study.id ?? ""]);
  const person = [sex(patient), ageAt(patient, study.started)].filter(Boolean).join(" · ");
  return (
    <tr class="row" aria-selected={chosen} data-id={study.id} onMouseDown={onChoose} onClick={(event) => {
      if (!(event.target as HTMLElement).closest("a")) location.hash = target;
    }}>
      <td class="cell-picture">
        <Thumbnail study={uid} size={44} modality={kinds[0] ?? "?"} missing={!uid || !withPictures.value.has(uid)} />
      </td>
      <td class="cell-patient">
        <a href={target} class="row-name" onFocus={onChoose}>{patientName(patient, study)}</a>
        <span class="quiet">{[patientNumber(patient), person].filter(Boolean).join(" · ")}</span>
      </td>
      <td class="cell-date">
        <span class="tabular">{dayText(study.started)}</span>
        <span class="quiet tabular">{timeText(study.started)}</span>
      </td>
      <td class="cell-modality">{kinds.map((code) => <Modality key={code} code={code} />)}</td>
      <td class="cell-description">
        <span class="row-description">{describe(study)}</span>
        <span class="quiet">{bodySites(study).join(", ")}</span>
      </td>
      <td class="cell-accession tabular">{accession(study)}</td>
      <td class="cell-counts">
        {study.status === "available" ? (
          <>
            <span class="tabular">{count(study.numberOfInstances, "image")}</span>
            <span class="quiet tabular">{count(study.numberOfSeries, "series", "series")}</span>
          </>
        ) : <span class="status" data-status={study.status}>{study.status}</span>}
      </td>
    </tr>
  );
}
