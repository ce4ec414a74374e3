// For a script tag: `<script src="issuetracker.js" data-endpoint="…" data-key="…"></script>` starts by itself.

import { start } from "./index";
import type { Options } from "./types";

const tag = document.currentScript;
const { endpoint, key, environment, mask } = (tag as HTMLScriptElement | null)?.dataset ?? {};
const client = endpoint && key ? start({ endpoint, apiKey: key, environment, mask } as Options) : undefined;
Object.assign(window, { issuetracker: { start, client } });
