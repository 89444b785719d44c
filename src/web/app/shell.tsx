// What is around every view: the bar at the top, uploads, the help.
import { useEffect } from "preact/hooks";
import { Help, helpOpen } from "./help";
import { useKeys } from "./keys";
import { Icon, Mark } from "./parts/icons";
import { ProblemsView } from "./problems/view";
import { go, link, place } from "./router";
import { SearchView } from "./search/view";
import { StudyView } from "./study/view";
import { PatientView } from "./study/timeline";
import { SystemView } from "./system/view";
import { nextTheme, theme } from "./theme";
import { DropTarget, UploadPanel } from "./upload/panel";
import { pickFiles } from "./upload/pick";

function View() {
  const [name, id] = place.value.path;
  if (name === "study" && id) return <StudyView key={id} id={id} />;
  if (name === "patient" && id) return <PatientView key={id} id={id} />;
  if (name === "problems") return <ProblemsView />;
  if (name === "system") return <SystemView />;
  return <SearchView />;
}

function Bar() {
  const [name] = place.value.path;
  const current = (of: string) => (name === of || (of === "" && (name === undefined || name === "study" || name === "patient")) ? "page" : undefined);
  const themeLabel = { system: "Colours as the system has them", light: "Light", dark: "Dark" }[theme.value];
  return (
    <header class="bar">
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); const main = document.getElementById("main"); main?.setAttribute("tabindex", "-1"); main?.focus(); }}>To the content</a>
      <a class="brand" href={link([])}><Mark /><span>Lightbox</span></a>
      <nav aria-label="Main">
        <a href={link([])} aria-current={current("")}><Icon name="studies" /><span>Studies</span></a>
        <a href={link(["problems"])} aria-current={current("problems")}><Icon name="problem" /><span>Problems</span></a>
        <a href={link(["system"])} aria-current={current("system")}><Icon name="system" /><span>System</span></a>
      </nav>
      <div class="bar-actions">
        <button class="button" onClick={pickFiles}><Icon name="upload" size={16} /><span>Upload</span></button>
        <button class="icon-button" title={themeLabel} aria-label={`Colours: ${theme.value}`} onClick={nextTheme}><Icon name={theme.value === "system" ? "auto" : theme.value === "dark" ? "moon" : "sun"} /></button>
        <button class="icon-button bar-help" title="Keys (?)" aria-label="Keys" onClick={() => (helpOpen.value = true)}><Icon name="keyboard" /></button>
      </div>
    </header>
  );
}

export function Shell() {
  useKeys("Everywhere", [
    { keys: ["?"], does: "This list", run: () => (helpOpen.value = true) },
    { keys: ["u"], does: "Upload files", run: pickFiles },
    { keys: ["t"], does: "Light or dark", run: nextTheme },
    { keys: ["g"], does: "To the studies", run: () => go(link([])) },
  ]);
  const isList = place.value.path.length === 0;
  useEffect(() => {
    if (!isList) return;
    document.title = "Lightbox";
    // The way back from a study.
    sessionStorage.setItem("lightbox.search", place.value.query.toString());
  }, [place.value]);
  return (
    <>
      <Bar />
      <View />
      <DropTarget />
      <UploadPanel />
      <Help />
    </>
  );
}
