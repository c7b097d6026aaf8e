/** What `room:join` answers, as far as it is of interest here. */
export interface Joined {
  readonly room: string;
  readonly epoch: string;
  readonly head: number;
  /** Whether all that was missed is there, or comes as events; nothing where nothing was asked for. */
  readonly recovered: boolean | null;
  readonly entries: readonly Numbered[];
}

export interface Numbered {
  readonly room: string;
  readonly seq: number;
}

/** What one client has had of one room, by the numbers of its entries: every one, once, and in their order, over all its connections. */
export class Followed {
  missing = 0;
  doubled = 0;
  /** Joins that could not go on from where the client was. */
  unrecovered = 0;
  #epoch: string | undefined;
  #seq = 0;

  /** The number of the last entry that it had, or that was there before it came. */
  get seq(): number {
    return this.#seq;
  }

  /** Where to go on, once there is such a place. */
  get since(): { readonly epoch: string; readonly seq: number } | undefined {
    return this.#epoch === undefined ? undefined : { epoch: this.#epoch, seq: this.#seq };
  }

  joined({ epoch, head, recovered, entries }: Joined): void {
    if (recovered === true) {
      for (const { seq } of entries) this.heard(seq);
      return;
    }
    if (this.#epoch !== undefined) this.unrecovered++;
    this.#epoch = epoch;
    this.#seq = head;
  }

  heard(seq: number): void {
    if (seq <= this.#seq) {
      this.doubled++;
      return;
    }
    this.missing += seq - this.#seq - 1;
    this.#seq = seq;
  }
}
