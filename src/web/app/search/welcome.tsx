// What the list shows when it is empty.
import { Icon } from "../parts/icons";
import { CopyButton } from "../parts/parts";
import { go, link } from "../router";
import { pickFiles, pickFolder } from "../upload/pick";

function Command({ children }: { children: string }) {
  return (
    <div class="command">
      <code tabIndex={0}>{children}</code>
      <CopyButton text={children} label="Copy the command" />
    </div>
  );
}

export function Welcome({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <div class="welcome">
        <h2>Nothing matches</h2>
        <p>Names match by how their parts begin; numbers match whole.</p>
        <button class="button" onClick={() => go(link([]))}>Show all studies</button>
      </div>
    );
  }
  return (
    <div class="welcome">
      <h2>No studies yet</h2>
      <p>Drop DICOM files or folders anywhere on this page, or</p>
      <p class="buttons">
        <button class="button is-primary" onClick={pickFiles}><Icon name="upload" />Choose files</button>
        <button class="button" onClick={pickFolder}>Choose a folder</button>
      </p>
      <p>From a shell:</p>
      <Command>{`curl -F file=@image.dcm ${location.origin}/dicomweb/studies`}</Command>
      <Command>{`storescu -aec LIGHTBOX ${location.hostname} 11112 image.dcm`}</Command>
      <Command>{`lightbox import --to ${location.origin}/dicomweb FOLDER`}</Command>
      <p class="quiet">A study is here a moment after its last image.</p>
    </div>
  );
}
