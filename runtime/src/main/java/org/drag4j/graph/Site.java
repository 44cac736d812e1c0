package org.drag4j.graph;

/** Address of an exposed value: module path and kind. Prints as {@code path#kind}. */
public record Site(SiteKind kind, String path) {
  /** Whether this is a key or value of a self-attention. */
  public boolean isSelfKeyOrValue() {
    return kind == SiteKind.SELF_KEY || kind == SiteKind.SELF_VALUE;
  }

  @Override
  public String toString() {
    return path + "#" + kind;
  }
}
