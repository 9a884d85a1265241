/** What is asked about a key, and what is answered. */
export {};
