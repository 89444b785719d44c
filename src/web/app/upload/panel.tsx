// The target of drops (the whole page) and the panel that tells what becomes of an upload.
import { useEffect, useState } from "preact/hooks";
import { count } from "../api/study";
import { Icon } from "../parts/icons";
import { bytesText } from "../parts/parts";
import { link } from "../router";
import { dropped } from "./files";
import { dismiss, send, stop, upload, type Upload } from "./upload";

export function DropTarget() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    // Enter and leave come for every element below, too.
    let depth = 0;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const listeners: Record<string, (event: DragEvent) => void> = {
      dragenter: (event) => hasFiles(event) && setOver(++depth > 0),
      dragleave: (event) => hasFiles(event) && setOver(--depth > 0),
      dragover: (event) => hasFiles(event) && event.preventDefault(),
      drop: (event) => {
        depth = 0;
        setOver(false);
        if (!hasFiles(event) || !event.dataTransfer) return;
        event.preventDefault();
        void send(dropped(event.dataTransfer));
      },
    };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener as EventListener);
    };
  }, []);
  return over ? <div class="drop"><div><Icon name="upload" size={40} /><p>Drop DICOM files and folders to store them</p></div></div> : null;
}

function headline(now: Upload): string {
  if (now.state === "reading") return "Reading folders…";
  if (now.state === "sending") return `Sending ${count(now.files, "file")}`;
  if (now.state === "stopped") return "Stopped";
  return now.failures.length ? "Done, with failures" : "Done";
}

export function UploadPanel() {
  const now = upload.value;
  if (!now) return null;
  const running = now.state === "reading" || now.state === "sending";
  return (
    <section class="upload" aria-label="Upload">
      <header>
        <h2>{headline(now)}</h2>
        {running ? <button class="button is-quiet" onClick={stop}>Stop</button> : <button class="icon-button" aria-label="Close" onClick={dismiss}><Icon name="close" /></button>}
      </header>
      <progress max={Math.max(now.bytes, 1)} value={now.state === "done" ? Math.max(now.bytes, 1) : now.bytesDone} aria-label="Bytes sent" />
      <p class="quiet tabular" role="status">
        {`${bytesText(now.bytesDone)} of ${bytesText(now.bytes)} · ${now.stored.toLocaleString()} stored`}
        {now.failures.length > 0 && ` · ${now.failures.length.toLocaleString()} failed`}
        {now.passedOver > 0 && ` · ${now.passedOver.toLocaleString()} passed over`}
      </p>
      {now.failures.length > 0 && (
        <ul class="upload-failures" tabIndex={0} aria-label="Failures">
          {now.failures.slice(0, 200).map((failure, index) => <li key={index}><b>{failure.file}</b> {failure.reason}</li>)}
        </ul>
      )}
      {!running && now.studies.length > 0 && (
        <p class="upload-studies">
          {now.studies.slice(0, 5).map((uid) => <a key={uid} href={link(["study", uid])}>Open the study{now.studies.length > 1 ? ` …${uid.slice(-6)}` : ""}</a>)}
          {now.studies.length > 5 && <span class="quiet">{`and ${now.studies.length - 5} more`}</span>}
        </p>
      )}
    </section>
  );
}
