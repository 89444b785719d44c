// Line icons of 24 units, drawn for this page; they say nothing that text or a label does not.
const paths = {
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Zm4.8 11.3L20 20",
  upload: "M12 16V5m0 0L7.5 9.5M12 5l4.5 4.5M5 16v3h14v-3",
  back: "M14.5 6 8.5 12l6 6",
  close: "M6 6l12 12M18 6 6 18",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1",
  moon: "M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5Z",
  auto: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm0 0v16M12 7.5h5.5M12 12h7.5M12 16.5h5.5",
  keyboard: "M3.5 7h17v10h-17ZM7 10.5h.01M10.3 10.5h.01M13.6 10.5h.01M17 10.5h.01M8.5 14h7",
  problem: "M12 4.5 21 19.5H3ZM12 10v4.5M12 17v.01",
  system: "M4 19V5M4 19h16M8 15v-4M12 15V8M16 15v-6",
  studies: "M4 6h16v12H4ZM4 10h16M9 10v8",
  window: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm0 0v16M14 6.5v11M16 7.5v9M18 9.5v5",
  scroll: "M6 8h12M6 12h12M6 16h12M12 3.5v2M12 18.5v2",
  zoom: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Zm4.8 11.3L20 20M10.5 8v5M8 10.5h5",
  pan: "M12 4v16M4 12h16M12 4l-2 2.2M12 4l2 2.2M12 20l-2-2.2M12 20l2-2.2M4 12l2.2-2M4 12l2.2 2M20 12l-2.2-2M20 12l-2.2 2",
  reset: "M5 12a7 7 0 1 0 2.3-5.2M5 4.5V8h3.5",
  invert: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm0 0v16M12 6a6 6 0 0 1 0 12M12 9a3 3 0 0 1 0 6",
  play: "M8 5.5v13l10-6.5Z",
  pause: "M8 5.5v13M16 5.5v13",
  expand: "M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15",
  document: "M6.5 3.5h7l4 4v13h-11ZM13.5 3.5v4h4M9 12h6M9 15.5h6",
  external: "M13.5 5H19v5.5M19 5l-8 8M16.5 13.5V19H5V7.5h5.5",
  download: "M12 5v11m0 0-4.5-4.5M12 16l4.5-4.5M5 16v3h14v-3",
  person: "M12 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM5 20a7 7 0 0 1 14 0",
  retry: "M19 12a7 7 0 1 1-2.3-5.2M19 4.5V8h-3.5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  copy: "M8.5 8.5h11v11h-11ZM5 15.5h-.5v-11h11V5",
  chevron: "M9 6l6 6-6 6",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg class="mark" width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" />
      <path d="M9 8h14v16H9Z M9 16h14 M16 8v16" />
    </svg>
  );
}
