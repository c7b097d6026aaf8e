import { render } from "preact";
import "./style.css";
import { App } from "./app.tsx";
import { followTheme } from "./shell/theme.ts";

followTheme();
const root = document.getElementById("app");
if (root) render(<App />, root);
