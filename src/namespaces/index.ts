import type { Definition } from "../runtime/implement.ts";
import type { ChatContext } from "./chat/context.ts";
import { chatNamespace } from "./chat/index.ts";
import type { MonitorContext } from "./monitor/index.ts";
import { monitorNamespace } from "./monitor/index.ts";
import type { NotifyContext } from "./notify/context.ts";
import { notifyNamespace } from "./notify/index.ts";

/** What the namespaces need of the rest of the house, together. */
export type Context = ChatContext & NotifyContext & MonitorContext;

/** Every namespace of the service. A fourth is one folder and one line here. */
export const namespaces: readonly Definition<Context>[] = [chatNamespace, notifyNamespace, monitorNamespace];
