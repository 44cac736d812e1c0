package org.drag4j.document;

/** What becomes of a prompt that is longer than the text encoder takes at once. */
public enum LongPrompt {
  /** What does not fit is left off, and the user told. */
  CUT,
  /** It is encoded in pieces of 75 tokens, one after the other in the context. */
  CHUNKS;

  /** Its name in a document. */
  public String json() {
    return SettingType.json(this);
  }
}
