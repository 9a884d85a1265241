/** Names of members and headers that say that a secret is below them. */
export const TELLING_NAMES =
  /pass(?:word|wd|phrase|code)?$|^pwd$|secret|token|authori[sz]ation|api[_-]?key|access[_-]?key|private[_-]?key|credential|cookie|session[_-]?id|signature|^otp$|^pin$/i;
