import { render } from "preact";
import "./style/base.css";
import "./style/search.css";
import "./style/study.css";
import "./style/others.css";
import { Shell } from "./shell";
import "./theme";
import { loadViewer } from "./viewer/ohif";

render(<Shell />, document.getElementById("app")!);
loadViewer().catch((error: unknown) => console.warn("page.json:", error));
