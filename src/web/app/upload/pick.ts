import { send } from "./upload";

function pick(folder: boolean): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.webkitdirectory = folder;
  input.onchange = () => void send(async () => [...(input.files ?? [])]);
  input.click();
}

export const pickFiles = (): void => pick(false);
export const pickFolder = (): void => pick(true);
