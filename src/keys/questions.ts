/** Tells an answer of the ledger that is older than what this node has learnt while it waited for it. */
export interface Questions {
  /** Runs a question; `isStale` says whether that name has changed since it was put. */
  ask<T>(question: (isStale: (name: string) => boolean) => Promise<T>): Promise<T>;
  changed(name: string): void;
}

export function createQuestions(): Questions {
  /** For each question under way, the names that changed since. */
  const underWay = new Set<Set<string>>();
  return {
    async ask(question) {
      const names = new Set<string>();
      underWay.add(names);
      try {
        return await question((name) => names.has(name));
      } finally {
        underWay.delete(names);
      }
    },
    changed(name) {
      for (const names of underWay) names.add(name);
    },
  };
}
