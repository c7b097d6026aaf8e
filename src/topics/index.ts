/** Which users get the notifications of which topics, over restarts. */
export interface Topics {
  subscribe(topic: string, user: string): Promise<void>;
  unsubscribe(topic: string, user: string): Promise<void>;
  /** The topics of a user, by name. */
  of(user: string): Promise<readonly string[]>;
  /** The users of a topic. */
  subscribers(topic: string): Promise<readonly string[]>;
}
