// Series that are no pictures: reports, encapsulated documents, segmentations, and a few facts of all others.
import type { ComponentChildren } from "preact";
import { instanceUrl, items, number, numbers, text, values, type DataSet } from "../api/dicomweb";
import { Icon } from "../parts/icons";
import { Fact } from "../parts/parts";

function meaning(item: DataSet | undefined): string {
  return text(item, "00080104") || text(item, "00080100");
}

function contentValue(item: DataSet): ComponentChildren {
  switch (text(item, "0040A040")) {
    case "TEXT": return text(item, "0040A160");
    case "CODE": return meaning(items(item, "0040A168")[0]);
    case "NUM": {
      const measured = items(item, "0040A300")[0];
      return `${text(measured, "0040A30A")} ${meaning(items(measured, "004008EA")[0])}`;
    }
    case "PNAME": return text(item, "0040A123").replace(/\^+/g, " ");
    case "DATE": return text(item, "0040A121");
    case "TIME": return text(item, "0040A122");
    case "DATETIME": return text(item, "0040A120");
    case "UIDREF": return text(item, "0040A124");
    case "IMAGE": return "an image";
    default: return text(item, "0040A040").toLowerCase();
  }
}

// PS3.3 C.17.3: a tree of content items, each with a name and a value.
function Content({ item, level }: { item: DataSet; level: number }) {
  const name = meaning(items(item, "0040A043")[0]);
  const below = items(item, "0040A730");
  const children = below.map((one, index) => <Content key={index} item={one} level={level + 1} />);
  if (text(item, "0040A040") === "CONTAINER") {
    return <section class="report-section">{name && (level < 2 ? <h3>{name}</h3> : <h4>{name}</h4>)}{children}</section>;
  }
  return (
    <div class="report-item">
      {name && <h4>{name}</h4>}
      <p>{contentValue(item)}</p>
      {children}
    </div>
  );
}

// DICOM's CIELab values (PS3.3 C.10.7.1.1) as a colour of CSS.
function labColour(set: DataSet): string | undefined {
  const [l, a, b] = numbers(set, "0062000D");
  if (l === undefined || a === undefined || b === undefined) return undefined;
  return `lab(${((l * 100) / 65535).toFixed(1)} ${((a * 255) / 65535 - 128).toFixed(1)} ${((b * 255) / 65535 - 128).toFixed(1)})`;
}

function Segments({ set }: { set: DataSet }) {
  return (
    <table class="plain">
      <thead><tr><th scope="col">Segment</th><th scope="col">What it is</th><th scope="col">Made</th></tr></thead>
      <tbody>
        {items(set, "00620002").map((segment) => (
          <tr key={text(segment, "00620004")}>
            <td><svg class="swatch" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><rect width="14" height="14" rx="3" fill={labColour(segment) ?? "gray"} /></svg> {text(segment, "00620005") || text(segment, "00620004")}</td>
            <td>{meaning(items(segment, "0062000F")[0])}</td>
            <td class="quiet">{text(segment, "00620008").toLowerCase()}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Body({ set, url }: { set: DataSet; url: string }) {
  if (items(set, "0040A730").length > 0) return <article class="report"><Content item={set} level={1} /></article>;
  if (set["00420011"]) {
    return (
      <p>
        <a class="button is-primary" href={`${url}/rendered?accept=application%2Fpdf`} target="_blank" rel="noopener"><Icon name="document" />Open the document</a>
      </p>
    );
  }
  if (set["00620002"]) return <Segments set={set} />;
  return <p class="quiet">There is nothing to look at in this object.</p>;
}

export function Documents({ study, series, metadata }: { study: string; series: string; metadata: DataSet[] }) {
  return (
    <div class="documents" tabIndex={0} role="region" aria-label="Documents of the series">
      {metadata.map((set) => {
        const instance = text(set, "00080018");
        const url = instanceUrl(study, series, instance);
        const title = text(set, "00420010") || meaning(items(set, "0040A043")[0]) || text(set, "00700081") || text(set, "0008103E") || text(set, "00080060");
        return (
          <section key={instance} class="document">
            <h2>{title}</h2>
            <dl class="facts">
              <Fact name="Date">{text(set, "00080023").replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3")}</Fact>
              <Fact name="Completed">{text(set, "0040A491").toLowerCase()}</Fact>
              <Fact name="Verified">{text(set, "0040A493").toLowerCase()}</Fact>
              <Fact name="Frames">{number(set, "00280008")}</Fact>
              <Fact name="Made by">{[text(set, "00080070"), text(set, "00081090")].filter(Boolean).join(" ")}</Fact>
              <Fact name="Refers to">{values(set, "00081115").length > 0 && `${items(set, "00081115").flatMap((one) => items(one, "00081199")).length} instances`}</Fact>
            </dl>
            <Body set={set} url={url} />
          </section>
        );
      })}
    </div>
  );
}
