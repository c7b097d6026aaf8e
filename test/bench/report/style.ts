/** What a picture's letters look like, in the colours that the reader's page has; `light` and `dark` are rules of its own. */
export const styleOf = (light: string, dark: string): string => `
    text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
    .title { font-weight: 600; }
    .note { font-size: 11px; fill: #59636e; }
    ${light.trim()}
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .note { fill: #9198a1; }
      ${dark.trim()}
    }`;
