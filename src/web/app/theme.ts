// Light or dark: as the system has it, or as the switch says; kept by the browser.
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const key = "lightbox.theme";

function kept(): Theme {
  const value = localStorage.getItem(key);
  return value === "light" || value === "dark" ? value : "system";
}

export const theme = signal<Theme>(kept());

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
  if (theme.value === "system") localStorage.removeItem(key);
  else localStorage.setItem(key, theme.value);
});

export function nextTheme(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const shown = theme.value === "system" ? (dark ? "dark" : "light") : theme.value;
  const other = shown === "dark" ? "light" : "dark";
  theme.value = other === (dark ? "dark" : "light") ? "system" : other;
}
