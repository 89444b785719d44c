// The series of a study, each as a strip of pictures.
import type { Series } from "../api/fhir";
import { hasPictures } from "../api/dicomweb";
import { count } from "../api/study";
import { Icon } from "../parts/icons";
import { Modality, Thumbnail } from "../parts/parts";

const picturesMax = 5;

/** Evenly from the first to the last. */
export function samples<T>(all: T[], most: number): T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, index) => all[Math.round((index * (all.length - 1)) / (most - 1))]!);
}

function Strip({ study, series, chosen, missing, onChoose }: {
  study: string | undefined; series: Series; chosen: boolean; missing: boolean; onChoose: (instance?: string) => void;
}) {
  const modality = series.modality.code ?? "OT";
  const title = series.description ?? series.bodySite?.display ?? "Series";
  const instances = series.instance ?? [];
  return (
    <li class="strip" data-series={series.uid} data-chosen={chosen}>
      <button class="strip-head" aria-current={chosen ? "true" : undefined} onClick={() => onChoose()}>
        <Modality code={modality} />
        <span class="strip-title">{title}</span>
        <span class="quiet tabular">{count(series.numberOfInstances ?? instances.length, "image")}</span>
      </button>
      {hasPictures(modality) ? (
        <div class="strip-pictures">
          {samples(instances, picturesMax).map((instance) => (
            <button key={instance.uid} tabIndex={-1} aria-label={`${title}, picture ${instance.number ?? ""}`} onClick={() => onChoose(instance.uid)}>
              <Thumbnail study={study} series={series.uid} instance={instance.uid} size={52} modality={modality} missing={missing} />
            </button>
          ))}
        </div>
      ) : <p class="strip-other quiet"><Icon name="document" size={15} />{instances[0]?.title ?? instances[0]?.sopClass.display ?? "Not a picture"}</p>}
    </li>
  );
}

export function Strips({ study, series, chosen, missing, onChoose }: {
  study: string | undefined; series: Series[]; chosen: string | undefined; missing: boolean; onChoose: (series: string, instance?: string) => void;
}) {
  return (
    <nav class="strips" aria-label="Series">
      <ol>{series.map((one) => <Strip key={one.uid} study={study} series={one} chosen={one.uid === chosen} missing={missing} onChoose={(instance) => onChoose(one.uid, instance)} />)}</ol>
    </nav>
  );
}
