// What is wrong with what arrived (docs/dicomweb.md): why, since when, and what can be done.
import { useEffect, useState } from "preact/hooks";
import { dicomBase } from "../api/dicomweb";
import { asFailure, getJson, request, type Failure } from "../api/http";
import { useKeys } from "../keys";
import { Icon } from "../parts/icons";
import { Trouble, Waiting } from "../parts/parts";
import { go, link } from "../router";
import { arrivals } from "../upload/upload";

interface Problem {
  id: number;
  kind: string;
  at: string;
  code: string;
  diagnostics: string;
  study?: string;
  series?: string;
  instance?: string;
  source?: string;
  file?: string;
}

const kinds: Record<string, { label: string; help: string }> = {
  quarantined: { label: "Quarantined", help: "Could not be indexed; the file is kept. Dismissing deletes the file, too." },
  conflict: { label: "Conflicts", help: "Refused: the UID is there with other content." },
  mapping: { label: "Mapping", help: "An element of the FHIR resource could not be made." },
  check: { label: "Check", help: "Found by `lightbox check`." },
};

// One page of the server's list at a time, as somebody asks for more.
function useProblems() {
  const [list, setList] = useState<Problem[]>();
  const [next, setNext] = useState<string>();
  const [failure, setFailure] = useState<Failure>();
  const load = async (url: string, before: Problem[]) => {
    try {
      const page = await getJson<{ problems: Problem[]; next?: string }>(url, "application/json");
      setList([...before, ...page.problems]);
      setNext(page.next && new URL(page.next).pathname + new URL(page.next).search);
      setFailure(undefined);
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  const again = () => void load(`${dicomBase}/problems?limit=200`, []);
  useEffect(again, [arrivals.value]);
  return { list, failure, again, more: next ? () => void load(next, list ?? []) : undefined, remove: (id: number) => setList((now) => now?.filter((one) => one.id !== id)) };
}

function Entry({ problem, gone }: { problem: Problem; gone: () => void }) {
  const [failure, setFailure] = useState<Failure>();
  const [busy, setBusy] = useState(false);
  const [sure, setSure] = useState(false);
  const url = `${dicomBase}/problems/${problem.id}`;
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await work();
      gone();
    } catch (error) {
      setFailure(asFailure(error));
      setBusy(false);
    }
  };
  const dismiss = () => void run(() => request(url, { method: "DELETE" }));
  return (
    <li class="problem" data-kind={problem.kind}>
      <div class="problem-head">
        <span class="badge" data-kind={problem.kind}>{kinds[problem.kind]?.label ?? problem.kind}</span>
        <span class="code">{problem.code}</span>
        <time class="quiet tabular" dateTime={problem.at}>{new Date(problem.at).toLocaleString()}</time>
        {problem.source && <span class="quiet">from {problem.source}</span>}
        <div class="problem-actions">
          {problem.study && <a class="button is-quiet" href={link(["study", problem.study])}>The study</a>}
          {problem.kind === "quarantined" && <button class="button is-quiet" disabled={busy} onClick={() => void run(() => request(`${url}/$retry`, { method: "POST" }))}><Icon name="retry" size={15} />Try again</button>}
          {problem.kind === "quarantined" && !sure ? (
            <button class="button is-quiet" disabled={busy} onClick={() => setSure(true)}>Dismiss…</button>
          ) : (
            <button class={`button ${sure ? "is-danger" : "is-quiet"}`} disabled={busy} onClick={dismiss}>{sure ? "Delete the file and dismiss" : "Dismiss"}</button>
          )}
        </div>
      </div>
      <p>{problem.diagnostics}</p>
      {problem.file && <p class="code quiet">{problem.file}</p>}
      {failure && <Trouble failure={failure} />}
    </li>
  );
}

export function ProblemsView() {
  const { list, failure, again, more, remove } = useProblems();
  const [kind, setKind] = useState("");
  useEffect(() => {
    document.title = "Problems · Lightbox";
  }, []);
  useKeys("Problems", [{ keys: ["Escape"], does: "Back to the studies", run: () => go(link([])) }]);
  const shown = (list ?? []).filter((one) => !kind || one.kind === kind);
  const present = [...new Set((list ?? []).map((one) => one.kind))];
  return (
    <main class="narrow" id="main">
      <header class="page-head"><h1>Problems</h1><button class="button is-quiet" onClick={again}><Icon name="retry" size={15} />Refresh</button></header>
      {failure && <Trouble failure={failure} retry={again} />}
      {!list && !failure && <Waiting what="Loading the problems…" />}
      {present.length > 1 && (
        <div class="segments" role="group" aria-label="Kind">
          <button aria-pressed={kind === ""} onClick={() => setKind("")}>All {list!.length}</button>
          {present.map((one) => <button key={one} aria-pressed={kind === one} onClick={() => setKind(one)}>{kinds[one]?.label ?? one} {list!.filter((problem) => problem.kind === one).length}</button>)}
        </div>
      )}
      {kind && kinds[kind] && <p class="quiet">{kinds[kind].help}</p>}
      {list?.length === 0 && <div class="welcome"><h2>No problems</h2><p>What cannot be indexed, contradicts what is here, or cannot be mapped to FHIR is listed here with its reason.</p></div>}
      <ul class="problems">{shown.map((problem) => <Entry key={problem.id} problem={problem} gone={() => remove(problem.id)} />)}</ul>
      {more && <button class="button" onClick={more}>More problems</button>}
    </main>
  );
}
