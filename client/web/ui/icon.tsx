/** Outlines on a grid of 24, drawn with a line of the text's colour. */
const OUTLINES = {
  "alert-circle": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7.5v5.5M12 16.2v.1",
  "alert-octagon": "M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3L8.3 3zM12 7.5v5.5M12 16.2v.1",
  "alert-triangle":
    "M10.3 4.2 2.6 17.5A2 2 0 0 0 4.3 20.5h15.4a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0zM12 9v4.5M12 16.8v.1",
  archive: "M3.5 4h17v4.5h-17zM5 8.5V18a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8.5M10 12.5h4",
  "arrow-down": "M12 5v14M6 13l6 6 6-6",
  at: "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM16 8v5.2a2.4 2.4 0 0 0 4.8 0V12A8.8 8.8 0 1 0 17.3 19",
  back: "M19 12H5M11 6l-6 6 6 6",
  ban: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M5.7 5.7l12.6 12.6",
  bell: "M6 9.5a6 6 0 0 1 12 0c0 5.5 2.5 7 2.5 7h-17S6 15 6 9.5zM10 20a2.2 2.2 0 0 0 4 0",
  chat: "M20.5 12a8 8 0 0 1-8 8c-1.4 0-2.7-.3-3.8-.9L3.5 20.5l1.4-4.7A8 8 0 1 1 20.5 12z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  "check-all": "M2 12.5 6.5 17 15 8M11.5 15.5 13 17l9-9.5",
  "check-circle": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12.2l2.8 2.8L16 9.5",
  "chevron-down": "M6 9l6 6 6-6",
  "chevron-right": "M9 6l6 6-6 6",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7.5V12l3 2",
  close: "M6 6l12 12M18 6 6 18",
  cpu: "M6.5 6.5h11v11h-11zM10 10h4v4h-4zM9 3v3.5M15 3v3.5M9 17.5V21M15 17.5V21M3 9h3.5M3 15h3.5M17.5 9H21M17.5 15H21",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  edit: "M4 20l1-4.2L16.3 4.5a1.9 1.9 0 0 1 2.7 0l.5.5a1.9 1.9 0 0 1 0 2.7L8.2 19 4 20zM14.5 6.5l3 3",
  external: "M14 4h6v6M20 4l-9 9M18 13.5V18a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h4.5",
  hash: "M4.5 9h15.5M4 15h15.5M10 4 8 20M16 4l-2 16",
  help: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9.3 9.3a2.8 2.8 0 1 1 4 2.6c-.9.5-1.3 1-1.3 2M12 16.9v.1",
  inbox: "M3.5 13h5l1.5 3h4l1.5-3h5M6 5h12l2.5 8v4a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2v-4L6 5z",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5.5M12 7.7v.1",
  light:
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  lock: "M6 11h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zM8 11V8a4 4 0 0 1 8 0v3",
  monitor: "M3 12.5h4l2.5-7 4.5 13 2.8-6H21",
  more: "M5 12h.1M12 12h.1M19 12h.1",
  mute: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4zM16 9.5l5 5M21 9.5l-5 5",
  offline:
    "M3 3l18 18M8.4 13.6a5.5 5.5 0 0 1 4.6-1.5M5 10a10.5 10.5 0 0 1 3.7-2.3M19 10a10.5 10.5 0 0 0-7-3M12 18.2v.1",
  people:
    "M9 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M2.5 20a6.5 6.5 0 0 1 13 0M16 5a3.5 3.5 0 0 1 0 6.5M18 14.3a6.5 6.5 0 0 1 3.5 5.7",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4.5 20.5a7.5 7.5 0 0 1 15 0",
  "person-out": "M9.5 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M3 20a6.5 6.5 0 0 1 13 0M16.5 9.5h5",
  plus: "M12 5v14M5 12h14",
  reply: "M9.5 5 4 10.5 9.5 16M4 10.5h9.5A6.5 6.5 0 0 1 20 17v2",
  retry: "M20 5v5h-5M4 19v-5h5M5.5 9.5A7 7 0 0 1 18 7.5l2 2.5M18.5 14.5A7 7 0 0 1 6 16.5l-2-2.5",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.3 15.3 20.5 20.5",
  send: "M4 11.8 20 4l-5 16.5-4-6.5-7-2.2zM11 14l9-10",
  server: "M4.5 4h15v6.5h-15zM4.5 13.5h15V20h-15zM8 7.3v.1M8 16.8v.1",
  settings:
    "M4 7h8M17 7h3M14.5 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M4 17h3M12 17h8M9.5 14.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5",
  "sign-out": "M9.5 20H6a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2h3.5M15.5 16.5 20 12l-4.5-4.5M20 12H9.5",
  system: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 3v18M12 7.5a4.5 4.5 0 0 1 0 9",
  topic: "M4 5a1 1 0 0 1 1-1h6.5l8 8a1.5 1.5 0 0 1 0 2.2l-5.3 5.3a1.5 1.5 0 0 1-2.2 0l-8-8V5zM8 8v.1",
  trash: "M4 6.5h16M9.5 6V4h5v2M6 6.5 7 20h10l1-13.5M10 10.5v6M14 10.5v6",
} as const;

export type IconName = keyof typeof OUTLINES;

interface IconProps {
  readonly name: IconName;
  /** CSS pixels. */
  readonly size?: number | undefined;
}

/** A picture that says nothing by itself: whatever it stands for is said in words beside it, or in a label. */
export function Icon({ name, size = 20 }: IconProps) {
  return (
    <svg
      class={`icon icon-${name}`}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={name === "more" ? 3 : 1.75}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={OUTLINES[name]} />
    </svg>
  );
}
