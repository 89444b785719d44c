// Other archives whose studies are known here (docs/pacs.md): how fresh that is, and what is wrong.
import { useEffect, useState } from "preact/hooks";
import { dicomBase } from "../api/dicomweb";
import { asFailure, getJson, request, type Failure } from "../api/http";
import { Trouble } from "../parts/parts";

interface Source { source: string; studies: number; polled?: string; walked?: string; failed?: string; failure?: string }

const everyMs = 5000;

function useSources() {
  const [sources, setSources] = useState<Source[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const read = async () => {
      try {
        setSources(await getJson<Source[]>(`${dicomBase}/sources`, "application/json", abort.signal));
      } catch {
        // What is known stays; /metrics tells on the same page that the server does not answer.
      }
    };
    void read();
    const timer = setInterval(() => !document.hidden && void read(), everyMs);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, []);
  return sources;
}

function Instant({ at }: { at: string | undefined }) {
  return at ? <time dateTime={at}>{new Date(at).toLocaleString()}</time> : <>never</>;
}

function Row({ source }: { source: Source }) {
  const [failure, setFailure] = useState<Failure>();
  const look = async () => {
    try {
      await request(`/baseR4/ImagingStudy/$refresh?source=${encodeURIComponent(source.source)}`, { method: "POST" });
      setFailure(undefined);
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  return (
    <li class="source">
      <h3>{source.source} <span class={`badge ${source.failure ? "is-bad" : "is-good"}`}>{source.failure ? "Does not answer" : "Answers"}</span></h3>
      <p class="quiet">
        {source.studies.toLocaleString()} studies; newest days looked at: <Instant at={source.polled} />; all of it: <Instant at={source.walked} />
      </p>
      {source.failure && <p>Since <Instant at={source.failed} />: {source.failure}</p>}
      {failure && <Trouble failure={failure} />}
      <button type="button" class="button is-quiet" onClick={() => void look()}>Look now<span class="visually-hidden"> at {source.source}</span></button>
    </li>
  );
}

export function Sources() {
  const sources = useSources();
  if (sources.length === 0) return null;
  return (
    <section aria-label="Other archives">
      <h2>Other archives</h2>
      <ul class="sources">{sources.map((source) => <Row key={source.source} source={source} />)}</ul>
    </section>
  );
}
