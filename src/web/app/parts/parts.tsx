// Small things that several views show.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { seriesUrl, thumbnailUrl, dicomBase } from "../api/dicomweb";
import type { Failure } from "../api/http";
import { Icon } from "./icons";

export function Modality({ code }: { code: string }) {
  return <span class="modality" data-modality={code}>{code}</span>;
}

export function Trouble({ failure, retry }: { failure: Failure; retry?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <Icon name="problem" size={20} />
      <div>
        <p class="trouble-what">{failure.message}</p>
        {failure.details.length > 0 && <ul>{failure.details.map((detail) => <li key={detail}>{detail}</li>)}</ul>}
        {retry && <button class="button" onClick={retry}>Try again</button>}
      </div>
    </div>
  );
}

export function Waiting({ what }: { what: string }) {
  return <p class="waiting" role="status">{what}</p>;
}

/** A picture of a study or series, or its modality where there is none. */
export function Thumbnail({ study, series, instance, size, modality, missing, label = "" }: {
  study: string | undefined; series?: string; instance?: string; size: number; modality: string; missing?: boolean; label?: string;
}) {
  const [failed, setFailed] = useState(false);
  if (!study || missing || failed) {
    return <span class="thumbnail is-missing" aria-hidden={label ? undefined : "true"}>{modality}</span>;
  }
  const of = series ? seriesUrl(study, series) : `${dicomBase}/studies/${study}`;
  const url = thumbnailUrl(instance ? `${of}/instances/${instance}` : of, size);
  return <img class="thumbnail" src={url} alt={label} width={size} height={size} loading="lazy" decoding="async" onError={() => setFailed(true)} />;
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === "" || children === undefined || children === null || children === false) return null;
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  // A clipboard is there on secure origins and this machine only.
  if (!navigator.clipboard) return null;
  return (
    <button class="icon-button" title={label} aria-label={label} onClick={() => void copy()}>
      <Icon name={done ? "check" : "copy"} size={16} />
    </button>
  );
}

export function bytesText(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
